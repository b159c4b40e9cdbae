//! What is particular to a kind.

use serde_json::Value;

/// How objects of a kind are defaulted, checked and shown. Every method has the answer of a kind without
/// particularities.
pub(crate) trait Strategy: std::fmt::Debug + Send + Sync + 'static {
    /// Fills in what the manifest left open.
    fn set_defaults(&self, _object: &mut Value) {}
}

/// A kind without particularities.
#[derive(Debug)]
pub(crate) struct Plain;

impl Strategy for Plain {}

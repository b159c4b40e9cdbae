//! `absent`: an object that should not be there.

use std::time::Duration;

use serde::Deserialize;

use super::{Condition, Spec};

/// An object by its name, or all with certain labels, or all of a kind.
///
/// ```yaml
/// absent: {kind: Service, name: webapp}
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Absent {
    /// The API group and version; needed for kinds that podlab does not know by name.
    pub api_version: Option<String>,
    /// The kind.
    pub kind: String,
    /// The name of the object.
    pub name: Option<String>,
    /// The labels of the objects, as `kubectl -l` takes them.
    pub selector: Option<String>,
}

impl Spec for Absent {
    const CONDITION: Condition = Condition::Fixed;
    const WITHIN: Duration = Duration::ZERO;

    fn variables(&self) -> Vec<&'static str> {
        vec!["objects"]
    }

    fn faults(&self) -> Vec<String> {
        let both = self.name.is_some() && self.selector.is_some();
        both.then(|| "give either `name` or `selector`".to_owned()).into_iter().collect()
    }

    fn expects(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

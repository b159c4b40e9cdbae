//! The vocabulary of validation: paths, the errors found at them, and the rules that many kinds share.

pub(crate) mod field;
pub(crate) mod metadata;
pub(crate) mod names;

pub(crate) use self::field::{ErrorList, Path};

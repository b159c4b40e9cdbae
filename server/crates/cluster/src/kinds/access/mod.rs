//! Who may do what.

pub(crate) mod binding;
pub(crate) mod role;

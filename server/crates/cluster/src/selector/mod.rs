//! Label and field selectors, as text in a query and as objects in a spec.

mod field;
mod label;

pub(crate) use self::field::{FieldSelector, Term};
pub(crate) use self::label::{LabelSelector, Operator, Requirement};

//! How many Pods an update may take away or add: a number, or a percentage of those that are wanted.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::validation::{ErrorList, Path, names};

/// A number that is not negative, or a percentage.
pub(super) fn validate(value: Option<&IntOrString>, path: &Path, errors: &mut ErrorList) {
    match value {
        Some(IntOrString::String(text)) => errors.invalid_each(path, text, &names::percent(text)),
        Some(IntOrString::Int(number)) => errors.not_negative(path, *number),
        None => {}
    }
}

/// At most all of them.
pub(super) fn validate_at_most_all(value: Option<&IntOrString>, path: &Path, errors: &mut ErrorList) {
    if let Some(IntOrString::String(text)) = value
        && names::percent(text).is_empty()
        && number(value) > 100
    {
        errors.invalid(path, text, "must not be greater than 100%");
    }
}

/// The number itself, or that of the percentage.
pub(super) fn number(value: Option<&IntOrString>) -> i32 {
    match value {
        Some(IntOrString::Int(number)) => *number,
        Some(IntOrString::String(text)) => text.trim_end_matches('%').parse().unwrap_or(0),
        None => 0,
    }
}

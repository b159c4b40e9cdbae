//! Field paths and what can be wrong with a field, in the words of `k8s.io/apimachinery/pkg/util/validation/field`.

use std::fmt::{self, Display};

use serde::Serialize;
use serde_json::Value;

use crate::{go_struct, go_text, status::Cause};

/// A path to a field: `spec.containers[0].name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(String);

impl Path {
    pub(crate) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The path of the whole object; its children stand alone.
    pub(crate) fn root() -> Self {
        Self(String::new())
    }

    /// The path of no name: what is wrong with an object's size.
    pub(crate) fn unnamed() -> Self {
        Self("[]".to_owned())
    }

    pub(crate) fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self::new(name) } else { Self(format!("{}.{name}", self.0)) }
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    pub(crate) fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An error about the object as a whole names it so.
        f.write_str(if self.0.is_empty() { "<nil>" } else { &self.0 })
    }
}

const IMMUTABLE: &str = "field is immutable";

/// All that is wrong with an object, in the order in which it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorList(Vec<Cause>);

/// A value as an error message shows it: texts in quotes, the rest as JSON.
fn shown(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).unwrap_or_else(|_| "null".into());
    // Not by way of a `Value`, which would sort the fields.
    serde_json::from_str::<String>(&json).map_or(json, |text| go_text::quote(&text))
}

impl ErrorList {
    fn push(&mut self, reason: &'static str, path: &Path, message: String) {
        self.0.push(Cause { reason, message, field: path.to_string() });
    }

    fn with_detail(head: String, detail: &str) -> String {
        if detail.is_empty() { head } else { format!("{head}: {detail}") }
    }

    pub(crate) fn required(&mut self, path: &Path, detail: &str) {
        self.push("FieldValueRequired", path, Self::with_detail("Required value".into(), detail));
    }

    pub(crate) fn invalid(&mut self, path: &Path, value: impl Serialize, detail: &str) {
        let head = format!("Invalid value: {}", shown(&value));
        self.push("FieldValueInvalid", path, Self::with_detail(head, detail));
    }

    /// The same of a struct of the schema's type `of`: the real server shows it as it has it inside.
    pub(crate) fn invalid_struct(&mut self, path: &Path, of: &str, value: impl Serialize, detail: &str) {
        let head = match serde_json::to_value(value).unwrap_or_default() {
            Value::Null => "Invalid value: null".to_owned(),
            value => format!("Invalid value: {}", go_struct::compact(of, &value)),
        };
        self.push("FieldValueInvalid", path, Self::with_detail(head, detail));
    }

    /// The same of a value that is too large to be shown.
    pub(crate) fn invalid_whole(&mut self, path: &Path, detail: &str) {
        self.push("FieldValueInvalid", path, format!("Invalid value: {detail}"));
    }

    /// A list or map that must not have more than so many items.
    pub(crate) fn at_most(&mut self, path: &Path, count: usize, limit: usize) {
        if count > limit {
            let message = format!("Too many: {count}: must have at most {limit} items");
            self.push("FieldValueTooMany", path, message);
        }
    }

    pub(crate) fn duplicate(&mut self, path: &Path, value: impl Serialize) {
        self.push("FieldValueDuplicate", path, format!("Duplicate value: {}", shown(&value)));
    }

    pub(crate) fn not_found(&mut self, path: &Path, value: impl Serialize) {
        self.push("FieldValueNotFound", path, format!("Not found: {}", shown(&value)));
    }

    pub(crate) fn forbidden(&mut self, path: &Path, detail: &str) {
        self.push("FieldValueForbidden", path, Self::with_detail("Forbidden".into(), detail));
    }

    /// `supported` in the order in which the real server lists it: sorted, unless it keeps a list of its own.
    pub(crate) fn not_supported(&mut self, path: &Path, value: impl Serialize, supported: &[&str]) {
        let quoted: Vec<String> = supported.iter().map(|s| format!("{s:?}")).collect();
        let message =
            format!("Unsupported value: {}: supported values: {}", shown(&value), quoted.join(", "));
        self.push("FieldValueNotSupported", path, message);
    }

    pub(crate) fn too_long(&mut self, path: &Path, limit: usize) {
        self.push("FieldValueTooLong", path, format!("Too long: may not be more than {limit} bytes"));
    }

    /// Every message of `messages` as an invalid value.
    pub(crate) fn invalid_each(&mut self, path: &Path, value: impl Serialize + Copy, messages: &[String]) {
        for message in messages {
            self.invalid(path, value, message);
        }
    }

    /// A number that must not be below 0.
    pub(crate) fn not_negative(&mut self, path: &Path, number: impl Into<i64>) {
        let number = number.into();
        if number < 0 {
            self.invalid(path, number, "must be greater than or equal to 0");
        }
    }

    /// The field at a JSON pointer must be what it was.
    pub(crate) fn immutable(&mut self, path: &Path, new: &Value, old: &Value, pointer: &str) {
        let (new, old) = (new.pointer(pointer), old.pointer(pointer));
        if new != old {
            self.invalid(path, new, IMMUTABLE);
        }
    }

    /// The same of a struct of the schema's type `of`.
    pub(crate) fn immutable_struct<T: PartialEq + Serialize>(
        &mut self,
        path: &Path,
        of: &str,
        new: &T,
        old: &T,
    ) {
        if new != old {
            self.invalid_struct(path, of, new, IMMUTABLE);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// What is not in the other list too.
    pub(crate) fn without(mut self, other: &Self) -> Self {
        self.0.retain(|cause| !other.0.contains(cause));
        self
    }

    pub(crate) fn into_causes(self) -> Vec<Cause> {
        self.0
    }

    /// The messages with their paths, as `Status` joins them.
    #[cfg(test)]
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_the_real_servers_do() {
        let mut errors = ErrorList::default();
        let path = Path::new("spec").child("containers").index(0);
        errors.required(&path.child("image"), "");
        errors.invalid(&path.child("ports").index(1).child("hostPort"), 70000, "must be valid");
        errors.not_supported(&Path::new("spec").child("type"), "Node", &["ClusterIP", "NodePort"]);
        assert_eq!(
            errors.lines(),
            [
                "spec.containers[0].image: Required value",
                "spec.containers[0].ports[1].hostPort: Invalid value: 70000: must be valid",
                "spec.type: Unsupported value: \"Node\": supported values: \"ClusterIP\", \"NodePort\"",
            ]
        );
    }
}

//! The vocabulary of defaulting: setting what was left open, in JSON.

use serde_json::{Map, Value};

/// A field's object, if it is one.
pub(crate) fn object<'v>(map: &'v mut Map<String, Value>, key: &str) -> Option<&'v mut Map<String, Value>> {
    map.get_mut(key).and_then(Value::as_object_mut)
}

/// The objects in a field's list.
pub(crate) fn objects<'v>(
    map: &'v mut Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = &'v mut Map<String, Value>> {
    map.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// A field's text, empty where there is none.
pub(crate) fn text<'v>(map: &'v Map<String, Value>, key: &str) -> &'v str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Sets a field that is not there, or is an empty text.
pub(crate) fn set(map: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    if map.get(key).is_none_or(|old| old.is_null() || old.as_str() == Some("")) {
        map.insert(key.into(), value.into());
    }
}

/// Sets a number that is not there, or is 0.
pub(crate) fn set_number(map: &mut Map<String, Value>, key: &str, value: i64) {
    if map.get(key).is_none_or(|old| old.is_null() || old.as_i64() == Some(0)) {
        map.insert(key.into(), value.into());
    }
}

/// Sets a field that is not there to an empty object.
pub(crate) fn set_object(map: &mut Map<String, Value>, key: &str) {
    if map.get(key).is_none_or(Value::is_null) {
        map.insert(key.into(), Value::Object(Map::new()));
    }
}

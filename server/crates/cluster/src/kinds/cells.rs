//! The vocabulary of table cells.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{object::text_at, resource::columns};

/// `metadata.name`.
pub(crate) fn name(object: &Value) -> Value {
    json!(text_at(object, "/metadata/name"))
}

/// How old an object is.
pub(crate) fn age(object: &Value, now: Timestamp) -> Value {
    json!(columns::age(text_at(object, "/metadata/creationTimestamp"), now))
}

/// The text at a pointer.
pub(crate) fn text(object: &Value, pointer: &str) -> Value {
    json!(text_at(object, pointer))
}

/// The text at a pointer, or `<none>`.
pub(crate) fn text_or_none(object: &Value, pointer: &str) -> Value {
    json!(columns::or_none(text_at(object, pointer)))
}

/// The number at a pointer, 0 where there is none.
pub(crate) fn number(object: &Value, pointer: &str) -> Value {
    json!(object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0))
}

/// The names and images of the containers of a spec, each joined by commas.
pub(crate) fn containers(object: &Value, pointer: &str) -> [Value; 2] {
    let list = object.pointer(pointer).and_then(Value::as_array);
    let joined = |field: &str| {
        let texts: Vec<&str> =
            list.into_iter().flatten().filter_map(|c| c.get(field).and_then(Value::as_str)).collect();
        json!(texts.join(","))
    };
    [joined("name"), joined("image")]
}

/// A label selector as `kubectl get -o wide` shows it.
pub(crate) fn selector(selector: Option<&Value>) -> Value {
    let Some(selector) = selector.filter(|s| !s.is_null()) else { return json!("<none>") };
    let mut parts: Vec<String> = Vec::new();
    for (key, value) in selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten() {
        parts.push(format!("{key}={}", value.as_str().unwrap_or_default()));
    }
    for expression in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let key = text_at(expression, "/key");
        let values: Vec<&str> = expression
            .get("values")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let values = values.join(",");
        parts.push(match text_at(expression, "/operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        });
    }
    parts.sort();
    json!(if parts.is_empty() { "<none>".to_owned() } else { parts.join(",") })
}

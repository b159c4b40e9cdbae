//! Between JSON and CEL's values.

use std::{collections::HashMap, sync::Arc};

use cel::{
    Value,
    objects::{Key, Map},
};
use serde_json::{Number, Value as Json};

use super::EvalError;

/// The most items that one list, or entries that one mapping, of an observation may have. Comprehensions may be nested
/// twice, so this bounds an evaluation to some sixteen million steps.
pub const MAX_ITEMS: usize = 4_096;

/// JSON as CEL sees it. Whole numbers become `int`, as they do in Kubernetes, so that one can calculate with them.
pub(super) fn from_json(json: &Json) -> Result<Value, EvalError> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(n) => Value::Int(n),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(items) => {
            bounded(items.len())?;
            Value::List(Arc::new(items.iter().map(from_json).collect::<Result<_, _>>()?))
        }
        Json::Object(entries) => {
            bounded(entries.len())?;
            let map = entries
                .iter()
                .map(|(key, value)| Ok((Key::String(Arc::new(key.clone())), from_json(value)?)))
                .collect::<Result<HashMap<_, _>, EvalError>>()?;
            Value::Map(Map { map: Arc::new(map) })
        }
    })
}

fn bounded(items: usize) -> Result<(), EvalError> {
    if items > MAX_ITEMS {
        return Err(EvalError::Observation(format!(
            "there are {items} items; podlab looks at up to {MAX_ITEMS}"
        )));
    }
    Ok(())
}

/// A value as JSON; what JSON has no word for becomes a text that describes it.
pub(super) fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(n) => Json::from(*n),
        Value::UInt(n) => Json::from(*n),
        Value::Float(n) => Number::from_f64(*n).map_or_else(|| Json::String(n.to_string()), Json::Number),
        Value::String(text) => Json::String(text.to_string()),
        Value::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Map(map) => {
            let mut entries: Vec<_> =
                map.map.iter().map(|(key, value)| (key_text(key), to_json(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(entries.into_iter().collect())
        }
        other => Json::String(describe(other)),
    }
}

fn key_text(key: &Key) -> String {
    match key {
        Key::Int(n) => n.to_string(),
        Key::Uint(n) => n.to_string(),
        Key::Bool(value) => value.to_string(),
        Key::String(text) => text.to_string(),
    }
}

/// A value in short, for a message.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(n) => n.to_string(),
        Value::UInt(n) => n.to_string(),
        Value::Float(n) => n.to_string(),
        Value::String(text) => format!("the text '{text}'"),
        other => format!("a {}", other.type_of()),
    }
}

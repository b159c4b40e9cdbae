//! Whether a value keeps to a schema, and what is said if not: in the words of `kube-openapi`'s validation.

use serde_json::Value;

use super::structural::DEPTH;
use crate::validation::{ErrorList, Path};

/// Checks a value and all below it.
pub(super) fn validate(value: &Value, schema: &Value, path: &Path, errors: &mut ErrorList) {
    check(value, schema, path, errors, DEPTH);
}

fn check(value: &Value, schema: &Value, path: &Path, errors: &mut ErrorList, depth: usize) {
    if depth == 0 || (value.is_null() && schema["nullable"] == true) {
        return;
    }
    let wanted = schema["type"].as_str().unwrap_or_default();
    if !has_type(value, wanted, schema) {
        let said = format!("{path} in body must be of type {wanted}: {}", shown(kind(value)));
        return errors.invalid(path, kind(value), &said);
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        let allowed: Vec<String> = allowed
            .iter()
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect();
        let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
        let seen = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        errors.not_supported(path, &seen, &allowed);
    }
    match value {
        Value::String(text) => string(text, schema, path, errors),
        Value::Number(_) => number(value, schema, path, errors),
        Value::Array(items) => array(items, schema, path, errors, depth),
        Value::Object(map) => {
            let count = u64::try_from(map.len()).unwrap_or(u64::MAX);
            if schema["minProperties"].as_u64().is_some_and(|least| count < least) {
                let said =
                    format!("{path} in body should have at least {} properties", schema["minProperties"]);
                errors.invalid(path, value, &said);
            }
            if schema["maxProperties"].as_u64().is_some_and(|most| count > most) {
                let said =
                    format!("{path} in body should have at most {} properties", schema["maxProperties"]);
                errors.invalid(path, value, &said);
            }
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !map.contains_key(name) {
                    errors.required(&child(path, name), "");
                }
            }
            for (name, item) in map {
                if let Some(of) = schema.pointer("/properties").and_then(|properties| properties.get(name)) {
                    check(item, of, &child(path, name), errors, depth - 1);
                } else if let Some(of) = schema.get("additionalProperties").filter(|of| of.is_object()) {
                    check(item, of, &child(path, name), errors, depth - 1);
                }
            }
        }
        _ => {}
    }
    combined(value, schema, path, errors, depth);
}

fn child(path: &Path, name: &str) -> Path {
    if path.to_string() == "<nil>" || path.to_string().is_empty() {
        Path::new(name)
    } else {
        path.child(name)
    }
}

fn shown(text: &str) -> String {
    format!("{text:?}")
}

/// The value's own type, as messages name it.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn has_type(value: &Value, wanted: &str, schema: &Value) -> bool {
    if schema["x-kubernetes-int-or-string"] == true {
        return value.is_string() || value.is_i64() || value.is_u64();
    }
    match wanted {
        "" => true,
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        wanted => kind(value) == wanted,
    }
}

fn string(text: &str, schema: &Value, path: &Path, errors: &mut ErrorList) {
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
        errors.too_long(path, usize::try_from(most).unwrap_or(usize::MAX));
    }
    if let Some(least) = schema["minLength"].as_u64().filter(|least| length < *least) {
        errors.invalid(path, text, &format!("{path} in body should be at least {least} chars long"));
    }
    if let Some(pattern) = schema["pattern"].as_str()
        && super::definition::pattern(pattern).is_some_and(|regex| !regex.is_match(text))
    {
        errors.invalid(path, text, &format!("{path} in body should match '{pattern}'"));
    }
}

fn number(value: &Value, schema: &Value, path: &Path, errors: &mut ErrorList) {
    let Some(seen) = value.as_f64() else { return };
    if let Some(most) = schema["maximum"].as_f64() {
        let exclusive = schema["exclusiveMaximum"] == true;
        if seen > most || (exclusive && seen >= most) {
            let than = if exclusive { "less than" } else { "less than or equal to" };
            errors.invalid(path, value, &format!("{path} in body should be {than} {}", schema["maximum"]));
        }
    }
    if let Some(least) = schema["minimum"].as_f64() {
        let exclusive = schema["exclusiveMinimum"] == true;
        if seen < least || (exclusive && seen <= least) {
            let than = if exclusive { "greater than" } else { "greater than or equal to" };
            errors.invalid(path, value, &format!("{path} in body should be {than} {}", schema["minimum"]));
        }
    }
    if let Some(factor) = schema["multipleOf"].as_f64().filter(|factor| *factor > 0.0)
        && (seen / factor).fract() != 0.0
    {
        errors.invalid(
            path,
            value,
            &format!("{path} in body should be a multiple of {}", schema["multipleOf"]),
        );
    }
}

fn array(items: &[Value], schema: &Value, path: &Path, errors: &mut ErrorList, depth: usize) {
    let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
    if let Some(least) = schema["minItems"].as_u64().filter(|least| count < *least) {
        errors.invalid(path, count, &format!("{path} in body should have at least {least} items"));
    }
    if let Some(most) = schema["maxItems"].as_u64().filter(|most| count > *most) {
        errors.invalid(path, count, &format!("{path} in body should have at most {most} items"));
    }
    let keys: Vec<&str> = schema["x-kubernetes-list-map-keys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let is_set = schema["x-kubernetes-list-type"] == "set" || schema["uniqueItems"] == true;
    for (index, item) in items.iter().enumerate() {
        let same = |other: &&Value| {
            if keys.is_empty() {
                is_set && *other == item
            } else {
                keys.iter().all(|key| other[key] == item[key])
            }
        };
        if items.iter().take(index).any(|other| same(&other)) {
            let own: serde_json::Map<String, Value> =
                keys.iter().map(|key| ((*key).to_owned(), item[key].clone())).collect();
            let duplicate = if keys.is_empty() { item.clone() } else { Value::Object(own) };
            errors.duplicate(&path.index(index), duplicate);
        }
        if let Some(of) = schema.get("items") {
            check(item, of, &path.index(index), errors, depth - 1);
        }
    }
}

fn combined(value: &Value, schema: &Value, path: &Path, errors: &mut ErrorList, depth: usize) {
    let alternatives = |key: &str| schema[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let holds = |of: &Value| {
        let mut own = ErrorList::default();
        check(value, of, path, &mut own, depth - 1);
        own.is_empty()
    };
    for of in alternatives("allOf") {
        check(value, of, path, errors, depth - 1);
    }
    if !alternatives("anyOf").is_empty() && !alternatives("anyOf").iter().any(holds) {
        errors.invalid(path, value, &format!("{path} in body must validate at least one schema (anyOf)"));
    }
    let fitting = alternatives("oneOf").iter().filter(|of| holds(of)).count();
    if !alternatives("oneOf").is_empty() && fitting != 1 {
        let found = if fitting == 0 { "Found none valid" } else { "Found more than one valid" };
        let said = format!("{path} in body must validate one and only one schema (oneOf). {found}");
        errors.invalid(path, value, &said);
    }
    if schema.get("not").is_some_and(holds) {
        errors.invalid(path, value, &format!("{path} in body must not validate the schema (not)"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(schema: &Value, value: &Value) -> Vec<String> {
        let mut errors = ErrorList::default();
        validate(value, schema, &Path::new("spec"), &mut errors);
        errors.into_causes().into_iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect()
    }

    #[test]
    fn wrong_values_are_told_in_the_words_of_a_real_server() {
        let schema = json!({ "type": "object", "required": ["size", "name"], "properties": {
            "size": { "type": "integer", "minimum": 1, "maximum": 10 },
            "name": { "type": "string", "minLength": 2, "pattern": "^[a-z]+$" },
            "colour": { "type": "string", "enum": ["red", "blue"] },
            "parts": { "type": "array", "minItems": 1, "items": { "type": "string" } },
        } });
        assert_eq!(said(&schema, &json!({ "size": 3, "name": "abc" })), [""; 0]);
        assert_eq!(
            said(&schema, &json!({ "size": 11, "colour": "green", "parts": [] })),
            [
                "spec.name: Required value",
                "spec.colour: Unsupported value: \"green\": supported values: \"red\", \"blue\"",
                "spec.parts: Invalid value: 0: spec.parts in body should have at least 1 items",
                "spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10",
            ]
        );
        assert_eq!(
            said(&schema, &json!({ "size": "big", "name": "A1", "parts": ["x"] })),
            [
                "spec.name: Invalid value: \"A1\": spec.name in body should match '^[a-z]+$'",
                "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\"",
            ]
        );
    }

    #[test]
    fn exactly_one_alternative_must_hold() {
        let schema = json!({ "oneOf": [{ "required": ["a"] }, { "required": ["b"] }] });
        assert!(said(&schema, &json!({ "a": 1 })).is_empty());
        assert!(said(&schema, &json!({ "a": 1, "b": 1 }))[0].ends_with("Found more than one valid"));
        assert!(said(&schema, &json!({}))[0].ends_with("Found none valid"));
    }
}

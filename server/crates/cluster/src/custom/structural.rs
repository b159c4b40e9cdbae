//! The shape of a custom resource: its structural schema as a type, by which bodies are decoded (what it does not list is
//! dropped), fields are owned, and defaults are set.
//!
//! Source: <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/>.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    object::text_at,
    schema::{Field, ListKind, MergeKind, Presence, Shape, Type, TypeRef},
};

/// How deep schemas and values are followed.
pub(super) const DEPTH: usize = 64;

/// The schema of a version.
pub(super) fn schema_of(version: &Value) -> &Value {
    version.pointer("/schema/openAPIV3Schema").unwrap_or(&Value::Null)
}

/// The type of a version's objects.
pub(super) fn type_of(version: &Value, name: &str) -> TypeRef {
    let schema = schema_of(version);
    let mut fields = fields_of(schema, DEPTH);
    fields.retain(|field| !matches!(&*field.name, "apiVersion" | "kind" | "metadata"));
    let metadata = TypeRef::builtin("apimachinery.pkg.apis.meta.v1.ObjectMeta");
    let own = [
        ("apiVersion", Shape::String),
        ("kind", Shape::String),
        ("metadata", metadata.map_or(Shape::Any, Shape::Object)),
    ];
    fields.splice(0..0, own.map(|(name, shape)| field(name, shape, &Value::Null)));
    TypeRef::Own(Arc::new(Type::own(name, fields, is_open(schema))))
}

fn is_open(schema: &Value) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == true
}

fn fields_of(schema: &Value, depth: usize) -> Vec<Field> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| field(name, shape_of(schema, depth.saturating_sub(1)), schema))
        .collect()
}

fn field(name: &str, shape: Shape, schema: &Value) -> Field {
    let list = match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => ListKind::Set,
        Some("map") => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten();
            ListKind::Map(keys.filter_map(Value::as_str).map(|key| key.to_owned().into()).collect())
        }
        _ => ListKind::Atomic,
    };
    Field {
        name: name.to_owned().into(),
        number: 0,
        shape,
        presence: if name == "metadata" { Presence::Struct } else { Presence::Keep },
        list,
        merge: MergeKind::Default,
        atomic: schema["x-kubernetes-map-type"] == "atomic",
        go_type: None,
    }
}

fn shape_of(schema: &Value, depth: usize) -> Shape {
    if depth == 0 || schema["x-kubernetes-int-or-string"] == true {
        return Shape::Any;
    }
    match text_at(schema, "/type") {
        "array" => {
            Shape::List(Box::new(schema.get("items").map_or(Shape::Any, |of| shape_of(of, depth - 1))))
        }
        "object" => {
            if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
                return Shape::Map(Box::new(shape_of(values, depth - 1)));
            }
            if schema.get("additionalProperties") == Some(&Value::Bool(true)) {
                return Shape::Any;
            }
            let mut fields = fields_of(schema, depth);
            if schema["x-kubernetes-embedded-resource"] == true {
                for name in ["apiVersion", "kind", "metadata"] {
                    if !fields.iter().any(|field| field.name == name) {
                        fields.push(field(name, Shape::Any, &Value::Null));
                    }
                }
            }
            Shape::Object(TypeRef::Own(Arc::new(Type::own("", fields, is_open(schema)))))
        }
        _ => Shape::Any,
    }
}

/// Sets the defaults of a schema where a value says nothing, or null without being allowed to.
pub(super) fn set_defaults(value: &mut Value, schema: &Value, depth: usize) {
    if depth == 0 {
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, of) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let default = of.get("default").filter(|default| !default.is_null());
                let missing = map.get(name).is_none_or(|value| value.is_null() && of["nullable"] != true);
                if let (Some(default), true) = (default, missing) {
                    map.insert(name.clone(), default.clone());
                }
                if let Some(value) = map.get_mut(name) {
                    set_defaults(value, of, depth - 1);
                }
            }
            if let Some(of) = schema.get("additionalProperties").filter(|of| of.is_object()) {
                map.values_mut().for_each(|value| set_defaults(value, of, depth - 1));
            }
        }
        Value::Array(items) => {
            if let Some(of) = schema.get("items") {
                items.iter_mut().for_each(|item| set_defaults(item, of, depth - 1));
            }
        }
        _ => {}
    }
}

/// An empty object where there is none: patches meet definitions of any age.
pub(super) fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("it has just been made an object"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::decode;

    fn version() -> Value {
        json!({ "name": "v1", "schema": { "openAPIV3Schema": { "type": "object", "properties": {
            "spec": { "type": "object", "properties": {
                "size": { "type": "integer", "default": 1 },
                "free": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
                "labels": { "type": "object", "additionalProperties": { "type": "string" } },
                "parts": { "type": "array", "items": { "type": "object", "properties": {
                    "name": { "type": "string" }, "kind": { "type": "string", "default": "a" }
                } } }
            } }
        } } } })
    }

    #[test]
    fn what_the_schema_does_not_list_is_dropped_and_named() {
        let of = type_of(&version(), "g.v1.K");
        let decoded = decode(
            json!({ "spec": { "size": "big", "x": 1, "free": { "y": 2 }, "parts": [{ "name": "n", "z": 1 }] } }),
            of.get(),
        )
        .unwrap();
        assert_eq!(decoded.unknown, ["spec.parts[0].z", "spec.x"]);
        assert_eq!(
            decoded.value["spec"],
            json!({ "size": "big", "free": { "y": 2 }, "parts": [{ "name": "n" }] })
        );
    }

    #[test]
    fn defaults_are_set_at_every_depth() {
        let mut value = json!({ "spec": { "parts": [{}, { "kind": "b" }] } });
        set_defaults(&mut value, schema_of(&version()), DEPTH);
        assert_eq!(value, json!({ "spec": { "size": 1, "parts": [{ "kind": "a" }, { "kind": "b" }] } }));
    }
}

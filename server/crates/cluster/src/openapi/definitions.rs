//! Definitions of types.

use k8s_openapi::schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{enumerations, kinds};
use crate::{
    resource::{Registry, Resource},
    schema::{Field, ListKind, MergeKind, Shape, TypeRef},
};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// All definitions of a group and version; `at` is where references point.
pub(super) fn of(group: &str, version: &str, at: &str) -> Map<String, Value> {
    let mut settings = SchemaSettings::draft07();
    settings.definitions_path = at.trim_start_matches('#').trim_end_matches('/').to_owned().into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    kinds::add(group, version, &mut generator);
    let mut definitions = generator.take_definitions(true);
    for (name, definition) in &mut definitions {
        let of = name.strip_prefix("io.k8s.").and_then(TypeRef::builtin);
        if let Some(of) = &of
            && let Some(properties) = definition.get_mut("properties").and_then(Value::as_object_mut)
        {
            // k8s-openapi knows a newer version than the cluster speaks.
            properties.retain(|name, _| of.get().fields.is_empty() || of.get().field(name).is_some());
        }
        describe(definition, of.as_ref());
    }
    for resource in Registry::builtin().all().iter().filter(|r| r.group == group && r.version == version) {
        add_kind(&mut definitions, resource, at);
    }
    definitions
}

/// Names the kind of a definition, and defines its list.
fn add_kind(definitions: &mut Map<String, Value>, resource: &Resource, at: &str) {
    let Some(of) = resource.schema() else { return };
    let name = format!("io.k8s.{}", of.get().name);
    let kind = |kind: &str| json!([{ "group": resource.group, "kind": kind, "version": resource.version }]);
    let Some(definition) = definitions.get_mut(&name) else { return };
    definition["x-kubernetes-group-version-kind"] = kind(&resource.kind);
    if !resource.verbs.has("list") {
        return;
    }
    let list = json!({
        "description": format!("{} is a list of {}.", resource.list_kind(), resource.kind),
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": { "type": "string", "description": "The version of the schema of this list." },
            "kind": { "type": "string", "description": "The kind of this list." },
            "items": { "type": "array", "items": { "$ref": format!("{at}{name}") } },
            "metadata": { "$ref": format!("{at}{META}ListMeta") },
        },
        "x-kubernetes-group-version-kind": kind(&resource.list_kind()),
    });
    definitions.insert(format!("{name}List"), list);
}

/// Adds Kubernetes' extensions to a definition.
fn describe(definition: &mut Value, of: Option<&TypeRef>) {
    if let Some(of) = of
        && of.get().atomic
    {
        definition["x-kubernetes-map-type"] = json!("atomic");
    }
    let Some(properties) = definition.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        wrap_reference(property);
        if let Some(listed) = of.and_then(|of| enumerations::listed(&of.get().name, name))
            && let Some(Value::String(description)) = property.get_mut("description")
        {
            description.push_str(&listed);
        }
        if let Some(values) = enumeration(property) {
            property["enum"] = values;
        }
        if let Some(field) = of.and_then(|of| of.get().field(name)) {
            extend(property, field);
        }
    }
}

/// A reference with a description beside it is a reference inside `allOf`, or the description would not count.
fn wrap_reference(property: &mut Value) {
    if let Some(object) = property.as_object_mut()
        && object.len() > 1
        && let Some(reference) = object.remove("$ref")
    {
        object.insert("allOf".into(), json!([{ "$ref": reference }]));
    }
}

/// The values that a description lists as possible.
fn enumeration(property: &Value) -> Option<Value> {
    if property.get("type").and_then(Value::as_str) != Some("string") {
        return None;
    }
    let (_, listed) = property.get("description")?.as_str()?.split_once("Possible enum values:")?;
    let mut values: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("- `\"")?.split_once("\"`").map(|(value, _)| value))
        .collect();
    values.sort_unstable();
    Some(json!(values))
}

fn extend(property: &mut Value, field: &Field) {
    if let Shape::List(_) = field.shape {
        property["x-kubernetes-list-type"] = match &field.list {
            ListKind::Atomic => json!("atomic"),
            ListKind::Set => json!("set"),
            ListKind::Map(_) => json!("map"),
        };
        if let ListKind::Map(keys) = &field.list {
            property["x-kubernetes-list-map-keys"] = json!(keys);
        }
    } else if field.atomic {
        property["x-kubernetes-map-type"] = json!("atomic");
    }
    match &field.merge {
        MergeKind::Default => {}
        MergeKind::Merge { key, retain_keys } => {
            property["x-kubernetes-patch-strategy"] =
                json!(if *retain_keys { "merge,retainKeys" } else { "merge" });
            if !key.is_empty() {
                property["x-kubernetes-patch-merge-key"] = json!(key);
            }
        }
        MergeKind::RetainKeys => property["x-kubernetes-patch-strategy"] = json!("retainKeys"),
        MergeKind::Replace => property["x-kubernetes-patch-strategy"] = json!("replace"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Type;

    /// `kubectl explain` lists what a field may be.
    #[test]
    fn fields_of_few_values_list_them() {
        let definitions = of("", "v1", "#/components/schemas/");
        let policy = &definitions["io.k8s.api.core.v1.PodSpec"]["properties"]["restartPolicy"];
        assert_eq!(policy["enum"], json!(["Always", "Never", "OnFailure"]));
        let text = policy["description"].as_str().unwrap();
        assert!(
            text.ends_with("\n\nPossible enum values:\n - `\"Always\"`\n - `\"Never\"`\n - `\"OnFailure\"`"),
            "{text}"
        );
        let scheme = &definitions["io.k8s.api.core.v1.HTTPGetAction"]["properties"]["scheme"];
        assert!(scheme["description"].as_str().unwrap().contains("\n - `\"HTTPS\"` means that the scheme"));
    }

    /// The compact table says the same as k8s-openapi of every type that a document defines.
    #[test]
    fn the_schema_table_agrees_with_k8s_openapi() {
        let mut seen = 0;
        for resource in Registry::builtin().all() {
            for (name, definition) in of(&resource.group, &resource.version, "#/components/schemas/") {
                let Some(of) = name.strip_prefix("io.k8s.").and_then(TypeRef::builtin) else { continue };
                if let Some(properties) = definition.get("properties").and_then(Value::as_object) {
                    compare(of.get(), properties);
                    seen += 1;
                }
            }
        }
        assert!(seen > 400, "{seen}");
    }

    fn compare(of: &Type, properties: &Map<String, Value>) {
        let mut own: Vec<&str> = of.fields.iter().map(|f| &*f.name).collect();
        own.sort_unstable();
        let theirs: Vec<&str> = properties.keys().map(String::as_str).collect();
        assert_eq!(own, theirs, "{}", of.name);
        for field in &of.fields {
            let kind = properties[&*field.name].get("type").and_then(Value::as_str);
            let expected: &[Option<&str>] = match field.shape {
                Shape::String | Shape::Bytes => &[Some("string")],
                Shape::Int32 | Shape::Int64 => &[Some("integer")],
                Shape::Double => &[Some("number")],
                Shape::Bool => &[Some("boolean")],
                Shape::List(_) => &[Some("array")],
                Shape::Map(_) => &[Some("object")],
                Shape::Object(_)
                | Shape::Any
                | Shape::Quantity
                | Shape::IntOrString
                | Shape::Time
                | Shape::MicroTime => &[None, Some("object"), Some("string")],
            };
            assert!(expected.contains(&kind), "{} {} {kind:?}", of.name, field.name);
        }
    }
}

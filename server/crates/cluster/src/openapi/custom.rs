//! Documents of custom resources: a definition's own schema with the fields that every object has.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{definitions, name, paths};
use crate::resource::{Registry, Resource};

const META: &str = "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The document of a group and version of custom resources, such as `apis/example.com/v1`.
pub(crate) fn v3(registry: &Registry, document: &str) -> Option<Bytes> {
    let here = resources(registry, document);
    let first = here.first()?;
    // The definitions that all documents share: metadata, options, statuses.
    let mut schemas = definitions::of(&first.group, &first.version, "#/components/schemas/");
    schemas.extend(here.iter().filter_map(|resource| definition(resource)));
    let document = json!({
        "openapi": "3.0.0",
        "info": { "title": "Kubernetes CRD Swagger", "version": "v0.1.0" },
        "paths": paths::of(&here),
        "components": { "schemas": schemas },
    });
    serde_json::to_vec(&document).ok().map(Bytes::from)
}

/// The names of the documents, each with its version for clients' caches.
pub(crate) fn names(registry: &Registry) -> Vec<(String, String)> {
    let mut names: Vec<String> = registry.all().iter().map(|resource| name(resource)).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|document| {
            let schemas: Vec<_> =
                resources(registry, &document).iter().filter_map(|resource| definition(resource)).collect();
            let digest = Sha256::digest(serde_json::to_vec(&schemas).unwrap_or_default());
            let hash = digest.iter().map(|byte| format!("{byte:02X}")).collect();
            (document, hash)
        })
        .collect()
}

fn resources(registry: &Registry, document: &str) -> Vec<Arc<Resource>> {
    registry.all().iter().filter(|resource| name(resource) == document).cloned().collect()
}

/// A kind's name and its schema.
fn definition(resource: &Resource) -> Option<(String, Value)> {
    let mut schema = resource.strategy.open_api()?.clone();
    if !schema.is_object() {
        schema = json!({ "type": "object" });
    }
    let map = schema.as_object_mut()?;
    let properties = map.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    if let Some(properties) = properties.as_object_mut() {
        let text = |description: &str| json!({ "type": "string", "description": description });
        properties.insert(
            "apiVersion".into(),
            text("APIVersion defines the versioned schema of this representation of an object."),
        );
        properties.insert("kind".into(), text("Kind names the REST resource this object represents."));
        properties.insert(
            "metadata".into(),
            json!({ "description": "Standard object's metadata.", "allOf": [{ "$ref": META }] }),
        );
    }
    map.insert(
        "x-kubernetes-group-version-kind".into(),
        json!([{ "group": resource.group, "kind": resource.kind, "version": resource.version }]),
    );
    let group: Vec<&str> = resource.group.rsplit('.').collect();
    Some((format!("{}.{}.{}", group.join("."), resource.version, resource.kind), schema))
}

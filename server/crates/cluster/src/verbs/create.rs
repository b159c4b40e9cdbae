//! `create`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    object::{Object, metadata_str},
    request::Request,
    resource::Resource,
    server::Server,
    status::{Result, Status},
};

/// How many characters `generateName` gets appended.
const SUFFIX_LENGTH: usize = 5;

/// Creates an object in a namespace (an empty one for what belongs to the whole cluster).
pub(crate) fn create(
    server: &Server,
    request: &Request,
    resource: &Resource,
    namespace: &str,
    mut object: Value,
) -> Result<Arc<Object>> {
    let Some(root) = object.as_object_mut() else {
        return Err(Status::bad_request("the object provided is not an object"));
    };
    root.insert("apiVersion".into(), json!(resource.api_version()));
    root.insert("kind".into(), json!(resource.kind));
    let metadata = root.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    let Some(metadata) = metadata.as_object_mut() else {
        return Err(Status::bad_request("metadata is not an object"));
    };
    if resource.namespaced {
        metadata.insert("namespace".into(), json!(namespace));
    }
    let generated = metadata.get("name").and_then(Value::as_str).unwrap_or_default().is_empty();
    if let Some(prefix) = metadata.get("generateName").and_then(Value::as_str).filter(|_| generated) {
        let name = format!("{prefix}{}", server.rng.suffix(SUFFIX_LENGTH));
        metadata.insert("name".into(), json!(name));
    }
    metadata.insert("uid".into(), json!(server.rng.uuid()));
    metadata.insert("creationTimestamp".into(), json!(server.now()));
    resource.strategy.set_defaults(&mut object);

    let writer = server.store.write();
    let name = metadata_str(&object, "name");
    if server.store.get(&resource.storage, namespace, name).is_some() {
        return Err(Status::already_exists(&resource.group, &resource.plural, name));
    }
    if request.dry_run {
        return Ok(Arc::new(Object::new(object, 0)));
    }
    Ok(writer.put(&resource.storage, object, server.env.clock.uptime()))
}

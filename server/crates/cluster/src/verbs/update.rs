//! `update` and `patch`.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    object::{Object, finalizers, is_deleting, metadata_str},
    request::Request,
    resource::Resource,
    server::Server,
    status::{Result, Status},
    store::Writer,
};

/// Replaces an object.
pub(crate) fn update(
    server: &Server,
    request: &Request,
    resource: &Resource,
    namespace: &str,
    name: &str,
    object: Value,
) -> Result<Arc<Object>> {
    let writer = server.store.write();
    let old = super::get(server, resource, namespace, name)?;
    replace(server, &writer, request, resource, &old, object)
}

/// Merges a JSON merge patch (RFC 7396) into an object.
pub(crate) fn patch(
    server: &Server,
    request: &Request,
    resource: &Resource,
    namespace: &str,
    name: &str,
    patch: &Value,
) -> Result<Arc<Object>> {
    let writer = server.store.write();
    let old = super::get(server, resource, namespace, name)?;
    let mut object = old.value().clone();
    json_patch::merge(&mut object, patch);
    replace(server, &writer, request, resource, &old, object)
}

fn replace(
    server: &Server,
    writer: &Writer<'_>,
    request: &Request,
    resource: &Resource,
    old: &Arc<Object>,
    mut object: Value,
) -> Result<Arc<Object>> {
    let name = old.name();
    let version = metadata_str(&object, "resourceVersion");
    if !version.is_empty() && version != old.revision().to_string() {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Status::conflict(&resource.group, &resource.plural, name, why));
    }
    if request.subresource == "status" {
        let status = object["status"].take();
        object = old.value().clone();
        object["status"] = status;
    } else if let Some(status) = old.value().get("status") {
        object["status"] = status.clone();
    }
    object["apiVersion"] = json!(resource.api_version());
    object["kind"] = json!(resource.kind);
    for key in ["namespace", "name", "uid", "creationTimestamp", "deletionTimestamp", "resourceVersion"] {
        if let Some(kept) = old.value().get("metadata").and_then(|m| m.get(key)) {
            object["metadata"][key] = kept.clone();
        }
    }
    resource.strategy.set_defaults(&mut object);
    if object == *old.value() {
        return Ok(Arc::clone(old));
    }
    if request.dry_run {
        return Ok(Arc::new(Object::new(object, old.revision())));
    }
    let now = server.env.clock.uptime();
    if is_deleting(&object) && finalizers(&object).next().is_none() {
        let last = writer.put(&resource.storage, object, now);
        return Ok(writer.remove(&resource.storage, last.namespace(), last.name(), now).unwrap_or(last));
    }
    Ok(writer.put(&resource.storage, object, now))
}

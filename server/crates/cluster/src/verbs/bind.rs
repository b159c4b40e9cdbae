//! `pods/NAME/binding`: what the scheduler says of a Pod.

use std::sync::Arc;

use serde_json::json;

use crate::{
    object::{Object, object_at, text_at},
    request::Request,
    resource::Resource,
    server::Server,
    status::{Result, Status},
};

/// Puts a Pod on a node.
pub(crate) fn bind(
    server: &Server,
    request: &Request,
    pods: &Resource,
    namespace: &str,
    name: &str,
    node: &str,
) -> Result<Arc<Object>> {
    let conflict = |why: String| Err(Status::conflict("", "pods/binding", name, &why));
    let writer = server.store.write();
    let old = super::get(server, pods, namespace, name)?;
    if node.is_empty() {
        return Err(Status::bad_request("target.name: Required value"));
    }
    if old.is_deleting() {
        return conflict(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    let before = text_at(old.value(), "/spec/nodeName");
    if !before.is_empty() {
        return conflict(format!("pod {name} is already assigned to node {before:?}"));
    }
    if old.value().pointer("/spec/schedulingGates").is_some() {
        return conflict(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    let mut object = old.value().clone();
    object_at(&mut object, "spec").insert("nodeName".into(), json!(node));
    let now = server.now();
    let conditions = object_at(&mut object, "status").entry("conditions").or_insert_with(|| json!([]));
    if let Some(conditions) = conditions.as_array_mut() {
        conditions.retain(|condition| text_at(condition, "/type") != "PodScheduled");
        conditions.push(json!({
            "type": "PodScheduled", "status": "True",
            "lastProbeTime": null, "lastTransitionTime": now,
        }));
    }
    if request.dry_run {
        return Ok(Arc::new(Object::new(object, old.managed().to_vec(), old.revision())));
    }
    let owners = old.managed().to_vec();
    writer.put(&pods.storage, object, owners, server.env.clock.uptime())
}

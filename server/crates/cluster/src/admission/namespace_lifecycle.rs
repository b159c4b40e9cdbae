//! Nothing is created in a namespace that does not exist or is being deleted, and a few namespaces stay.

use serde_json::Value;

use crate::{
    object::metadata_str,
    resource::{Context, Resource},
    status::{Cause, Result, Status},
};

/// The namespaces that cannot be deleted.
const IMMORTAL: [&str; 3] = ["default", "kube-public", "kube-system"];

pub(super) fn check_create(cx: Context<'_>, resource: &Resource, object: &Value) -> Result<()> {
    if !resource.namespaced {
        return Ok(());
    }
    let namespace = metadata_str(object, "namespace");
    let Some(found) = cx.server.store.get("namespaces", "", namespace) else {
        return Err(Status::not_found("", "namespaces", namespace));
    };
    if !found.is_deleting() {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let name = match metadata_str(object, "name") {
        "" => metadata_str(object, "generateName"),
        name => name,
    };
    let mut status = Status::forbidden(&resource.group, &resource.plural, name, &why);
    if let Some(details) = &mut status.details {
        details.causes.push(Cause {
            reason: "NamespaceTerminating",
            message: format!("namespace {namespace} is being terminated"),
            field: "metadata.namespace".into(),
        });
    }
    Err(status)
}

pub(super) fn check_delete(resource: &Resource, old: Option<&Value>) -> Result<()> {
    let name = old.map(|old| metadata_str(old, "name")).unwrap_or_default();
    if resource.storage == "namespaces" && IMMORTAL.contains(&name) {
        return Err(Status::forbidden("", "namespaces", name, "this namespace may not be deleted"));
    }
    Ok(())
}

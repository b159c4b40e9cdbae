//! Admission: what decides about a request after its object was decoded and before it is written.
//!
//! Plugins run in the order of the real server: first all that change the object, then (after validation) all that
//! only judge it.

use serde_json::Value;

use crate::{
    object::metadata_str,
    resource::{Context, Resource},
    status::{Result, Status},
};

/// Changes an object that is to be created (`old` is nothing) or updated.
pub(crate) fn mutate(
    cx: Context<'_>,
    resource: &Resource,
    object: &mut Value,
    old: Option<&Value>,
) -> Result<()> {
    if old.is_none() {
        namespace_exists(cx, resource, object)?;
    }
    Ok(())
}

/// Judges a create (`object` alone), an update (both) or a delete (`old` alone).
pub(crate) fn validate(
    _cx: Context<'_>,
    resource: &Resource,
    object: Option<&Value>,
    old: Option<&Value>,
) -> Result<()> {
    if object.is_none() && resource.storage == "namespaces" {
        let name = old.map(|old| metadata_str(old, "name")).unwrap_or_default();
        if matches!(name, "default" | "kube-system" | "kube-public") {
            return Err(Status::forbidden("", "namespaces", name, "this namespace may not be deleted"));
        }
    }
    Ok(())
}

/// NamespaceLifecycle: nothing is created in a namespace that does not exist or is being deleted.
fn namespace_exists(cx: Context<'_>, resource: &Resource, object: &Value) -> Result<()> {
    if !resource.namespaced {
        return Ok(());
    }
    let namespace = metadata_str(object, "namespace");
    let Some(found) = cx.server.store.get("namespaces", "", namespace) else {
        return Err(Status::not_found("", "namespaces", namespace));
    };
    if found.is_deleting() {
        let why =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut status =
            Status::forbidden(&resource.group, &resource.plural, metadata_str(object, "name"), &why);
        if let Some(details) = &mut status.details {
            details.causes.push(crate::status::Cause {
                reason: "NamespaceTerminating",
                message: format!("namespace {namespace} is being terminated"),
                field: "metadata.namespace".into(),
            });
        }
        return Err(status);
    }
    Ok(())
}

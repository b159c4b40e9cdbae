//! Admission: what decides about a request after its object was decoded and before it is written.
//!
//! Plugins run in the order of the real server: first all that change the object, then (after validation) all that
//! only judge it. One plugin a file, under its name in Kubernetes.

mod claim_resize;
mod default_toleration_seconds;
mod limit_ranger;
mod namespace_lifecycle;
pub(crate) mod pod_security;
mod priority;
mod resource_quota;
mod service_account;

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
        namespace_lifecycle::check_create(cx, resource, object)?;
    }
    if is_pod(cx, resource) {
        if old.is_none() {
            limit_ranger::mutate(cx, object);
            service_account::mutate(cx, object)?;
            priority::mutate(cx, object)?;
        }
        if let Some(old) = old {
            priority::keep(object, old);
        }
        default_toleration_seconds::mutate(object);
    }
    Ok(())
}

/// Judges a create (`object` alone), an update (both) or a delete (`old` alone).
pub(crate) fn validate(
    cx: Context<'_>,
    resource: &Resource,
    object: Option<&Value>,
    old: Option<&Value>,
) -> Result<()> {
    let Some(object) = object else { return namespace_lifecycle::check_delete(resource, old) };
    let limited = is_pod(cx, resource) || resource.storage == "persistentvolumeclaims";
    if limited && old.is_none() {
        limit_ranger::validate(cx, resource, object)?;
    }
    pod_security::validate(cx, resource, object, old)?;
    claim_resize::validate(cx, resource, object, old)?;
    if resource.namespaced && matches!(cx.request.subresource.as_str(), "" | "resize") {
        resource_quota::validate(cx, resource, object, old)?;
    }
    Ok(())
}

/// Whether a request is about a Pod itself.
fn is_pod(cx: Context<'_>, resource: &Resource) -> bool {
    resource.storage == "pods" && cx.request.subresource.is_empty()
}

/// 403 for an object, under its name or the prefix that its name will have.
fn forbidden(resource: &str, object: &Value, why: &str) -> Box<Status> {
    let name = match metadata_str(object, "name") {
        "" => metadata_str(object, "generateName"),
        name => name,
    };
    Status::forbidden("", resource, name, why)
}

/// The same for an object of any kind.
fn forbidden_of(resource: &Resource, object: &Value, why: &str) -> Box<Status> {
    let name = match metadata_str(object, "name") {
        "" => metadata_str(object, "generateName"),
        name => name,
    };
    Status::forbidden(&resource.group, &resource.plural, name, why)
}

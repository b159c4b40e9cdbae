//! `delete` and `deletecollection`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ListOptions, update::has_no_finalizers};
use crate::{
    admission,
    object::{Object, finalizers, is_deleting, metadata_mut},
    quota,
    request::Request,
    resource::{Context, Generation, Resource},
    server::{Server, rfc3339_seconds},
    status::{Result, Status},
    store::Writer,
};

/// The body of a delete request.
///
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/>.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeleteOptions {
    /// How long the object gets to end in good order.
    pub grace_period_seconds: Option<i64>,
    /// Delete only the object that is meant.
    pub preconditions: Option<Preconditions>,
    /// What becomes of the objects that it owns: `Orphan`, `Background` or `Foreground`.
    pub propagation_policy: Option<String>,
    /// The older form of `propagationPolicy: Orphan`.
    pub orphan_dependents: Option<bool>,
    /// `All` decides everything and deletes nothing.
    pub dry_run: Option<Vec<String>>,
}

/// What must hold of an object for a delete to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Preconditions {
    /// Its uid.
    pub uid: Option<String>,
    /// Its version.
    pub resource_version: Option<String>,
}

/// How far a delete has come.
#[derive(Debug)]
pub(crate) enum Deleted {
    /// The object is gone; this was its last state.
    Gone(Arc<Object>),
    /// The object is still there: it ends in its grace period, or waits for finalizers.
    Ending(Arc<Object>),
}

/// Deletes an object, or begins to.
pub(crate) fn delete(
    server: &Server,
    request: &Request,
    resource: &Resource,
    namespace: &str,
    name: &str,
    options: &DeleteOptions,
) -> Result<Deleted> {
    check_options(options)?;
    let writer = server.store.write();
    delete_one(server, &writer, request, resource, namespace, name, options)
}

/// Deletes all objects that are selected, and returns them.
pub(crate) fn delete_collection(
    server: &Server,
    request: &Request,
    resource: &Resource,
    namespace: &str,
    list: &ListOptions,
    options: &DeleteOptions,
) -> Result<Vec<Arc<Object>>> {
    check_options(options)?;
    let page = super::list(server, resource, namespace, list)?;
    let writer = server.store.write();
    let mut deleted = Vec::new();
    for object in page.objects {
        match delete_one(server, &writer, request, resource, object.namespace(), object.name(), options) {
            Ok(Deleted::Gone(object) | Deleted::Ending(object)) => deleted.push(object),
            Err(status) if status.is_not_found() => {}
            Err(status) => return Err(status),
        }
    }
    Ok(deleted)
}

fn check_options(options: &DeleteOptions) -> Result<()> {
    let invalid = |message: &str| Err(Status::bad_request(message));
    match options.propagation_policy.as_deref() {
        None | Some("Orphan" | "Background" | "Foreground") => {}
        Some(other) => {
            let mut errors = crate::validation::ErrorList::default();
            errors.not_supported(
                &crate::validation::Path::new("propagationPolicy"),
                other,
                &["Foreground", "Background", "Orphan", "nil"],
            );
            return Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", errors.into_causes()));
        }
    }
    if options.propagation_policy.is_some() && options.orphan_dependents.is_some() {
        return invalid("orphanDependents and deletionPropagation cannot be both set");
    }
    Ok(())
}

fn delete_one(
    server: &Server,
    writer: &Writer<'_>,
    request: &Request,
    resource: &Resource,
    namespace: &str,
    name: &str,
    options: &DeleteOptions,
) -> Result<Deleted> {
    let old = super::get(server, resource, namespace, name)?;
    check_preconditions(resource, &old, options)?;
    let cx = Context { server, request };
    admission::validate(cx, resource, None, Some(old.value()))?;
    if request.dry_run || options.dry_run.as_ref().is_some_and(|all| !all.is_empty()) {
        return Ok(Deleted::Gone(old));
    }
    let mut object = old.value().clone();
    set_propagation(resource, options, &mut object);
    let period = resource.strategy.grace_period(&object, options.grace_period_seconds);
    let grace = period.unwrap_or(0);
    let goes = grace == 0 && has_no_finalizers(&object) && !holds_back(resource, &object);
    if goes && period.is_none() {
        return remove(server, writer, resource, &old).map(Deleted::Gone);
    }
    let changed = mark(server, resource, &mut object, grace);
    let written = if changed || object != *old.value() {
        let now = server.env.clock.uptime();
        writer.put(&resource.storage, object, old.managed().to_vec(), now)?
    } else {
        old
    };
    // What has a grace period is seen to end even where that takes no time.
    if goes {
        remove(server, writer, resource, &written).map(Deleted::Gone)
    } else {
        Ok(Deleted::Ending(written))
    }
}

fn check_preconditions(resource: &Resource, old: &Object, options: &DeleteOptions) -> Result<()> {
    let Some(wanted) = &options.preconditions else { return Ok(()) };
    let conflict = |why: String| Err(Status::conflict(&resource.group, &resource.plural, old.name(), &why));
    if let Some(uid) = wanted.uid.as_deref().filter(|uid| *uid != old.uid()) {
        return conflict(format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            old.uid()
        ));
    }
    let now = old.revision().to_string();
    if let Some(version) = wanted.resource_version.as_deref().filter(|version| *version != now) {
        return conflict(format!(
            "Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: {now}"
        ));
    }
    Ok(())
}

/// What the garbage collector has to do first, as finalizers.
fn set_propagation(resource: &Resource, options: &DeleteOptions, object: &mut Value) {
    let policy = options.propagation_policy.as_deref();
    let orphan = policy == Some("Orphan") || options.orphan_dependents == Some(true);
    let foreground = policy == Some("Foreground");
    if policy.is_none() && options.orphan_dependents.is_none() {
        return;
    }
    // Pods and the like own nothing that could be orphaned or waited for.
    let wanted: &[&str] = match (orphan, foreground) {
        (true, _) => &["orphan"],
        (_, true) => &["foregroundDeletion"],
        _ => &[],
    };
    let mut all: Vec<String> = finalizers(object)
        .filter(|f| !matches!(*f, "orphan" | "foregroundDeletion"))
        .map(str::to_owned)
        .collect();
    if resource.storage != "namespaces" {
        all.extend(wanted.iter().map(|f| (*f).to_owned()));
    }
    let metadata = metadata_mut(object);
    if all.is_empty() {
        metadata.remove("finalizers");
    } else {
        metadata.insert("finalizers".into(), json!(all));
    }
}

/// Sets the marks of a deletion that has begun; one that has already begun can only be hastened.
fn mark(server: &Server, resource: &Resource, object: &mut Value, grace: i64) -> bool {
    let now = server.env.clock.now();
    let before = object.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64);
    let ending = is_deleting(object);
    if ending && before.is_some_and(|before| before <= grace) {
        return false;
    }
    let begun = object
        .pointer("/metadata/deletionTimestamp")
        .and_then(Value::as_str)
        .and_then(|at| at.parse::<jiff::Timestamp>().ok())
        .and_then(|at| at.checked_sub(jiff::SignedDuration::from_secs(before.unwrap_or(0))).ok());
    let end =
        begun.unwrap_or(now).checked_add(jiff::SignedDuration::from_secs(grace)).unwrap_or(now).max(now);
    // Only the beginning is a new generation.
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64).filter(|_| !ending);
    let metadata = metadata_mut(object);
    metadata.insert("deletionTimestamp".into(), json!(rfc3339_seconds(end)));
    metadata.insert("deletionGracePeriodSeconds".into(), json!(grace));
    if let (Some(generation), true) = (generation, resource.strategy.generation() != Generation::None) {
        metadata.insert("generation".into(), json!(generation + 1));
    }
    if resource.storage == "namespaces" {
        object["status"]["phase"] = json!("Terminating");
    }
    true
}

/// A namespace is held back by its own list of finalizers until it is empty.
fn holds_back(resource: &Resource, object: &Value) -> bool {
    resource.storage == "namespaces"
        && object.pointer("/spec/finalizers").and_then(Value::as_array).is_some_and(|list| !list.is_empty())
}

/// Whether an object whose deletion has begun can go: no finalizers, and its grace period is over.
pub(super) fn is_done(resource: &Resource, object: &Value) -> bool {
    let grace = object.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(0);
    has_no_finalizers(object) && grace == 0 && !holds_back(resource, object)
}

/// Removes an object and returns its last state.
pub(super) fn remove(
    server: &Server,
    writer: &Writer<'_>,
    resource: &Resource,
    object: &Arc<Object>,
) -> Result<Arc<Object>> {
    let now = server.env.clock.uptime();
    let last = writer
        .remove(&resource.storage, object.namespace(), object.name(), now)
        .ok_or_else(|| Status::not_found(&resource.group, &resource.plural, object.name()))?;
    resource.strategy.removed(server, writer, &last);
    quota::keep_up(server, writer, object.namespace(), &resource.storage);
    Ok(last)
}

//! `update` and `patch`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    check,
    create::{parse_metadata, set_namespace},
    stamp,
};
use crate::{
    admission,
    managed::{self, Entry},
    object::{Object, finalizers, is_deleting, metadata_mut, metadata_str},
    patch::Change,
    quota,
    request::Request,
    resource::{Context, Generation, Resource},
    schema,
    server::Server,
    status::{Result, Status},
    store::Writer,
    validation::{ErrorList, metadata},
};

/// Why a write with an old version is refused.
const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

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
    let old = match super::get(server, resource, namespace, name) {
        Err(status) if status.is_not_found() && resource.strategy.allows_create_on_update() => {
            return super::create::create_owned(server, &writer, request, resource, namespace, object, None);
        }
        old => old?,
    };
    replace(server, &writer, request, resource, &old, object, None)
}

/// Changes an object.
pub(crate) fn patch(
    server: &Server,
    request: &Request,
    resource: &Resource,
    namespace: &str,
    name: &str,
    change: &Change,
    check_fields: &dyn Fn(&[String]) -> Result<()>,
) -> Result<Arc<Object>> {
    let Some(of) = resource.schema() else { return Err(Status::no_such_resource()) };
    let writer = server.store.write();
    let old = super::get(server, resource, namespace, name)?;
    let patched = change.apply(&old.to_value(), of.get())?;
    let decoded = schema::decode(patched, of.get())
        .map_err(|e| change.unfit(&e.0).unwrap_or_else(|| resource.not_decodable(&e.0)))?;
    check_fields(&decoded.unknown)?;
    replace(server, &writer, request, resource, &old, decoded.value, None)
}

/// Writes the successor of an object whose owners are known already (by server-side apply), or are found out.
pub(super) fn replace(
    server: &Server,
    writer: &Writer<'_>,
    request: &Request,
    resource: &Resource,
    old: &Arc<Object>,
    mut object: Value,
    owners: Option<Vec<Entry>>,
) -> Result<Arc<Object>> {
    let cx = Context { server, request };
    stamp(resource, &mut object);
    check_identity(resource, old, &mut object)?;
    let sent = object.get("metadata").and_then(Value::as_object).and_then(managed::parse_entries);
    metadata_mut(&mut object).remove("managedFields");
    resource.strategy.set_defaults(&mut object);
    keep(resource, request, &mut object, old.value());
    // What admission adds is nobody's; what another subresource keeps is as it was.
    let meant = matches!(request.subresource.as_str(), "" | "status").then(|| object.clone());
    admission::mutate(cx, resource, &mut object, Some(old.value()))?;
    resource.strategy.prepare_update(cx, &mut object, old.value())?;
    count_generation(resource, &mut object, old.value());

    let mut errors = ErrorList::default();
    metadata::validate_update(&parse_metadata(&object)?, &parse_metadata(old.value())?, &mut errors);
    resource.strategy.validate_update(cx, &object, old.value(), &mut errors)?;
    check(resource, old.name(), errors)?;
    for warning in resource.strategy.warnings(&object, Some(old.value())) {
        request.warn(warning);
    }
    admission::validate(cx, resource, Some(&object), Some(old.value()))?;

    let owners = match owners {
        Some(owners) => owners,
        None => found_owners(server, request, resource, old, meant.as_ref().unwrap_or(&object), sent),
    };
    metadata_mut(&mut object).insert("resourceVersion".into(), json!(old.revision().to_string()));
    if object == *old.value() && owners == old.managed() {
        return Ok(Arc::clone(old));
    }
    if request.dry_run {
        return Ok(Arc::new(Object::new(object, owners, old.revision())));
    }
    let now = server.env.clock.uptime();
    let written = writer.put(&resource.storage, object, owners, now)?;
    quota::keep_up(server, writer, written.namespace(), &resource.storage);
    if is_deleting(written.value()) && super::delete::is_done(resource, written.value()) {
        return super::delete::remove(server, writer, resource, &written);
    }
    Ok(written)
}

fn found_owners(
    server: &Server,
    request: &Request,
    resource: &Resource,
    old: &Object,
    object: &Value,
    sent: Option<Vec<Entry>>,
) -> Vec<Entry> {
    let Some(of) = resource.schema() else { return Vec::new() };
    // An update may give up ownership by sending fewer entries, and forgets all by sending an empty list.
    let before = sent.unwrap_or_else(|| old.managed().to_vec());
    let now = server.now();
    let api_version = resource.api_version();
    let writer = managed::Writer {
        manager: &request.manager,
        api_version: &api_version,
        subresource: &request.subresource,
        now: &now,
    };
    managed::update(&before, Some(old.value()), object, of.get(), writer)
}

/// The object must be the one of the URL, and of the version that the client saw.
fn check_identity(resource: &Resource, old: &Object, object: &mut Value) -> Result<()> {
    let (name, uid) = (metadata_str(object, "name").to_owned(), metadata_str(object, "uid").to_owned());
    if !name.is_empty() && name != old.name() {
        return Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            old.name()
        )));
    }
    set_namespace(resource, old.namespace(), object)?;
    if !uid.is_empty() && uid != old.uid() {
        let why =
            format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", old.uid());
        return Err(Status::conflict(&resource.group, &resource.plural, old.name(), &why));
    }
    match metadata_str(object, "resourceVersion") {
        "" | "0" if !resource.strategy.allows_unconditional_update() => {
            let mut errors = ErrorList::default();
            let path = crate::validation::Path::new("metadata").child("resourceVersion");
            errors.invalid(&path, 0, "must be specified for an update");
            check(resource, old.name(), errors)
        }
        "" | "0" => Ok(()),
        version if version == old.revision().to_string() => Ok(()),
        _ => Err(Status::conflict(&resource.group, &resource.plural, old.name(), MODIFIED)),
    }
}

/// Puts back what this request may not change: the identity, and either the status or all but the status.
fn keep(resource: &Resource, request: &Request, object: &mut Value, old: &Value) {
    match request.subresource.as_str() {
        // An approval is a condition.
        "status" | "approval" => {
            let status = object.get_mut("status").map(Value::take);
            let metadata = metadata_mut(object).clone();
            *object = old.clone();
            if let Value::Object(root) = object {
                match status {
                    Some(status) => root.insert("status".into(), status),
                    None => root.remove("status"),
                };
            }
            for key in ["labels", "annotations", "finalizers"] {
                match metadata.get(key) {
                    Some(value) => metadata_mut(object).insert(key.into(), value.clone()),
                    None => metadata_mut(object).remove(key),
                };
            }
        }
        _ if resource.strategy.has_status() => {
            if let Value::Object(root) = object {
                match old.get("status") {
                    Some(status) => root.insert("status".into(), status.clone()),
                    None => root.remove("status"),
                };
            }
        }
        _ => {}
    }
    let metadata = metadata_mut(object);
    const KEPT: [&str; 8] = [
        "name",
        "namespace",
        "uid",
        "generateName",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ];
    for key in KEPT {
        match old.get("metadata").and_then(|m| m.get(key)) {
            Some(value) => metadata.insert(key.into(), value.clone()),
            None => metadata.remove(key),
        };
    }
    metadata.remove("selfLink");
}

fn count_generation(resource: &Resource, object: &mut Value, old: &Value) {
    let changed = match resource.strategy.generation() {
        Generation::None => false,
        Generation::OfSpec => object.get("spec") != old.get("spec"),
        Generation::OfAll => {
            let rest = |value: &Value| {
                let mut rest = value.as_object().cloned().unwrap_or_default();
                rest.remove("metadata");
                rest.remove("status");
                rest
            };
            rest(object) != rest(old)
        }
    };
    if changed {
        let before = old.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0);
        metadata_mut(object).insert("generation".into(), json!(before + 1));
    }
}

/// Whether nothing holds the object back any more.
pub(super) fn has_no_finalizers(object: &Value) -> bool {
    finalizers(object).next().is_none()
}

//! `create`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{check, stamp};
use crate::{
    admission,
    managed::{self, Entry},
    object::{Object, metadata_mut, metadata_str, parse},
    quota,
    request::Request,
    resource::{Context, Generation, Resource},
    server::Server,
    status::{Result, Status},
    store::Writer,
    validation::{ErrorList, metadata},
};

/// How many characters `generateName` gets appended.
const SUFFIX_LENGTH: usize = 5;

/// Longer prefixes are cut, so that the name keeps to 63 characters.
const PREFIX_LENGTH: usize = 63 - SUFFIX_LENGTH;

/// Creates an object in a namespace (an empty one for what belongs to the whole cluster).
pub(crate) fn create(
    server: &Server,
    request: &Request,
    resource: &Resource,
    namespace: &str,
    object: Value,
) -> Result<Arc<Object>> {
    let writer = server.store.write();
    create_owned(server, &writer, request, resource, namespace, object, None)
}

/// Creates an object while the gate is held already.
pub(crate) fn create_in(
    server: &Server,
    writer: &Writer<'_>,
    request: &Request,
    resource: &Resource,
    namespace: &str,
    object: Value,
) -> Result<Arc<Object>> {
    create_owned(server, writer, request, resource, namespace, object, None)
}

/// Creates an object whose owners are known already (by server-side apply), or are found out.
pub(super) fn create_owned(
    server: &Server,
    writer: &Writer<'_>,
    request: &Request,
    resource: &Resource,
    namespace: &str,
    mut object: Value,
    owners: Option<Vec<Entry>>,
) -> Result<Arc<Object>> {
    stamp(resource, &mut object);
    set_namespace(resource, namespace, &mut object)?;
    if !matches!(metadata_str(&object, "resourceVersion"), "" | "0") {
        // The real server has no reason for it either.
        let message = "resourceVersion should not be set on objects to be created";
        return Err(Status::new(http::StatusCode::INTERNAL_SERVER_ERROR, "", message));
    }
    resource.strategy.set_defaults(&mut object);
    let cx = Context { server, request };
    // What admission adds is nobody's.
    let sent = object.clone();
    admission::mutate(cx, resource, &mut object, None)?;
    prepare(cx, resource, &mut object)?;

    let name = metadata_str(&object, "name").to_owned();
    let mut errors = ErrorList::default();
    metadata::validate(
        &parse_metadata(&object)?,
        resource.namespaced,
        resource.strategy.name_rule(),
        &mut errors,
    );
    resource.strategy.validate(cx, &object, &mut errors)?;
    check(resource, &name, errors)?;
    for warning in resource.strategy.warnings(&object, None) {
        request.warn(warning);
    }
    admission::validate(cx, resource, Some(&object), None)?;
    if let Some(old) = server.store.get(&resource.storage, namespace, &name) {
        let mut status = Status::already_exists(&resource.group, &resource.plural, &name);
        if old.is_deleting() {
            status.message.insert_str(0, "object is being deleted: ");
        }
        return Err(status);
    }

    let owners = match owners {
        Some(owners) => owners,
        None => match resource.schema() {
            Some(of) => {
                let now = server.now();
                let writer = managed::Writer {
                    manager: &request.manager,
                    api_version: &resource.api_version(),
                    subresource: &request.subresource,
                    now: &now,
                };
                managed::update(&[], None, &sent, of.get(), writer)
            }
            None => Vec::new(),
        },
    };
    if request.dry_run {
        return Ok(Arc::new(Object::new(object, owners, 0)));
    }
    let written = writer.put(&resource.storage, object, owners, server.env.clock.uptime())?;
    resource.strategy.created(cx, writer, written.value());
    quota::keep_up(server, writer, written.namespace(), &resource.storage);
    Ok(written)
}

/// Puts an object into the namespace of the request.
pub(super) fn set_namespace(resource: &Resource, namespace: &str, object: &mut Value) -> Result<()> {
    if !resource.namespaced {
        return Ok(());
    }
    let own = metadata_str(object, "namespace");
    if !own.is_empty() && own != namespace {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    metadata_mut(object).insert("namespace".into(), json!(namespace));
    Ok(())
}

pub(super) fn parse_metadata(
    object: &Value,
) -> Result<k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta> {
    object.get("metadata").map_or_else(|| Ok(Default::default()), parse)
}

/// Sets what the server alone decides.
fn prepare(cx: Context<'_>, resource: &Resource, object: &mut Value) -> Result<()> {
    let metadata = metadata_mut(object);
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields"] {
        metadata.remove(field);
    }
    match resource.strategy.generation() {
        Generation::None => metadata.remove("generation"),
        Generation::OfSpec | Generation::OfAll => metadata.insert("generation".into(), json!(1)),
    };
    let server = cx.server;
    let metadata = metadata_mut(object);
    metadata.insert("uid".into(), json!(server.rng.uuid()));
    metadata.insert("creationTimestamp".into(), json!(server.now()));
    let text = |key: &str| metadata.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("name").is_empty() && !text("generateName").is_empty() {
        let prefix = text("generateName");
        let cut = prefix.char_indices().nth(PREFIX_LENGTH).map_or(prefix.len(), |(at, _)| at);
        let name = format!("{}{}", &prefix[..cut], server.rng.suffix(SUFFIX_LENGTH));
        metadata.insert("name".into(), json!(name));
    }
    resource.strategy.prepare_create(cx, object)
}

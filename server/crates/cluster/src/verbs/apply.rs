//! Server-side apply.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    managed::{self, ApplyError, Conflict},
    object::{Object, metadata_mut, metadata_str},
    request::Request,
    resource::Resource,
    schema,
    server::Server,
    status::{Cause, Details, Result, Status},
};

/// What is applied, and whether it overrides what others own.
#[derive(Debug)]
pub(crate) struct Apply {
    pub(crate) object: Value,
    pub(crate) force: bool,
}

/// Applies a configuration to an object, which is created where it does not exist. Tells whether it was.
pub(crate) fn apply(
    server: &Server,
    request: &Request,
    resource: &Resource,
    namespace: &str,
    name: &str,
    apply: Apply,
) -> Result<(Arc<Object>, bool)> {
    let Some(of) = resource.schema() else { return Err(Status::no_such_resource()) };
    let Apply { mut object, force } = apply;
    check_configuration(resource, namespace, name, &mut object)?;
    let writer = server.store.write();
    let old = match super::get(server, resource, namespace, name) {
        Ok(old) => Some(old),
        Err(status) if status.is_not_found() && request.subresource.is_empty() => None,
        Err(status) => return Err(status),
    };
    check_preconditions(resource, name, old.as_deref(), &mut object)?;

    let now = server.now();
    let api_version = resource.api_version();
    let by = managed::Writer {
        manager: &request.manager,
        api_version: &api_version,
        subresource: &request.subresource,
        now: &now,
    };
    let entries = old.as_ref().map(|old| old.managed()).unwrap_or_default();
    let live = old.as_ref().map(|old| old.value());
    let (merged, owners) = managed::apply(entries, live, &object, of.get(), by, force)
        .map_err(|error| refusal(resource, namespace, name, error))?;
    let merged = schema::normalize(merged, of.get()).map_err(|e| resource.not_decodable(&e.0))?;
    match old {
        Some(old) => {
            let written =
                super::update::replace(server, &writer, request, resource, &old, merged, Some(owners))?;
            Ok((written, false))
        }
        None => {
            let written = super::create::create_owned(
                server,
                &writer,
                request,
                resource,
                namespace,
                merged,
                Some(owners),
            )?;
            Ok((written, true))
        }
    }
}

fn check_configuration(resource: &Resource, namespace: &str, name: &str, object: &mut Value) -> Result<()> {
    if !object.is_object() {
        return Err(Status::bad_request("the configuration to apply is not an object"));
    }
    let (version, kind) = (object.get("apiVersion"), object.get("kind"));
    let given = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let (version, kind) = (given(version), given(kind));
    if kind.is_empty() {
        return Err(Status::bad_request("Object 'Kind' is missing"));
    }
    if version != resource.api_version() || kind != resource.kind {
        let (group, version) = version.rsplit_once('/').unwrap_or(("", &version));
        return Err(Status::bad_request(format!("invalid object type: {group}/{version}, Kind={kind}")));
    }
    if object.get("metadata").is_some_and(|m| m.get("managedFields").is_some_and(|f| !f.is_null())) {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    let own = metadata_str(object, "name");
    if !own.is_empty() && own != name {
        return Err(Status::bad_request(format!(
            "the name of the object ({own}) does not match the name on the URL ({name})"
        )));
    }
    super::create::set_namespace(resource, namespace, object)?;
    metadata_mut(object).insert("name".into(), Value::String(name.to_owned()));
    Ok(())
}

/// `uid` and `resourceVersion` of a configuration are preconditions, not values.
fn check_preconditions(
    resource: &Resource,
    name: &str,
    old: Option<&Object>,
    object: &mut Value,
) -> Result<()> {
    let metadata = metadata_mut(object);
    let mut take = |key: &str| match metadata.remove(key) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let (uid, version) = (take("uid"), take("resourceVersion"));
    let conflict = |why: &str| Err(Status::conflict(&resource.group, &resource.plural, name, why));
    match old {
        None if !uid.is_empty() => conflict(&format!(
            "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        )),
        Some(old) if !uid.is_empty() && uid != old.uid() => conflict(&format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            old.uid()
        )),
        Some(old) if !version.is_empty() && version != old.revision().to_string() => conflict(
            "the object has been modified; please apply your changes to the latest version and try again",
        ),
        _ => Ok(()),
    }
}

fn refusal(resource: &Resource, namespace: &str, name: &str, error: ApplyError) -> Box<Status> {
    match error {
        ApplyError::Typed(error) => {
            let group_version = format!("{}/{}", resource.group, resource.version);
            let object =
                if namespace.is_empty() { format!("/{name}") } else { format!("{namespace}/{name}") };
            Status::new(
                http::StatusCode::INTERNAL_SERVER_ERROR,
                "",
                format!(
                    "failed to create typed patch object ({object}; {group_version}, Kind={}): {error}",
                    resource.kind
                ),
            )
        }
        ApplyError::Conflicts(conflicts) => conflict(&conflicts),
    }
}

fn conflict(conflicts: &[Conflict]) -> Box<Status> {
    let by = |c: &Conflict| format!("conflict with {:?}{}", c.manager, c.using);
    let causes: Vec<Cause> = conflicts
        .iter()
        .map(|c| Cause { reason: "FieldManagerConflict", message: by(c), field: c.path.clone() })
        .collect();
    let message = match conflicts {
        [only] => format!("Apply failed with 1 conflict: {}: {}", by(only), only.path),
        several => format!("Apply failed with {} conflicts: {}", several.len(), grouped(several)),
    };
    let mut status = Status::new(http::StatusCode::CONFLICT, "Conflict", message);
    status.details = Some(Details { causes, ..Details::default() });
    status
}

/// All paths under the manager that owns them.
fn grouped(conflicts: &[Conflict]) -> String {
    let mut text = String::new();
    let mut last = None;
    for conflict in conflicts {
        let by = format!("conflicts with {:?}{}:", conflict.manager, conflict.using);
        if last.as_ref() != Some(&by) {
            if last.is_some() {
                text.push('\n');
            }
            text.push_str(&by);
            last = Some(by);
        }
        text.push_str(&format!("\n- {}", conflict.path));
    }
    text
}

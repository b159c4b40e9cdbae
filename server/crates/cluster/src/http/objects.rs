//! The verbs over HTTP.

use std::sync::Arc;

use axum::{body::Body, response::Response};
use http::{StatusCode, header};
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::{Value, json};

use super::{
    Call, answer, body,
    negotiate::{Form, not_acceptable},
    path::Target,
    query::FieldValidation,
    table,
};
use crate::{
    object::{InOrder, Object},
    patch::Change,
    request::Request,
    resource::Resource,
    status::{Result, Status},
    verbs::{self, Apply, DeleteOptions, Deleted, Page},
};

impl Call {
    /// What the verbs need to know of this request.
    pub(super) fn request(&self, subresource: &str) -> Result<Request> {
        let agent = self.parts.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok());
        let manager = self.query.manager(agent.unwrap_or_default())?;
        let mut request = Request::new(self.caller.clone(), &manager).on(subresource);
        request.dry_run = self.query.dry_run()?;
        request.warnings = Arc::clone(&self.warnings);
        Ok(request)
    }
}

/// An object of a resource, in the form that was asked for.
pub(super) fn object(
    call: &Call,
    code: StatusCode,
    resource: &Resource,
    object: &Object,
) -> Result<Response> {
    if call.accepted.protobuf_only {
        return Err(not_acceptable());
    }
    let seen = As { resource, object };
    Ok(match call.accepted.form {
        Form::Object => answer::serialized(call, code, &seen),
        Form::Table => answer::value(call, code, &table::of_one(call, resource, object)),
        Form::Metadata => answer::value(call, code, &metadata_only(object)),
    })
}

/// An object under the `apiVersion` of the resource through which it is seen.
pub(super) struct As<'a> {
    pub(super) resource: &'a Resource,
    pub(super) object: &'a Object,
}

impl Serialize for As<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.resource.strategy.seen(self.resource, self.object) {
            Some(value) => InOrder(&value).serialize(serializer),
            None => self.object.serialize(serializer),
        }
    }
}

/// An object's metadata alone.
pub(super) fn metadata_only(object: &Object) -> Value {
    let mut whole = object.to_value();
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": whole.get_mut("metadata").map(Value::take),
    })
}

pub(super) fn get(call: &Call, resource: &Resource, target: &Target) -> Result<Response> {
    verbs::not_newer_than_now(&call.server, call.query.revision()?)?;
    let found = verbs::get(&call.server, resource, &target.namespace, &target.name)?;
    object(call, StatusCode::OK, resource, &found)
}

/// A list without a copy of its items.
struct List<'a> {
    resource: &'a Resource,
    page: &'a Page,
    metadata_only: bool,
}

impl List<'_> {
    fn metadata(&self) -> Value {
        list_metadata(self.page)
    }
}

/// The metadata of a list.
pub(super) fn list_metadata(page: &Page) -> Value {
    let mut metadata = json!({ "resourceVersion": page.revision.to_string() });
    if !page.continue_token.is_empty() {
        metadata["continue"] = json!(page.continue_token);
    }
    if let Some(remaining) = page.remaining {
        metadata["remainingItemCount"] = json!(remaining);
    }
    metadata
}

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        if self.metadata_only {
            map.serialize_entry("kind", "PartialObjectMetadataList")?;
            map.serialize_entry("apiVersion", "meta.k8s.io/v1")?;
        } else {
            map.serialize_entry("kind", &self.resource.list_kind())?;
            map.serialize_entry("apiVersion", &self.resource.api_version())?;
        }
        map.serialize_entry("metadata", &self.metadata())?;
        map.serialize_entry("items", &Items(self))?;
        map.end()
    }
}

struct Items<'a>(&'a List<'a>);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let List { resource, page, metadata_only: only } = self.0;
        let mut items = serializer.serialize_seq(Some(page.objects.len()))?;
        for object in &page.objects {
            if *only {
                items.serialize_element(&metadata_only(object))?;
            } else {
                items.serialize_element(&ListItem(As { resource, object }))?;
            }
        }
        items.end()
    }
}

/// An item of a list, which does not say its kind.
struct ListItem<'a>(As<'a>);

impl Serialize for ListItem<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = self
            .0
            .resource
            .strategy
            .seen(self.0.resource, self.0.object)
            .unwrap_or_else(|| self.0.object.to_value());
        if let Value::Object(root) = &mut value {
            root.remove("kind");
            root.remove("apiVersion");
        }
        value.serialize(serializer)
    }
}

pub(super) fn list(call: &Call, resource: &Resource, target: &Target) -> Result<Response> {
    if call.accepted.protobuf_only {
        return Err(not_acceptable());
    }
    let options = call.query.list_options(resource)?;
    let page = verbs::list(&call.server, resource, &target.namespace, &options)?;
    Ok(match call.accepted.form {
        Form::Table => answer::value(call, StatusCode::OK, &table::of_page(call, resource, &page)),
        form => {
            let list = List { resource, page: &page, metadata_only: form == Form::Metadata };
            answer::serialized(call, StatusCode::OK, &list)
        }
    })
}

pub(super) async fn create(
    call: &Call,
    resource: &Resource,
    target: &Target,
    body: Body,
) -> Result<Response> {
    let bytes = body::read(body).await?;
    let request = call.request("")?;
    let value = body::decode(call, &request, resource, &bytes)?;
    let written = verbs::create(&call.server, &request, resource, &target.namespace, value)?;
    object(call, StatusCode::CREATED, resource, &written)
}

pub(super) async fn update(
    call: &Call,
    resource: &Resource,
    target: &Target,
    body: Body,
) -> Result<Response> {
    let bytes = body::read(body).await?;
    let request = call.request(&target.subresource)?;
    let value = body::decode(call, &request, resource, &bytes)?;
    let (namespace, name) = (&target.namespace, &target.name);
    let written = verbs::update(&call.server, &request, resource, namespace, name, value)?;
    object(call, StatusCode::OK, resource, &written)
}

pub(super) async fn patch(call: &Call, resource: &Resource, target: &Target, body: Body) -> Result<Response> {
    let bytes = body::read(body).await?;
    let mut request = call.request(&target.subresource)?;
    let strict = call.query.field_validation()?;
    let (namespace, name) = (&target.namespace, &target.name);
    let media = body::media_type(call);
    let (written, created) = match media.as_str() {
        "application/apply-patch+yaml" => {
            if call.query.get("fieldManager").is_empty() {
                let mut errors = crate::validation::ErrorList::default();
                let path = crate::validation::Path::new("fieldManager");
                errors.required(&path, "is required for apply patch");
                return Err(Status::invalid("meta.k8s.io", "PatchOptions", "", errors.into_causes()));
            }
            let object = body::parse_apply(&bytes)?;
            let force = call.query.is_true("force");
            verbs::apply(&call.server, &request, resource, namespace, name, Apply { object, force })?
        }
        media => {
            let change = match media {
                "application/json-patch+json" => Change::json(body::parse_json(&bytes)?)?,
                "application/merge-patch+json" => Change::Merge(body::parse_json(&bytes)?),
                "application/strategic-merge-patch+json" if resource.has_strategic_patch() => {
                    Change::Strategic(body::parse_json(&bytes)?)
                }
                _ => return Err(body::unsupported_patch(resource)),
            };
            if call.query.has("force") {
                let mut errors = crate::validation::ErrorList::default();
                let path = crate::validation::Path::new("force");
                errors.forbidden(&path, "may not be specified for non-apply patch");
                return Err(Status::invalid("meta.k8s.io", "PatchOptions", "", errors.into_causes()));
            }
            let check = |unknown: &[String]| body::judge_unknown(resource, &request, strict, &[], unknown);
            let written = verbs::patch(&call.server, &request, resource, namespace, name, &change, &check)?;
            (written, false)
        }
    };
    request.subresource.clear();
    let code = if created { StatusCode::CREATED } else { StatusCode::OK };
    object(call, code, resource, &written)
}

/// The options of a delete: in the body, the query, or both.
fn delete_options(call: &Call, bytes: &[u8]) -> Result<DeleteOptions> {
    let mut options = if bytes.is_empty() {
        DeleteOptions::default()
    } else {
        let value = if body::media_type(call) == "application/vnd.kubernetes.protobuf" {
            body::decode_as(call, bytes, "apimachinery.pkg.apis.meta.v1.DeleteOptions", "DeleteOptions")?
        } else {
            body::parse_any(call, bytes, "DeleteOptions")?
        };
        serde_json::from_value(value).map_err(|e| Status::bad_request(e.to_string()))?
    };
    if let Some(seconds) = call.query.number("gracePeriodSeconds")? {
        options.grace_period_seconds = Some(seconds);
    }
    if call.query.has("propagationPolicy") {
        options.propagation_policy = Some(call.query.get("propagationPolicy").to_owned());
    }
    if call.query.has("orphanDependents") {
        options.orphan_dependents = Some(call.query.is_true("orphanDependents"));
    }
    if call.query.dry_run()? {
        options.dry_run = Some(vec!["All".into()]);
    }
    Ok(options)
}

pub(super) async fn delete(
    call: &Call,
    resource: &Resource,
    target: &Target,
    body: Body,
) -> Result<Response> {
    let bytes = body::read(body).await?;
    let options = delete_options(call, &bytes)?;
    let request = call.request("")?;
    if options.grace_period_seconds.is_some_and(|s| s < 0) {
        request.warn("gracePeriodSeconds is negative; using 1".into());
    }
    let (namespace, name) = (&target.namespace, &target.name);
    let deleted = verbs::delete(&call.server, &request, resource, namespace, name, &options)?;
    let response = match deleted {
        Deleted::Ending(ending) => object(call, StatusCode::OK, resource, &ending)?,
        Deleted::Gone(gone) if resource.storage == "pods" => object(call, StatusCode::OK, resource, &gone)?,
        Deleted::Gone(gone) => answer::value(call, StatusCode::OK, &success(resource, &gone)),
    };
    Ok(response)
}

/// What is said of an object that is gone at once.
fn success(resource: &Resource, gone: &Arc<Object>) -> Value {
    let mut details = json!({ "name": gone.name(), "kind": resource.plural, "uid": gone.uid() });
    if !resource.group.is_empty() {
        details["group"] = json!(resource.group);
    }
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details })
}

pub(super) async fn delete_collection(
    call: &Call,
    resource: &Resource,
    target: &Target,
    body: Body,
) -> Result<Response> {
    let bytes = body::read(body).await?;
    let options = delete_options(call, &bytes)?;
    let list = call.query.list_options(resource)?;
    let request = call.request("")?;
    let objects =
        verbs::delete_collection(&call.server, &request, resource, &target.namespace, &list, &options)?;
    let page = Page {
        objects,
        revision: call.server.store.revision(),
        continue_token: String::new(),
        remaining: None,
    };
    Ok(answer::serialized(call, StatusCode::OK, &List { resource, page: &page, metadata_only: false }))
}

/// What to do about unknown fields, as the query says.
pub(super) fn strictness(call: &Call) -> Result<FieldValidation> {
    call.query.field_validation()
}

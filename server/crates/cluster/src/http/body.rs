//! Bodies of requests: read within bounds, decoded by the schema of the resource, with errors in the real server's words.

use axum::body::{Body, Bytes};
use http::{StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

use super::{Call, query::FieldValidation, yaml};
use crate::{
    go_json,
    request::Request,
    resource::{Registry, Resource},
    schema::{self, Parsed, TypeRef, proto},
    status::{Result, Status},
};

/// The largest body, as in Kubernetes.
const LIMIT: usize = 3 * 1024 * 1024;

/// How much of a body that cannot be read a message repeats.
const SUMMARY: usize = 30;

/// Reads a body.
pub(super) async fn read(body: Body) -> Result<Bytes> {
    match Limited::new(body, LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Status::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            format!("Request entity too large: limit is {LIMIT}"),
        )),
        Err(error) => Err(Status::bad_request(error.to_string())),
    }
}

/// The media type of a request's body, without parameters.
pub(super) fn media_type(call: &Call) -> String {
    let value = call.parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    value.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Decodes the object of a create or update.
pub(super) fn decode(call: &Call, request: &Request, resource: &Resource, bytes: &[u8]) -> Result<Value> {
    let strict = super::objects::strictness(call)?;
    let parsed = match media_type(call).as_str() {
        "" | "application/json" => parse_object(resource, bytes)?,
        "application/yaml" => yaml::parse(bytes).map_err(|e| unrecognized(resource, &e, bytes))?,
        "application/vnd.kubernetes.protobuf" => parse_proto(resource, bytes)?,
        _ => {
            return Err(Status::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
            ));
        }
    };
    let value = if parsed.value.is_null() { Value::Object(serde_json::Map::new()) } else { parsed.value };
    check_kind(resource, &value, bytes)?;
    let Some(of) = resource.schema() else { return Err(Status::no_such_resource()) };
    let decoded = schema::decode(value, of.get()).map_err(|e| resource.not_decodable(&e.0))?;
    judge_unknown(resource, request, strict, &parsed.duplicates, &decoded.unknown)?;
    Ok(decoded.value)
}

/// An object in Kubernetes' protobuf, as the JSON that stands for it.
fn parse_proto(resource: &Resource, bytes: &[u8]) -> Result<Parsed> {
    let envelope = proto::open(bytes).map_err(|e| unrecognized(resource, &e.to_string(), bytes))?;
    let mut value = serde_json::json!({ "apiVersion": envelope.api_version, "kind": envelope.kind });
    check_kind(resource, &value, bytes)?;
    let Some(of) = resource.schema() else { return Err(Status::no_such_resource()) };
    let object =
        proto::message(envelope.raw, of.get()).map_err(|e| resource.not_decodable(&e.to_string()))?;
    if let (Value::Object(value), Value::Object(object)) = (&mut value, object) {
        value.extend(object);
    }
    Ok(Parsed { value, duplicates: Vec::new() })
}

fn parse_object(resource: &Resource, bytes: &[u8]) -> Result<Parsed> {
    schema::parse_json(bytes)
        .map(|mut parsed| {
            for path in &mut parsed.duplicates {
                *path = format!("duplicate field {path:?}");
            }
            parsed
        })
        .map_err(|error| {
            let why =
                format!("couldn't get version/kind; json parse error: {}", go_json::error(&error, bytes));
            unrecognized(resource, &why, bytes)
        })
}

/// An object without a kind is of the resource's; one with another is refused.
fn check_kind(resource: &Resource, value: &Value, bytes: &[u8]) -> Result<()> {
    let Some(root) = value.as_object() else {
        let kind = match value {
            Value::Array(_) => "array",
            Value::String(_) => "string",
            Value::Number(_) => "number",
            _ => "bool",
        };
        let why = format!(
            "couldn't get version/kind; json parse error: json: cannot unmarshal {kind} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
        );
        return Err(unrecognized(resource, &why, bytes));
    };
    let text = |key: &str| root.get(key).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let own = resource.api_version();
    if (api_version.is_empty() || api_version == own) && (kind.is_empty() || kind == resource.kind) {
        return Ok(());
    }
    let api_version = if api_version.is_empty() { own.as_str() } else { api_version };
    let kind = if kind.is_empty() { &*resource.kind } else { kind };
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let expected = &resource.kind;
    if Registry::builtin().by_kind(group, version, kind).is_none() {
        return Err(Status::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {expected}: no kind {kind:?} is registered for version {api_version:?} in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\""
        )));
    }
    if kind == *expected {
        return Err(Status::bad_request(format!(
            "the API version in the data ({api_version}) does not match the expected API version ({own})"
        )));
    }
    Err(Status::bad_request(format!(
        "{kind} in version {version:?} cannot be handled as a {expected}: converting ({version}.{kind}) to ({}.{expected}): unknown conversion",
        if resource.group.is_empty() { "core" } else { resource.group.split('.').next().unwrap_or_default() }
    )))
}

/// Duplicate and unknown fields: an error, warnings or nothing.
pub(super) fn judge_unknown(
    resource: &Resource,
    request: &Request,
    strict: FieldValidation,
    duplicates: &[String],
    unknown: &[String],
) -> Result<()> {
    let wrong: Vec<String> = duplicates
        .iter()
        .cloned()
        .chain(unknown.iter().map(|path| format!("unknown field {path:?}")))
        .collect();
    match strict {
        _ if wrong.is_empty() => Ok(()),
        FieldValidation::Ignore => Ok(()),
        FieldValidation::Warn => {
            wrong.into_iter().for_each(|warning| request.warn(warning));
            Ok(())
        }
        FieldValidation::Strict => {
            Err(resource.not_decodable(&format!("strict decoding error: {}", wrong.join(", "))))
        }
    }
}

fn unrecognized(resource: &Resource, why: &str, bytes: &[u8]) -> Box<Status> {
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): {why} ({})",
        resource.kind,
        summary(bytes)
    ))
}

/// The beginning of a body: as it is if it looks like JSON, else in hexadecimal.
fn summary(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "<empty>".into();
    }
    let head = bytes.get(..SUMMARY).unwrap_or(bytes);
    let text = if head.first() == Some(&b'{') {
        String::from_utf8_lossy(head).into_owned()
    } else {
        head.iter().map(|b| format!("{b:02x}")).collect()
    };
    if bytes.len() > SUMMARY { format!("{text} ...") } else { text }
}

/// A JSON document of any kind, for patches.
pub(super) fn parse_json(bytes: &[u8]) -> Result<Value> {
    schema::parse_json(bytes).map(|parsed| parsed.value).map_err(|error| {
        Status::bad_request(format!("error decoding patch: {}", go_json::error(&error, bytes)))
    })
}

/// The configuration of a server-side apply: YAML, of which JSON is a part.
pub(super) fn parse_apply(bytes: &[u8]) -> Result<Value> {
    match schema::parse_json(bytes) {
        Ok(parsed) => Ok(parsed.value),
        Err(_) => yaml::parse(bytes)
            .map(|parsed| parsed.value)
            .map_err(|error| Status::bad_request(format!("error decoding YAML: {error}"))),
    }
}

/// A small object of a kind that is no resource, such as DeleteOptions.
pub(super) fn parse_any(call: &Call, bytes: &[u8], kind: &str) -> Result<Value> {
    let parsed = match media_type(call).as_str() {
        "application/yaml" => yaml::parse(bytes).map(|parsed| parsed.value),
        _ => schema::parse_json(bytes).map(|parsed| parsed.value).map_err(|error| {
            format!("couldn't get version/kind; json parse error: {}", go_json::error(&error, bytes))
        }),
    };
    parsed.map_err(|why| {
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {why} ({})",
            summary(bytes)
        ))
    })
}

/// An object of a type that belongs to no resource, such as a Scale, in any form.
pub(super) fn decode_as(call: &Call, bytes: &[u8], type_name: &str, kind: &str) -> Result<Value> {
    let Some(of) = TypeRef::builtin(type_name) else { return Err(Status::no_such_resource()) };
    let undecodable = |why: String| Status::bad_request(format!("{kind} cannot be decoded: {why}"));
    let value = if media_type(call) == "application/vnd.kubernetes.protobuf" {
        let envelope = proto::open(bytes).map_err(|error| undecodable(error.to_string()))?;
        proto::message(envelope.raw, of.get()).map_err(|error| undecodable(error.to_string()))?
    } else {
        parse_any(call, bytes, kind)?
    };
    schema::normalize(value, of.get()).map_err(|error| undecodable(error.0))
}

/// 415 for a patch.
pub(super) fn unsupported_patch(resource: &Resource) -> Box<Status> {
    let mut kinds = vec!["application/json-patch+json", "application/merge-patch+json"];
    if resource.has_strategic_patch() {
        kinds.push("application/strategic-merge-patch+json");
    }
    kinds.push("application/apply-patch+yaml");
    Status::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UnsupportedMediaType",
        format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            kinds.join(", ")
        ),
    )
}

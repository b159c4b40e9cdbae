//! Answers: objects in the form that was asked for, statuses, warnings.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use super::{Call, negotiate::Accepted};
use crate::{object::InOrder, request::Warnings, status::Status};

/// How much of one warning, and of all, is sent.
const WARNING_LENGTH: usize = 1024;
const WARNINGS: usize = 16;

/// A value in the form of [`serialized`], its keys in the order in which Go writes them.
pub(super) fn value(call: &Call, code: StatusCode, value: &Value) -> Response {
    serialized(call, code, &InOrder(value))
}

/// JSON, or YAML if the client wants that; for people (curl, browsers) on many lines.
pub(super) fn serialized(call: &Call, code: StatusCode, value: &impl Serialize) -> Response {
    encoded(&call.accepted, code, value)
}

/// JSON for people whoever asks, as the real server's `WriteRawJSON`.
pub(super) fn raw(value: &Value) -> Response {
    let bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    response(StatusCode::OK, "application/json", Body::from(bytes))
}

/// A failure.
pub(super) fn failed(accepted: &Accepted, status: &Status) -> Response {
    let mut response = encoded(accepted, status.code, &InOrder(&status.to_value()));
    if let Some(seconds) = status.details.as_ref().and_then(|d| d.retry_after) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn encoded(accepted: &Accepted, code: StatusCode, value: &impl Serialize) -> Response {
    let media = if accepted.yaml { "application/yaml" } else { "application/json" };
    let encoded = match (accepted.yaml, accepted.pretty) {
        // In YAML the keys are sorted.
        (true, _) => serde_json::to_value(value)
            .map_err(|e| e.to_string())
            .and_then(|value| serde_saphyr::to_string(&value).map_err(|e| e.to_string()))
            .map(String::into_bytes),
        (false, true) => serde_json::to_vec_pretty(value).map_err(|e| e.to_string()),
        (false, false) => line(value).map_err(|e| e.to_string()),
    };
    match encoded {
        Ok(bytes) => response(code, media, Body::from(bytes)),
        Err(error) => Status::internal(error).into_response(),
    }
}

/// JSON in one line, which ends.
pub(super) fn line(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// A body of a type.
pub(super) fn response(code: StatusCode, media: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// What the real server's router says of a path that leads nowhere.
pub(super) fn not_found() -> Response {
    response(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", Body::from("404 page not found\n"))
}

impl IntoResponse for Box<Status> {
    fn into_response(self) -> Response {
        failed(&Accepted::default(), &self)
    }
}

/// Adds the warnings of a request to its answer.
///
/// Source: <https://kubernetes.io/blog/2020/09/03/warnings/>, RFC 7234 section 5.5.
pub(super) fn warned(mut response: Response, warnings: &Warnings) -> Response {
    for warning in warnings.take().into_iter().take(WARNINGS) {
        let text: String = warning.chars().filter(|c| !c.is_control()).take(WARNING_LENGTH).collect();
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_bytes(format!("299 - \"{quoted}\"").as_bytes()) {
            response.headers_mut().append(HeaderName::from_static("warning"), value);
        }
    }
    response
}

//! Answers: objects in the form that was asked for, statuses, warnings.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::Call;
use crate::{request::Warnings, status::Status};

/// How much of one warning, and of all, is sent.
const WARNING_LENGTH: usize = 1024;
const WARNINGS: usize = 16;

/// A value as JSON, or as YAML if the client wants that.
pub(super) fn value(call: &Call, code: StatusCode, value: &impl Serialize) -> Response {
    encoded(call.accepted.yaml, code, value)
}

fn encoded(as_yaml: bool, code: StatusCode, value: &impl Serialize) -> Response {
    let encoded = if as_yaml {
        serde_saphyr::to_string(value).map(String::into_bytes).map_err(|e| e.to_string())
    } else {
        serde_json::to_vec(value).map_err(|e| e.to_string())
    };
    let media = if as_yaml { "application/yaml" } else { "application/json" };
    match encoded {
        Ok(bytes) => response(code, media, Body::from(bytes)),
        Err(error) => Status::internal(error).into_response(),
    }
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
        let mut response = encoded(false, self.code, &self.to_value());
        if let Some(seconds) = self.details.as_ref().and_then(|d| d.retry_after) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
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

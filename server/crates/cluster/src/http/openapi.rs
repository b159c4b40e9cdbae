//! `/openapi/v3` and `/openapi/v2`.

use axum::{body::Body, extract::OriginalUri, response::Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::{Call, answer, negotiate::not_acceptable};
use crate::{openapi, status::Result};

/// The list of documents, or one of them.
pub(super) fn v3(call: &Call, document: &str) -> Result<Response> {
    if document.is_empty() {
        return Ok(answer::value(call, StatusCode::OK, &index(call)));
    }
    if call.accepted.protobuf_only {
        return Err(not_acceptable());
    }
    let custom = call.server.custom_resources();
    let Some(text) = openapi::v3(document).or_else(|| openapi::custom::v3(&custom, document)) else {
        return Ok(answer::not_found());
    };
    let mut response = answer::response(StatusCode::OK, "application/json", Body::from(text));
    if call.query.has("hash") {
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, immutable"));
    }
    if let Ok(tag) = HeaderValue::from_str(&format!("{:?}", openapi::hash(document))) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Where each document is, as seen from the client: with the prefix under which the API is served.
fn index(call: &Call) -> Value {
    let prefix = prefix(call);
    let builtin = openapi::names().into_iter().map(|name| {
        let hash = openapi::hash(&name);
        (name, hash)
    });
    let custom = openapi::custom::names(&call.server.custom_resources());
    let entry = |(name, hash): (String, String)| {
        let url = format!("{prefix}/openapi/v3/{name}?hash={hash}");
        (name, json!({ "serverRelativeURL": url }))
    };
    let paths: Map<String, Value> = builtin.chain(custom).map(entry).collect();
    json!({ "paths": paths })
}

/// What stands before this request's path in the client's URL.
pub(super) fn prefix(call: &Call) -> String {
    let original = call.parts.extensions.get::<OriginalUri>().map(|uri| uri.0.path()).unwrap_or_default();
    original.strip_suffix(call.parts.uri.path()).unwrap_or_default().trim_end_matches('/').to_owned()
}

/// The document of v2, in the form that comes first in `Accept`: kubectl reads protobuf alone.
pub(super) fn v2(call: &Call) -> Response {
    const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    // Go cannot parse the name under which clients ask for it.
    const SENT_AS: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    let accept = call.parts.headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if accept.starts_with(PROTOBUF) {
        return answer::response(StatusCode::OK, SENT_AS, Body::from(openapi::v2_protobuf()));
    }
    answer::response(StatusCode::OK, "application/json", Body::from(openapi::v2()))
}

//! The API over HTTP.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;

use crate::{
    server::Server,
    status::{Result, Status},
};

/// All paths of the API.
pub(crate) fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/livez", get(health))
        .route("/readyz", get(health))
        .route("/version", get(version))
        .fallback(async || Status::no_such_resource())
        .with_state(server)
}

impl IntoResponse for Box<Status> {
    fn into_response(self) -> Response {
        (self.code, Json(self.to_value())).into_response()
    }
}

async fn health(State(server): State<Arc<Server>>) -> Result<&'static str> {
    if server.ended.is_cancelled() { Err(Status::shut_down()) } else { Ok("ok") }
}

async fn version(State(server): State<Arc<Server>>) -> Response {
    let version = server.config.version;
    let (minor, compatible) = (version.minor.to_string(), version.minor.saturating_sub(1).to_string());
    Json(json!({
        "major": "1",
        "minor": minor,
        "emulationMajor": "1",
        "emulationMinor": minor,
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": compatible,
        "gitVersion": format!("v1.{}.{}", version.minor, version.patch),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": "linux/amd64",
    }))
    .into_response()
}

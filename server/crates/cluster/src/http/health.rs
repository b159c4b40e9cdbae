//! `/healthz`, `/livez`, `/readyz` and `/version`.

use axum::{body::Body, response::Response};
use http::StatusCode;
use serde_json::json;

use super::{Call, answer};

/// The checks that the real server lists with `?verbose`, of those that there is something to check for.
const CHECKS: [&str; 4] = ["ping", "log", "etcd", "informer-sync"];

/// Answers as long as the cluster runs.
pub(super) fn check(call: &Call, name: &str) -> Response {
    if !name.is_empty() && !CHECKS.contains(&name) {
        return answer::not_found();
    }
    let mut text = String::new();
    if call.query.is_true("verbose") {
        for check in CHECKS {
            text.push_str(&format!("[+]{check} ok\n"));
        }
        let kind = call.parts.uri.path().trim_matches('/').to_owned();
        text.push_str(&format!("{kind} check passed\n"));
    } else {
        text.push_str("ok");
    }
    answer::response(StatusCode::OK, "text/plain; charset=utf-8", Body::from(text))
}

/// The version of Kubernetes that the cluster follows.
pub(super) fn version(call: &Call) -> Response {
    let version = call.server.config.version;
    let (minor, compatible) = (version.minor.to_string(), version.minor.saturating_sub(1).to_string());
    let value = json!({
        "major": "1",
        "minor": minor,
        "emulationMajor": "1",
        "emulationMinor": minor,
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": compatible,
        "gitVersion": format!("v1.{}.{}", version.minor, version.patch),
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "gc",
        "platform": "linux/amd64",
    });
    answer::raw(&value)
}

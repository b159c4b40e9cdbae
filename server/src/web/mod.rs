//! HTTP: one route table, and what surrounds every request.

pub mod api;
mod errors;
mod events;
mod learner;
mod oversize;
mod pages;
mod security;

use std::path::PathBuf;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    middleware,
    routing::{get, post, put},
};
use leptos::config::LeptosOptions;
use tower::ServiceBuilder;
use tower_http::{compression::CompressionLayer, services::ServeDir, timeout::RequestBodyTimeoutLayer};

use crate::{lab::Lab, listening::PATIENCE};
pub use learner::CookieKey;

/// The largest request body: a manifest of [`crate::lab::MANIFEST_LIMIT`] with its JSON or form around it, in which
/// each byte may take three.
const BODY_LIMIT: usize = 3 * crate::lab::MANIFEST_LIMIT + 4096;

/// What handlers share.
#[derive(Clone, FromRef)]
pub struct State {
    /// What the lab does.
    pub lab: Lab,
    /// The key that signs cookies.
    pub cookies: CookieKey,
    /// Where the pages find their scripts.
    pub leptos: LeptosOptions,
}

/// Every route.
pub fn router(state: State, site: PathBuf) -> Router {
    let api = Router::new()
        .route("/status", get(api::status))
        .route("/catalogue", get(api::catalogue))
        .route("/exercises/{name}", get(api::exercise))
        .route("/exercises/{name}/draft", put(api::save_draft))
        .route("/exercises/{name}/submissions", post(api::submit))
        .route("/exercises/{name}/checks/{check}/hints/{number}", get(api::hint))
        .route("/exercises/{name}/give-up", post(api::give_up))
        .route("/exercises/{name}/reset", post(api::reset))
        .route("/submissions/{id}", get(api::submission))
        .route("/submissions/{id}/events", get(events::follow))
        .route("/progress", get(api::progress))
        .fallback(api::not_found)
        .method_not_allowed_fallback(api::method_not_allowed);
    // Files below /pkg are compressed ahead of time; streams of events are left as they are, so that none waits.
    let around = ServiceBuilder::new()
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn(security::headers))
        .layer(middleware::from_fn(security::same_origin))
        .layer(middleware::from_fn(oversize::refuse))
        .layer(middleware::from_fn_with_state(state.clone(), learner::recognise));
    Router::new()
        .nest("/api/v1", api)
        .merge(pages::router(&state))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(around)
        .layer(RequestBodyTimeoutLayer::new(PATIENCE))
        .nest_service("/pkg", pkg(site))
        .route("/healthz", get(|| async { "ok" }))
        .with_state(state)
}

/// What the browser loads beside the pages, compressed ahead of time. Names do not change with content, so browsers
/// ask each time whether theirs is still the newest.
fn pkg(site: PathBuf) -> Router {
    let files = ServeDir::new(site.join("pkg")).precompressed_br().precompressed_gzip();
    Router::new().fallback_service(files).layer(middleware::from_fn(security::revalidate))
}

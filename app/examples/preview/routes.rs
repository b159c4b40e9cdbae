//! The JSON API, its events and its forms, over the fixture.

use std::sync::Arc;

use axum::{
    Form, Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{
        IntoResponse, Redirect, Response,
        sse::{Event, Sse},
    },
    routing::{get, post, put},
};
use futures::{Stream, StreamExt, stream};
use leptos::prelude::LeptosOptions;
use podlab_app::api::{Api, ApiError, ApiFuture, Draft};
use podlab_exercises::Progress;
use serde::Serialize;

use crate::fixture::Fixture;

type Shared = State<Arc<Fixture>>;

/// Every route that is no page.
pub(crate) fn routes(fixture: Arc<Fixture>) -> Router<LeptosOptions> {
    let api = Router::new()
        .route("/status", get(async |State(api): Shared| json(api.status()).await))
        .route("/catalogue", get(async |State(api): Shared| json(api.catalogue()).await))
        .route("/progress", get(async |State(api): Shared| json(api.progress()).await))
        .route(
            "/exercises/{name}",
            get(async |State(api): Shared, Path(name): Path<String>| json(api.exercise(&name)).await),
        )
        .route("/exercises/{name}/draft", put(save_draft))
        .route("/exercises/{name}/submissions", post(submit))
        .route("/exercises/{name}/checks/{check}/hints/{number}", get(hint))
        .route(
            "/exercises/{name}/give-up",
            post(async |State(api): Shared, Path(name): Path<String>| json(api.give_up(&name)).await),
        )
        .route(
            "/exercises/{name}/reset",
            post(async |State(api): Shared, Path(name): Path<String>| json(api.reset(&name)).await),
        )
        .route(
            "/submissions/{id}",
            get(async |State(api): Shared, Path(id): Path<i64>| json(api.submission(id)).await),
        )
        .route("/submissions/{id}/events", get(events));
    Router::new()
        .nest("/api/v1", api)
        .route("/exercises/{name}", post(submit_form))
        .route("/exercises/{name}/reset", post(reset_form))
        .route("/exercises/{name}/give-up", post(give_up_form))
        .with_state(fixture)
}

async fn json<T: Serialize>(answer: ApiFuture<'_, T>) -> Response {
    match answer.await {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => failure(error),
    }
}

fn failure(error: ApiError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error)).into_response()
}

async fn save_draft(State(api): Shared, Path(name): Path<String>, Json(draft): Json<Draft>) -> Response {
    json(api.save_draft(&name, draft)).await
}

async fn submit(State(api): Shared, Path(name): Path<String>, Json(draft): Json<Draft>) -> Response {
    json(api.submit(&name, draft)).await
}

async fn hint(State(api): Shared, Path((name, check, number)): Path<(String, String, usize)>) -> Response {
    json(api.hint(&name, &check, number)).await
}

async fn events(State(api): Shared, Path(id): Path<i64>) -> Response {
    let Some(told) = api.follow(id) else { return StatusCode::NOT_FOUND.into_response() };
    Sse::new(stream_of(told).map(|step| Event::default().json_data(step))).into_response()
}

fn stream_of(told: tokio::sync::watch::Receiver<Vec<Progress>>) -> impl Stream<Item = Progress> {
    stream::unfold((told, 0), async |(mut told, sent)| {
        let step = told.wait_for(|told| told.len() > sent).await.ok()?[sent].clone();
        Some((step, (told, sent + 1)))
    })
}

async fn submit_form(State(api): Shared, Path(name): Path<String>, Form(draft): Form<Draft>) -> Response {
    let manifest = draft.manifest.replace("\r\n", "\n");
    match api.submit(&name, Draft { manifest }).await {
        Ok(submission) => {
            if let Some(mut told) = api.follow(submission.id) {
                let done = |told: &Vec<Progress>| matches!(told.last(), Some(Progress::Done { .. }));
                let patience = std::time::Duration::from_secs(3);
                // Past that the page says that the grading goes on.
                let _ = tokio::time::timeout(patience, told.wait_for(done)).await;
            }
            Redirect::to(&format!("/exercises/{name}?submission={}", submission.id)).into_response()
        }
        Err(error) => failure(error),
    }
}

async fn reset_form(State(api): Shared, Path(name): Path<String>) -> Response {
    match api.reset(&name).await {
        Ok(_) => Redirect::to(&format!("/exercises/{name}")).into_response(),
        Err(error) => failure(error),
    }
}

async fn give_up_form(State(api): Shared, Path(name): Path<String>) -> Response {
    match api.give_up(&name).await {
        Ok(_) => Redirect::to(&format!("/exercises/{name}#solutions")).into_response(),
        Err(error) => failure(error),
    }
}

//! The progress of a grading as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    Extension,
    extract::{Path, State, rejection::PathRejection},
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, StreamExt};

use super::{errors::Refusal, learner::Learner};
use crate::lab::Lab;

/// `GET /submissions/{id}/events`: every event from the first on, whenever one comes; ends after the verdict. Each
/// event's id is its place, so a browser that reconnects with `Last-Event-ID` misses and repeats nothing.
pub(super) async fn follow(
    State(all): State<Lab>,
    Extension(learner): Extension<Learner>,
    headers: axum::http::HeaderMap,
    path: Result<Path<i64>, PathRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let Path(id) = path?;
    let seen = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok())
        .map_or(0, |last| last + 1);
    let progress = all.of(learner.0, "page").follow(id).await?;
    let events = progress.enumerate().skip(seen).map(|(place, progress)| {
        let data = serde_json::to_string(&progress).unwrap_or_default();
        Ok(Event::default().id(place.to_string()).data(data))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

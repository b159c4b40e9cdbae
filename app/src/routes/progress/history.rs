//! What was submitted when, and what came of it.

use leptos::prelude::*;

use crate::{
    api::{HistoryEntry, SubmissionState},
    components::{Icon, Moment, Points, Shape},
    routes::exercise_url,
};

/// One row a submission, newest first; each leads to its exercise with that submission shown.
#[component]
pub(crate) fn History(history: Vec<HistoryEntry>) -> impl IntoView {
    if history.is_empty() {
        return view! {
            <p class="empty">
                "Nothing submitted yet. " <a href="/">"Choose an exercise from the catalogue"</a>
                ": each submission appears here with its result."
            </p>
        }
        .into_any();
    }
    let rows = history.into_iter().map(|entry| view! { <Row entry/> }).collect_view();
    view! {
        <ul class="rows" role="list">
            {rows}
        </ul>
    }
    .into_any()
}

#[component]
fn Row(entry: HistoryEntry) -> impl IntoView {
    let HistoryEntry { id, exercise, title, at, state, passed, points, max_points } = entry;
    let (shape, word, kind) = match (state, passed) {
        (SubmissionState::Graded, true) => (Shape::Tick, "passed", "pass"),
        (SubmissionState::Graded, false) => (Shape::Cross, "not passed", "fail"),
        (SubmissionState::Grading, _) => (Shape::Spinner, "being graded", "running"),
        (SubmissionState::Interrupted, _) => (Shape::Warning, "interrupted", "error"),
    };
    view! {
        <li class="row">
            <a class="row__title" href=format!("{}?submission={id}", exercise_url(&exercise))>
                {title}
                <span class="visually-hidden">{format!(", submission {id}")}</span>
            </a>
            <span class="mark" data-outcome=kind>
                <Icon shape/>
                <span>{word}</span>
                {(state == SubmissionState::Graded).then(|| view! { <Points points of=max_points/> })}
            </span>
            <span class="row__end quiet">
                <Moment at/>
            </span>
        </li>
    }
}

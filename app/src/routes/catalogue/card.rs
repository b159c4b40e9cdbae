//! A card of the catalogue.

use leptos::prelude::*;
use podlab_exercises::Difficulty;

use super::query::Query;
use crate::{api::Card, components::StandingMark, routes::exercise_url};

/// Title, one line, how long and how hard, and the learner's standing; all of it is the link.
#[component]
pub(crate) fn ExerciseCard(card: Card, is_next: bool, query: RwSignal<Query>) -> impl IntoView {
    let Card { exercise, standing } = card.clone();
    view! {
        <li class="card" data-next=is_next.then_some("") hidden=move || !query.read().matches(&card)>
            <h3 class="card__title">
                <a href=exercise_url(&exercise.name)>{exercise.title}</a>
                {is_next.then(|| view! { <span class="tag">"next"</span> })}
            </h3>
            <p class="card__summary">{exercise.summary}</p>
            <p class="card__facts">
                <StandingMark standing/>
                <Effort minutes=exercise.minutes difficulty=exercise.difficulty/>
            </p>
        </li>
    }
    .into_any()
}

/// How long and how hard: "10 min · easy".
#[component]
pub(crate) fn Effort(minutes: u32, difficulty: Difficulty) -> impl IntoView {
    let difficulty = match difficulty {
        Difficulty::Easy => "easy",
        Difficulty::Medium => "medium",
        Difficulty::Hard => "hard",
    };
    view! { <span class="effort">{format!("{minutes} min · {difficulty}")}</span> }
}

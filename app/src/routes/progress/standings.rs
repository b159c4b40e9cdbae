//! Where the learner stands in each exercise.

use leptos::prelude::*;

use crate::{
    api::Card,
    components::{StandingMark, count},
    routes::exercise_url,
};

/// One row an exercise, in the catalogue's order.
#[component]
pub(crate) fn Standings(cards: Vec<Card>) -> impl IntoView {
    let rows = cards
        .into_iter()
        .map(|Card { exercise, standing }| {
            view! {
                <li class="row">
                    <a class="row__title" href=exercise_url(&exercise.name)>
                        {exercise.title}
                    </a>
                    <StandingMark standing/>
                    <span class="row__end quiet">
                        {(standing.submissions > 0).then(|| count(standing.submissions, "submission"))}
                    </span>
                </li>
            }
        })
        .collect_view();
    view! {
        <ul class="rows" role="list">
            {rows}
        </ul>
    }
    .into_any()
}

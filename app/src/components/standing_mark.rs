//! Where the learner stands in an exercise: a shape and a word.

use leptos::prelude::*;

use crate::{
    api::{Standing, State},
    components::{Icon, Points, Shape},
};

/// New, tried, given up or solved, with the best points once there are any.
#[component]
pub(crate) fn StandingMark(standing: Standing) -> impl IntoView {
    let (shape, word, kind) = match standing.state {
        State::New => (Shape::Ring, "new", "new"),
        State::Tried => (Shape::HalfRing, "tried", "tried"),
        State::GivenUp => (Shape::Dash, "given up", "given-up"),
        State::Solved => (Shape::Tick, "solved", "solved"),
    };
    view! {
        <span class="standing" data-state=kind>
            <Icon shape/>
            <span class="standing__word">{word}</span>
            {(standing.state != State::New)
                .then(|| view! { <Points points=standing.best_points of=standing.max_points/> })}
        </span>
    }
}

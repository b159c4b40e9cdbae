//! What stands first in the catalogue: the exercise to go on with.

use leptos::prelude::*;

use super::card::Effort;
use crate::{
    api::{Card, State},
    components::{Icon, Shape, StandingMark},
    routes::exercise_url,
};

/// "Continue" for who returns, "Start here" for who is new, a word of praise when all is done.
#[component]
pub(crate) fn Lead(card: Option<Card>, returning: bool, all_solved: bool) -> impl IntoView {
    let Some(Card { exercise, standing }) = card else {
        return all_solved
            .then(|| {
                view! {
                    <section class="lead" aria-labelledby="lead">
                        <div class="lead__text">
                            <h2 id="lead">"Every exercise is solved"</h2>
                            <p>"Solve one again in another way, or look at how you got here."</p>
                        </div>
                        <a class="button button--primary" href="/progress">
                            "See your progress"
                        </a>
                    </section>
                }
            })
            .into_any();
    };
    let (heading, action) = match (returning, standing.state) {
        (false, _) => ("Start here", "Start"),
        (true, State::New) => ("Continue with the next one", "Start"),
        (true, _) => ("Continue", "Continue"),
    };
    view! {
        <section class="lead" aria-labelledby="lead">
            <div class="lead__text">
                <h2 class="lead__kicker" id="lead">
                    {heading}
                </h2>
                <p class="lead__title">{exercise.title.clone()}</p>
                <p>{exercise.summary}</p>
                <p class="card__facts">
                    <StandingMark standing/>
                    <Effort minutes=exercise.minutes difficulty=exercise.difficulty/>
                </p>
            </div>
            <a class="button button--primary" href=exercise_url(&exercise.name)>
                {action}
                <span class="visually-hidden">{format!(": {}", exercise.title)}</span>
                <Icon shape=Shape::Arrow/>
            </a>
        </section>
    }
    .into_any()
}

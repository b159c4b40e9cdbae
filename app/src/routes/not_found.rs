//! What is shown for a path that no route knows.

use leptos::prelude::*;

use crate::components::{Heading, answer_with};

/// Says so, and where to go on.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    answer_with(404);
    view! {
        <div class="failure">
            <Heading text="There is no such page"/>
            <p>"The address may be mistyped, or the page has moved. Every exercise is in the catalogue."</p>
            <p class="failure__next">
                <a class="button button--primary" href="/">
                    "Go to the catalogue"
                </a>
                <a class="button" href="/progress">
                    "See your progress"
                </a>
            </p>
        </div>
    }
}

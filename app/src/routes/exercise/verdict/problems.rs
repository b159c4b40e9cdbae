//! What kept the submission from being applied whole.

use leptos::prelude::*;
use podlab_exercises::Problem;

use crate::{
    components::{Icon, Shape},
    routes::exercise::{bench::Bench, manifest},
};

/// One entry a problem; those with a line lead there.
#[component]
pub(crate) fn Problems(bench: Bench) -> impl IntoView {
    let problems = Memo::new(move |_| bench.grading.read().problems().to_vec());
    move || {
        let problems = problems.get();
        (!problems.is_empty()).then(|| {
            let entries = problems.into_iter().map(|problem| view! { <Entry problem bench/> }).collect_view();
            view! {
                <ul class="problems" role="list" aria-label="Problems in the manifest">
                    {entries}
                </ul>
            }
        })
    }
}

#[component]
fn Entry(problem: Problem, bench: Bench) -> impl IntoView {
    let Problem { message, line, column } = problem;
    let place = line.map(|line| {
        let go = move |_| manifest::go_to(bench, line, column.unwrap_or(1));
        view! {
            <button class="link" type="button" on:click=go>
                {format!("Line {line}")}
            </button>
            ": "
        }
    });
    view! {
        <li class="problem-entry">
            <Icon shape=Shape::Cross/>
            <p>{place} {message}</p>
        </li>
    }
}

//! Solutions: after passing, or for who gives up. They lie beside the editor, so that both can be read side by side.

use leptos::{html, prelude::*, task::spawn_local};

use super::bench::Bench;
use crate::{
    api::{Solution, State, use_api},
    browser::editor,
    components::{Confirm, announce},
    routes::exercise_url,
};

/// The solutions, or what it takes to see them.
#[component]
pub(crate) fn Solutions(bench: Bench) -> impl IntoView {
    let intro = move || match bench.standing.read().state {
        State::GivenUp => "You asked to see these. A submission of your own still solves the exercise.",
        _ => "Answers that pass; yours may be another one.",
    };
    view! {
        <section class="solutions" id="solutions" aria-labelledby="solutions-title">
            <h2 id="solutions-title" tabindex="-1">
                "Solutions"
            </h2>
            {move || match bench.solutions.get() {
                Some(solutions) => {
                    let each = solutions
                        .into_iter()
                        .enumerate()
                        .map(|(number, solution)| view! { <OneSolution solution open=number == 0 bench/> })
                        .collect_view();
                    view! {
                        <p class="quiet">{intro}</p>
                        {each}
                    }
                        .into_any()
                }
                None => view! { <Closed bench/> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Closed(bench: Bench) -> impl IntoView {
    let api = use_api();
    let announce = announce();
    let problem = RwSignal::new(None::<String>);
    let name = bench.name();
    let action = format!("{}/give-up", exercise_url(&name));
    let give_up = move || {
        let (api, name) = (api.clone(), name.clone());
        spawn_local(async move {
            match api.give_up(&name).await {
                Ok(page) => {
                    announce("The solutions are shown below the tasks.".to_owned());
                    bench.refresh(&page);
                }
                Err(error) => problem.set(Some(error.to_string())),
            }
        });
    };
    view! {
        <p class="quiet">"They appear here once a submission of yours passes."</p>
        <Confirm
            id="give-up"
            label="Give up and show them…"
            question="Give up on this exercise?"
            consequence="The solutions are shown, and the exercise counts as given up. You can still solve it: a \
                         submission that passes counts as always."
            yes="Show the solutions"
            action
            on_yes=give_up
        />
        <p class="problem" role="alert">
            {problem}
        </p>
    }
}

#[component]
fn OneSolution(solution: Solution, open: bool, bench: Bench) -> impl IntoView {
    let Solution { title, manifest } = solution;
    let code = NodeRef::<html::Code>::new();
    Effect::new(move || {
        if let Some(code) = code.get() {
            spawn_local(editor::highlight(code.into()));
        }
    });
    let text = manifest.clone();
    let take = move |_| bench.put(text.clone(), "The solution is in the editor.");
    view! {
        <details class="solution" open=open>
            <summary>{title}</summary>
            <pre tabindex="0" aria-label="Manifest of this solution">
                <code node_ref=code>{manifest}</code>
            </pre>
            <button class="button button--small needs-script" type="button" on:click=take>
                "Put it into the editor"
            </button>
        </details>
    }
}

//! The brief: what the exercise is about, its tasks, and in the end its solutions.

use leptos::prelude::*;
use podlab_exercises::Outcome;

use super::{bench::Bench, solutions::Solutions};
use crate::{
    api::TaskView,
    components::{Icon, Prose, Shape},
};

/// The left column.
#[component]
pub(crate) fn Brief(bench: Bench) -> impl IntoView {
    let (html, tasks) = bench.page.with_value(|page| (page.brief_html.clone(), page.tasks.clone()));
    let tasks = tasks.into_iter().map(|task| view! { <Task task bench/> }).collect_view();
    view! {
        <div class="brief">
            <Prose html/>
            <h2>"Tasks"</h2>
            <ol class="tasks">{tasks}</ol>
            <Solutions bench/>
        </div>
    }
    .into_any()
}

/// A task, and whether all its checks pass.
#[component]
fn Task(task: TaskView, bench: Bench) -> impl IntoView {
    let TaskView { html, checks, .. } = task;
    let done = Memo::new(move |_| {
        let results = bench.results.read();
        let passes =
            |id: &String| results.iter().any(|result| result.id == *id && result.outcome == Outcome::Pass);
        !checks.is_empty() && checks.iter().all(|check| passes(&check.id))
    });
    view! {
        <li class="task" data-done=move || done.get().then_some("")>
            <Prose html/>
            {move || {
                done.get()
                    .then(|| {
                        view! {
                            <p class="mark" data-outcome="pass">
                                <Icon shape=Shape::Tick/>
                                "done"
                            </p>
                        }
                    })
            }}
        </li>
    }
}

//! One check: its state, title and points; once it has failed, what was seen, what is needed, and hints.

use leptos::prelude::*;
use podlab_exercises::{CheckResult, Outcome};

use super::hints::Hints;
use crate::{
    api::CheckView,
    components::{Icon, Prose, Shape, count},
    routes::exercise::bench::Bench,
};

/// The id of a check's row in the document.
pub(crate) fn row_id(check: &str) -> String {
    format!("check-{check}")
}

/// A row of the verdict; `open` unfolds it from the start.
#[component]
pub(crate) fn CheckRow(check: CheckView, bench: Bench, open: bool) -> impl IntoView {
    let (id, row) = (check.id.clone(), row_id(&check.id));
    let result = Memo::new(move |_| bench.results.read().iter().find(|result| result.id == id).cloned());
    let kind = move || result.read().as_ref().map_or("waiting", |result| kind(result.outcome));
    view! {
        <li class="check" id=row data-outcome=kind>
            {move || match result.get() {
                None => view! { <Undecided check=check.clone() bench/> }.into_any(),
                Some(result) if result.outcome == Outcome::Pass => {
                    view! {
                        <div class="check__line">
                            <Line result/>
                        </div>
                    }
                        .into_any()
                }
                Some(result) => view! { <Explained check=check.clone() result bench open/> }.into_any(),
            }}
        </li>
    }
}

const fn kind(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Fail => "fail",
        Outcome::Error => "error",
        Outcome::Skipped => "skipped",
    }
}

#[component]
fn Undecided(check: CheckView, bench: Bench) -> impl IntoView {
    let word = move || if bench.grading.read().is_open() { "waiting" } else { "" };
    view! {
        <div class="check__line">
            <Icon shape=Shape::Ring/>
            <span class="check__title">{check.title}</span>
            <span class="check__word">{word}</span>
            <span class="check__points">{count(check.points, "point")}</span>
        </div>
    }
}

#[component]
fn Line(result: CheckResult) -> impl IntoView {
    let (shape, word) = match result.outcome {
        Outcome::Pass => (Shape::Tick, "passed"),
        Outcome::Fail => (Shape::Cross, "failed"),
        Outcome::Error => (Shape::Warning, "not decided"),
        Outcome::Skipped => (Shape::Dash, "skipped"),
    };
    let points = format!("{}/{}", result.points, result.max_points);
    view! {
        <Icon shape/>
        <span class="check__title">{result.title}</span>
        <span class="check__word">{word}</span>
        <span class="check__points" aria-label=format!("{} of {} points", result.points, result.max_points)>
            {points}
        </span>
    }
}

#[component]
fn Explained(check: CheckView, result: CheckResult, bench: Bench, open: bool) -> impl IntoView {
    let needed = (result.outcome == Outcome::Fail).then(|| bench.task_of(&check.id)).flatten();
    let (heading, observed) = match result.outcome {
        Outcome::Fail => ("What was seen", result.observed.clone()),
        Outcome::Error => ("What went wrong, not through you", result.observed.clone()),
        _ => ("Why", None),
    };
    let message = result.message.clone();
    let with_hints = result.outcome == Outcome::Fail && check.hints > 0;
    view! {
        <details class="check__details" open=open>
            <summary class="check__line">
                <Line result/>
            </summary>
            <dl class="check__body">
                <dt>{heading}</dt>
                <dd>
                    {message}
                    {observed
                        .map(|observed| {
                            view! {
                                <pre class="check__observed" tabindex="0" aria-label="Observed">
                                    {observed}
                                </pre>
                            }
                        })}
                </dd>
                {needed
                    .map(|(number, html)| {
                        view! {
                            <dt>{format!("What is needed: task {number}")}</dt>
                            <dd>
                                <Prose html/>
                            </dd>
                        }
                    })}
            </dl>
            {with_hints.then(|| view! { <Hints exercise=bench.name() check=check.id of=check.hints/> })}
        </details>
    }
}

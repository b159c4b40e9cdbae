//! The right column: the sum in words, then one line a check, in the order of the tasks.

mod check;
mod hints;
mod problems;
mod sum;

use leptos::prelude::*;

use self::{check::CheckRow, problems::Problems, sum::Sum};
pub(crate) use self::{check::row_id, sum::sum_in_words};
use super::bench::{Bench, Grading, Shown};
use crate::components::Moment;

/// The verdict of the submission that is shown, as far as it is known.
#[component]
pub(crate) fn VerdictPanel(bench: Bench) -> impl IntoView {
    let first_failure = bench.first_failure();
    let rows = bench
        .checks()
        .into_iter()
        .map(|check| {
            let open = first_failure.as_ref() == Some(&check.id);
            view! { <CheckRow check bench open/> }
        })
        .collect_view();
    view! {
        <div class="verdict">
            <div class="panel__bar">
                <h2 class="panel__title">"Verdict"</h2>
                <ShownSubmission bench/>
            </div>
            <Sum bench/>
            <Problems bench/>
            <ul class="checks" role="list" aria-label="Checks">
                {rows}
            </ul>
            <AfterVerdict bench/>
        </div>
    }
    .into_any()
}

/// Which submission this is about.
#[component]
fn ShownSubmission(bench: Bench) -> impl IntoView {
    let words = move |shown: Shown| {
        view! {
            {format!("Submission {}, ", shown.id)}
            <Moment at=shown.at/>
        }
    };
    view! { <p class="panel__note">{move || bench.shown.get().map(words)}</p> }
}

/// Where to go once the exercise is solved.
#[component]
fn AfterVerdict(bench: Bench) -> impl IntoView {
    let next = bench.page.with_value(|page| page.next.clone());
    let passed =
        Memo::new(move |_| matches!(&*bench.grading.read(), Grading::Done(verdict) if verdict.passed));
    move || {
        passed.get().then(|| {
            let onward = next.clone().map(|next| {
                view! {
                    <a class="button button--primary" href=crate::routes::exercise_url(&next.name)>
                        {format!("Next: {}", next.title)}
                    </a>
                }
            });
            view! {
                <p class="verdict__next">
                    {onward}
                    <a class="button" href="#solutions" on:click=show_solutions>
                        "Compare with the solutions"
                    </a>
                </p>
            }
        })
    }
}

/// The solutions may lie in a drawer or behind a tab.
fn show_solutions(event: leptos::ev::MouseEvent) {
    use crate::browser::focus;
    event.prevent_default();
    super::bench::Panel::Brief.show();
    if let Some(title) = focus::element("solutions-title") {
        focus::reveal_at_top(&title);
    }
}

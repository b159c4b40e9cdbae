//! How the parts of the exercise page lie beside each other: three columns that can be dragged; under 1200 px the
//! brief is a drawer; under 900 px one part at a time, chosen by tabs. The style sheet decides; this only marks up.

use leptos::prelude::*;
use podlab_exercises::Outcome;
use web_sys::KeyboardEvent;

use super::{
    bench::{Bench, Grading, Panel},
    brief::Brief,
    draft,
    grading::use_grading,
    manifest::Manifest,
    splitter::{Column, Splitter},
    submit_bar::SubmitBar,
    verdict::VerdictPanel,
};
use crate::{
    api::{ExercisePage, Submission},
    components::{Heading, StandingMark},
    routes::catalogue::card::Effort,
};

/// The whole page.
#[component]
pub(crate) fn Workbench(page: ExercisePage, shown: Option<Submission>) -> impl IntoView {
    let first = if shown.is_some() { Panel::Verdict } else { Panel::Brief };
    let bench = Bench::new(page, shown);
    draft::keep_saved(bench);
    let submit = use_grading(bench);
    let submit_by_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            submit.run(());
        }
    };
    view! {
        <div
            class="workbench"
            data-drawer=move || bench.drawer.get().then_some("open")
            on:keydown=submit_by_key
        >
            <TitleBar bench/>
            <Tabs bench first/>
            <section class="panel panel--brief" id="brief" aria-label="Brief">
                <Brief bench/>
            </section>
            <Splitter column=Column::Brief/>
            <Manifest bench submit/>
            <SubmitBar bench/>
            <Splitter column=Column::Verdict/>
            <section class="panel panel--verdict" aria-label="Verdict">
                <VerdictPanel bench/>
            </section>
        </div>
    }
}

/// Which exercise this is, and where the learner stands in it.
#[component]
fn TitleBar(bench: Bench) -> impl IntoView {
    let exercise = bench.page.with_value(|page| page.exercise.clone());
    view! {
        <div class="title-bar">
            <Heading text=exercise.title/>
            <p class="title-bar__facts">
                {move || view! { <StandingMark standing=bench.standing.get()/> }}
                <Effort minutes=exercise.minutes difficulty=exercise.difficulty/>
            </p>
        </div>
    }
    .into_any()
}

/// What chooses the part that is shown, where there is room for one only.
#[component]
fn Tabs(bench: Bench, first: Panel) -> impl IntoView {
    view! {
        <fieldset class="tabs">
            <legend class="visually-hidden">"Part of the page"</legend>
            <Tab panel=Panel::Brief first>"Brief"</Tab>
            <Tab panel=Panel::Manifest first>"Manifest"</Tab>
            <Tab panel=Panel::Verdict first>"Verdict" <Tally bench/></Tab>
        </fieldset>
    }
    .into_any()
}

/// A tab is a radio button: it works before and without script, and the arrow keys move between them.
#[component]
fn Tab(panel: Panel, first: Panel, children: Children) -> impl IntoView {
    view! {
        <label class="tab">
            <input type="radio" name="panel" id=panel.id() checked=panel == first/>
            <span>{children()}</span>
        </label>
    }
}

/// "3/5" beside the tab's name: how many checks pass.
#[component]
fn Tally(bench: Bench) -> impl IntoView {
    let of = bench.checks().len();
    let tally = move || {
        let passed = bench.results.read().iter().filter(|result| result.outcome == Outcome::Pass).count();
        (*bench.grading.read() != Grading::Idle).then(|| format!(" {passed}/{of}"))
    };
    view! { <span class="points">{tally}</span> }
}

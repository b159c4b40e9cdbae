//! Under the editor: whether the draft is saved, reset, and the button that submits. On a phone it stays at the
//! bottom of the screen, whichever part of the page is shown.

use leptos::{prelude::*, task::spawn_local};

use super::{
    bench::{Bench, Saving},
    manifest::{FORM, SUBMIT},
};
use crate::{
    api::use_api,
    components::{Confirm, Icon, Shape},
    routes::exercise_url,
};

/// The bar.
#[component]
pub(crate) fn SubmitBar(bench: Bench) -> impl IntoView {
    let api = use_api();
    let name = bench.name();
    let reset = {
        let name = name.clone();
        move || {
            let (api, name) = (api.clone(), name.clone());
            spawn_local(async move {
                match api.reset(&name).await {
                    Ok(page) => bench.put(page.starter, "The starter is back."),
                    Err(error) => bench.saving.set(Saving::Refused(format!("Not reset. {error}"))),
                }
            });
        }
    };
    let busy = move || bench.grading.read().is_open();
    view! {
        <div class="submit-bar">
            <SaveState bench/>
            <Confirm
                id="reset"
                label="Reset…"
                question="Start over?"
                consequence="The editor shows the starter again. Your submissions and your progress stay."
                yes="Reset"
                action=format!("{}/reset", exercise_url(&name))
                on_yes=reset
            />
            <button
                class="button button--primary submit-bar__submit"
                type="submit"
                id=SUBMIT
                form=FORM
                aria-disabled=move || busy().then_some("true")
                title="Ctrl-Enter; on a Mac Cmd-Enter"
            >
                {move || busy().then(|| view! { <Icon shape=Shape::Spinner/> })}
                {move || if busy() { "Grading" } else { "Submit" }}
            </button>
        </div>
    }
    .into_any()
}

/// Whether what was typed has been saved, or what replaced it.
#[component]
fn SaveState(bench: Bench) -> impl IntoView {
    let undo = move |_| {
        if let Some(replaced) = bench.replaced.get_untracked() {
            bench.text.set(replaced.before);
            bench.replaced.set(None);
        }
    };
    let state = move || {
        let (shape, words) = match bench.saving.get() {
            Saving::Untouched => return None,
            Saving::Pending => (None, "Saving".to_owned()),
            Saving::Saved => (Some(Shape::Tick), "Draft saved".to_owned()),
            Saving::Offline { kept: true } => (
                Some(Shape::Warning),
                "podlab does not answer. Your draft is kept in this browser.".to_owned(),
            ),
            Saving::Offline { kept: false } => (
                Some(Shape::Warning),
                "podlab does not answer. Keep this page open: your draft is only here.".to_owned(),
            ),
            Saving::Refused(why) => (Some(Shape::Cross), why),
        };
        Some(view! {
            {shape.map(|shape| view! { <Icon shape/> })}
            <span>{words}</span>
        })
    };
    view! {
        <p class="submit-bar__state" role="status">
            {move || match bench.replaced.get() {
                Some(replaced) => {
                    view! {
                        <span>{replaced.words}</span>
                        <button class="link" type="button" on:click=undo>
                            "Undo"
                        </button>
                    }
                        .into_any()
                }
                None => view! { {state} }.into_any(),
            }}
        </p>
    }
}

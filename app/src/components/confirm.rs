//! A button that asks before it acts.

use leptos::prelude::*;
use leptos::{ev::SubmitEvent, html};

/// A button that opens a question; its answer is a form, so that it works without script too.
#[component]
pub(crate) fn Confirm(
    /// The id of the question, unique on the page.
    id: &'static str,
    /// What stands on the button.
    label: &'static str,
    /// The question's heading.
    question: &'static str,
    /// What happens on yes.
    consequence: &'static str,
    /// The word for yes.
    yes: &'static str,
    /// Where the form posts without script.
    #[prop(into)]
    action: String,
    /// What is done instead, with script.
    on_yes: impl Fn() + 'static,
) -> impl IntoView {
    let popover = NodeRef::<html::Div>::new();
    let heading = StoredValue::new(format!("{id}-question"));
    let answer = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(popover) = popover.get_untracked() {
            // It may have been closed meanwhile.
            let _ = popover.hide_popover();
        }
        on_yes();
    };
    view! {
        <button class="button" type="button" popovertarget=id>
            {label}
        </button>
        <div class="popover" id=id popover="auto" role="dialog" aria-labelledby=heading.get_value() node_ref=popover>
            <h2 class="popover__title" id=heading.get_value()>
                {question}
            </h2>
            <p>{consequence}</p>
            <form class="popover__actions" method="post" action=action on:submit=answer>
                <button class="button" type="button" popovertarget=id popovertargetaction="hide" autofocus>
                    "Cancel"
                </button>
                <button class="button button--primary" type="submit">
                    {yes}
                </button>
            </form>
        </div>
    }
    .into_any()
}

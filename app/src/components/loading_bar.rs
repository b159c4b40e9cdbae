//! Nothing waits in silence: nothing under 100 ms, then a subtle bar, beyond a second words. The style sheet keeps
//! the time.

use leptos::prelude::*;

/// A bar on top of the page while the next one is on its way.
#[component]
pub(crate) fn LoadingBar(active: ReadSignal<bool>) -> impl IntoView {
    view! { <div class="loading-bar" data-active=move || active.get().then_some("") aria-hidden="true"></div> }
}

/// In place of what is still on its way; `what` says what is happening.
#[component]
pub(crate) fn Loading(what: &'static str) -> impl IntoView {
    view! {
        <div class="loading" role="status">
            <div class="loading__bar"></div>
            <p class="loading__words">{what}</p>
        </div>
    }
}

//! What a screen reader is told when something changes away from its cursor.

use leptos::prelude::*;

#[derive(Clone, Copy)]
struct Announcement(RwSignal<String>);

/// Makes [`announce`] work below here.
pub(crate) fn provide_announcer() {
    provide_context(Announcement(RwSignal::new(String::new())));
}

/// A way to have a sentence read out, after what is being read now. Take it while a component is made.
pub(crate) fn announce() -> impl Fn(String) + Copy + Send + Sync + 'static {
    let Announcement(text) = expect_context();
    move |sentence| text.set(sentence)
}

/// The live region.
#[component]
pub(crate) fn Announcer() -> impl IntoView {
    let Announcement(text) = expect_context();
    view! { <div class="visually-hidden" role="status">{move || text.get()}</div> }
}

//! A page's heading.

use leptos::{html, prelude::*};
use leptos_meta::Title;
use web_sys::FocusOptions;

/// Whether a page has been shown before in this visit.
#[derive(Clone, Copy)]
struct Visited(StoredValue<bool>);

/// Lets headings know whether the learner came from another page.
pub(crate) fn provide_arrivals() {
    provide_context(Visited(StoredValue::new(false)));
}

/// The page's one `<h1>`, and its title. When the learner comes from another page, the focus moves here: a screen
/// reader then reads where they are, and Tab goes on from the top.
#[component]
pub(crate) fn Heading(
    #[prop(into)] text: String,
    /// The document's title, if it says more than the heading.
    #[prop(optional, into)]
    title: Option<String>,
) -> impl IntoView {
    let Visited(visited) = expect_context();
    let heading = NodeRef::<html::H1>::new();
    Effect::new(move || {
        let Some(heading) = heading.get() else { return };
        if visited.get_value() {
            let still = FocusOptions::new();
            still.set_prevent_scroll(true);
            let _ = heading.focus_with_options(&still);
        }
        visited.set_value(true);
        // For style sheets and tests: from here on the page answers.
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-hydrated", "");
        }
    });
    let title = title.unwrap_or_else(|| text.clone());
    view! {
        <Title text=title/>
        <h1 tabindex="-1" node_ref=heading>
            {text}
        </h1>
    }
}

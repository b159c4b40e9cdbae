//! Text at length, rendered from Markdown by the server.

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::browser::editor;

/// Inserts HTML that the server has made safe, colours the YAML in it, and lets the keyboard reach what scrolls.
#[component]
pub(crate) fn Prose(html: String) -> impl IntoView {
    let text = NodeRef::<html::Div>::new();
    Effect::new(move || {
        let Some(text) = text.get() else { return };
        for code in all(&text, "pre > code.language-yaml") {
            spawn_local(editor::highlight(code));
        }
        // Drawings do not wrap, so in a narrow column they scroll.
        for drawing in all(&text, "pre:has(> code.language-text)") {
            let _ = drawing.set_attribute("tabindex", "0");
        }
    });
    view! { <div class="prose" node_ref=text inner_html=html></div> }
}

fn all(within: &Element, selector: &str) -> Vec<Element> {
    // The selectors are constants of this file.
    let Ok(found) = within.query_selector_all(selector) else { return vec![] };
    (0..found.length()).filter_map(|index| found.get(index)?.dyn_into().ok()).collect()
}

//! Where the keyboard is.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

/// The element with this id.
pub(crate) fn element(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Moves the focus to an element and brings it into view, by as little scrolling as that takes.
pub(crate) fn reveal(element: &HtmlElement) {
    let _ = element.focus();
    let nearest = ScrollIntoViewOptions::new();
    nearest.set_block(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&nearest);
}

/// Whether keys pressed on `target` write text.
pub(crate) fn takes_text(target: &Element) -> bool {
    target
        .closest("input:not([type=radio]), textarea, select, [contenteditable=true]")
        .is_ok_and(|found| found.is_some())
}

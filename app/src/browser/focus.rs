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
    scroll(element, ScrollLogicalPosition::Nearest);
}

/// Moves the focus to what begins a part of the page, and shows as much of that part as there is room for.
pub(crate) fn reveal_at_top(element: &HtmlElement) {
    let _ = element.focus();
    scroll(element, ScrollLogicalPosition::Start);
}

fn scroll(element: &HtmlElement, block: ScrollLogicalPosition) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(block);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Whether keys pressed on `target` write text.
pub(crate) fn takes_text(target: &Element) -> bool {
    target
        .closest("input:not([type=radio]), textarea, select, [contenteditable=true]")
        .is_ok_and(|found| found.is_some())
}

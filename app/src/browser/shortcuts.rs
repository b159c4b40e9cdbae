//! Keys that work everywhere but in a text.

use leptos::{ev, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, KeyboardEvent};

use crate::browser::focus;

/// How long `g` waits for the key after it, in milliseconds.
const PATIENCE: f64 = 1500.0;

enum Action {
    Go(&'static str),
    Search,
    Help,
}

/// Listens for as long as it is mounted.
#[component]
pub(crate) fn Listen() -> impl IntoView {
    let navigate = use_navigate();
    let went = StoredValue::new(f64::NEG_INFINITY);
    Effect::new(move || {
        let navigate = navigate.clone();
        let listener = window_event_listener(ev::keydown, move |event| {
            if !is_meant_for_the_page(&event) {
                return;
            }
            let after_g = event.time_stamp() - went.get_value() < PATIENCE;
            went.set_value(if event.key() == "g" { event.time_stamp() } else { f64::NEG_INFINITY });
            let Some(action) = action_of(&event.key(), after_g) else { return };
            event.prevent_default();
            match action {
                Action::Go(path) => navigate(path, NavigateOptions::default()),
                Action::Search => match search_here() {
                    Some(search) => search_in(&search),
                    None => navigate("/#search", NavigateOptions::default()),
                },
                Action::Help => {
                    if let Some(help) = focus::element("shortcuts") {
                        // Already open is as good.
                        let _ = help.show_popover();
                    }
                }
            }
        });
        on_cleanup(move || listener.remove());
    });
}

/// The search field of this page. The page before this one may still be there for a moment: its field goes with it.
fn search_here() -> Option<HtmlInputElement> {
    let here = window().location().pathname().is_ok_and(|path| path == "/");
    focus::element("search").filter(|_| here)?.dyn_into().ok()
}

fn action_of(key: &str, after_g: bool) -> Option<Action> {
    match (key, after_g) {
        ("c", true) => Some(Action::Go("/")),
        ("p", true) => Some(Action::Go("/progress")),
        ("/", _) => Some(Action::Search),
        ("?", _) => Some(Action::Help),
        _ => None,
    }
}

fn is_meant_for_the_page(event: &KeyboardEvent) -> bool {
    let writes = || {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        target.is_some_and(|target| focus::takes_text(&target))
    };
    !(event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() || writes())
}

/// Puts the cursor into a search field, over what it holds.
pub(crate) fn search_in(field: &HtmlInputElement) {
    let _ = field.focus();
    field.select();
}

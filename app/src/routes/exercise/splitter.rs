//! The line between two columns, to be dragged or moved by the arrow keys.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent, PointerEvent};

use crate::browser::storage;

/// The column whose width a splitter changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Brief,
    Verdict,
}

impl Column {
    const fn name(self) -> &'static str {
        match self {
            Self::Brief => "brief",
            Self::Verdict => "verdict",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Brief => "Width of the brief",
            Self::Verdict => "Width of the verdict",
        }
    }

    /// The share of the page that it starts with, in percent; the style sheet's own number.
    const fn usual(self) -> f64 {
        match self {
            Self::Brief => 30.0,
            Self::Verdict => 28.0,
        }
    }

    /// The style sheet reads the share from here; `boot.js` puts it back before the first paint.
    fn set(self, share: Option<f64>) {
        let root = document().document_element().and_then(|root| root.dyn_into::<HtmlElement>().ok());
        let Some(style) = root.map(|root| root.style()) else { return };
        let (property, key) = (format!("--column-{}", self.name()), format!("podlab:column:{}", self.name()));
        // Failing to keep a width leaves the usual one.
        match share {
            Some(share) => {
                let _ = style.set_property(&property, &format!("{share:.2}%"));
                storage::set(&key, &format!("{:.4}", share / 100.0));
            }
            None => {
                let _ = style.remove_property(&property);
                storage::remove(&key);
            }
        }
    }

    fn kept(self) -> Option<f64> {
        let share: f64 = storage::get(&format!("podlab:column:{}", self.name()))?.parse().ok()?;
        (share * 100.0).is_finite().then_some(share * 100.0)
    }
}

const LEAST: f64 = 18.0;
const MOST: f64 = 45.0;
const STEP: f64 = 2.0;

/// A line that can be dragged; a double click puts it back.
#[component]
pub(crate) fn Splitter(column: Column) -> impl IntoView {
    let line = NodeRef::<html::Div>::new();
    let share = RwSignal::new(column.usual());
    Effect::new(move || {
        if let Some(kept) = column.kept() {
            share.set(kept);
        }
    });
    let set = move |wanted: f64| {
        let wanted = wanted.clamp(LEAST, MOST);
        share.set(wanted);
        column.set(Some(wanted));
    };
    let grab = move |event: PointerEvent| {
        if let Some(line) = line.get_untracked() {
            event.prevent_default();
            let _ = line.set_pointer_capture(event.pointer_id());
        }
    };
    let drag = move |event: PointerEvent| {
        let Some(line) = line.get_untracked().filter(|line| line.has_pointer_capture(event.pointer_id()))
        else {
            return;
        };
        let Some(whole) = line.parent_element().map(|bench| bench.get_bounding_client_rect()) else { return };
        let x = f64::from(event.client_x());
        let width = match column {
            Column::Brief => x - whole.left(),
            Column::Verdict => whole.right() - x,
        };
        set(100.0 * width / whole.width());
    };
    let nudge = move |event: KeyboardEvent| {
        let towards_right = match event.key().as_str() {
            "ArrowRight" => STEP,
            "ArrowLeft" => -STEP,
            _ => return,
        };
        event.prevent_default();
        let wider = if column == Column::Brief { towards_right } else { -towards_right };
        set(share.get_untracked() + wider);
    };
    let restore = move |_| {
        share.set(column.usual());
        column.set(None);
    };
    view! {
        <div
            class="splitter"
            data-column=column.name()
            role="separator"
            aria-orientation="vertical"
            aria-label=column.label()
            aria-valuemin=LEAST
            aria-valuemax=MOST
            aria-valuenow=move || share.get().round()
            tabindex="0"
            title="Drag, or press the arrow keys; double-click to reset"
            node_ref=line
            on:pointerdown=grab
            on:pointermove=drag
            on:dblclick=restore
            on:keydown=nudge
        ></div>
    }
    .into_any()
}

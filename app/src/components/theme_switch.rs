//! Dark, light, or what the system says.

use leptos::prelude::*;

use crate::{
    browser::storage,
    components::{Icon, Shape},
};

const KEY: &str = "podlab:theme";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Theme {
    System,
    Dark,
    Light,
}

impl Theme {
    const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    const fn next(self) -> Self {
        match self {
            Self::System => Self::Dark,
            Self::Dark => Self::Light,
            Self::Light => Self::System,
        }
    }

    const fn shape(self) -> Shape {
        match self {
            Self::System => Shape::Monitor,
            Self::Dark => Shape::Moon,
            Self::Light => Shape::Sun,
        }
    }

    fn kept() -> Self {
        match storage::get(KEY).as_deref() {
            Some("dark") => Self::Dark,
            Some("light") => Self::Light,
            _ => Self::System,
        }
    }

    /// Shows it, and keeps it for the next page; `boot.js` reads it before the first paint.
    fn apply(self) {
        let Some(root) = document().document_element() else { return };
        // Failing to write an attribute or the storage leaves the page readable: nothing to tell the learner.
        if self == Self::System {
            storage::remove(KEY);
            let _ = root.remove_attribute("data-theme");
        } else {
            storage::set(KEY, self.name());
            let _ = root.set_attribute("data-theme", self.name());
        }
    }
}

/// A button that goes round the three.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let theme = RwSignal::new(Theme::System);
    Effect::new(move || theme.set(Theme::kept()));
    let turn = move |_| {
        let next = theme.get_untracked().next();
        next.apply();
        theme.set(next);
    };
    let label = move || format!("Theme: {}. Switch to {}", theme.get().name(), theme.get().next().name());
    view! {
        <button class="icon-button needs-script" type="button" aria-label=label title=label on:click=turn>
            {move || view! { <Icon shape=theme.get().shape()/> }}
        </button>
    }
}

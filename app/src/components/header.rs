//! The bar on top of every page.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::{ClusterBadge, Icon, Shape, ThemeSwitch};

/// Name, navigation, what the lab runs on, theme.
#[component]
pub(crate) fn Header() -> impl IntoView {
    view! {
        <header class="header">
            <a class="header__name" href="/">
                <Mark/>
                "podlab"
            </a>
            <nav class="header__nav" aria-label="Main">
                <A href="/" exact=true>
                    "Catalogue"
                </A>
                <A href="/progress">"Progress"</A>
            </nav>
            <div class="header__tools">
                <ClusterBadge/>
                <button
                    class="icon-button needs-script wide-only"
                    type="button"
                    popovertarget="shortcuts"
                    aria-label="Keyboard shortcuts"
                    title="Keyboard shortcuts (?)"
                >
                    <Icon shape=Shape::Key/>
                </button>
                <ThemeSwitch/>
            </div>
        </header>
    }
    .into_any()
}

/// podlab's mark: two containers in one Pod.
#[component]
fn Mark() -> impl IntoView {
    view! {
        <svg class="header__mark" viewBox="0 0 20 20" aria-hidden="true">
            <path d="M10 1l7.1 3.4 1.7 7.7-4.9 6.1H6.1l-4.9-6.1 1.7-7.7z"/>
            <rect x="5.2" y="6.6" width="4" height="6.8" rx="0.8"/>
            <rect x="10.8" y="6.6" width="4" height="6.8" rx="0.8"/>
        </svg>
    }
}

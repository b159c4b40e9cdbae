//! The search field of the catalogue.

use leptos::{html, prelude::*};
use leptos_router::hooks::use_location;

use super::query::Query;
use crate::{
    api::Card,
    browser::shortcuts::search_in,
    components::{Icon, Shape, count},
};

/// Narrows the catalogue to what matches, while one types; a plain form without script.
#[component]
pub(crate) fn Search(query: RwSignal<Query>, cards: StoredValue<Vec<Card>>) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let hash = use_location().hash;
    Effect::new(move || {
        // `/` on another page leads here.
        let is_meant =
            hash.get() == "#search" || window().location().hash().is_ok_and(|hash| hash == "#search");
        if let Some(field) = field.get()
            && is_meant
        {
            search_in(&field);
        }
    });
    let clear = move || {
        query.set(Query::default());
        if let Some(field) = field.get_untracked() {
            field.set_value("");
            let _ = field.focus();
        }
    };
    let found =
        move || cards.with_value(|cards| cards.iter().filter(|card| query.read().matches(card)).count());
    let words = move || match (query.read().is_some(), found()) {
        (false, _) => String::new(),
        (true, 0) => format!("No exercise matches “{}”.", query.read().text().trim()),
        (true, 1) => "1 exercise matches.".to_owned(),
        (true, number) => format!("{} match.", count(number as u64, "exercise")),
    };
    let initial = query.read_untracked().text();
    view! {
        <form class="search" role="search" method="get" action="/" on:submit=|event| event.prevent_default()>
            <label class="search__field">
                <Icon shape=Shape::Search/>
                <span class="visually-hidden">"Search the exercises"</span>
                <input
                    id="search"
                    type="search"
                    name="q"
                    placeholder="Search"
                    autocomplete="off"
                    value=initial
                    node_ref=field
                    on:input=move |event| query.set(Query::new(event_target_value(&event)))
                    on:keydown=move |event| {
                        if event.key() == "Escape" {
                            clear();
                        }
                    }
                />
                <kbd class="search__key needs-script" aria-hidden="true">"/"</kbd>
            </label>
            <p class="search__found" role="status">
                {words}
                {move || {
                    (query.read().is_some() && found() == 0)
                        .then(|| {
                            view! {
                                " "
                                <button class="link" type="button" on:click=move |_| clear()>
                                    "Show all"
                                </button>
                            }
                        })
                }}
            </p>
        </form>
    }
    .into_any()
}

//! The catalogue: what there is to do, and what to do next.

pub(crate) mod card;
mod lead;
mod query;
mod search;

use leptos::prelude::*;

use self::{card::ExerciseCard, lead::Lead, query::Query, search::Search};
use crate::{
    api::{self, Card, State, Track, use_api},
    components::{Failure, Heading, Loading},
};

/// The page at `/`.
#[component]
pub(crate) fn Catalogue() -> impl IntoView {
    let catalogue = Resource::new(|| (), async |()| use_api().catalogue().await);
    view! {
        <Suspense fallback=|| view! { <Loading what="Fetching the exercises."/> }>
            {move || Suspend::new(async move {
                match catalogue.await {
                    Ok(catalogue) => view! { <Found catalogue/> }.into_any(),
                    Err(error) => view! { <Failure error retry=move |()| catalogue.refetch()/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Found(catalogue: api::Catalogue) -> impl IntoView {
    let api::Catalogue { tracks, cards, next, returning } = catalogue;
    let query = RwSignal::new(Query::from_url());
    let next = StoredValue::new(next);
    let next_card = next.with_value(|next| {
        let next = next.as_deref()?;
        cards.iter().find(|card| card.exercise.name == next).cloned()
    });
    let all_solved = !cards.is_empty() && cards.iter().all(|card| card.standing.state == State::Solved);
    let cards = StoredValue::new(cards);
    let tracks = tracks.into_iter().map(|track| view! { <TrackRow track cards query next/> }).collect_view();
    view! {
        <div class="page">
            <div class="page__head">
                <Heading text="Catalogue"/>
                <Search query cards/>
            </div>
            <div hidden=move || query.read().is_some()>
                <Lead card=next_card returning all_solved/>
            </div>
            {tracks}
        </div>
    }
}

/// A track: its title, and its exercises as a row of cards, in the order to follow.
#[component]
fn TrackRow(
    track: Track,
    cards: StoredValue<Vec<Card>>,
    query: RwSignal<Query>,
    next: StoredValue<Option<String>>,
) -> impl IntoView {
    let Track { name, title, summary, exercises } = track;
    let found: Vec<Card> = cards.with_value(|cards| {
        let named = |name: &String| cards.iter().find(|card| card.exercise.name == *name).cloned();
        exercises.iter().filter_map(named).collect()
    });
    let solved = found.iter().filter(|card| card.standing.state == State::Solved).count();
    let of = found.len();
    let exercises = StoredValue::new(found.clone());
    let no_match = move || exercises.with_value(|cards| !cards.iter().any(|card| query.read().matches(card)));
    let rows = found
        .into_iter()
        .map(|card| {
            let is_next = next.with_value(|next| next.as_ref() == Some(&card.exercise.name));
            view! { <ExerciseCard card is_next query/> }
        })
        .collect_view();
    let heading = StoredValue::new(format!("track-{name}"));
    view! {
        <section class="track" aria-labelledby=heading.get_value() hidden=no_match>
            <div class="track__head">
                <h2 id=heading.get_value()>{title}</h2>
                <p class="track__summary">{summary}</p>
                <p class="track__count">{format!("{solved} of {of} solved")}</p>
            </div>
            <ul class="cards" role="list">
                {rows}
            </ul>
        </section>
    }
    .into_any()
}

//! What the learner searches for.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::Card;

/// Words, all of which have to occur somewhere in what a card says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    text: String,
}

impl Query {
    /// From what was typed.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// From `?q=`, which is how a browser without script asks.
    pub(crate) fn from_url() -> Self {
        Self::new(use_query_map().read_untracked().get("q").unwrap_or_default())
    }

    /// As it was typed.
    pub(crate) fn text(&self) -> String {
        self.text.clone()
    }

    /// Whether anything is searched for.
    pub(crate) fn is_some(&self) -> bool {
        !self.text.trim().is_empty()
    }

    /// Whether a card is among what is searched for.
    pub(crate) fn matches(&self, Card { exercise, .. }: &Card) -> bool {
        let text =
            [&exercise.name, &exercise.title, &exercise.summary].map(|text| text.to_lowercase()).join(" ");
        let tracks = exercise.tracks.iter().map(|track| track.to_lowercase());
        let places: Vec<String> = tracks.chain([text]).collect();
        let is_found = |word: &str| places.iter().any(|place| place.contains(word));
        self.text.to_lowercase().split_whitespace().all(is_found)
    }
}

#[cfg(test)]
mod tests {
    use podlab_exercises::{Difficulty, Exercise, Mode};

    use super::Query;
    use crate::api::{Card, Standing, State};

    fn card() -> Card {
        let exercise = Exercise {
            name: "mc1".into(),
            title: "Two containers, one volume".into(),
            summary: "nginx serves what another container writes.".into(),
            tracks: vec!["course".into(), "CKAD".into()],
            minutes: 10,
            difficulty: Difficulty::Easy,
            mode: Mode::Manifest,
            tasks: vec![],
        };
        let standing = Standing { state: State::New, best_points: 0, max_points: 5, submissions: 0 };
        Card { exercise, standing }
    }

    #[test]
    fn every_word_has_to_occur_in_any_order_and_case() {
        for text in ["", "  ", "mc1", "VOLUME", "volume nginx", "ckad two", "serv"] {
            assert!(Query::new(text).matches(&card()), "{text:?}");
        }
        for text in ["redis", "volume redis", "coursevolume"] {
            assert!(!Query::new(text).matches(&card()), "{text:?}");
        }
    }

    #[test]
    fn blanks_search_for_nothing() {
        assert!(!Query::new("  ").is_some());
        assert!(Query::new("a").is_some());
    }
}

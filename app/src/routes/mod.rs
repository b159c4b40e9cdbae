//! One page a folder.

pub(crate) mod catalogue;
pub(crate) mod exercise;
mod not_found;
mod progress;

pub(crate) use catalogue::Catalogue;
pub(crate) use exercise::Exercise;
pub(crate) use not_found::NotFound;
pub(crate) use progress::Progress;

/// Where an exercise's page is. Names are made of letters, digits and dashes, so they need no escaping.
fn exercise_url(name: &str) -> String {
    format!("/exercises/{name}")
}

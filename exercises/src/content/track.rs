//! Tracks: exercises in an order that makes sense to follow.

use serde::Deserialize;

use super::{
    fault::{Fault, Found},
    files::Files,
};
use crate::yaml::{Located, Position, decode, parse};

/// The file that names the tracks.
pub(super) const FILE: &str = "tracks.yaml";

/// Exercises in an order that makes sense to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Its name, as `Exercise::tracks` lists it.
    pub name: String,
    /// Its title.
    pub title: String,
    /// One line about it.
    pub summary: String,
    /// The names of its exercises, in order.
    pub exercises: Vec<String>,
}

#[derive(Deserialize)]
struct RawTrack {
    name: String,
    title: String,
    summary: String,
    exercises: Vec<Located<String>>,
}

/// The tracks of these files. Without `tracks.yaml` there is one, with all exercises in the order of their names.
/// `known` are the folders that hold exercises.
pub(super) fn tracks(files: &Files, known: &[String], faults: &mut Vec<Fault>) -> Vec<Track> {
    let Some(text) = files.get(FILE) else {
        return vec![Track {
            name: "all".to_owned(),
            title: "All exercises".to_owned(),
            summary: "Every exercise, in the order of their names.".to_owned(),
            exercises: known.to_vec(),
        }];
    };
    let mut found = Found::new(FILE, faults);
    let tracks = read(text, &mut found);
    let mut listed = Vec::new();
    for track in &tracks {
        for exercise in &track.exercises {
            if !known.contains(&exercise.value) {
                let near = crate::spelling::suggestion(&exercise.value, known.iter().map(String::as_str));
                found.add(Some(exercise.at), format!("there is no exercise `{}`{near}", exercise.value));
            }
            listed.push(exercise.value.clone());
        }
    }
    for exercise in known.iter().filter(|name| !listed.contains(name)) {
        found.add(None, format!("the exercise `{exercise}` is in no track: add it to one"));
    }
    tracks
        .into_iter()
        .map(|track| Track {
            name: track.name,
            title: track.title,
            summary: track.summary,
            exercises: track.exercises.into_iter().map(|exercise| exercise.value).collect(),
        })
        .collect()
}

fn read(text: &str, found: &mut Found<'_>) -> Vec<RawTrack> {
    let node = match parse(text) {
        Ok(Some(node)) => node,
        Ok(None) => {
            found.add(None, "this file is empty; it must hold a list of tracks");
            return Vec::new();
        }
        Err(error) => {
            found.syntax(&error);
            return Vec::new();
        }
    };
    let Some(items) = node.items() else {
        found.add(Some(node.at), "this must be a list of tracks, each with name, title, summary, exercises");
        return Vec::new();
    };
    let mut misfits = Vec::new();
    let mut tracks: Vec<RawTrack> = Vec::new();
    let mut twice: Vec<(Position, String)> = Vec::new();
    for item in items {
        if let Some(track) = decode::<RawTrack>(item, &mut misfits) {
            if tracks.iter().any(|other| other.name == track.name) {
                twice.push((item.at, format!("there are two tracks called `{}`", track.name)));
            }
            tracks.push(track);
        }
    }
    found.misfits(misfits);
    twice.into_iter().for_each(|(at, message)| found.add(Some(at), message));
    tracks
}

//! The content: exercises and the tracks that order them, loaded from files and checked as a whole.
//!
//! An exercise is a folder:
//!
//! ```text
//! mc1/
//!   exercise.yaml     what it is called, its tasks, its checks
//!   README.md         the brief, in Markdown
//!   starter.yaml      what the editor begins with (optional)
//!   solutions/*.yaml  good answers, each a different one; they begin with a head
//!   mistakes/*.yaml   plausible wrong answers; their heads name the checks that they trip
//! ```
//!
//! Loading reports everything that is wrong with the files at once ([`Faults`]); whether solutions pass and mistakes
//! fail is for [`prove`] to show, which needs a cluster.

pub mod check;
mod fault;
mod files;
mod head;
mod load;
pub mod period;
pub mod prove;
mod relations;
#[cfg(test)]
mod tests;
mod track;

use std::{path::Path, time::Duration};

pub use check::Check;
pub use fault::{Fault, Faults};
pub use files::{Files, ReadError};
pub use head::Head;
pub use track::Track;

use crate::exercise::Exercise;

/// Every exercise and every track.
#[derive(Clone, Debug)]
pub struct Content {
    /// The exercises, in the order of the tracks.
    pub exercises: Vec<ExerciseContent>,
    /// The tracks, in order.
    pub tracks: Vec<Track>,
}

/// An exercise with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct ExerciseContent {
    /// What the pages show of it.
    pub exercise: Exercise,
    /// The brief, in Markdown.
    pub brief: String,
    /// What the editor begins with.
    pub starter: String,
    /// The kinds of objects that a submission may hold.
    pub allows: Vec<String>,
    /// Namespaces that the course's own manifests name: in a submission they stand for the sandbox.
    pub namespaces: Vec<String>,
    /// How long Pods may take to become ready before they are judged as they are.
    pub settle: Duration,
    /// Its checks, in order.
    pub checks: Vec<Check>,
    /// Good answers.
    pub solutions: Vec<Answer>,
    /// Wrong answers.
    pub mistakes: Vec<Answer>,
}

/// A solution or a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The file's name without its ending.
    pub name: String,
    /// What its head says.
    pub head: Head,
    /// The manifest, without its head.
    pub manifest: String,
}

/// Why content cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Files could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Files were read and are wrong.
    #[error(transparent)]
    Faults(#[from] Faults),
}

impl Content {
    /// The content that podlab was built with.
    ///
    /// # Errors
    ///
    /// Names every fault, as for any other content.
    pub fn embedded() -> Result<Self, Faults> {
        Self::from_files(&Files::embedded())
    }

    /// The content of a directory that holds exercises' folders and, if their order matters, `tracks.yaml`.
    ///
    /// # Errors
    ///
    /// Where the directory cannot be read, or naming every fault of the files in it.
    pub fn from_directory(directory: &Path) -> Result<Self, LoadError> {
        Ok(Self::from_files(&Files::read(directory)?)?)
    }

    /// The content of these files.
    ///
    /// # Errors
    ///
    /// Names every fault of every file.
    pub fn from_files(files: &Files) -> Result<Self, Faults> {
        load::content(files)
    }

    /// The exercise of this name.
    pub fn exercise(&self, name: &str) -> Option<&ExerciseContent> {
        self.exercises.iter().find(|content| content.exercise.name == name)
    }

    /// The exercise, other than `than`, that a submission with these objects (kind and name) looks made for: the one
    /// whose expected objects it names most of, all if it can.
    pub fn made_for(&self, objects: &[(String, String)], than: &str) -> Option<&ExerciseContent> {
        let matched = |content: &ExerciseContent| {
            let expected = content.expects();
            let found = expected.iter().filter(|object| objects.contains(object)).count();
            (found > 0).then(|| (found * 100 / expected.len().max(1), found))
        };
        self.exercises
            .iter()
            .filter(|content| content.exercise.name != than)
            .filter_map(|content| matched(content).map(|score| (score, content)))
            .max_by_key(|(score, _)| *score)
            .map(|(_, content)| content)
    }
}

impl ExerciseContent {
    /// The check with this id.
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// The points to be had.
    pub fn max_points(&self) -> u32 {
        self.checks.iter().map(|check| check.points).sum()
    }

    /// The objects, kind and name, that its checks expect a learner to make.
    pub fn expects(&self) -> Vec<(String, String)> {
        let mut expected: Vec<_> = self.checks.iter().flat_map(|check| check.subject.expects()).collect();
        expected.retain(|(kind, _)| self.allows.contains(kind));
        expected.sort();
        expected.dedup();
        expected
    }
}

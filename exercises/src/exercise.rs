//! An exercise as the pages and the grader see it, whatever it was loaded from.

use serde::{Deserialize, Serialize};

/// How hard an exercise is, for somebody who has read the chapter before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Difficulty {
    /// One idea, a few lines.
    Easy,
    /// Several ideas together.
    Medium,
    /// What an exam asks last.
    Hard,
}

/// Where the learner's work is graded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A manifest is applied to a fresh sandbox.
    Manifest,
    /// The cluster where the learner works is looked at as it is.
    Live,
}

/// One thing that the learner is asked to do, and the checks that show it done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The task's id within its exercise.
    pub id: String,
    /// What to do, in Markdown.
    pub brief: String,
    /// The ids of the checks that show it done.
    pub checks: Vec<String>,
}

/// An exercise's description: everything but its checks' mechanics and its answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exercise {
    /// Its name, also the name of its folder.
    pub name: String,
    /// Its title.
    pub title: String,
    /// One line for its card in the catalogue.
    pub summary: String,
    /// The tracks it belongs to, such as `course` and `ckad`.
    pub tracks: Vec<String>,
    /// How long it takes a learner, in minutes.
    pub minutes: u32,
    /// How hard it is.
    pub difficulty: Difficulty,
    /// Where it is graded.
    pub mode: Mode,
    /// Its tasks, in order.
    pub tasks: Vec<Task>,
}

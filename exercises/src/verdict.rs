//! What is said about a submission: one [`Verdict`], made of one [`CheckResult`] a check and the
//! [`Problem`]s found before any check could run.

use serde::{Deserialize, Serialize};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// What the check asks for was observed.
    Pass,
    /// It was not; [`CheckResult::message`] says what was seen instead.
    Fail,
    /// It could not be decided, through podlab's or the cluster's fault: never held against the learner.
    Error,
    /// A check that it needs did not pass.
    Skipped,
}

/// The outcome of one check, as a learner reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The check's id within its exercise.
    pub id: String,
    /// The check's title, said as the thing that holds when it passes.
    pub title: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Points earned: all of `max_points`, or none.
    pub points: u32,
    /// Points to be had.
    pub max_points: u32,
    /// What the learner is told, with the value that was seen; empty when the check passed.
    pub message: String,
    /// What was observed, in short (an output, a status, a value), where there is something to show.
    pub observed: Option<String>,
}

/// Why a submission, or a part of it, could not be applied: bad YAML, an object that the API refused, a
/// kind that the exercise does not use. Lines and columns count from 1, over the whole submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong, what was seen, what to do.
    pub message: String,
    /// The line it is about, where that is known.
    pub line: Option<u32>,
    /// The column it is about, where that is known.
    pub column: Option<u32>,
}

/// The result of grading one submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The exercise's name.
    pub exercise: String,
    /// Whether every check passed.
    pub passed: bool,
    /// The sum of the points earned.
    pub points: u32,
    /// The sum of the points to be had.
    pub max_points: u32,
    /// One result a check, in the exercise's order.
    pub checks: Vec<CheckResult>,
    /// What kept the submission from being applied whole.
    pub problems: Vec<Problem>,
    /// How long grading took, in milliseconds of real time.
    pub duration_ms: u64,
    /// How much time passed in the cluster meanwhile, in milliseconds. On a cluster whose clock is the
    /// wall's this is about `duration_ms`; a sandbox on the fast clock covers minutes in milliseconds.
    pub cluster_ms: u64,
}

/// What a grading tells while it runs. A stream of these ends with [`Progress::Done`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Progress {
    /// A new phase began; `message` says it in words ("Waiting for Pod mc1 to be ready").
    Phase {
        /// The phase in words.
        message: String,
        /// Cluster time since grading began, in milliseconds.
        cluster_ms: u64,
    },
    /// One check was decided.
    Check {
        /// Its result.
        result: CheckResult,
        /// Cluster time since grading began, in milliseconds.
        cluster_ms: u64,
    },
    /// The verdict is in; nothing follows.
    Done {
        /// The whole verdict.
        verdict: Verdict,
    },
}

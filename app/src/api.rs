//! What the pages ask of the server, and what they get: one trait, [`Api`], with two sides. On the server the
//! composition root implements it over the database and the grader and puts it into the Leptos context; in the
//! browser it is the JSON API under `/api/v1`, which speaks the same types.
//!
//! | method | route |
//! | --- | --- |
//! | [`Api::status`] | `GET /api/v1/status` |
//! | [`Api::catalogue`] | `GET /api/v1/catalogue` |
//! | [`Api::exercise`] | `GET /api/v1/exercises/{name}` |
//! | [`Api::save_draft`] | `PUT /api/v1/exercises/{name}/draft` ([`Draft`]) |
//! | [`Api::submit`] | `POST /api/v1/exercises/{name}/submissions` ([`Draft`]), answers 202 |
//! | [`Api::hint`] | `GET /api/v1/exercises/{name}/checks/{check}/hints/{number}` (from 1) |
//! | [`Api::give_up`] | `POST /api/v1/exercises/{name}/give-up` |
//! | [`Api::reset`] | `POST /api/v1/exercises/{name}/reset` |
//! | [`Api::submission`] | `GET /api/v1/submissions/{id}` |
//! | (events) | `GET /api/v1/submissions/{id}/events`: `text/event-stream`, each `data:` one [`Progress`] as JSON, from the first on, also for those who come late |
//! | [`Api::progress`] | `GET /api/v1/progress` |
//!
//! Errors are [`ApiError`] as JSON with the status that it names.
//!
//! A learner whose browser runs no script gets the same through forms. Each of these routes answers with
//! `303 See Other` to the exercise's page:
//!
//! | form | does | then shows |
//! | --- | --- | --- |
//! | `POST /exercises/{name}` (urlencoded `manifest`) | [`Api::submit`], then waits a few seconds for the verdict | `/exercises/{name}?submission={id}` |
//! | `POST /exercises/{name}/reset` | [`Api::reset`] | `/exercises/{name}` |
//! | `POST /exercises/{name}/give-up` | [`Api::give_up`] | `/exercises/{name}#solutions` |
//!
//! Browsers send a form's line ends as CRLF; what is recorded has LF.

use std::{future::Future, pin::Pin, sync::Arc};

use leptos::prelude::expect_context;
use podlab_exercises::{Exercise, Progress, Verdict};
use serde::{Deserialize, Serialize};

/// A future on the heap, as trait objects need it.
pub type ApiFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send + 'a>>;

/// What the pages ask of the server.
pub trait Api: Send + Sync {
    /// What the lab runs on.
    fn status(&self) -> ApiFuture<'_, Status>;
    /// Every exercise, with the learner's state in each.
    fn catalogue(&self) -> ApiFuture<'_, Catalogue>;
    /// One exercise with all that its page shows.
    fn exercise(&self, name: &str) -> ApiFuture<'_, ExercisePage>;
    /// Keeps what stands in the editor.
    fn save_draft(&self, name: &str, draft: Draft) -> ApiFuture<'_, ()>;
    /// Records a submission and starts to grade it. What is submitted is also the newest draft.
    fn submit(&self, name: &str, draft: Draft) -> ApiFuture<'_, Submission>;
    /// The hint with this number (from 1) of a check.
    fn hint(&self, name: &str, check: &str, number: usize) -> ApiFuture<'_, Hint>;
    /// Shows the solutions without having passed; the exercise counts as given up, not as solved.
    fn give_up(&self, name: &str) -> ApiFuture<'_, ExercisePage>;
    /// Puts the starter back into the editor; submissions and progress stay.
    fn reset(&self, name: &str) -> ApiFuture<'_, ExercisePage>;
    /// One of the learner's submissions.
    fn submission(&self, id: i64) -> ApiFuture<'_, Submission>;
    /// The learner's progress over all exercises, newest submissions first.
    fn progress(&self) -> ApiFuture<'_, ProgressPage>;
}

/// The [`Api`] of this rendering. Panics where the composition root has put none into the context.
pub fn use_api() -> Arc<dyn Api> {
    expect_context()
}

/// An error as the API says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The HTTP status; [`ApiError::NO_CONNECTION`] where the browser reached no server.
    pub status: u16,
    /// What is wrong and what to do, for the learner.
    pub message: String,
}

impl ApiError {
    /// The status of a request that got no answer; it may have arrived all the same.
    pub const NO_CONNECTION: u16 = 0;
}

/// What the lab runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// podlab's version.
    pub version: String,
    /// The cluster that submissions are graded on.
    pub cluster: ClusterInfo,
}

/// The cluster that submissions are graded on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterInfo {
    /// Whether containers are simulated (the embedded cluster) or real.
    pub simulated: bool,
    /// Its name: `embedded`, or the kubeconfig's context.
    pub name: String,
    /// Its Kubernetes version (`v1.37.0`), where it is known.
    pub version: Option<String>,
}

/// Where a learner stands in an exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing submitted yet.
    New,
    /// Something was submitted, nothing has passed yet.
    Tried,
    /// The solutions were shown before anything passed.
    GivenUp,
    /// A submission passed.
    Solved,
}

/// A learner's standing in one exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// New, tried, given up or solved.
    pub state: State,
    /// The most points of any submission.
    pub best_points: u32,
    /// The points to be had.
    pub max_points: u32,
    /// How many submissions there were.
    pub submissions: u32,
}

/// One card of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The exercise.
    pub exercise: Exercise,
    /// The learner's standing.
    pub standing: Standing,
}

/// Exercises in an order that makes sense to follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// Its name in exercises' `tracks`.
    pub name: String,
    /// Its title.
    pub title: String,
    /// One line about it.
    pub summary: String,
    /// Its exercises' names, in order.
    pub exercises: Vec<String>,
}

/// The catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// The tracks, in order.
    pub tracks: Vec<Track>,
    /// Every exercise once.
    pub cards: Vec<Card>,
    /// The exercise to go on with: the last one tried and not solved, or the first new one; none when all are solved.
    pub next: Option<String>,
    /// Whether the learner has been here before.
    pub returning: bool,
}

/// What stands in the editor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// The manifest: YAML, several documents allowed.
    pub manifest: String,
}

/// A task as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskView {
    /// The task's id.
    pub id: String,
    /// What to do, rendered from Markdown and safe to insert.
    pub html: String,
    /// The checks that show it done.
    pub checks: Vec<CheckView>,
}

/// A check before it has been decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckView {
    /// The check's id.
    pub id: String,
    /// What holds when it passes.
    pub title: String,
    /// Points to be had.
    pub points: u32,
    /// How many hints there are.
    pub hints: usize,
}

/// An answer that passes, shown after passing or giving up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solution {
    /// What is particular about it.
    pub title: String,
    /// The manifest.
    pub manifest: String,
}

/// The exercise to go on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextExercise {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
}

/// One exercise with all that its page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExercisePage {
    /// The exercise.
    pub exercise: Exercise,
    /// The brief, rendered from Markdown and safe to insert.
    pub brief_html: String,
    /// Its tasks.
    pub tasks: Vec<TaskView>,
    /// What the editor starts with.
    pub starter: String,
    /// What stood in the editor last, if anything but the starter did.
    pub draft: Option<String>,
    /// The learner's standing.
    pub standing: Standing,
    /// The newest submission.
    pub last: Option<Submission>,
    /// The solutions, once the learner may see them.
    pub solutions: Option<Vec<Solution>>,
    /// The exercise after this one in its track.
    pub next: Option<NextExercise>,
    /// The cluster that it is graded on.
    pub cluster: ClusterInfo,
}

/// Where a submission is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubmissionState {
    /// Recorded, waiting for its turn or being graded.
    Grading,
    /// Its verdict is recorded.
    Graded,
    /// podlab stopped before the verdict; it is graded again or can be submitted again.
    Interrupted,
}

/// A submission of the learner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Its number.
    pub id: i64,
    /// The exercise's name.
    pub exercise: String,
    /// When it was recorded (RFC 3339, UTC).
    pub at: String,
    /// Where it is.
    pub state: SubmissionState,
    /// What was submitted.
    pub manifest: String,
    /// The verdict, once there is one.
    pub verdict: Option<Verdict>,
}

/// A hint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// The hint, rendered from Markdown and safe to insert.
    pub html: String,
}

/// One line of the progress page's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The submission's number.
    pub id: i64,
    /// The exercise's name.
    pub exercise: String,
    /// The exercise's title.
    pub title: String,
    /// When (RFC 3339, UTC).
    pub at: String,
    /// Where it is.
    pub state: SubmissionState,
    /// Whether it passed.
    pub passed: bool,
    /// Points earned.
    pub points: u32,
    /// Points to be had.
    pub max_points: u32,
}

/// The learner's progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressPage {
    /// Exercises solved.
    pub solved: u32,
    /// Exercises in all.
    pub exercises: u32,
    /// The best points of each exercise, summed.
    pub points: u32,
    /// The points to be had.
    pub max_points: u32,
    /// Every exercise with its standing, in the order of the catalogue.
    pub cards: Vec<Card>,
    /// The newest submissions, newest first (at most 100).
    pub history: Vec<HistoryEntry>,
}

/// An event of a running grading, as `/events` sends it; re-exported for those who read the stream.
pub type Event = Progress;

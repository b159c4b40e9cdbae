//! Grades a submission: it is applied to a sandbox namespace, the cluster state that results is observed, checks turn
//! the observation into a verdict.
//!
//! [`grade`] is that sentence in code. It works on any cluster that [`kube::Client`] reaches: the embedded one, whose
//! clock may run as fast as there is nothing to do, and real ones, where others work too. All its timers go through the
//! [`Clock`] that it is handed.
//!
//! # Map
//!
//! | module | what it is |
//! | --- | --- |
//! | `grade` | the whole as one page, and the progress that is told |
//! | `submission` | from bytes to objects that may be applied, or to problems with line and column |
//! | `sandbox` | a namespace for each submission, its walls on a shared cluster, its end; [`sweep`] |
//! | `apply` | server-side apply; what the API refuses becomes a problem at its place |
//! | `observe` | objects by watch, exec, logs, HTTP from outside and inside; why a Pod does not run |
//! | `settle` | waiting until Pods are ready or beyond hope |
//! | `schedule` | checks side by side, each after what it needs |
//! | `check` | one file a kind of check |
//! | `kinds` | the built-in kinds of objects and where they live |
//!
//! # Whose fault it is
//!
//! - The submission cannot be applied: a problem in the verdict.
//! - It does not do what it should: a failed check, with what was seen.
//! - A check cannot be decided, since the cluster does not answer or the exercise is wrong: an undecided check
//!   (`Outcome::Error`), never held against the learner.
//! - Nothing can be graded: [`GraderError`].

mod apply;
mod check;
pub mod clock;
pub mod cluster;
mod error;
mod grade;
mod kinds;
mod nonce;
mod observe;
mod sandbox;
mod schedule;
mod settle;
mod submission;

pub use clock::Clock;
pub use cluster::{Cluster, Host, Tenancy};
pub use error::GraderError;
pub use grade::grade;
pub use sandbox::{Swept, sweep};

//! podlab's vocabulary: what an [`Exercise`] is, what it asks, and what is said about an answer.
//!
//! The types here are the language that the grader, the server and the pages share, so they compile for the
//! browser too and depend on serde alone. The loader, the validator and the content itself are behind the
//! feature `content`.

#[cfg(feature = "content")]
pub mod cel;
#[cfg(feature = "content")]
pub mod content;
pub mod exercise;
#[cfg(feature = "content")]
pub mod spelling;
pub mod verdict;
#[cfg(feature = "content")]
pub mod yaml;

pub use exercise::{Difficulty, Exercise, Mode, Task};
pub use verdict::{CheckResult, Outcome, Problem, Progress, Verdict};

//! Grades a submission.

pub mod clock;
mod kinds;
mod submission;

pub use clock::Clock;

//! Grading against an API server whose answers are scripted: for what a real one seldom does, and for checks that need
//! no container.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api;
mod faults;
mod looks;

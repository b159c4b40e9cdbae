//! Grading in the background.
pub mod feed;

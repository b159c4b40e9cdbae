//! server/crates/grader

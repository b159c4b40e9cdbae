//! The node through its public face, as a kubelet uses it, on a clock that jumps to the next timer.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod containers;
mod exec;
mod lab;
mod logs;
mod looking_around;
mod sandboxes;
mod stopping;
mod volumes;

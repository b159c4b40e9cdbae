//! Containers that want too much: they get the error that Linux gives, their neighbours notice nothing, they can be stopped at
//! once, and podlab's memory stays within what the node was given.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "a test waits on the clock that it has paused")]

mod endless;
mod files;
#[path = "../runtime/lab.rs"]
#[expect(dead_code, reason = "another set of tests uses the rest")]
mod lab;
mod memory;
mod network;
mod processes;
mod streams;
mod trial;

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

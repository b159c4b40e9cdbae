//! The shell: POSIX `sh` as busybox ash and dash speak it, and what scripts use of bash.
//!
//! Text becomes commands in [`parser`], words become arguments in [`expand`], and [`machine`] runs the commands: a loop
//! over a stack of frames, which neither recurses nor allocates a future for anything that a script nests.

mod arith;
mod assign;
mod ast;
mod builtins;
mod command;
mod cond;
mod coproc;
mod dialect;
mod editor;
mod errors;
mod expand;
mod frames;
mod history;
mod input;
mod jobs;
mod last_command;
mod listing;
mod machine;
mod options;
mod parser;
mod processes;
mod programs;
mod prompt;
mod quote;
mod redirect;
mod select;
mod shopt;
mod simple;
mod source;
mod start;
mod state;
mod traps;
mod variables;

pub(crate) use dialect::Dialect;
pub(crate) use quote::{backslashed as quote_backslashed, if_needed as quote_if_needed};
pub(crate) use start::main;

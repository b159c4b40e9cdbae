//! Commands that start, watch and end other programs.

pub(super) mod chroot;
pub(super) mod env;
pub(super) mod flock;
pub(super) mod kill;
mod launch;
pub(super) mod lsof;
pub(super) mod namespaces;
pub(super) mod nohup;
pub(super) mod pgrep;
pub(super) mod power;
pub(super) mod run_parts;
pub(super) mod scheduling;
pub(super) mod service;
pub(super) mod su;
pub(super) mod time;
pub(super) mod timeout;
pub(super) mod top;
pub(super) mod watch;
pub(super) mod xargs;

pub(super) use launch::{exec, spawn, wait};

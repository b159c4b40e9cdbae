//! The life of one Pod on its node, as a machine without a clock, a runtime or an API of its own.
//!
//! [`PodMachine::handle`] takes what has happened (the Pod's manifest, a container's end, the outcome of a task, the
//! time) and returns what to do: write this status, record that event, run this task. It decides as the kubelet does,
//! in the order in which the kubelet does: one *sync* after the other, each of which works out the status
//! ([`status`]), then what is missing ([`actions`]), and does it step by step ([`sync`], [`start`], [`kill`]). A change
//! during a sync leads to another one. When the Pod ends, syncs give way to its termination ([`terminate`]).
//!
//! What does the I/O is in [`super::worker`].

mod actions;
mod backoff;
mod event;
mod images;
mod init_actions;
mod kill;
mod machine;
mod manifest;
mod probes;
mod resize;
mod restart_all;
mod runtime;
mod start;
mod status;
mod sync;
mod task;
mod terminate;
mod volumes;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod properties;

pub(crate) use self::{
    backoff::after,
    event::PodEvent,
    machine::{Effect, Input, PodMachine},
    manifest::{Group, Manifest, Place, is_sidecar},
    probes::{ProbeKind, ProbeOutcome},
    resize::Pending,
    runtime::{Exit, InstanceState, Sandbox},
    status::{Eviction, ID_PREFIX, is_own_condition, seconds},
    task::{Created, Hook, Image, Outcome, StartError, Task, TaskId},
};

//! Pods from their manifests to running containers, through the API, as clients see them: on a clock that jumps, with the
//! real programs of the node.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]
#![expect(clippy::disallowed_methods, reason = "tests have a runtime, files and a clock of their own")]

mod api_access;
mod autoscaling;
#[path = "../../../../src/clusters/in_process.rs"]
mod in_process;
mod lab;
mod lifecycle;
mod lives;
mod network;
mod probes;
mod resize;
mod restarts;
mod security;
mod sharing;
mod taints;

//! Containers without a container runtime or a kernel: file systems, processes, a shell and commands, a
//! network, images and logs, simulated. The boundary to the kubelet is that of the CRI.

pub mod env;

pub use env::{Clock, Env, Spawner};

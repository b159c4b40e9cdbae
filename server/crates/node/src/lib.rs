//! Containers without a container runtime or a kernel: file systems, processes, a shell and commands, a
//! network, images and logs, simulated. The boundary to the kubelet is that of the CRI.
//!
//! - [`env`](mod@env): the clock, the spawner and the seed that everything else is handed
//! - [`runtime`]: the node as the kubelet sees it: sandboxes, containers, volumes, exec, logs, events
//! - [`image`]: the catalogue
//! - [`network`]: what joins the Pods of all nodes
//! - `kernel`: what a kernel gives to programs
//! - `images`, `servers`, `http`: the images that there are, and the servers that run in them

mod commands;
pub mod env;
mod http;
pub mod image;
mod images;
mod kernel;
mod libc;
pub mod network;
mod rng;
pub mod runtime;
mod servers;
mod shell;

pub use env::{Clock, Env, Spawner};
pub use image::Catalogue;
pub use network::Network;
pub use runtime::*;

//! What a kernel gives to programs: byte streams, files, processes, terminals, sockets.

pub mod pipe;
pub(crate) mod signal;
pub(crate) mod wait;

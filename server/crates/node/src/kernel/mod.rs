//! What a kernel gives to programs: byte streams, files, processes, terminals, sockets.

pub(crate) mod container;
pub(crate) mod cpu;
pub(crate) mod creds;
pub(crate) mod errno;
pub(crate) mod fifo;
pub(crate) mod fs;
pub(crate) mod host;
mod load;
pub(crate) mod memory;
pub(crate) mod net;
pub(crate) mod pipe;
pub(crate) mod process;
pub(crate) mod procfs;
pub(crate) mod quota;
pub(crate) mod signal;
pub(crate) mod sysfs;
pub(crate) mod tty;
pub(crate) mod wait;

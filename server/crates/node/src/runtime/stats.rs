//! What containers use.

use jiff::Timestamp;

/// What a container uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainerStats {
    /// When this was so.
    pub time: Timestamp,
    /// Processor time used since its start, in nanoseconds.
    pub cpu_nanos: u64,
    /// Memory that it holds and cannot give back, in bytes.
    pub memory_working_set_bytes: u64,
    /// What it wrote outside of mounts, in bytes.
    pub rootfs_used_bytes: u64,
    /// The files that it made outside of mounts.
    pub rootfs_used_inodes: u64,
    /// What its log holds, in bytes.
    pub logs_used_bytes: u64,
    /// Its processes.
    pub pids: u64,
}

/// What a sandbox's network moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkStats {
    /// Bytes received.
    pub rx_bytes: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
}

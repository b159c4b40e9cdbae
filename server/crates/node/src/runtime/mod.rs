//! The node's face to the kubelet: what the Container Runtime Interface offers, as plain types and methods.
//!
//! Nothing here knows Kubernetes' API. Identifiers, states and error texts are those of containerd and runc.

mod container;
mod error;
mod event;
mod logs;
mod node;
mod pod;
mod record;
mod rootfs;
mod sandbox;
mod session;
mod stats;
mod stream;
mod volume;

pub use container::{
    ContainerConfig, ContainerId, ContainerState, ContainerStatus, ExitReason, ExitStatus, LogLimits,
    Resources, Security, Signal, User,
};
pub use error::RuntimeError;
pub use event::{ContainerChange, NodeEvent, NodeEvents};
pub use logs::{LogEntry, LogOptions, LogReader, LogStream};
pub use node::{Node, NodeConfig, NodeStats};
pub use sandbox::{
    DnsConfig, NetworkMode, PidMode, PortMapping, SandboxConfig, SandboxId, SandboxState, SandboxStatus,
};
pub use session::{
    AttachOptions, ExecOptions, ExitWaiter, ProcessControl, Session, TerminalControl, WindowSize,
};
pub use stats::{ContainerStats, NetworkStats};
pub use stream::{ByteSink, ByteSource};
pub use volume::{
    EmptyDir, FileSet, FsUsage, HostPathKind, Mount, ProjectedFile, TreeContent, TreeEntry, Volume,
};

//! What can go wrong at the node's boundary, in the words of containerd and runc.

use super::{container::ContainerId, sandbox::SandboxId};
use crate::image::ImageError;

/// Why the node could not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// No such container, or it was removed.
    #[error("container {0:?} not found")]
    ContainerNotFound(ContainerId),
    /// No such sandbox, or it was removed.
    #[error("sandbox {0:?} not found")]
    SandboxNotFound(SandboxId),
    /// The sandbox was stopped; nothing starts in it.
    #[error("sandbox container {0:?} is not running")]
    SandboxNotReady(SandboxId),
    /// The container does not run.
    #[error("container not running ({0})")]
    NotRunning(ContainerId),
    /// The container was started before.
    #[error("container {0:?} is already started")]
    AlreadyStarted(ContainerId),
    /// The container runs; stop it before removing it.
    #[error("container {0:?} is still running")]
    StillRunning(ContainerId),
    /// The image is not on the node, or its name is invalid.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The container's first process could not be started. The container's status says the same, with the reason
    /// `StartError` and exit code 128.
    #[error("{0}")]
    Start(String),
    /// The process could not be started.
    #[error("{0}")]
    Exec(String),
    /// A configuration makes no sense: an unknown user, a path that leaves its volume.
    #[error("{0}")]
    InvalidConfig(String),
    /// A volume or a mount could not be made.
    #[error("{0}")]
    Mount(String),
    /// A port of the node is taken.
    #[error("{0}")]
    HostPort(String),
    /// The node, or the learner's share of it, is full.
    #[error("{0}")]
    OutOfResources(String),
}

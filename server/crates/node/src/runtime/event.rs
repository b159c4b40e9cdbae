//! What happens to containers, told as it happens, so that nobody polls.

use jiff::Timestamp;
use tokio::sync::broadcast;

use super::{container::ContainerId, sandbox::SandboxId};

/// How many events wait for a slow listener before it has to look for itself.
pub(crate) const EVENT_BACKLOG: usize = 256;

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeEvent {
    /// A container changed.
    Container {
        /// Its sandbox.
        sandbox: SandboxId,
        /// Which one.
        container: ContainerId,
        /// What happened.
        change: ContainerChange,
        /// When.
        time: Timestamp,
    },
    /// A sandbox was stopped.
    SandboxStopped {
        /// Which one.
        sandbox: SandboxId,
        /// When.
        time: Timestamp,
    },
    /// The listener was too slow and missed some: look at everything again ([`crate::Node::containers`]).
    Missed,
}

/// What happened to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerChange {
    /// It was made.
    Created,
    /// Its first process runs.
    Started,
    /// Its first process ended, or could not be started: [`crate::Node::container_status`] says how.
    Exited,
    /// It was removed.
    Removed,
}

/// The node's events from the moment of [`crate::Node::events`] on.
#[derive(Debug)]
pub struct NodeEvents(pub(crate) broadcast::Receiver<NodeEvent>);

impl NodeEvents {
    /// The next event; `None` when the node is gone.
    pub async fn next(&mut self) -> Option<NodeEvent> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(NodeEvent::Missed),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

//! How a container stands, as its Pod's status shows it.

use jiff::Timestamp;
use podlab_node::{ContainerId, ContainerState, ContainerStatus, LogOptions, Node};

use crate::kubelet::pod::{Exit, InstanceState, Manifest};

/// What is taken of a log as a termination message: so many lines, and so many bytes of them.
const MESSAGE_LINES: usize = 80;
const MESSAGE_BYTES: usize = 2048;

/// The state of a container; `None` where the node does not know it.
pub(crate) async fn current_state(
    node: &Node,
    manifest: &Manifest,
    id: &ContainerId,
) -> Option<InstanceState> {
    let status = node.container_status(id)?;
    Some(match status.state {
        ContainerState::Created => InstanceState::Created,
        ContainerState::Running => {
            InstanceState::Running { started_at: status.started_at.unwrap_or(status.created_at) }
        }
        ContainerState::Exited => {
            let message = message(node, manifest, &status).await;
            let never = Timestamp::UNIX_EPOCH;
            InstanceState::Exited(Exit {
                code: status.exit_code.unwrap_or_default(),
                reason: status.reason.map_or("Error", podlab_node::ExitReason::as_str).to_owned(),
                message: Some(message).filter(|message| !message.is_empty()),
                started_at: status.started_at.unwrap_or(never),
                finished_at: status.finished_at.unwrap_or(never),
            })
        }
    })
}

/// What the runtime has to say, and what the container left behind.
async fn message(node: &Node, manifest: &Manifest, status: &ContainerStatus) -> String {
    let container = manifest.by_name(&status.name).map(|(_, container)| container);
    let policy = container.and_then(|container| container.termination_message_policy.as_deref());
    let mut left = status.termination_message.clone().unwrap_or_default();
    let failed = status.exit_code.is_some_and(|code| code != 0);
    if left.is_empty() && failed && policy == Some("FallbackToLogsOnError") {
        left = last_lines(node, &status.id).await;
    }
    match (status.message.as_deref().unwrap_or_default(), left.as_str()) {
        ("", left) => left.to_owned(),
        (message, "") => message.to_owned(),
        (message, left) => format!("{message}: {left}"),
    }
}

async fn last_lines(node: &Node, id: &ContainerId) -> String {
    let options = LogOptions { tail: Some(MESSAGE_LINES), ..LogOptions::default() };
    let Ok(mut log) = node.logs(id, options) else { return String::new() };
    let mut text = Vec::new();
    while let Some(entry) = log.next().await {
        text.extend_from_slice(&entry.text);
        if !entry.partial {
            text.push(b'\n');
        }
    }
    let from = text.len().saturating_sub(MESSAGE_BYTES);
    String::from_utf8_lossy(text.get(from..).unwrap_or_default()).into_owned()
}

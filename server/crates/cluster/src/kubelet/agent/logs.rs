//! The log of a container, cut and stamped as the query says.

use bytes::{BufMut, Bytes, BytesMut};
use futures::{StreamExt, stream::BoxStream};
use jiff::{Timestamp, tz::TimeZone};
use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, PodStatus};
use podlab_node::{LogEntry, LogReader};

use super::Card;
use crate::{
    kubelet::{pod::ID_PREFIX, seat::NodeFacts},
    node_agent::{AgentError, Answer, ContainerRef, LogOptions, LogStream},
};

/// Opens a log.
pub(super) fn open(
    facts: &NodeFacts,
    card: &Card,
    container: &ContainerRef,
    options: &LogOptions,
) -> Answer<BoxStream<'static, Bytes>> {
    let id = instance(&card.status, &container.pod.name, &container.container, options.previous)
        .map_err(|message| AgentError { code: 400, message })?;
    let instance = id.strip_prefix(ID_PREFIX).unwrap_or(&id);
    let wanted = podlab_node::LogOptions {
        since: options.since,
        tail: options.tail_lines.map(|lines| usize::try_from(lines).unwrap_or(usize::MAX)),
        follow: options.follow,
    };
    let reader = card.seat.instance(instance).and_then(|id| facts.node.logs(&id, wanted).ok());
    let Some(reader) = reader else {
        // The node keeps one dead instance of each container; of those before it this is all that there is.
        let text = Bytes::from(format!("unable to retrieve container logs for {id}"));
        return Ok(futures::stream::iter([text]).boxed());
    };
    Ok(lines(reader, options.clone()).boxed())
}

fn lines(reader: LogReader, options: LogOptions) -> impl futures::Stream<Item = Bytes> {
    let room = options.limit_bytes.map_or(usize::MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    let state = (reader, options, room, Started::default());
    futures::stream::unfold(state, async |(mut reader, options, room, mut started)| {
        if room == 0 {
            return None;
        }
        loop {
            let entry = reader.next().await?;
            let wanted = match options.stream {
                LogStream::All => true,
                LogStream::Stdout => entry.stream == podlab_node::LogStream::Stdout,
                LogStream::Stderr => entry.stream == podlab_node::LogStream::Stderr,
            };
            if wanted {
                let mut line = started.line(&entry, options.timestamps);
                line.truncate(room);
                let left = room - line.len();
                return Some((line.freeze(), (reader, options, left, started)));
            }
        }
    })
}

/// Which streams are in the middle of a line.
#[derive(Default)]
struct Started {
    stdout: bool,
    stderr: bool,
}

impl Started {
    fn line(&mut self, entry: &LogEntry, timestamps: bool) -> BytesMut {
        let inside = match entry.stream {
            podlab_node::LogStream::Stdout => &mut self.stdout,
            podlab_node::LogStream::Stderr => &mut self.stderr,
        };
        let mut line = BytesMut::with_capacity(entry.text.len() + 40);
        if timestamps && !*inside {
            line.put_slice(stamp(entry.time).as_bytes());
            line.put_u8(b' ');
        }
        line.put_slice(&entry.text);
        if !entry.partial {
            line.put_u8(b'\n');
        }
        *inside = entry.partial;
        line
    }
}

/// RFC 3339 with nanoseconds.
fn stamp(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string()
}

/// Which instance's log is meant, by the container's status.
fn instance(status: &PodStatus, pod: &str, name: &str, previous: bool) -> Result<String, String> {
    let all =
        [&status.container_statuses, &status.init_container_statuses, &status.ephemeral_container_statuses];
    let found = all.into_iter().flatten().flatten().find(|container| container.name == name);
    let container = found.ok_or_else(|| format!("container \"{name}\" in pod \"{pod}\" is not available"))?;
    let ended = |state: Option<&ContainerState>| -> Option<String> {
        state?.terminated.as_ref()?.container_id.clone().filter(|id| !id.is_empty())
    };
    let last = ended(container.last_state.as_ref());
    if previous {
        let missing = || format!("previous terminated container \"{name}\" in pod \"{pod}\" not found");
        return last.ok_or_else(missing);
    }
    let state = container.state.as_ref();
    if state.is_some_and(|state| state.running.is_some()) {
        return Ok(container.container_id.clone().unwrap_or_default());
    }
    if let Some(id) = ended(state).or(last) {
        return Ok(id);
    }
    let over = |container: &ContainerStatus| {
        let last = container.last_state.as_ref();
        [container.state.as_ref(), last].into_iter().flatten().any(|state| state.terminated.is_some())
    };
    if over(container) {
        return Err(format!("container \"{name}\" in pod \"{pod}\" is terminated"));
    }
    let reason = state.and_then(|state| state.waiting.as_ref()).and_then(|waiting| waiting.reason.as_deref());
    let why = match reason {
        Some("ErrImagePull") => "image can't be pulled",
        Some("ImagePullBackOff") => "trying and failing to pull image",
        Some(reason) => reason,
        None => {
            return Err(format!("container \"{name}\" in pod \"{pod}\" is waiting to start - no logs yet"));
        }
    };
    Err(format!("container \"{name}\" in pod \"{pod}\" is waiting to start: {why}"))
}

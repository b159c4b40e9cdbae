//! Who is connected: what waits to be sent to them, what they listen to, and who watches all commands.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::poll_fn,
    sync::{Arc, Mutex},
    task::Poll,
};

use bytes::Bytes;

use super::protocol::{Reply, request};
use crate::{
    kernel::{
        net::Stream,
        wait::{WaitQueue, lock},
    },
    libc::fnmatch::{MatchOptions, matches},
};

/// What may wait to be sent to somebody who listens and does not read, in bytes. Past it the connection is closed.
const MAX_WAITING: usize = 1 << 20;

/// What waits to be sent over a connection.
#[derive(Debug, Default)]
pub(super) struct Outbox(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    queue: VecDeque<Bytes>,
    bytes: usize,
    /// It is written at present.
    sending: bool,
    overflown: bool,
    changed: WaitQueue,
}

impl Outbox {
    /// Adds what is to be sent.
    pub(super) fn push(&self, reply: &Reply) {
        self.push_bytes(reply.encode().into());
    }

    /// Adds what is to be sent, as it is.
    pub(super) fn push_bytes(&self, bytes: Bytes) {
        let mut waiting = lock(&self.0);
        // A reply of its own may be as large as it is; what others cause may not.
        waiting.overflown |= !waiting.queue.is_empty() && waiting.bytes + bytes.len() > MAX_WAITING;
        if !waiting.overflown {
            waiting.bytes += bytes.len();
            waiting.queue.push_back(bytes);
        }
        waiting.changed.wake();
    }

    /// Waits until all is sent.
    pub(super) async fn sent(&self) {
        poll_fn(|cx| {
            let mut waiting = lock(&self.0);
            if waiting.queue.is_empty() && !waiting.sending {
                return Poll::Ready(());
            }
            waiting.changed.register(cx);
            Poll::Pending
        })
        .await;
    }

    /// Sends what is added, until the connection breaks or too much waits.
    pub(super) async fn send(&self, stream: &Stream) {
        loop {
            let next = poll_fn(|cx| {
                let mut waiting = lock(&self.0);
                if waiting.overflown {
                    return Poll::Ready(None);
                }
                match waiting.queue.pop_front() {
                    Some(bytes) => {
                        waiting.bytes -= bytes.len();
                        waiting.sending = true;
                        Poll::Ready(Some(bytes))
                    }
                    None => {
                        waiting.changed.register(cx);
                        Poll::Pending
                    }
                }
            });
            let Some(mut bytes) = next.await else { return };
            while !bytes.is_empty() {
                if poll_fn(|cx| stream.poll_write(cx, &mut bytes)).await.is_err() {
                    return;
                }
            }
            let mut waiting = lock(&self.0);
            waiting.sending = false;
            waiting.changed.wake();
        }
    }
}

/// Somebody who is connected, as others see them.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) outbox: Arc<Outbox>,
    pub(super) address: String,
    pub(super) name: Bytes,
    pub(super) database: usize,
    pub(super) channels: BTreeSet<Bytes>,
    pub(super) patterns: BTreeSet<Bytes>,
    /// Sees all commands (`MONITOR`).
    pub(super) monitors: bool,
    /// Is a replica, which was told last that changes are of this database.
    pub(super) replica: Option<Option<usize>>,
}

/// All who are connected, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Clients {
    pub(super) all: BTreeMap<u64, Client>,
    last: u64,
    /// How much replicas were sent, in bytes.
    pub(super) sent_to_replicas: u64,
}

impl Clients {
    pub(super) fn add(&mut self, outbox: Arc<Outbox>, address: String) -> u64 {
        self.last += 1;
        let client = Client {
            outbox,
            address,
            name: Bytes::new(),
            database: 0,
            channels: BTreeSet::new(),
            patterns: BTreeSet::new(),
            monitors: false,
            replica: None,
        };
        self.all.insert(self.last, client);
        self.last
    }

    /// Tells all who listen; returns how many that are.
    pub(super) fn publish(&self, channel: &Bytes, message: &Bytes) -> usize {
        let mut count = 0;
        for client in self.all.values() {
            if client.channels.contains(channel) {
                client.outbox.push(&words("message", &[channel, message]));
                count += 1;
            }
            for pattern in client.patterns.iter().filter(|pattern| fits(pattern, channel)) {
                client.outbox.push(&words("pmessage", &[pattern, channel, message]));
                count += 1;
            }
        }
        count
    }

    /// Sends replicas a command that has changed a database.
    pub(super) fn replicate(&mut self, database: usize, words: &[Bytes]) {
        let mut sent = 0;
        let mut bytes = Bytes::new();
        for client in self.all.values_mut() {
            let Some(selected) = &mut client.replica else { continue };
            if bytes.is_empty() {
                bytes = request(words).into();
                sent += bytes.len() as u64;
            }
            if *selected != Some(database) {
                *selected = Some(database);
                let select = request(&[Bytes::from_static(b"SELECT"), database.to_string().into()]);
                client.outbox.push_bytes(select.into());
            }
            client.outbox.push_bytes(bytes.clone());
        }
        self.sent_to_replicas += sent;
    }

    /// Shows a command to whoever watches.
    pub(super) fn show(&self, line: &str) {
        for client in self.all.values().filter(|client| client.monitors) {
            client.outbox.push(&Reply::Status(line.to_owned()));
        }
    }

    /// Channels that somebody listens to.
    pub(super) fn channels(&self) -> BTreeSet<Bytes> {
        self.all.values().flat_map(|client| client.channels.iter().cloned()).collect()
    }
}

pub(super) fn fits(pattern: &[u8], channel: &[u8]) -> bool {
    matches(pattern, channel, MatchOptions::default())
}

fn words(kind: &str, words: &[&Bytes]) -> Reply {
    let words = words.iter().map(|word| Reply::Bulk(Bytes::clone(word)));
    Reply::Array(std::iter::once(Reply::text(kind)).chain(words).collect())
}

//! TCP connections: two pipes and two addresses.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;

use super::NetNamespace;
use crate::kernel::{
    errno::Errno,
    pipe::{PipeReader, PipeWriter, pipe_within},
    wait::lock,
};

/// One side of a connection. Dropping it closes it: the other side reads to the end, then finds writes failing.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) id: u64,
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    incoming: PipeReader,
    /// `None` after a shutdown of this direction.
    outgoing: Mutex<Option<PipeWriter>>,
    /// Whether the other side has ended what it sends.
    peer_done: AtomicBool,
    /// What it moved, for the namespace's counters.
    received: AtomicU64,
    sent: AtomicU64,
    /// Where it is listed, if it belongs to a namespace.
    namespace: Weak<NetNamespace>,
}

impl Stream {
    /// Makes a connection and returns its two sides: the one that connects from `client`, and the one at `server`,
    /// which sees `client_as_seen`. Each is listed in its namespace, if it has one.
    pub(crate) fn pair(
        ids: [u64; 2],
        client: SocketAddr,
        client_as_seen: SocketAddr,
        server_as_asked: SocketAddr,
        server: SocketAddr,
        namespaces: [Weak<NetNamespace>; 2],
    ) -> (Arc<Self>, Arc<Self>) {
        // What is on its way is paid for by who is to read it, or else by who wrote it.
        let budgets =
            namespaces.each_ref().map(|namespace| namespace.upgrade().map(|namespace| namespace.budget()));
        let [at_client, at_server] = budgets.each_ref().map(Option::as_ref);
        let (to_server, from_client) = pipe_within(at_server.or(at_client));
        let (to_client, from_server) = pipe_within(at_client.or(at_server));
        let [client_ns, server_ns] = namespaces;
        let side = |id, local, peer, incoming, outgoing, namespace| {
            Arc::new(Self {
                id,
                local,
                peer,
                incoming,
                outgoing: Mutex::new(Some(outgoing)),
                peer_done: AtomicBool::new(false),
                received: AtomicU64::new(0),
                sent: AtomicU64::new(0),
                namespace,
            })
        };
        let client = side(ids[0], client, server_as_asked, to_client, from_client, client_ns);
        let server = side(ids[1], server, client_as_seen, to_server, from_server, server_ns);
        for stream in [&client, &server] {
            if let Some(namespace) = stream.namespace.upgrade() {
                namespace.list_stream(stream);
            }
        }
        (client, server)
    }

    pub(crate) fn poll_read(&self, cx: &Context<'_>, max: usize) -> Poll<Result<Bytes, Errno>> {
        let read = self.incoming.poll_take(cx, max);
        if let Poll::Ready(Ok(bytes)) = &read {
            self.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            if bytes.is_empty() && max > 0 {
                self.peer_done.store(true, Ordering::Relaxed);
            }
        }
        read.map_err(Errno::from)
    }

    pub(crate) fn poll_write(&self, cx: &Context<'_>, bytes: &mut Bytes) -> Poll<Result<(), Errno>> {
        let before = bytes.len();
        let outgoing = lock(&self.outgoing);
        let Some(writer) = &*outgoing else { return Poll::Ready(Err(Errno::EPIPE)) };
        let written = writer.poll_put(cx, bytes);
        self.sent.fetch_add((before - bytes.len()) as u64, Ordering::Relaxed);
        written.map_err(Errno::from)
    }

    /// Ends what this side sends; it can still read.
    pub(crate) fn shutdown(&self) {
        lock(&self.outgoing).take();
    }

    /// Breaks the connection: both sides get `Connection reset by peer`.
    pub(crate) fn reset(&self) {
        if let Some(writer) = lock(&self.outgoing).take() {
            writer.reset();
        }
    }

    /// The state as `netstat` names it.
    pub(super) fn state(&self) -> super::SocketState {
        let ended = lock(&self.outgoing).is_none();
        match (ended, self.peer_done.load(Ordering::Relaxed)) {
            (false, false) => super::SocketState::Established,
            (false, true) => super::SocketState::CloseWait,
            (true, false) => super::SocketState::FinWait2,
            (true, true) => super::SocketState::LastAck,
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(namespace) = self.namespace.upgrade() {
            namespace.unlist_stream(self.id, *self.received.get_mut(), *self.sent.get_mut());
        }
    }
}

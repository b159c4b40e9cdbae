//! Sockets that wait for connections.

use std::{
    collections::VecDeque,
    future::poll_fn,
    net::SocketAddr,
    sync::{Arc, Mutex, Weak},
    task::{Context, Poll},
};

use super::{NetNamespace, Stream};
use crate::kernel::wait::{WaitQueue, lock};

/// How many connections wait to be accepted before further ones have to wait: Linux's `somaxconn` of old.
const BACKLOG: usize = 128;

/// A socket that listens. Dropping it frees its port and breaks the connections that were not accepted.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) id: u64,
    pub(crate) local: SocketAddr,
    namespace: Weak<NetNamespace>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Arc<Stream>>,
    closed: bool,
    can_accept: WaitQueue,
    has_room: WaitQueue,
}

impl Listener {
    pub(super) fn new(id: u64, local: SocketAddr, namespace: &Arc<NetNamespace>) -> Arc<Self> {
        Arc::new(Self { id, local, namespace: Arc::downgrade(namespace), state: Mutex::default() })
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> Arc<Stream> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    pub(crate) fn poll_accept(&self, cx: &Context<'_>) -> Poll<Arc<Stream>> {
        let mut state = lock(&self.state);
        if let Some(stream) = state.queue.pop_front() {
            state.has_room.wake();
            return Poll::Ready(stream);
        }
        state.can_accept.register(cx);
        Poll::Pending
    }

    /// Waits for room in the queue; `false` where the listener has gone meanwhile.
    pub(crate) async fn room(&self) -> bool {
        poll_fn(|cx| {
            let mut state = lock(&self.state);
            if state.closed || state.queue.len() < BACKLOG {
                return Poll::Ready(!state.closed);
            }
            state.has_room.register(cx);
            Poll::Pending
        })
        .await
    }

    /// Queues a connection.
    pub(crate) fn push(&self, stream: Arc<Stream>) {
        let mut state = lock(&self.state);
        if state.closed {
            drop(state);
            stream.reset();
            return;
        }
        state.queue.push_back(stream);
        state.can_accept.wake();
    }

    /// Frees the port at once, whoever still holds the socket.
    pub(crate) fn close(&self) {
        let queue = {
            let mut state = lock(&self.state);
            state.closed = true;
            state.has_room.wake();
            std::mem::take(&mut state.queue)
        };
        if let Some(namespace) = self.namespace.upgrade() {
            namespace.unlist_listener(self.id);
        }
        for stream in queue {
            stream.reset();
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.close();
    }
}

//! Datagrams.

use std::{
    collections::VecDeque,
    future::poll_fn,
    net::SocketAddr,
    sync::{Arc, Mutex, Weak},
    task::Poll,
};

use bytes::Bytes;

use super::NetNamespace;
use crate::kernel::wait::{WaitQueue, lock};

/// How many datagrams wait to be received; what comes on top is lost.
const QUEUE: usize = 64;

/// A message and who sent it.
#[derive(Clone, Debug)]
pub(crate) struct Datagram {
    pub(crate) from: SocketAddr,
    pub(crate) bytes: Bytes,
}

/// A socket for datagrams.
#[derive(Debug)]
pub(crate) struct UdpSocket {
    pub(crate) id: u64,
    pub(crate) local: SocketAddr,
    /// Whom it talks with, where that was settled (`connect(2)`): others are not heard.
    peer: Mutex<Option<SocketAddr>>,
    namespace: Weak<NetNamespace>,
    queue: Mutex<(VecDeque<Datagram>, WaitQueue)>,
}

impl UdpSocket {
    pub(super) fn new(id: u64, local: SocketAddr, namespace: &Arc<NetNamespace>) -> Arc<Self> {
        let namespace = Arc::downgrade(namespace);
        Arc::new(Self { id, local, peer: Mutex::default(), namespace, queue: Mutex::default() })
    }

    /// Settles whom it talks with.
    pub(crate) fn connect(&self, peer: SocketAddr) {
        *lock(&self.peer) = Some(peer);
    }

    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        *lock(&self.peer)
    }

    /// The next message.
    pub(crate) async fn receive(&self) -> Datagram {
        poll_fn(|cx| {
            let mut queue = lock(&self.queue);
            match queue.0.pop_front() {
                Some(datagram) => Poll::Ready(datagram),
                None => {
                    queue.1.register(cx);
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Queues a message, unless too many wait.
    pub(crate) fn push(&self, datagram: Datagram) {
        if self.peer().is_some_and(|peer| peer != datagram.from) {
            return;
        }
        let mut queue = lock(&self.queue);
        if queue.0.len() < QUEUE {
            queue.0.push_back(datagram);
            queue.1.wake();
        }
    }
}

impl Drop for UdpSocket {
    fn drop(&mut self) {
        if let Some(namespace) = self.namespace.upgrade() {
            namespace.unlist_udp(self.id);
        }
    }
}

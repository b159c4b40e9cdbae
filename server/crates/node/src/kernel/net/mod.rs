//! Sockets: the network namespace of a sandbox and what is open in it.

mod listener;
mod namespace;
mod stream;
mod udp;

pub(crate) use listener::Listener;
pub(crate) use namespace::{Interface, NetNamespace, SocketRow, SocketState};
pub(crate) use stream::Stream;
pub(crate) use udp::{Datagram, UdpSocket};

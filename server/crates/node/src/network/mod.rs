//! The network of one cluster: addresses of Pods and nodes, virtual services, names, traffic policies, and the
//! byte streams between all of them.
//!
//! Tables are replaced as a whole by whoever knows the cluster's objects; a connection that stands is not cut by it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{
    env::Env,
    runtime::{ByteSink, ByteSource},
};

/// A transport protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Streams.
    #[default]
    Tcp,
    /// Datagrams.
    Udp,
}

/// A virtual service: addresses and ports that lead to one of several backends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its own addresses (cluster IPs, external and load balancer IPs); empty for one without (its names are DNS
    /// records only).
    pub addresses: Vec<IpAddr>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// How long a client stays with its backend (session affinity by client IP).
    pub affinity: Option<Duration>,
}

/// One port of a virtual service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePort {
    /// The transport.
    pub protocol: Protocol,
    /// The port at the service's addresses.
    pub port: u16,
    /// The port at every node's address, if any.
    pub node_port: Option<u16>,
    /// Where connections go; with none of them a connection is refused.
    pub backends: Vec<SocketAddr>,
}

/// What the cluster's name server answers.
#[derive(Clone, Debug, Default)]
pub struct DnsZones {
    /// The addresses that the server answers at (port 53).
    pub servers: Vec<IpAddr>,
    /// The domains that it is the authority for (`cluster.local`): a name in them that has no record does not exist.
    /// Anything else would have to be asked outside of the cluster, which there is no way to.
    pub domains: Vec<String>,
    /// Name, lower case and without the final dot, to what is known of it.
    pub records: BTreeMap<String, Vec<DnsRecord>>,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsRecord {
    /// An address (A or AAAA).
    Address(IpAddr),
    /// Another name (CNAME).
    Alias(String),
    /// A port of a host (SRV).
    Service {
        /// Port number.
        port: u16,
        /// The host's name.
        target: String,
    },
    /// The name of an address (PTR), under `in-addr.arpa`.
    Pointer(String),
}

/// A rule set on the traffic of some addresses. Once an address is subject to a policy for a direction, only what
/// some policy's rule allows passes; the rest is dropped silently, so that the other side's attempt times out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficPolicy {
    /// The addresses that it is about.
    pub subjects: BTreeSet<IpAddr>,
    /// Seen from the subjects.
    pub direction: Direction,
    /// What passes.
    pub allow: Vec<TrafficRule>,
}

/// Which way a connection is opened, seen from a policy's subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the subject.
    Ingress,
    /// From the subject.
    Egress,
}

/// What a policy allows: traffic with any of the peers on any of the ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrafficRule {
    /// The other sides; `None` for all.
    pub peers: Option<Vec<TrafficPeer>>,
    /// The subject's ports for ingress, the other side's for egress; `None` for all.
    pub ports: Option<Vec<TrafficPort>>,
}

/// Another side of a policy's traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrafficPeer {
    /// Any of these addresses.
    Addresses(BTreeSet<IpAddr>),
    /// An address range, without some ranges in it.
    Range {
        /// Network address and prefix length.
        range: (IpAddr, u8),
        /// What is left out.
        except: Vec<(IpAddr, u8)>,
    },
}

/// Ports that a policy allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficPort {
    /// The transport.
    pub protocol: Protocol,
    /// From this port...
    pub first: u16,
    /// ...to this one, included.
    pub last: u16,
}

/// Where a connection from outside of any container comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A process on the node of this name, such as its kubelet (probes): never subject to policies of the node's own
    /// Pods, which see the node's gateway address.
    Node(String),
    /// A machine beside the nodes, such as the control plane or a client of a node port, with this address.
    Outside(IpAddr),
}

/// Why a connection was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Nothing listens there.
    #[error("connection refused")]
    Refused,
    /// Nothing answered: what was sent is dropped on the way (a policy), and the sender gave up.
    #[error("connection timed out")]
    TimedOut,
    /// There is no way to the address: no Pod has it, or it is outside of the cluster.
    #[error("no route to host")]
    Unreachable,
}

/// The network of one cluster. A clone is the same network.
#[derive(Clone, Debug)]
pub struct Network(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    env: Env,
}

impl Network {
    /// A network that nothing is joined to yet.
    pub fn new(env: Env) -> Self {
        Self(Arc::new(Inner { env }))
    }

    /// Replaces all virtual services.
    pub fn set_services(&self, services: Vec<Service>) {
        let _ = services;
    }

    /// Replaces what the name server knows.
    pub fn set_dns(&self, zones: DnsZones) {
        let _ = zones;
    }

    /// Replaces all traffic policies.
    pub fn set_policies(&self, policies: Vec<TrafficPolicy>) {
        let _ = policies;
    }

    /// Opens a stream to an address: a Pod's, a service's, a node's. Where packets are dropped this takes as long as
    /// Linux tries (127 seconds); race it against a shorter timeout of your own.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`].
    pub async fn connect(&self, origin: &Origin, to: SocketAddr) -> Result<Connection, ConnectError> {
        let _ = (origin, to, &self.0.env);
        Err(ConnectError::Unreachable)
    }
}

/// An open stream in both directions. Shutting it down ends what the other side reads; dropping it closes it.
#[derive(Debug)]
pub struct Connection {
    source: ByteSource,
    sink: ByteSink,
    local: SocketAddr,
    peer: SocketAddr,
}

impl Connection {
    /// This side's address.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The other side's address.
    pub fn peer_addr(&self) -> SocketAddr {
        self.peer
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.source).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.sink).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.sink).poll_shutdown(cx)
    }
}

//! The tables that whoever knows the cluster's objects hands to the network.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    time::Duration,
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
    /// The Pods behind these addresses, by which traffic policies know the server; where there are none, it is known by
    /// its own addresses.
    pub backends: Vec<IpAddr>,
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

//! The network of one cluster: addresses of Pods and nodes, virtual services, names, traffic policies, and the
//! byte streams between all of them.
//!
//! Tables are replaced as a whole by whoever knows the cluster's objects; a connection that stands is not cut by it.

mod connection;
mod dns;
mod fabric;
mod policy;
mod tables;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

pub use connection::Connection;
pub(crate) use dns::{DnsAnswer, DnsType};
pub(crate) use fabric::{Echo, Fabric, NodePorts};
pub(crate) use policy::in_range;
pub use tables::{
    Direction, DnsRecord, DnsZones, Protocol, Service, ServicePort, TrafficPeer, TrafficPolicy, TrafficPort,
    TrafficRule,
};

use crate::{env::Env, kernel::errno::Errno};

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

impl From<Errno> for ConnectError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::ECONNREFUSED | Errno::ECONNRESET => Self::Refused,
            Errno::ETIMEDOUT => Self::TimedOut,
            _ => Self::Unreachable,
        }
    }
}

/// The connections to a server beside the nodes. Connections are refused once it is dropped.
#[derive(Debug)]
pub struct Connections(tokio::sync::mpsc::Receiver<Connection>);

impl Connections {
    /// The next connection; `None` once the network has gone.
    pub async fn accept(&mut self) -> Option<Connection> {
        self.0.recv().await
    }
}

/// The network of one cluster. A clone is the same network.
#[derive(Clone, Debug)]
pub struct Network(pub(crate) Arc<Fabric>);

impl Network {
    /// A network that nothing is joined to yet.
    pub fn new(env: Env) -> Self {
        Self(Arc::new(Fabric::new(env)))
    }

    /// Replaces all virtual services.
    pub fn set_services(&self, services: Vec<Service>) {
        self.0.set_services(services);
    }

    /// Replaces what the name server knows.
    pub fn set_dns(&self, zones: DnsZones) {
        self.0.set_dns(zones);
    }

    /// Replaces all traffic policies.
    pub fn set_policies(&self, policies: Vec<TrafficPolicy>) {
        self.0.set_policies(policies);
    }

    /// Takes the connections that containers open to `address`, which belongs to a machine beside the nodes: the control
    /// plane's, say.
    pub fn serve(&self, address: SocketAddr) -> Connections {
        Connections(self.0.serve(address))
    }

    /// Opens a stream to an address: a Pod's, a service's, a node's. Where packets are dropped this takes as long as
    /// Linux tries (127 seconds); race it against a shorter timeout of your own.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`].
    pub async fn connect(&self, origin: &Origin, to: SocketAddr) -> Result<Connection, ConnectError> {
        Ok(Connection::new(self.0.connect_from_outside(origin, to).await?))
    }
}

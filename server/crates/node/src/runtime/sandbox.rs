//! What a Pod's sandbox is made of: the namespaces that its containers share.

use std::{fmt, net::IpAddr, sync::Arc};

use jiff::Timestamp;

/// Names a sandbox on its node: 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SandboxId(pub(crate) Arc<str>);

impl SandboxId {
    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SandboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SandboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What [`crate::Node::run_sandbox`] makes. Every field has a default that suits an ordinary Pod.
#[derive(Clone, Debug, Default)]
pub struct SandboxConfig {
    /// What the sandbox is for, as `namespace/name`: shows in the node's own messages only.
    pub name: String,
    /// What `hostname` prints in the sandbox's containers.
    pub hostname: String,
    /// What `/etc/resolv.conf` says.
    pub dns: DnsConfig,
    /// Ports of the node that lead to the sandbox (hostPort).
    pub port_mappings: Vec<PortMapping>,
    /// Whose network the containers use.
    pub network: NetworkMode,
    /// Who shares a process table.
    pub pids: PidMode,
}

/// `/etc/resolv.conf`, as resolv.conf(5) describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsConfig {
    /// The addresses of name servers.
    pub servers: Vec<IpAddr>,
    /// The search path for names with fewer dots than `ndots`.
    pub searches: Vec<String>,
    /// Options such as `ndots:5`.
    pub options: Vec<String>,
}

/// A port of the node that leads to a port of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortMapping {
    /// The transport.
    pub protocol: crate::network::Protocol,
    /// The port inside the sandbox.
    pub container_port: u16,
    /// The port of the node.
    pub host_port: u16,
    /// The node's address that listens; all of them where it is missing.
    pub host_ip: Option<IpAddr>,
}

/// Whose network a sandbox's containers use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NetworkMode {
    /// A network namespace of their own, with an address of the node's Pod range.
    #[default]
    Pod,
    /// The node's (hostNetwork).
    Host,
}

/// Who shares a process table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PidMode {
    /// Each container has its own; its first process is PID 1.
    #[default]
    Container,
    /// All containers share one; PID 1 is the pause process (shareProcessNamespace).
    Pod,
    /// All containers see the node's (hostPID).
    Host,
}

/// Whether a sandbox can hold running containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxState {
    /// It can.
    Ready,
    /// It was stopped.
    NotReady,
}

/// What is known of a sandbox.
#[derive(Clone, Debug)]
pub struct SandboxStatus {
    /// Its identifier.
    pub id: SandboxId,
    /// Whether it can hold running containers.
    pub state: SandboxState,
    /// When it was made.
    pub created_at: Timestamp,
    /// The address that other Pods reach it at: the node's for [`NetworkMode::Host`].
    pub ip: IpAddr,
}

//! Routing: from an address to the socket that listens there, by services, node ports and policies.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use tokio::sync::mpsc;

use super::{
    Connection, DnsAnswer, DnsType, DnsZones, Origin, Protocol, Service, TrafficPolicy, dns,
    policy::{Flow, in_range, passes},
};
use crate::{
    env::Env,
    kernel::{
        errno::Errno,
        net::{Datagram, Listener, NetNamespace, Stream},
        wait::lock,
    },
    rng::Rng,
};

/// How many connections wait to be accepted by a server beside the nodes.
const BACKLOG: usize = 128;
/// How long Linux tries to connect when nothing answers (six retries, doubled each time).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(127);
/// How long it looks for a neighbour that is not there.
const NEIGHBOUR_TIMEOUT: Duration = Duration::from_secs(3);

/// What joins all network namespaces of a cluster.
#[derive(Debug)]
pub(crate) struct Fabric {
    env: Env,
    rng: Mutex<Rng>,
    hosts: Mutex<Hosts>,
    services: Mutex<Arc<Vec<Service>>>,
    dns: Mutex<Arc<DnsZones>>,
    policies: Mutex<Arc<Vec<TrafficPolicy>>>,
    /// Which backend a client of a service with affinity got, and when it was last used.
    affinity: Mutex<HashMap<(SocketAddr, IpAddr), (SocketAddr, Duration)>>,
    next_id: std::sync::atomic::AtomicU64,
}

/// Who has which address.
#[derive(Debug, Default)]
struct Hosts {
    pods: HashMap<IpAddr, Weak<NetNamespace>>,
    nodes: Vec<NodePorts>,
    /// Ranges that Pods' addresses come from.
    ranges: Vec<(IpAddr, u8)>,
    /// Servers on machines beside the nodes.
    servers: HashMap<SocketAddr, mpsc::Sender<Connection>>,
}

/// A node, and which of its ports lead into Pods.
#[derive(Clone, Debug)]
pub(crate) struct NodePorts {
    pub(crate) name: Arc<str>,
    pub(crate) address: IpAddr,
    pub(crate) namespace: Weak<NetNamespace>,
    /// Host ports.
    pub(crate) ports: HashMap<(Protocol, u16), SocketAddr>,
}

/// Who opens a connection, as routing looks at it.
#[derive(Clone, Copy, Debug)]
struct Source {
    /// Its own address.
    ip: IpAddr,
    /// Whether it is a Pod (policies apply to where it goes).
    pod: bool,
    /// Whether policies apply at the other side: what a node sends to its own Pods always passes.
    trusted: bool,
    /// The gateway that Pods of its own node see it as, if it is a node.
    gateway: Option<IpAddr>,
}

/// Who takes a connection.
enum Destination {
    /// A socket in a namespace, at this address, to which the client is seen at that one.
    Socket(Arc<Listener>, Arc<NetNamespace>, SocketAddr, IpAddr),
    /// A server beside the nodes, at this address.
    Beside(mpsc::Sender<Connection>, SocketAddr),
}

/// What becomes of an echo request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    /// It is answered, by someone so many routers away.
    Answer {
        hops: u8,
    },
    /// Nobody says anything.
    Silent,
    /// Nobody has the address.
    Unreachable,
    NoRoute,
}

/// Where a packet goes.
enum Route {
    /// To a namespace, at this address, coming from that one.
    To {
        namespace: Arc<NetNamespace>,
        address: SocketAddr,
        from: IpAddr,
    },
    /// To a server beside the nodes, at this address.
    Beside(mpsc::Sender<Connection>, SocketAddr),
    Refused,
    Dropped,
    /// Nobody has the address, though it is one of the cluster's.
    NoNeighbour,
    Nowhere,
}

impl Fabric {
    pub(super) fn new(env: Env) -> Self {
        Self {
            rng: Mutex::new(Rng::new(env.seed ^ 0x6e65_7477)),
            env,
            hosts: Mutex::default(),
            services: Mutex::default(),
            dns: Mutex::default(),
            policies: Mutex::default(),
            affinity: Mutex::default(),
            next_id: std::sync::atomic::AtomicU64::new(900_000),
        }
    }

    pub(super) fn set_services(&self, services: Vec<Service>) {
        *lock(&self.services) = Arc::new(services);
    }

    /// The domain that its name server answers for itself and that a name is in.
    pub(crate) fn zone_of(&self, name: &str) -> Option<String> {
        let zones = Arc::clone(&lock(&self.dns));
        let name = name.trim_end_matches('.');
        zones.domains.iter().find(|zone| name == *zone || name.ends_with(&format!(".{zone}"))).cloned()
    }

    pub(super) fn set_dns(&self, zones: DnsZones) {
        *lock(&self.dns) = Arc::new(zones);
    }

    pub(super) fn set_policies(&self, policies: Vec<TrafficPolicy>) {
        *lock(&self.policies) = Arc::new(policies);
    }

    /// Takes the connections to an address beside the nodes.
    pub(super) fn serve(&self, address: SocketAddr) -> mpsc::Receiver<Connection> {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        lock(&self.hosts).servers.insert(address, sender);
        receiver
    }

    /// Joins a node with its own namespace.
    pub(crate) fn join_node(&self, node: NodePorts, range: (IpAddr, u8)) {
        let mut hosts = lock(&self.hosts);
        hosts.nodes.retain(|known| known.name != node.name);
        hosts.nodes.push(node);
        hosts.ranges.push(range);
    }

    pub(crate) fn leave_node(&self, name: &str) {
        lock(&self.hosts).nodes.retain(|node| &*node.name != name);
    }

    /// Joins a Pod.
    pub(crate) fn join_pod(&self, namespace: &Arc<NetNamespace>) {
        lock(&self.hosts).pods.insert(namespace.ip, Arc::downgrade(namespace));
    }

    pub(crate) fn leave_pod(&self, ip: IpAddr) {
        lock(&self.hosts).pods.remove(&ip);
    }

    /// Leads a port of a node into a Pod; `false` where it is taken.
    pub(crate) fn add_host_port(&self, node: &str, key: (Protocol, u16), to: SocketAddr) -> bool {
        let mut hosts = lock(&self.hosts);
        let Some(node) = hosts.nodes.iter_mut().find(|known| &*known.name == node) else { return false };
        if node.ports.contains_key(&key) {
            return false;
        }
        node.ports.insert(key, to);
        true
    }

    /// Takes away the ports of a node that lead to `ip`.
    pub(crate) fn remove_host_ports(&self, node: &str, ip: IpAddr) {
        let mut hosts = lock(&self.hosts);
        if let Some(node) = hosts.nodes.iter_mut().find(|known| &*known.name == node) {
            node.ports.retain(|_, to| to.ip() != ip);
        }
    }

    /// Opens a connection from a namespace.
    pub(crate) async fn connect(
        &self,
        from: &Arc<NetNamespace>,
        to: SocketAddr,
    ) -> Result<Arc<Stream>, Errno> {
        let port = from.outgoing_port()?;
        if from.is_local(to.ip()) {
            let listener = from.listener(to).ok_or(Errno::ECONNREFUSED)?;
            let ip = if to.ip().is_unspecified() { loopback_like(to.ip()) } else { to.ip() };
            let client = SocketAddr::new(ip, port);
            let to = SocketAddr::new(ip, to.port());
            return self.establish([client, client, to, to], Some(from), from, &listener).await;
        }
        let source = self.source_of(from);
        let client = SocketAddr::new(from.ip, port);
        match self.destination(source, to).await? {
            Destination::Socket(listener, namespace, address, seen) => {
                let seen = SocketAddr::new(seen, port);
                self.establish([client, seen, to, address], Some(from), &namespace, &listener).await
            }
            Destination::Beside(server, address) => {
                let namespaces = [Arc::downgrade(from), Weak::new()];
                let (client, accepted) = self.pair([client, client, to, address], namespaces);
                server.try_send(Connection::new(accepted)).map_err(|_| Errno::ECONNREFUSED)?;
                Ok(client)
            }
        }
    }

    /// Opens a connection that no namespace holds.
    pub(super) async fn connect_from_outside(
        &self,
        origin: &Origin,
        to: SocketAddr,
    ) -> Result<Arc<Stream>, Errno> {
        let source = match origin {
            Origin::Node(name) => {
                let hosts = lock(&self.hosts);
                let node = hosts.nodes.iter().find(|node| *node.name == **name).ok_or(Errno::EHOSTUNREACH)?;
                let gateway = node.namespace.upgrade().map(|namespace| namespace.gateway);
                Source { ip: node.address, pod: false, trusted: true, gateway }
            }
            Origin::Outside(ip) => Source { ip: *ip, pod: false, trusted: false, gateway: None },
        };
        let Destination::Socket(listener, namespace, address, seen) = self.destination(source, to).await?
        else {
            // Who is outside of the cluster finds its servers without the cluster's network.
            return Err(Errno::ENETUNREACH);
        };
        let port = u16::try_from(32768 + lock(&self.rng).below(28000)).unwrap_or(32768);
        let addresses = [SocketAddr::new(source.ip, port), SocketAddr::new(seen, port), to, address];
        self.establish(addresses, None, &namespace, &listener).await
    }

    /// Opens a connection to a namespace's own loopback, as port-forward does.
    pub(crate) async fn connect_inside(
        &self,
        namespace: &Arc<NetNamespace>,
        port: u16,
    ) -> Result<Arc<Stream>, Errno> {
        let to = SocketAddr::new(loopback_like(namespace.ip), port);
        let listener = namespace.listener(to).ok_or(Errno::ECONNREFUSED)?;
        let client = SocketAddr::new(to.ip(), namespace.outgoing_port()?);
        self.establish([client, client, to, to], None, namespace, &listener).await
    }

    /// Sends a datagram from a namespace; one that nobody receives is lost, or refused.
    pub(crate) async fn send(
        &self,
        from: &Arc<NetNamespace>,
        port: u16,
        to: SocketAddr,
        bytes: bytes::Bytes,
    ) -> Result<(), Errno> {
        let (namespace, address, seen) = if from.is_local(to.ip()) {
            (Arc::clone(from), to, to.ip())
        } else {
            match self.route(self.source_of(from), to, Protocol::Udp) {
                Route::To { namespace, address, from } => (namespace, address, from),
                Route::Refused | Route::Beside(..) => return Err(Errno::ECONNREFUSED),
                Route::Dropped | Route::NoNeighbour => return Ok(()),
                Route::Nowhere => return Err(Errno::ENETUNREACH),
            }
        };
        let socket = namespace.udp_socket(address).ok_or(Errno::ECONNREFUSED)?;
        socket.push(Datagram { from: SocketAddr::new(seen, port), bytes });
        Ok(())
    }

    /// What becomes of an echo request (`ping`). Policies that name ports keep it off, as they do in a cluster.
    pub(crate) fn echo(&self, from: &Arc<NetNamespace>, to: IpAddr) -> Echo {
        if from.is_local(to) {
            return Echo::Answer { hops: 0 };
        }
        match self.route(self.source_of(from), SocketAddr::new(to, 0), Protocol::Tcp) {
            Route::To { .. } | Route::Beside(..) => Echo::Answer { hops: 1 },
            Route::Refused | Route::Dropped => Echo::Silent,
            Route::NoNeighbour => Echo::Unreachable,
            Route::Nowhere => Echo::NoRoute,
        }
    }

    /// Asks the name server at `server`.
    pub(crate) fn query(
        &self,
        from: &Arc<NetNamespace>,
        server: IpAddr,
        name: &str,
        kind: DnsType,
    ) -> DnsAnswer {
        let zones = Arc::clone(&lock(&self.dns));
        if !zones.servers.contains(&server) {
            return DnsAnswer::Timeout;
        }
        let policies = Arc::clone(&lock(&self.policies));
        let behind = if zones.backends.is_empty() { &zones.servers } else { &zones.backends };
        let reachable = !self.source_of(from).pod
            || behind.iter().any(|to| {
                passes(&policies, Flow { from: from.ip, to: *to, protocol: Protocol::Udp, port: 53 })
            });
        if reachable { dns::answer(&zones, name, kind) } else { DnsAnswer::Timeout }
    }

    fn source_of(&self, from: &Arc<NetNamespace>) -> Source {
        let hosts = lock(&self.hosts);
        let is_node = hosts.nodes.iter().any(|node| node.address == from.ip);
        let gateway = is_node.then_some(from.gateway);
        Source { ip: from.ip, pod: !is_node, trusted: is_node, gateway }
    }

    async fn destination(&self, source: Source, to: SocketAddr) -> Result<Destination, Errno> {
        match self.route(source, to, Protocol::Tcp) {
            Route::To { namespace, address, from } => {
                let listener = namespace.listener(address).ok_or(Errno::ECONNREFUSED)?;
                Ok(Destination::Socket(listener, namespace, address, from))
            }
            Route::Beside(server, address) => Ok(Destination::Beside(server, address)),
            Route::Refused => Err(Errno::ECONNREFUSED),
            Route::Nowhere => Err(Errno::ENETUNREACH),
            Route::NoNeighbour => {
                self.env.sleep(NEIGHBOUR_TIMEOUT).await;
                Err(Errno::EHOSTUNREACH)
            }
            Route::Dropped => {
                self.env.sleep(CONNECT_TIMEOUT).await;
                Err(Errno::ETIMEDOUT)
            }
        }
    }

    fn route(&self, source: Source, to: SocketAddr, protocol: Protocol) -> Route {
        let (address, masquerade) = match self.translate(source, to, protocol) {
            Ok(translated) => translated,
            Err(route) => return route,
        };
        let hosts = lock(&self.hosts);
        if let Some(server) = hosts.servers.get(&address).filter(|_| protocol == Protocol::Tcp).cloned() {
            drop(hosts);
            let policies = Arc::clone(&lock(&self.policies));
            let flow = Flow { from: source.ip, to: address.ip(), protocol, port: address.port() };
            return if passes(&policies, flow) { Route::Beside(server, address) } else { Route::Dropped };
        }
        let Some(namespace) = hosts.pods.get(&address.ip()).and_then(Weak::upgrade) else {
            if let Some(node) = hosts.nodes.iter().find(|node| node.address == address.ip()) {
                return match node.namespace.upgrade() {
                    Some(namespace) => Route::To { namespace, address, from: source.ip },
                    None => Route::NoNeighbour,
                };
            }
            let ours = hosts.ranges.iter().any(|range| in_range(address.ip(), *range));
            return if ours { Route::NoNeighbour } else { Route::Nowhere };
        };
        let own_node =
            hosts.nodes.iter().any(|node| node.address == source.ip && node.name == namespace.node);
        let from = if masquerade || address.ip() == source.ip {
            namespace.gateway
        } else if own_node {
            source.gateway.unwrap_or(namespace.gateway)
        } else {
            source.ip
        };
        drop(hosts);
        let policies = Arc::clone(&lock(&self.policies));
        let flow = Flow { from: source.ip, to: address.ip(), protocol, port: address.port() };
        if !(source.trusted && own_node || passes(&policies, flow)) {
            return Route::Dropped;
        }
        Route::To { namespace, address, from }
    }

    /// What a service or a node's port leads to, and whether the backend sees the node instead of the client.
    fn translate(
        &self,
        source: Source,
        to: SocketAddr,
        protocol: Protocol,
    ) -> Result<(SocketAddr, bool), Route> {
        let services = Arc::clone(&lock(&self.services));
        let is_node = lock(&self.hosts).nodes.iter().any(|node| node.address == to.ip());
        for service in services.iter() {
            let at_service = service.addresses.contains(&to.ip());
            let fits = service.ports.iter().find(|port| {
                port.protocol == protocol
                    && ((at_service && port.port == to.port())
                        || (is_node && port.node_port == Some(to.port())))
            });
            match fits {
                Some(port) => {
                    let backend =
                        self.choose(service, &port.backends, source.ip, to).ok_or(Route::Refused)?;
                    return Ok((backend, !source.pod));
                }
                // An address without a rule for the port leads nowhere.
                None if at_service => return Err(Route::Dropped),
                None => {}
            }
        }
        if is_node {
            let hosts = lock(&self.hosts);
            let node = hosts.nodes.iter().find(|node| node.address == to.ip());
            if let Some(target) = node.and_then(|node| node.ports.get(&(protocol, to.port()))) {
                return Ok((*target, !source.pod));
            }
        }
        Ok((to, false))
    }

    fn choose(
        &self,
        service: &Service,
        backends: &[SocketAddr],
        client: IpAddr,
        to: SocketAddr,
    ) -> Option<SocketAddr> {
        if backends.is_empty() {
            return None;
        }
        let random = lock(&self.rng).below(backends.len() as u64) as usize;
        let chosen = *backends.get(random)?;
        let Some(timeout) = service.affinity else { return Some(chosen) };
        let now = self.env.clock.uptime();
        let mut affinity = lock(&self.affinity);
        affinity.retain(|_, (_, used)| now.saturating_sub(*used) < timeout);
        let entry = affinity.entry((to, client)).or_insert((chosen, now));
        if !backends.contains(&entry.0) {
            entry.0 = chosen;
        }
        entry.1 = now;
        Some(entry.0)
    }

    /// Makes the two sides of a connection, and hands the server's to its listener.
    async fn establish(
        &self,
        [client, seen, asked, server]: [SocketAddr; 4],
        from: Option<&Arc<NetNamespace>>,
        to: &Arc<NetNamespace>,
        listener: &Arc<Listener>,
    ) -> Result<Arc<Stream>, Errno> {
        if !listener.room().await {
            return Err(Errno::ECONNREFUSED);
        }
        let namespaces = [from.map_or_else(Weak::new, Arc::downgrade), Arc::downgrade(to)];
        let (client, server) = self.pair([client, seen, asked, server], namespaces);
        listener.push(server);
        Ok(client)
    }

    fn pair(
        &self,
        [client, seen, asked, server]: [SocketAddr; 4],
        namespaces: [Weak<NetNamespace>; 2],
    ) -> (Arc<Stream>, Arc<Stream>) {
        let id = self.next_id.fetch_add(2, std::sync::atomic::Ordering::Relaxed);
        Stream::pair([id, id + 1], client, seen, asked, server, namespaces)
    }
}

fn loopback_like(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    }
}

//! What a cluster is made with.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, LazyLock},
    time::Duration,
};

use podlab_node::Catalogue;

/// The images that come with podlab: one catalogue for all clusters, which share the images' files.
static IMAGES: LazyLock<Arc<Catalogue>> = LazyLock::new(Catalogue::builtin);

/// The size and the addresses of a cluster.
#[derive(Clone, Debug)]
pub struct Config {
    /// The nodes, each with a kubelet.
    pub nodes: Vec<NodeConfig>,
    /// The version that `/version` reports, such as `v1.36.2`.
    pub version: Version,
    /// How much the objects may take in memory, in bytes: as etcd's quota, what is there can still be deleted.
    pub storage_bytes: usize,
    /// How long events stay, in seconds.
    pub event_ttl_seconds: u32,
    /// The images that Pods can use.
    pub images: Arc<Catalogue>,
    /// The address of the API server as clients outside see it: `host:port`.
    pub advertise_address: String,
}

/// What an API server says it can be reached at, where it listens at no address that means anything elsewhere.
const ADVERTISED: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
const ADVERTISED_PORT: u16 = 6443;

impl Config {
    /// Where the API server is for Pods and in the Service `kubernetes`. Loopback stands for the machine's own address,
    /// as it does for `--advertise-address` of kube-apiserver.
    pub(crate) fn advertised(&self) -> SocketAddr {
        let given: Option<SocketAddr> = self.advertise_address.parse().ok();
        let port = given.map_or(ADVERTISED_PORT, |given| given.port());
        let ip = given.map(|given| given.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
        SocketAddr::new(ip.unwrap_or(ADVERTISED), port)
    }
}

/// A node's name and capacity.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The name.
    pub name: String,
    /// Cores.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Room for local ephemeral storage in bytes.
    pub storage_bytes: u64,
    /// How many Pods it takes.
    pub max_pods: u32,
    /// How long its runtime takes to make a Pod's sandbox, on the cluster's clock: a Pod is seen `ContainerCreating`
    /// first, as everywhere.
    pub sandbox_delay: Duration,
    /// How long it takes to make and start a container.
    pub container_delay: Duration,
    /// How many steps a core takes in one go, and...
    pub burst_steps: u64,
    /// ...a second after that (see [`podlab_node::NodeConfig`]).
    pub busy_steps_per_second: u64,
}

/// A version of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The second number.
    pub minor: u16,
    /// The third number.
    pub patch: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            nodes: vec![NodeConfig::default()],
            version: Version { minor: 36, patch: 2 },
            storage_bytes: 64 << 20,
            event_ttl_seconds: 3600,
            images: Arc::clone(&IMAGES),
            advertise_address: "192.0.2.2:6443".into(),
        }
    }
}

impl Default for NodeConfig {
    fn default() -> Self {
        let podlab_node::NodeConfig { burst_steps, busy_steps_per_second, .. } =
            podlab_node::NodeConfig::default();
        Self {
            name: "node1".into(),
            cpus: 4,
            memory_bytes: 8 << 30,
            storage_bytes: 64 << 30,
            max_pods: 110,
            sandbox_delay: Duration::from_millis(700),
            container_delay: Duration::from_millis(150),
            burst_steps,
            busy_steps_per_second,
        }
    }
}

//! The node: images, sandboxes, containers.

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::{
    AttachOptions, ContainerConfig, ContainerId, ContainerStats, ContainerStatus, EmptyDir, ExecOptions,
    FileSet, FsUsage, HostPathKind, LogOptions, LogReader, NetworkStats, NodeEvents, Resources, RuntimeError,
    SandboxConfig, SandboxId, SandboxStatus, Session, Signal, TreeEntry, Volume,
};
use crate::{
    env::Env,
    image::{Catalogue, ImageError, ImageStatus},
    network::{ConnectError, Connection, Network},
};

/// What a node is made of.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Its name.
    pub name: String,
    /// Its address; node ports answer here.
    pub address: IpAddr,
    /// The range that its Pods' addresses come from: network address and prefix length, such as `10.244.0.0/24`.
    pub pod_range: (IpAddr, u8),
    /// Processor time in thousandths of a core.
    pub cpu_millis: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Disk in bytes.
    pub disk_bytes: u64,
    /// How much of podlab's own memory files, processes and logs on this node may take, in bytes. Past it programs see
    /// `No space left on device` or `Cannot allocate memory`.
    pub budget_bytes: u64,
    /// The most processes at a time.
    pub max_pids: u32,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            name: "node1".to_owned(),
            address: IpAddr::from([192, 168, 49, 2]),
            pod_range: (IpAddr::from([10, 244, 0, 0]), 24),
            cpu_millis: 2000,
            memory_bytes: 4 << 30,
            disk_bytes: 32 << 30,
            budget_bytes: 64 << 20,
            max_pids: 1024,
        }
    }
}

/// What a node uses in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeStats {
    /// Processor time used since its start, in nanoseconds.
    pub cpu_nanos: u64,
    /// Memory in use, in bytes.
    pub memory_working_set_bytes: u64,
    /// Its disk.
    pub disk: FsUsage,
}

/// A node that runs containers. A clone is the same node; dropping the last one kills everything that runs.
#[derive(Clone, Debug)]
pub struct Node(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: NodeConfig,
    env: Env,
    network: Network,
    catalogue: Arc<Catalogue>,
}

impl Node {
    /// A node without images and containers, joined to `network`.
    pub fn new(config: NodeConfig, env: Env, network: Network, catalogue: Arc<Catalogue>) -> Self {
        Self(Arc::new(Inner { config, env, network, catalogue }))
    }

    /// What it was made from.
    pub fn config(&self) -> &NodeConfig {
        &self.0.config
    }

    // Images.

    /// The image of this name (or `sha256:` identifier), if it is on the node.
    ///
    /// # Errors
    ///
    /// [`ImageError::InvalidName`].
    pub fn image_status(&self, name: &str) -> Result<Option<ImageStatus>, ImageError> {
        self.0.catalogue.check_name(name)?;
        Ok(None)
    }

    /// Puts an image of the catalogue on the node; takes as long as a pull of its size would.
    ///
    /// # Errors
    ///
    /// [`ImageError::InvalidName`], or [`ImageError::NotFound`] for an image outside of the catalogue.
    pub async fn pull_image(&self, name: &str) -> Result<ImageStatus, ImageError> {
        self.0.env.sleep(Duration::from_millis(500)).await;
        Err(self.0.catalogue.not_found(name))
    }

    /// The images on the node.
    pub fn images(&self) -> Vec<ImageStatus> {
        Vec::new()
    }

    /// Takes an image off the node; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// [`ImageError::InvalidName`].
    pub fn remove_image(&self, name: &str) -> Result<(), ImageError> {
        self.0.catalogue.check_name(name)
    }

    // Sandboxes.

    /// Makes a sandbox: an address, a host name, a pause process.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::HostPort`] where a host port is taken, [`RuntimeError::OutOfResources`] where addresses ran out.
    pub async fn run_sandbox(&self, config: SandboxConfig) -> Result<SandboxStatus, RuntimeError> {
        let _ = config;
        Err(RuntimeError::OutOfResources("sandboxes come with the next landing".to_owned()))
    }

    /// Kills what still runs in a sandbox and gives up its network; a stopped one is no error.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::SandboxNotFound`].
    pub async fn stop_sandbox(&self, id: &SandboxId) -> Result<(), RuntimeError> {
        Err(RuntimeError::SandboxNotFound(id.clone()))
    }

    /// Stops and forgets a sandbox and its containers; a missing one is no error.
    pub async fn remove_sandbox(&self, id: &SandboxId) {
        let _ = id;
    }

    /// What is known of a sandbox.
    pub fn sandbox_status(&self, id: &SandboxId) -> Option<SandboxStatus> {
        let _ = id;
        None
    }

    /// All sandboxes.
    pub fn sandboxes(&self) -> Vec<SandboxStatus> {
        Vec::new()
    }

    // Containers.

    /// Makes a container, without starting it. The image must be on the node.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::SandboxNotReady`], [`RuntimeError::Image`], [`RuntimeError::InvalidConfig`],
    /// [`RuntimeError::Mount`].
    pub fn create_container(
        &self,
        sandbox: &SandboxId,
        config: ContainerConfig,
    ) -> Result<ContainerId, RuntimeError> {
        let _ = config;
        Err(RuntimeError::SandboxNotFound(sandbox.clone()))
    }

    /// Starts a container's first process.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Start`] where the program is not in the image or cannot be executed: the container has exited
    /// then, with the reason `StartError`.
    pub async fn start_container(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        Err(RuntimeError::ContainerNotFound(id.clone()))
    }

    /// Sends the stop signal, waits up to `grace` for the end, then kills. Completes when the container has exited.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::ContainerNotFound`]. A container that does not run is no error.
    pub async fn stop_container(&self, id: &ContainerId, grace: Duration) -> Result<(), RuntimeError> {
        let _ = grace;
        Err(RuntimeError::ContainerNotFound(id.clone()))
    }

    /// Sends a signal to a container's first process.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::ContainerNotFound`], [`RuntimeError::NotRunning`].
    pub fn signal_container(&self, id: &ContainerId, signal: Signal) -> Result<(), RuntimeError> {
        let _ = signal;
        Err(RuntimeError::ContainerNotFound(id.clone()))
    }

    /// Forgets a container, its files and its log; a missing one is no error.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::StillRunning`].
    pub fn remove_container(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        let _ = id;
        Ok(())
    }

    /// Changes what a running container may use.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::ContainerNotFound`].
    pub fn update_resources(&self, id: &ContainerId, resources: Resources) -> Result<(), RuntimeError> {
        let _ = resources;
        Err(RuntimeError::ContainerNotFound(id.clone()))
    }

    /// What is known of a container.
    pub fn container_status(&self, id: &ContainerId) -> Option<ContainerStatus> {
        let _ = id;
        None
    }

    /// All containers, those that have exited too.
    pub fn containers(&self) -> Vec<ContainerStatus> {
        Vec::new()
    }

    /// What happens to sandboxes and containers from now on.
    pub fn events(&self) -> NodeEvents {
        let (sender, receiver) = tokio::sync::broadcast::channel(super::event::EVENT_BACKLOG);
        drop(sender);
        NodeEvents(receiver)
    }

    // Streams.

    /// Runs a program in a running container.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::NotRunning`], or [`RuntimeError::Exec`] where the program is not in the image.
    pub async fn exec(&self, id: &ContainerId, options: ExecOptions) -> Result<Session, RuntimeError> {
        let _ = options;
        Err(RuntimeError::ContainerNotFound(id.clone()))
    }

    /// Holds the streams of a container's first process. Output from before is in the log only; attach before the
    /// start to miss nothing. While someone is attached and does not read, the container's output waits.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::NotRunning`] where the container has exited.
    pub fn attach(&self, id: &ContainerId, options: AttachOptions) -> Result<Session, RuntimeError> {
        let _ = options;
        Err(RuntimeError::ContainerNotFound(id.clone()))
    }

    /// A container's log.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::ContainerNotFound`].
    pub fn logs(&self, id: &ContainerId, options: LogOptions) -> Result<LogReader, RuntimeError> {
        let _ = options;
        Err(RuntimeError::ContainerNotFound(id.clone()))
    }

    /// A connection to `127.0.0.1:port` inside a sandbox, as port-forward makes it.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Refused`] where nothing listens there; [`ConnectError::Unreachable`] where the sandbox is gone.
    pub async fn port_forward(&self, id: &SandboxId, port: u16) -> Result<Connection, ConnectError> {
        let _ = (id, port);
        Err(ConnectError::Unreachable)
    }

    // Volumes.

    /// An empty directory for one Pod.
    pub fn empty_dir(&self, options: EmptyDir) -> Volume {
        let _ = options;
        Volume { root: super::volume::Root }
    }

    /// A read-only directory of projected files; [`Volume::update`] replaces them.
    pub fn files(&self, files: &FileSet) -> Volume {
        let _ = files;
        Volume { root: super::volume::Root }
    }

    /// A writable directory that holds `entries` to begin with.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Mount`] where a path leaves the directory or two entries contradict each other.
    pub fn directory(&self, entries: &[TreeEntry]) -> Result<Volume, RuntimeError> {
        let _ = entries;
        Ok(Volume { root: super::volume::Root })
    }

    /// A path of the node's own file system.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Mount`] in the kubelet's words (`hostPath type check failed: ...`).
    pub fn host_path(&self, path: &str, kind: HostPathKind) -> Result<Volume, RuntimeError> {
        let _ = (path, kind);
        Ok(Volume { root: super::volume::Root })
    }

    /// A directory that outlives Pods, by its name: the same one each time until [`Node::remove_persistent_dir`].
    pub fn persistent_dir(&self, name: &str, group: Option<u32>) -> Volume {
        let _ = (name, group);
        Volume { root: super::volume::Root }
    }

    /// Forgets a persistent directory's content once nothing mounts it.
    pub fn remove_persistent_dir(&self, name: &str) {
        let _ = name;
    }

    // Figures.

    /// What a container uses; `None` where it does not run.
    pub fn container_stats(&self, id: &ContainerId) -> Option<ContainerStats> {
        let _ = id;
        None
    }

    /// What a sandbox's network moved.
    pub fn network_stats(&self, id: &SandboxId) -> Option<NetworkStats> {
        let _ = id;
        None
    }

    /// What the node uses in all.
    pub fn stats(&self) -> NodeStats {
        let disk = FsUsage { capacity_bytes: self.0.config.disk_bytes, ..FsUsage::default() };
        NodeStats { cpu_nanos: 0, memory_working_set_bytes: 0, disk }
    }

    /// The network that it is joined to.
    pub fn network(&self) -> &Network {
        &self.0.network
    }
}

//! The node: images, sandboxes, containers.

mod images;
mod sandboxes;
mod volumes;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use sandboxes::nth_address;

use super::{
    AttachOptions, ContainerConfig, ContainerId, ContainerState, ContainerStats, ContainerStatus,
    ExecOptions, FsUsage, LogOptions, LogReader, NetworkStats, NodeEvents, Resources, RuntimeError,
    SandboxId, Session, Signal,
    event::{EVENT_BACKLOG, NodeEvent},
    pod::{Sandbox, Surroundings},
    record::Record,
    rootfs::null_device,
};
use crate::{
    env::Env,
    image::{Catalogue, Image, ImageError},
    kernel::{
        cpu::Cpu,
        fs::{FileSystem, FsKind, Inode, Location, new_root},
        host::{Host, HostSize},
        net::NetNamespace,
        process::PidNamespace,
        wait::lock,
    },
    network::{ConnectError, Connection, Network, NodePorts},
    rng::stable_hash,
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
    /// How many steps (simple commands, kilobytes moved) a core takes in one go, as fast as podlab can.
    pub burst_steps: u64,
    /// How many steps a busy core takes per second of cluster time after that: this bounds what an endless loop costs podlab.
    pub busy_steps_per_second: u64,
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
            burst_steps: 4_000_000,
            busy_steps_per_second: 100_000,
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
    host: Arc<Host>,
    network: Network,
    catalogue: Arc<Catalogue>,
    cpu: Arc<Cpu>,
    /// The node's own network and processes, for containers that share them.
    net: Arc<NetNamespace>,
    pids: Arc<PidNamespace>,
    /// The node's own files (hostPath).
    files: Arc<Inode>,
    null: Location,
    events: tokio::sync::broadcast::Sender<NodeEvent>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What was pulled, by complete name.
    images: BTreeMap<String, Arc<Image>>,
    /// Which of them came from a registry.
    pulled: BTreeSet<String>,
    sandboxes: BTreeMap<SandboxId, Arc<Sandbox>>,
    containers: BTreeMap<ContainerId, Arc<Record>>,
    /// Addresses in use, counted from the start of the range, and the one given out last.
    addresses: BTreeSet<u32>,
    last_address: u32,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.network.0.leave_node(&self.config.name);
        let state = self.state.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        for record in state.containers.values() {
            record.kernel.kill_all();
        }
        for sandbox in state.sandboxes.values() {
            sandbox.stop();
            self.network.0.leave_pod(sandbox.ip());
        }
    }
}

impl Node {
    /// A node without images and containers, joined to `network`.
    pub fn new(config: NodeConfig, env: Env, network: Network, catalogue: Arc<Catalogue>) -> Self {
        let size = HostSize {
            cpu_millis: config.cpu_millis,
            memory_bytes: config.memory_bytes,
            disk_bytes: config.disk_bytes,
            budget_bytes: config.budget_bytes,
            max_pids: config.max_pids,
            burst_steps: config.burst_steps,
            steady_steps: config.busy_steps_per_second,
        };
        let host = Host::new(env, stable_hash(config.name.as_bytes()), size);
        let gateway = nth_address(config.pod_range.0, 1);
        let name: Arc<str> = config.name.as_str().into();
        let net = NetNamespace::new(&host, Arc::clone(&name), config.address, 24, gateway);
        let ports = NodePorts {
            name,
            address: config.address,
            namespace: Arc::downgrade(&net),
            ports: HashMap::new(),
        };
        network.0.join_node(ports, config.pod_range);
        let disk = FileSystem::new(&host, FsKind::Ext4, Arc::clone(&host.disk));
        let files = new_root(&disk, 0o755, 0, 0);
        let null = null_device(&host);
        Self(Arc::new(Inner {
            null,
            cpu: Cpu::new(&host, config.cpu_millis, None),
            host,
            network,
            catalogue,
            net,
            pids: PidNamespace::after(800),
            files,
            events: tokio::sync::broadcast::Sender::new(EVENT_BACKLOG),
            state: Mutex::default(),
            config,
        }))
    }

    /// What it was made from.
    pub fn config(&self) -> &NodeConfig {
        &self.0.config
    }

    /// The network that it is joined to.
    pub fn network(&self) -> &Network {
        &self.0.network
    }

    fn around(&self) -> Surroundings<'_> {
        Surroundings {
            host: &self.0.host,
            fabric: &self.0.network.0,
            catalogue: &self.0.catalogue,
            cpu: &self.0.cpu,
            node_pids: &self.0.pids,
            null: &self.0.null,
        }
    }

    // Containers.

    fn record(&self, id: &ContainerId) -> Result<Arc<Record>, RuntimeError> {
        let found = lock(&self.0.state).containers.get(id).cloned();
        found.ok_or_else(|| RuntimeError::ContainerNotFound(id.clone()))
    }

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
        let found = self.sandbox(sandbox).ok_or_else(|| RuntimeError::SandboxNotFound(sandbox.clone()))?;
        if !found.is_ready() {
            return Err(RuntimeError::SandboxNotReady(sandbox.clone()));
        }
        let image = self.image(&config.image)?;
        let image = image.ok_or_else(|| ImageError::NotPresent { name: config.image.clone() })?;
        let joined = config.join_pids_of.as_ref().map(|id| self.record(id)).transpose()?;
        let events = self.0.events.clone();
        let record = Record::new(&self.around(), &found, &image, config, joined.as_deref(), events)?;
        let id = record.id.clone();
        lock(&self.0.state).containers.insert(id.clone(), Arc::clone(&record));
        record.created();
        Ok(id)
    }

    /// Starts a container's first process.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Start`] where the program is not in the image or cannot be executed: the container has exited
    /// then, with the reason `StartError`.
    pub async fn start_container(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        let record = self.record(id)?;
        if !record.sandbox.is_ready() {
            return Err(RuntimeError::SandboxNotReady(record.sandbox.id.clone()));
        }
        record.start()
    }

    /// Sends the stop signal, waits up to `grace` for the end, then kills. Completes when the container has exited.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::ContainerNotFound`]. A container that does not run is no error.
    pub async fn stop_container(&self, id: &ContainerId, grace: Duration) -> Result<(), RuntimeError> {
        self.record(id)?.stop(grace).await;
        Ok(())
    }

    /// Sends a signal to a container's first process.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::ContainerNotFound`], [`RuntimeError::NotRunning`].
    pub fn signal_container(&self, id: &ContainerId, signal: Signal) -> Result<(), RuntimeError> {
        self.record(id)?.signal(signal)
    }

    /// Forgets a container, its files and its log; a missing one is no error.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::StillRunning`].
    pub fn remove_container(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        let Ok(record) = self.record(id) else { return Ok(()) };
        if record.state() == ContainerState::Running {
            return Err(RuntimeError::StillRunning(id.clone()));
        }
        lock(&self.0.state).containers.remove(id);
        record.removed();
        Ok(())
    }

    /// Changes what a running container may use.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::ContainerNotFound`].
    pub fn update_resources(&self, id: &ContainerId, resources: Resources) -> Result<(), RuntimeError> {
        self.record(id)?.update_resources(resources);
        Ok(())
    }

    /// What is known of a container.
    pub fn container_status(&self, id: &ContainerId) -> Option<ContainerStatus> {
        self.record(id).ok().map(|record| record.status())
    }

    /// All containers, those that have exited too.
    pub fn containers(&self) -> Vec<ContainerStatus> {
        lock(&self.0.state).containers.values().map(|record| record.status()).collect()
    }

    /// What happens to sandboxes and containers from now on.
    pub fn events(&self) -> NodeEvents {
        NodeEvents(self.0.events.subscribe())
    }

    // Streams.

    /// Runs a program in a running container.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::NotRunning`], or [`RuntimeError::Exec`] where the program is not in the image.
    pub async fn exec(&self, id: &ContainerId, options: ExecOptions) -> Result<Session, RuntimeError> {
        self.record(id)?.exec(&options)
    }

    /// Holds the streams of a container's first process. Output from before is in the log only; attach before the
    /// start to miss nothing. While someone is attached and does not read, the container's output waits.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::NotRunning`] where the container has exited.
    pub fn attach(&self, id: &ContainerId, options: AttachOptions) -> Result<Session, RuntimeError> {
        self.record(id)?.attach(options)
    }

    /// A container's log.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::ContainerNotFound`].
    pub fn logs(&self, id: &ContainerId, options: LogOptions) -> Result<LogReader, RuntimeError> {
        Ok(self.record(id)?.log.read(options))
    }

    /// A connection to `127.0.0.1:port` inside a sandbox, as port-forward makes it.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Refused`] where nothing listens there; [`ConnectError::Unreachable`] where the sandbox is gone.
    pub async fn port_forward(&self, id: &SandboxId, port: u16) -> Result<Connection, ConnectError> {
        let sandbox =
            self.sandbox(id).filter(|sandbox| sandbox.is_ready()).ok_or(ConnectError::Unreachable)?;
        Ok(Connection::new(self.0.network.0.connect_inside(&sandbox.net, port).await?))
    }

    // Figures.

    /// What a container uses; `None` where it does not run.
    pub fn container_stats(&self, id: &ContainerId) -> Option<ContainerStats> {
        let record = self.record(id).ok().filter(|record| record.state() == ContainerState::Running)?;
        Some(ContainerStats {
            time: self.0.host.env.clock.now(),
            cpu_nanos: record.kernel.cpu.used_nanos(),
            memory_working_set_bytes: record.kernel.memory.used(),
            rootfs_used_bytes: record.space.space.used(),
            rootfs_used_inodes: record.space.inodes(),
            logs_used_bytes: record.log.bytes(),
            pids: record.kernel.processes().len() as u64,
        })
    }

    /// What a sandbox's network moved.
    pub fn network_stats(&self, id: &SandboxId) -> Option<NetworkStats> {
        self.sandbox(id).map(|sandbox| sandbox.net.stats())
    }

    /// What the node uses in all.
    pub fn stats(&self) -> NodeStats {
        let disk = &self.0.host.disk;
        let memory = {
            let state = lock(&self.0.state);
            state.containers.values().map(|record| record.kernel.memory.used()).sum::<u64>()
        };
        // The operating system, the kubelet and containerd take a part of their own.
        let system = self.0.config.memory_bytes / 8;
        NodeStats {
            cpu_nanos: self.0.cpu.used_nanos()
                + u64::try_from(self.0.host.env.clock.uptime().as_nanos() / 25).unwrap_or(0),
            memory_working_set_bytes: system + memory,
            disk: FsUsage { used_bytes: disk.used(), capacity_bytes: disk.limit(), used_inodes: 0 },
        }
    }
}

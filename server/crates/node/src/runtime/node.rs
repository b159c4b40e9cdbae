//! The node: images, sandboxes, containers.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    AttachOptions, ContainerConfig, ContainerId, ContainerState, ContainerStats, ContainerStatus, EmptyDir,
    ExecOptions, FileSet, FsUsage, HostPathKind, LogOptions, LogReader, NetworkMode, NetworkStats,
    NodeEvents, Resources, RuntimeError, SandboxConfig, SandboxId, SandboxStatus, Session, Signal, TreeEntry,
    Volume,
    event::{EVENT_BACKLOG, NodeEvent},
    pod::{Sandbox, Surroundings},
    record::Record,
    volume::{make_host_path, subdirectory},
};
use crate::{
    env::Env,
    image::{Catalogue, Image, ImageError, ImageStatus, Reference},
    kernel::{
        cpu::Cpu,
        fs::{FileSystem, FsKind, Inode, Kind, new_root},
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
    /// How many steps (simple commands, kilobytes moved) a busy core takes per second of cluster time in the long run. Short
    /// bursts are not held back; this bounds what an endless loop costs podlab.
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
        Self(Arc::new(Inner {
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
        }
    }

    // Images.

    /// The image of this name (or `sha256:` identifier), if it is on the node.
    ///
    /// # Errors
    ///
    /// [`ImageError::InvalidName`].
    pub fn image_status(&self, name: &str) -> Result<Option<ImageStatus>, ImageError> {
        let image = self.image(name)?;
        Ok(image.map(|image| self.show(&image)))
    }

    /// What is said of an image on the node. Only an image that was pulled has a registry to be known by.
    fn show(&self, image: &Arc<Image>) -> ImageStatus {
        let state = lock(&self.0.state);
        let names = state.images.iter().filter(|(_, known)| known.id == image.id);
        let names = names.filter_map(|(name, _)| self.0.catalogue.parse(name).ok()).collect::<Vec<_>>();
        let pulled: Vec<_> =
            names.iter().filter(|name| state.pulled.contains(&name.full())).cloned().collect();
        image.status(&names, &pulled)
    }

    /// Puts an image of the catalogue on the node at once, as if it had come with the node. Returns `None` for an image
    /// outside of the catalogue.
    ///
    /// # Errors
    ///
    /// [`ImageError::InvalidName`].
    pub fn load_image(&self, name: &str) -> Result<Option<ImageStatus>, ImageError> {
        if let Some(image) = self.image(name)? {
            return Ok(Some(self.show(&image)));
        }
        let reference = self.0.catalogue.parse(name)?;
        let Ok(image) = self.0.catalogue.find(&reference) else { return Ok(None) };
        lock(&self.0.state).images.insert(reference.full(), Arc::clone(&image));
        Ok(Some(self.show(&image)))
    }

    fn image(&self, name: &str) -> Result<Option<Arc<Image>>, ImageError> {
        let state = lock(&self.0.state);
        if name.starts_with("sha256:") {
            return Ok(state.images.values().find(|image| image.id == name).cloned());
        }
        let reference = self.0.catalogue.parse(name)?;
        Ok(state.images.get(&reference.full()).cloned())
    }

    /// Puts an image of the catalogue on the node; takes as long as a pull of its size would.
    ///
    /// # Errors
    ///
    /// [`ImageError::InvalidName`], or [`ImageError::NotFound`] for an image outside of the catalogue.
    pub async fn pull_image(&self, name: &str) -> Result<ImageStatus, ImageError> {
        let reference = self.0.catalogue.parse(name)?;
        let image = match self.0.catalogue.find(&reference) {
            Ok(image) => image,
            Err(error) => {
                self.0.host.env.sleep(Duration::from_millis(300)).await;
                return Err(error);
            }
        };
        let known = lock(&self.0.state).images.values().any(|known| known.id == image.id);
        let transfer = if known { 0 } else { (image.recipe.size_bytes / 60_000).min(2500) };
        self.0.host.env.sleep(Duration::from_millis(300 + transfer)).await;
        {
            let mut state = lock(&self.0.state);
            state.images.insert(reference.full(), Arc::clone(&image));
            state.pulled.insert(reference.full());
        }
        Ok(self.show(&image))
    }

    /// The images on the node.
    pub fn images(&self) -> Vec<ImageStatus> {
        let mut images: Vec<Arc<Image>> = lock(&self.0.state).images.values().cloned().collect();
        images.sort_by(|a, b| a.id.cmp(&b.id));
        images.dedup_by(|a, b| a.id == b.id);
        images.iter().map(|image| self.show(image)).collect()
    }

    /// Takes an image off the node; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// [`ImageError::InvalidName`].
    pub fn remove_image(&self, name: &str) -> Result<(), ImageError> {
        if let Some(image) = self.image(name)? {
            lock(&self.0.state).images.retain(|_, known| known.id != image.id);
        }
        Ok(())
    }

    // Sandboxes.

    /// Makes a sandbox: an address, a host name, a process table if it is shared.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::HostPort`] where a host port is taken, [`RuntimeError::OutOfResources`] where addresses ran out.
    pub async fn run_sandbox(&self, config: SandboxConfig) -> Result<SandboxStatus, RuntimeError> {
        let net = match config.network {
            NetworkMode::Host => Arc::clone(&self.0.net),
            NetworkMode::Pod => {
                let ip = self.take_address()?;
                let (range, prefix) = self.0.config.pod_range;
                let node: Arc<str> = self.0.config.name.as_str().into();
                NetNamespace::new(&self.0.host, node, ip, prefix, nth_address(range, 1))
            }
        };
        let ports = config.port_mappings.clone();
        let shares_network = config.network == NetworkMode::Host;
        let sandbox = match Sandbox::new(&self.around(), config, net) {
            Ok(sandbox) => sandbox,
            Err(error) => {
                self.give_address_back(None);
                return Err(error);
            }
        };
        if !shares_network {
            self.0.network.0.join_pod(&sandbox.net);
            for port in ports.iter().filter(|port| port.host_port != 0) {
                let key = (port.protocol, port.host_port);
                let to = SocketAddr::new(sandbox.ip(), port.container_port);
                if !self.0.network.0.add_host_port(&self.0.config.name, key, to) {
                    self.leave(&sandbox);
                    return Err(RuntimeError::HostPort(format!(
                        "cannot open hostport {} for pod: address already in use",
                        port.host_port
                    )));
                }
            }
        }
        lock(&self.0.state).sandboxes.insert(sandbox.id.clone(), Arc::clone(&sandbox));
        Ok(sandbox.status())
    }

    /// The next free address of the range, going round.
    fn take_address(&self) -> Result<IpAddr, RuntimeError> {
        let (range, prefix) = self.0.config.pod_range;
        let bits = u32::from(if range.is_ipv4() { 32 } else { 128 } - prefix).min(20);
        // Without the network's own address, the gateway's and the last one.
        let count = (1u32 << bits).saturating_sub(3);
        let mut state = lock(&self.0.state);
        for _ in 0..count {
            state.last_address = state.last_address % count + 1;
            let address = state.last_address;
            if state.addresses.insert(address) {
                return Ok(nth_address(range, address + 1));
            }
        }
        Err(RuntimeError::OutOfResources(format!(
            "plugin type=\"host-local\" failed (add): failed to allocate for range 0: no IP addresses available in range set: \
             {range}/{prefix}"
        )))
    }

    /// Gives an address back, or the one that was taken last.
    fn give_address_back(&self, ip: Option<IpAddr>) {
        let mut state = lock(&self.0.state);
        let number = match ip {
            Some(ip) => (1..=1 << 20).find(|number| nth_address(self.0.config.pod_range.0, number + 1) == ip),
            None => Some(state.last_address),
        };
        if let Some(number) = number {
            state.addresses.remove(&number);
        }
    }

    fn sandbox(&self, id: &SandboxId) -> Option<Arc<Sandbox>> {
        lock(&self.0.state).sandboxes.get(id).cloned()
    }

    /// Takes a sandbox off the network.
    fn leave(&self, sandbox: &Sandbox) {
        if sandbox.config.network == NetworkMode::Pod {
            self.0.network.0.leave_pod(sandbox.ip());
            self.0.network.0.remove_host_ports(&self.0.config.name, sandbox.ip());
            self.give_address_back(Some(sandbox.ip()));
        }
    }

    /// Kills what still runs in a sandbox and gives up its network; a stopped one is no error.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::SandboxNotFound`].
    pub async fn stop_sandbox(&self, id: &SandboxId) -> Result<(), RuntimeError> {
        let sandbox = self.sandbox(id).ok_or_else(|| RuntimeError::SandboxNotFound(id.clone()))?;
        for record in self.records_in(id) {
            record.stop(Duration::ZERO).await;
        }
        if sandbox.stop() {
            self.leave(&sandbox);
            let time = self.0.host.env.clock.now();
            // Nobody may be listening.
            let _ = self.0.events.send(NodeEvent::SandboxStopped { sandbox: id.clone(), time });
        }
        Ok(())
    }

    fn records_in(&self, id: &SandboxId) -> Vec<Arc<Record>> {
        let state = lock(&self.0.state);
        state.containers.values().filter(|record| record.sandbox.id == *id).cloned().collect()
    }

    /// Stops and forgets a sandbox and its containers; a missing one is no error.
    pub async fn remove_sandbox(&self, id: &SandboxId) {
        if self.stop_sandbox(id).await.is_err() {
            return;
        }
        for record in self.records_in(id) {
            lock(&self.0.state).containers.remove(&record.id);
            record.removed();
        }
        lock(&self.0.state).sandboxes.remove(id);
    }

    /// What is known of a sandbox.
    pub fn sandbox_status(&self, id: &SandboxId) -> Option<SandboxStatus> {
        self.sandbox(id).map(|sandbox| sandbox.status())
    }

    /// All sandboxes.
    pub fn sandboxes(&self) -> Vec<SandboxStatus> {
        lock(&self.0.state).sandboxes.values().map(|sandbox| sandbox.status()).collect()
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

    // Volumes.

    /// An empty directory for one Pod.
    pub fn empty_dir(&self, options: EmptyDir) -> Volume {
        Volume::empty_dir(&self.0.host, options)
    }

    /// A read-only directory of projected files; [`Volume::update`] replaces them.
    pub fn files(&self, files: &FileSet) -> Volume {
        Volume::files(&self.0.host, files)
    }

    /// A writable directory that holds `entries` to begin with.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Mount`] where a path leaves the directory or cannot be made.
    pub fn directory(&self, entries: &[TreeEntry]) -> Result<Volume, RuntimeError> {
        let volume = Volume::empty_dir(&self.0.host, EmptyDir::default());
        volume.fill(entries)?;
        Ok(volume)
    }

    /// A path of the node's own file system.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Mount`] in the kubelet's words (`hostPath type check failed: ...`).
    pub fn host_path(&self, path: &str, kind: HostPathKind) -> Result<Volume, RuntimeError> {
        Ok(Volume::at(&self.0.host, make_host_path(&self.0.files, path, kind)?))
    }

    /// A directory that outlives Pods, by its name: the same one each time until [`Node::remove_persistent_dir`]. A
    /// `group` owns what is made in it (fsGroup).
    pub fn persistent_dir(&self, name: &str, group: Option<u32>) -> Volume {
        let above = make_host_path(&self.0.files, PERSISTENT, HostPathKind::DirectoryOrCreate);
        let mode = if group.is_some() { 0o2777 } else { 0o777 };
        let dir = above.ok().and_then(|above| subdirectory(&above, name, mode, group));
        match dir {
            Some(dir) => Volume::at(&self.0.host, dir),
            // Somebody put a file in the way, by a host path: the directory is one of its own then.
            None => Volume::empty_dir(&self.0.host, EmptyDir { group, ..EmptyDir::default() }),
        }
    }

    /// Forgets a persistent directory's content once nothing mounts it.
    pub fn remove_persistent_dir(&self, name: &str) {
        if let Ok(above) = make_host_path(&self.0.files, PERSISTENT, HostPathKind::DirectoryOrCreate)
            && let Kind::Dir(entries) = &mut above.lock().kind
        {
            entries.remove(name.as_bytes());
        }
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

/// Where persistent directories lie on the node.
const PERSISTENT: &str = "/var/lib/podlab/volumes";

/// An address of a range, counted from its start.
fn nth_address(range: IpAddr, number: u32) -> IpAddr {
    match range {
        IpAddr::V4(start) => IpAddr::from((start.to_bits().wrapping_add(number)).to_be_bytes()),
        IpAddr::V6(start) => IpAddr::from((start.to_bits().wrapping_add(u128::from(number))).to_be_bytes()),
    }
}

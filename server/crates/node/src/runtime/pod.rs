//! Sandboxes as the node keeps them.

use std::{
    fmt::Write,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    NetworkMode, PidMode, RuntimeError, SandboxConfig, SandboxId, SandboxState, SandboxStatus,
    rootfs::{self, RootParts},
};
use crate::{
    image::{Catalogue, Image},
    kernel::{
        container::{Confinement, Container, Parts},
        cpu::Cpu,
        creds::Creds,
        fs::Location,
        host::Host,
        memory::Memory,
        net::NetNamespace,
        process::{FdTable, PidNamespace, Process, Start},
        quota::Quota,
        signal::Signal,
        sysfs,
        wait::lock,
    },
    network::Fabric,
};

/// A sandbox: the namespaces that its containers share.
#[derive(Debug)]
pub(super) struct Sandbox {
    pub(super) id: SandboxId,
    pub(super) config: SandboxConfig,
    pub(super) created_at: Timestamp,
    pub(super) net: Arc<NetNamespace>,
    pub(super) hostname: Arc<Mutex<Vec<u8>>>,
    /// The process table that all containers share, if they do.
    pub(super) pids: Option<Arc<PidNamespace>>,
    /// The process that holds it.
    pause: Option<Arc<Container>>,
    stopped: Mutex<bool>,
}

/// What a sandbox is made with.
pub(super) struct Surroundings<'a> {
    pub(super) host: &'a Arc<Host>,
    pub(super) fabric: &'a Arc<Fabric>,
    pub(super) catalogue: &'a Catalogue,
    pub(super) cpu: &'a Arc<Cpu>,
    pub(super) node_pids: &'a Arc<PidNamespace>,
    /// The node's `/dev/null`.
    pub(super) null: &'a Location,
}

impl Sandbox {
    pub(super) fn new(
        around: &Surroundings<'_>,
        config: SandboxConfig,
        net: Arc<NetNamespace>,
    ) -> Result<Arc<Self>, RuntimeError> {
        let host = around.host;
        let hostname = Arc::new(Mutex::new(config.hostname.clone().into_bytes()));
        let (pids, pause) = match config.pids {
            PidMode::Container => (None, None),
            PidMode::Host => (Some(Arc::clone(around.node_pids)), None),
            PidMode::Pod => {
                let pids = PidNamespace::new();
                let pause = pause(around, &pids, &net, &hostname)?;
                (Some(pids), Some(pause))
            }
        };
        Ok(Arc::new(Self {
            id: SandboxId(host.random_id()),
            created_at: host.env.clock.now(),
            config,
            net,
            hostname,
            pids,
            pause,
            stopped: Mutex::new(false),
        }))
    }

    pub(super) fn is_ready(&self) -> bool {
        !*lock(&self.stopped)
    }

    /// Marks it stopped; `false` where it was already.
    pub(super) fn stop(&self) -> bool {
        let was = std::mem::replace(&mut *lock(&self.stopped), true);
        if let Some(pause) = &self.pause {
            pause.kill_all();
        }
        if self.config.network == NetworkMode::Pod && !was {
            self.net.shut_down();
        }
        !was
    }

    pub(super) fn ip(&self) -> IpAddr {
        self.net.ip
    }

    pub(super) fn status(&self) -> SandboxStatus {
        SandboxStatus {
            id: self.id.clone(),
            state: if self.is_ready() { SandboxState::Ready } else { SandboxState::NotReady },
            created_at: self.created_at,
            ip: self.ip(),
        }
    }

    /// `/etc/resolv.conf`
    pub(super) fn resolv_conf(&self) -> Bytes {
        let dns = &self.config.dns;
        let mut out = String::new();
        if !dns.searches.is_empty() {
            let _ = writeln!(out, "search {}", dns.searches.join(" "));
        }
        for server in &dns.servers {
            let _ = writeln!(out, "nameserver {server}");
        }
        if !dns.options.is_empty() {
            let _ = writeln!(out, "options {}", dns.options.join(" "));
        }
        out.into()
    }

    /// `/etc/hosts`, for containers that are not given another one.
    pub(super) fn hosts(&self) -> Bytes {
        format!(
            "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\n\
             ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n{}\t{}\n",
            self.ip(),
            self.config.hostname
        )
        .into()
    }
}

/// Starts the pause process, as process 1 of a shared table.
fn pause(
    around: &Surroundings<'_>,
    pids: &Arc<PidNamespace>,
    net: &Arc<NetNamespace>,
    hostname: &Arc<Mutex<Vec<u8>>>,
) -> Result<Arc<Container>, RuntimeError> {
    let host = around.host;
    let reference = around.catalogue.parse("registry.k8s.io/pause:3.10")?;
    let image: Arc<Image> = around.catalogue.find(&reference)?;
    let cpu = Cpu::new(host, host.cpu_millis, Some(Arc::clone(around.cpu)));
    let memory = Memory::new(None);
    let pid_quota = Quota::new(8, Some(Arc::clone(&host.pids)));
    let root = rootfs::build(RootParts {
        system: sysfs::View {
            host: Arc::clone(host),
            net: Arc::clone(net),
            pids: Arc::clone(pids),
            cpu: Arc::clone(&cpu),
            memory: Arc::clone(&memory),
            pid_quota: Arc::clone(&pid_quota),
        },
        image: &image.recipe.root,
        mounts: &[],
        files: Vec::new(),
        read_only: true,
        working_dir: "",
    })?;
    let container = Container::new(Parts {
        host: Arc::clone(host),
        fabric: Arc::clone(around.fabric),
        mounts: root.table,
        net: Arc::clone(net),
        pids: Arc::clone(pids),
        hostname: Arc::clone(hostname),
        cpu,
        memory,
        pid_quota,
        // What the kubelet gives the pause container.
        confinement: Confinement { oom_score_adj: -998, ..Confinement::default() },
        libc: image.recipe.libc,
        programs: crate::commands::program,
    });
    let start = Start {
        creds: Creds { effective: 0, uid: 65535, gid: 65535, ..Creds::root() },
        cwd: container.mounts.root().clone(),
        fds: FdTable::default(),
        tty: None,
        env: Arc::new([]),
    };
    let fail = |what: String| RuntimeError::OutOfResources(what);
    let process = Process::from_outside(&container, pids, start).map_err(|errno| fail(errno.to_string()))?;
    let argv: Arc<[Bytes]> = Arc::new([Bytes::from_static(b"/pause")]);
    match process.executable(b"/pause", argv) {
        Ok(executable) => process.start_program(&executable, Arc::new([])),
        Err(errno) => {
            process.signal_from_outside(Signal::KILL);
            return Err(fail(errno.to_string()));
        }
    }
    Ok(container)
}

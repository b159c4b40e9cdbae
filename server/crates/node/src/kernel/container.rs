//! What confines a container's processes: its namespaces and its control group.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, Weak},
};

use super::{
    cpu::Cpu,
    errno::{Errno, Libc},
    fs::MountTable,
    host::Host,
    memory::Memory,
    net::NetNamespace,
    process::{PidNamespace, Process, Program},
    quota::Quota,
    signal::Signal,
    wait::lock,
};
use crate::network::Fabric;

/// What the kernel is told of a container's processes and shows in `/proc`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Confinement {
    pub(crate) no_new_privileges: bool,
    pub(crate) seccomp_filter: bool,
    pub(crate) oom_score_adj: i16,
}

/// A container as the kernel knows it.
#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) host: Arc<Host>,
    pub(crate) fabric: Arc<Fabric>,
    pub(crate) mounts: MountTable,
    pub(crate) net: Arc<NetNamespace>,
    pub(crate) pids: Arc<PidNamespace>,
    pub(crate) hostname: Arc<Mutex<Vec<u8>>>,
    pub(crate) cpu: Arc<Cpu>,
    pub(crate) memory: Arc<Memory>,
    /// How many processes it may have.
    pub(crate) pid_quota: Arc<Quota>,
    pub(crate) confinement: Confinement,
    /// The C library of its image.
    pub(crate) libc: Libc,
    /// The program that an executable file names.
    pub(crate) programs: fn(&[u8]) -> Option<Program>,
    /// All its processes, by their numbers on the node.
    processes: Mutex<BTreeMap<u32, Weak<Process>>>,
    terminals: Mutex<u32>,
}

/// What a [`Container`] is made from.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) host: Arc<Host>,
    pub(crate) fabric: Arc<Fabric>,
    pub(crate) mounts: MountTable,
    pub(crate) net: Arc<NetNamespace>,
    pub(crate) pids: Arc<PidNamespace>,
    pub(crate) hostname: Arc<Mutex<Vec<u8>>>,
    pub(crate) cpu: Arc<Cpu>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) pid_quota: Arc<Quota>,
    pub(crate) confinement: Confinement,
    pub(crate) libc: Libc,
    pub(crate) programs: fn(&[u8]) -> Option<Program>,
}

impl Container {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        let Parts {
            host,
            fabric,
            mounts,
            net,
            pids,
            hostname,
            cpu,
            memory,
            pid_quota,
            confinement,
            libc,
            programs,
        } = parts;
        Arc::new(Self {
            host,
            fabric,
            mounts,
            net,
            pids,
            hostname,
            cpu,
            memory,
            pid_quota,
            confinement,
            libc,
            programs,
            processes: Mutex::default(),
            terminals: Mutex::default(),
        })
    }

    /// Notes a process.
    pub(super) fn add(&self, process: &Arc<Process>) -> Result<(), Errno> {
        self.pid_quota.charge(1).map_err(|_| Errno::EAGAIN)?;
        lock(&self.processes).insert(process.host_pid, Arc::downgrade(process));
        Ok(())
    }

    /// Forgets a process that has ended.
    pub(super) fn remove(&self, process: &Process) {
        if lock(&self.processes).remove(&process.host_pid).is_some() {
            self.pid_quota.release(1);
        }
    }

    /// Its processes that run.
    pub(crate) fn processes(&self) -> Vec<Arc<Process>> {
        let weak: Vec<_> = lock(&self.processes).values().cloned().collect();
        weak.iter().filter_map(Weak::upgrade).collect()
    }

    /// Kills all its processes.
    pub(crate) fn kill_all(&self) {
        for process in self.processes() {
            process.signal_from_outside(Signal::KILL);
        }
    }

    /// A number for a new terminal.
    pub(crate) fn next_terminal(&self) -> u32 {
        let mut next = lock(&self.terminals);
        *next += 1;
        *next - 1
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.kill_all();
    }
}

//! The machine under a node's containers: its clock, its disk, its processors, and the counters that number things.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use jiff::Timestamp;

use super::{
    load::{Load, Meter},
    quota::Quota,
    wait::lock,
};
use crate::{env::Env, rng::Rng};

/// What all containers of a node have in common.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) env: Env,
    /// The node's disk.
    pub(crate) disk: Arc<Quota>,
    /// podlab's own memory for what this node holds.
    pub(crate) budget: Arc<Quota>,
    /// Processes of the whole node.
    pub(crate) pids: Arc<Quota>,
    /// The node's memory as its containers see it.
    pub(crate) memory_bytes: u64,
    /// Processor time in thousandths of a core.
    pub(crate) cpu_millis: u64,
    /// How many steps a core takes in one go (see [`super::cpu`])...
    pub(crate) burst_steps: u64,
    /// ...and how many a second after that.
    pub(crate) steady_steps: u64,
    /// When the machine was started.
    pub(crate) boot: Timestamp,
    rng: Mutex<Rng>,
    load: Mutex<Meter>,
    next_device: AtomicU32,
    next_pid: AtomicU32,
    next_object: AtomicU64,
}

impl Host {
    /// A machine of this size. `seed` tells it from the cluster's other ones.
    pub(crate) fn new(env: Env, seed: u64, size: HostSize) -> Arc<Self> {
        let rng = Rng::new(env.seed ^ seed);
        Arc::new(Self {
            disk: Quota::new(size.disk_bytes, None),
            budget: Quota::new(size.budget_bytes, None),
            pids: Quota::new(u64::from(size.max_pids), None),
            memory_bytes: size.memory_bytes,
            cpu_millis: size.cpu_millis,
            burst_steps: size.burst_steps,
            steady_steps: size.steady_steps,
            boot: env.clock.now(),
            env,
            rng: Mutex::new(rng),
            load: Mutex::default(),
            next_device: AtomicU32::new(40),
            next_pid: AtomicU32::new(1200),
            next_object: AtomicU64::new(20_000),
        })
    }

    /// Counts processor time that a container used.
    pub(super) fn count_use(&self, nanos: u64) {
        lock(&self.load).add(nanos, self.env.clock.uptime());
    }

    /// The machine's load averages.
    pub(crate) fn load(&self) -> Load {
        lock(&self.load).read(self.env.clock.uptime())
    }

    pub(crate) fn next_device(&self) -> u32 {
        self.next_device.fetch_add(1, Ordering::Relaxed)
    }

    /// A process number of the node itself.
    pub(crate) fn next_pid(&self) -> u32 {
        self.next_pid.fetch_add(1, Ordering::Relaxed)
    }

    /// A number for a pipe or a socket, as `/proc/self/fd` shows it.
    pub(crate) fn next_object(&self) -> u64 {
        self.next_object.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn random(&self) -> u64 {
        lock(&self.rng).next_u64()
    }

    /// 64 hexadecimal digits, as containerd names things.
    pub(crate) fn random_id(&self) -> Arc<str> {
        let mut rng = lock(&self.rng);
        (0..4).map(|_| format!("{:016x}", rng.next_u64())).collect::<String>().into()
    }
}

/// How large a machine is; see [`crate::NodeConfig`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostSize {
    pub(crate) cpu_millis: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) disk_bytes: u64,
    pub(crate) budget_bytes: u64,
    pub(crate) max_pids: u32,
    pub(crate) burst_steps: u64,
    pub(crate) steady_steps: u64,
}

//! A small node with someone who misbehaves, and a neighbour.

use std::{ops::Deref, time::Duration};

use podlab_node::{ContainerConfig, ContainerId, ContainerState, NodeConfig};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    MEMORY,
    lab::{Lab, script},
};

/// One test at a time, so that memory in use is its own.
static TURN: Mutex<()> = Mutex::const_new(());

/// What podlab may take beside the node's budget: buffers of programs, pipes and logs, and what the test itself holds.
const BESIDE_BUDGET: usize = 128 << 20;

/// A node whose memory is watched: at its end a trial fails where the peak was higher than the node's budget allows.
pub(crate) struct Trial {
    lab: Lab,
    budget: usize,
    before: usize,
    _turn: MutexGuard<'static, ()>,
}

impl Trial {
    /// The most memory that was in use, in bytes.
    pub(crate) fn peak(&self) -> usize {
        MEMORY.peak_usage().saturating_sub(self.before)
    }
}

impl Deref for Trial {
    type Target = Lab;

    fn deref(&self) -> &Lab {
        &self.lab
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let peak = self.peak();
            assert!(peak <= self.budget + BESIDE_BUDGET, "took {} MiB at its peak", peak >> 20);
        }
    }
}

/// A node with room for little, so that its bounds are reached soon.
pub(crate) async fn small() -> Trial {
    bounded(small_config()).await
}

pub(crate) fn small_config() -> NodeConfig {
    NodeConfig {
        max_pids: 64,
        budget_bytes: 24 << 20,
        cpu_millis: 20,
        busy_steps_per_second: 16_000,
        ..NodeConfig::default()
    }
}

pub(crate) async fn bounded(config: NodeConfig) -> Trial {
    let turn = TURN.lock().await;
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let budget = config.budget_bytes as usize;
    Trial { lab: Lab::with(config).await, budget, before, _turn: turn }
}

/// Starts what misbehaves beside a neighbour, which must go on all the while.
pub(crate) async fn beside(lab: &Lab, config: ContainerConfig) -> (ContainerId, ContainerId) {
    let pod = lab.pod("pod").await;
    let neighbour = lab.start(&pod, script("while :; do echo tick; sleep 1; done")).await;
    let id = lab.start(&pod, config).await;
    (id, neighbour)
}

/// The neighbour ticked every second so far, and does what it is asked to.
pub(crate) async fn assert_unhurt(lab: &Lab, neighbour: &ContainerId) {
    assert_eq!(lab.node.container_status(neighbour).unwrap().state, ContainerState::Running);
    let ticks = lab.log(neighbour).await.lines().count() as u64;
    let elapsed = lab.uptime().as_secs();
    assert!(ticks + 2 >= elapsed, "{ticks} ticks in {elapsed} s");
    let asked = lab.uptime();
    assert_eq!(lab.sh(neighbour, "echo fine").await.stdout, "fine\n");
    assert!(lab.uptime() - asked < Duration::from_secs(1), "a command took {:?}", lab.uptime() - asked);
}

/// What runs can be stopped without delay.
pub(crate) async fn assert_stops(lab: &Lab, id: &ContainerId) {
    let asked = lab.uptime();
    lab.node.stop_container(id, Duration::ZERO).await.unwrap();
    assert_eq!(lab.uptime(), asked);
}

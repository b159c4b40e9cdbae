//! What the node and its containers use, for `kubectl top`.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::Directory;
use crate::{
    kubelet::seat::NodeFacts,
    node_agent::{NodeUsage, Usage},
};

/// Shorter than this says nothing: what was measured before is told again.
const MIN_WINDOW: Duration = Duration::from_secs(10);

/// Works out rates from the processor time used since it last looked, so that nothing has to be measured in between.
#[derive(Debug, Default)]
pub(super) struct Sampler {
    last: Mutex<Sample>,
}

#[derive(Clone, Debug, Default)]
struct Sample {
    at: Option<Timestamp>,
    node_nanos: u64,
    /// By instance.
    nanos: BTreeMap<String, u64>,
    told: NodeUsage,
}

impl Sampler {
    pub(super) fn sample(&self, facts: &NodeFacts, directory: &Directory) -> NodeUsage {
        let now = facts.client.now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let since = last.at.map(|at| Duration::try_from(now.duration_since(at)).unwrap_or_default());
        if last.told.at.is_some() && since.is_some_and(|since| since < MIN_WINDOW) {
            return last.told.clone();
        }
        let stats = facts.node.stats();
        let mut nanos = BTreeMap::new();
        let mut pods: BTreeMap<String, BTreeMap<String, Usage>> = BTreeMap::new();
        for card in directory.pods().values() {
            for (name, instance) in &card.running {
                let Some(id) = card.seat.instance(instance) else { continue };
                let Some(stats) = facts.node.container_stats(&id) else { continue };
                let started = facts.node.container_status(&id).and_then(|status| status.started_at);
                let before = last.nanos.get(instance).copied().unwrap_or_default();
                let from = if last.nanos.contains_key(instance) { last.at } else { started };
                let nanocores = rate(stats.cpu_nanos.saturating_sub(before), from, now);
                let usage = Usage { nanocores, memory: stats.memory_working_set_bytes };
                let pod = format!("{}/{}", card.namespace, card.name);
                pods.entry(pod).or_default().insert(name.clone(), usage);
                nanos.insert(instance.clone(), stats.cpu_nanos);
            }
        }
        let used = stats.cpu_nanos.saturating_sub(last.node_nanos);
        let total = Usage { nanocores: rate(used, last.at, now), memory: stats.memory_working_set_bytes };
        let window = since.unwrap_or(MIN_WINDOW);
        let told = NodeUsage { at: Some(now), window, total, pods };
        *last = Sample { at: Some(now), node_nanos: stats.cpu_nanos, nanos, told: told.clone() };
        told
    }
}

/// Nanoseconds of processor time as billionths of a core over the time in which they were used.
fn rate(nanos: u64, from: Option<Timestamp>, now: Timestamp) -> u64 {
    let Some(from) = from else { return 0 };
    let over = Duration::try_from(now.duration_since(from)).unwrap_or_default().as_nanos();
    let per_second = u128::from(nanos) * 1_000_000_000 / over.max(1);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

//! Which of the nodes that can take a Pod is the best, by the scheduler's default scores and their weights.

use k8s_openapi::api::core::v1::Pod;

use super::{
    filter,
    snapshot::{NodeInfo, Snapshot, requests},
};

/// The best score of a plugin.
const MAX: i64 = 100;

/// What a container without a request counts for: a tenth of a core, 200 MB.
const DEFAULT_MILLIS: i64 = 100;
const DEFAULT_MEMORY: i64 = 200 << 20;

/// The best node; of several that are as good, the one that comes first by name.
pub(crate) fn best<'n>(snapshot: &Snapshot, nodes: &[&'n NodeInfo], pod: &Pod) -> Option<&'n NodeInfo> {
    let taints = normalized(nodes, true, |node| count(filter::untolerated_preferences(node, pod)));
    let affinity = normalized(nodes, false, |node| filter::matches_preferred(node, pod));
    let neighbours = normalized(nodes, false, |node| filter::preferred_score(snapshot, node, pod));
    let spread = normalized(nodes, true, |node| filter::soft_score(snapshot, node, pod));
    let mut best: Option<(i64, &NodeInfo)> = None;
    for (index, node) in nodes.iter().enumerate() {
        let of = |scores: &[i64]| scores.get(index).copied().unwrap_or_default();
        let (cpu, memory) = use_after(node, pod);
        let free = (MAX - cpu + MAX - memory) / 2;
        let balance = MAX - (cpu - memory).abs() / 2;
        let score =
            3 * of(&taints) + 2 * of(&affinity) + 2 * of(&neighbours) + 2 * of(&spread) + free + balance;
        if best.is_none_or(|(most, _)| score > most) {
            best = Some((score, node));
        }
    }
    best.map(|(_, node)| node)
}

fn count(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Scores from 0 to 100 in proportion to the highest.
fn normalized(nodes: &[&NodeInfo], less_is_better: bool, raw: impl Fn(&NodeInfo) -> i64) -> Vec<i64> {
    let raw: Vec<i64> = nodes.iter().map(|node| raw(node)).collect();
    let low = raw.iter().copied().min().unwrap_or_default().min(0);
    let range = raw.iter().copied().max().unwrap_or_default() - low;
    let scale = |value: i64| match (range, less_is_better) {
        (0, true) => MAX,
        (0, false) => 0,
        (range, true) => MAX - (value - low) * MAX / range,
        (range, false) => (value - low) * MAX / range,
    };
    raw.into_iter().map(scale).collect()
}

/// Per cent of the node's processor and memory that would be requested with the Pod on it.
fn use_after(node: &NodeInfo, pod: &Pod) -> (i64, i64) {
    let wanted = requests(pod);
    let of = |name: &str, value: fn(crate::quantity::Quantity) -> i64, default: i64| {
        let requested = node.requested.get(name).copied().map_or(0, value);
        let more = wanted.get(name).copied().map_or(default, value);
        let capacity = node.allocatable.get(name).copied().map_or(0, value).max(1);
        (requested.saturating_add(more).saturating_mul(MAX) / capacity).min(MAX)
    };
    let cpu = of("cpu", crate::quantity::Quantity::milli_value, DEFAULT_MILLIS);
    let memory = of("memory", crate::quantity::Quantity::value, DEFAULT_MEMORY);
    (cpu, memory)
}

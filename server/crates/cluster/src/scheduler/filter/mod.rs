//! Whether a node can take a Pod, one file a reason why not. The order is that of the scheduler's default plugins: the
//! first that objects gives the node's reasons.

mod node_affinity;
mod pod_affinity;
mod ports;
mod resources;
mod spread;
mod taints;
mod volumes;

use k8s_openapi::api::core::v1::Pod;

pub(crate) use self::{
    node_affinity::{matches_preferred, selects_node},
    pod_affinity::preferred_score,
    spread::soft_score,
    taints::{tolerates, untolerated_preferences},
};
use super::snapshot::{NodeInfo, Snapshot, spec};

/// Why a node cannot take a Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) reasons: Vec<String>,
    /// Whether it might if some Pods were not there.
    pub(crate) may_change: bool,
    /// What would have to change.
    pub(crate) cured_by: &'static [Change],
}

/// What may change around a Pod that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    Nodes,
    /// A Pod has come to a node, or is another one there.
    PodCame,
    PodWent,
    Claims,
}

/// Only other nodes help.
const OTHER_NODES: &[Change] = &[Change::Nodes];
/// Room on a node helps.
const ROOM: &[Change] = &[Change::Nodes, Change::PodWent];
/// Other neighbours help.
const NEIGHBOURS: &[Change] = &[Change::Nodes, Change::PodCame, Change::PodWent];
/// Other volumes help.
const VOLUMES: &[Change] = &[Change::Nodes, Change::Claims];

impl Rejection {
    fn new(reason: &str, may_change: bool, cured_by: &'static [Change]) -> Self {
        Self { reasons: vec![reason.to_owned()], may_change, cured_by }
    }
}

/// Why no node at all can take the Pod, whatever the nodes are like.
pub(crate) fn before(snapshot: &Snapshot, pod: &Pod) -> Option<String> {
    volumes::before(snapshot, pod)
}

/// Whether a DaemonSet keeps away from a node: its Pods are not wanted there. Whether they fit is another question.
pub(crate) fn refuses_daemon(node: &NodeInfo, pod: &Pod) -> bool {
    taints::unschedulable(node, pod)
        .or_else(|| taints::untolerated(node, pod))
        .or_else(|| node_affinity::mismatch(node, pod))
        .is_some()
}

/// Why a node cannot take the Pod.
pub(crate) fn node(snapshot: &Snapshot, node: &NodeInfo, pod: &Pod) -> Option<Rejection> {
    let wanted = spec(pod).node_name.as_deref().filter(|name| !name.is_empty());
    taints::unschedulable(node, pod)
        .or_else(|| {
            let other = wanted.is_some_and(|name| name != node.name());
            other.then(|| Rejection::new("node(s) didn't match the requested node name", false, OTHER_NODES))
        })
        .or_else(|| taints::untolerated(node, pod))
        .or_else(|| node_affinity::mismatch(node, pod))
        .or_else(|| ports::taken(node, pod))
        .or_else(|| resources::insufficient(node, pod))
        .or_else(|| volumes::out_of_reach(snapshot, node, pod))
        .or_else(|| spread::skewed(snapshot, node, pod))
        .or_else(|| pod_affinity::mismatch(snapshot, node, pod))
}

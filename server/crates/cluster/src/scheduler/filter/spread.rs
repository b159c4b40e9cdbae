//! Topology spread constraints. See "Pod Topology Spread Constraints" in Kubernetes' documentation.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, TopologySpreadConstraint};

use super::{NEIGHBOURS, Rejection, node_affinity, taints};
use crate::{
    label_selector::selects,
    scheduler::snapshot::{NodeInfo, Snapshot, namespace, spec},
};

const SKEWED: &str = "node(s) didn't match pod topology spread constraints";

fn constraints<'p>(pod: &'p Pod, action: &'p str) -> impl Iterator<Item = &'p TopologySpreadConstraint> {
    let all = spec(pod).topology_spread_constraints.iter().flatten();
    all.filter(move |constraint| constraint.when_unsatisfiable == action)
}

/// A node whose domain would have too many of the Pod's kind.
pub(super) fn skewed(snapshot: &Snapshot, node: &NodeInfo, pod: &Pod) -> Option<Rejection> {
    for constraint in constraints(pod, "DoNotSchedule") {
        let Some(domain) = node.label(&constraint.topology_key) else {
            return Some(Rejection::new(&format!("{SKEWED} (missing required label)"), false, NEIGHBOURS));
        };
        let counts = counts(snapshot, pod, constraint);
        let least = match constraint.min_domains {
            Some(wanted) if i64::try_from(counts.len()).unwrap_or(i64::MAX) < i64::from(wanted) => 0,
            _ => counts.values().copied().min().unwrap_or_default(),
        };
        let itself = i64::from(selects(constraint.label_selector.as_ref(), pod.metadata.labels.as_ref()));
        let here = counts.get(domain).copied().unwrap_or_default();
        if here + itself - least > i64::from(constraint.max_skew) {
            return Some(Rejection::new(SKEWED, true, NEIGHBOURS));
        }
    }
    None
}

/// How many of the Pod's kind the node's domains have already, for constraints that are only wishes: less is better.
pub(crate) fn soft_score(snapshot: &Snapshot, node: &NodeInfo, pod: &Pod) -> i64 {
    let of = |constraint: &TopologySpreadConstraint| {
        let domain = node.label(&constraint.topology_key)?;
        counts(snapshot, pod, constraint).get(domain).copied()
    };
    constraints(pod, "ScheduleAnyway").filter_map(of).sum()
}

/// How many Pods of the constraint's kind each domain has.
fn counts(snapshot: &Snapshot, pod: &Pod, constraint: &TopologySpreadConstraint) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for node in &snapshot.nodes {
        let Some(domain) = node.label(&constraint.topology_key) else { continue };
        let by_affinity = constraint.node_affinity_policy.as_deref() != Some("Ignore");
        let by_taints = constraint.node_taints_policy.as_deref() == Some("Honor");
        if (by_affinity && node_affinity::mismatch(node, pod).is_some())
            || (by_taints && taints::untolerated(node, pod).is_some())
        {
            continue;
        }
        let of_kind = node.pods.iter().filter(|other| {
            namespace(other) == namespace(pod)
                && other.metadata.deletion_timestamp.is_none()
                && selects(constraint.label_selector.as_ref(), other.metadata.labels.as_ref())
        });
        *counts.entry(domain.to_owned()).or_default() += i64::try_from(of_kind.count()).unwrap_or(i64::MAX);
    }
    counts
}

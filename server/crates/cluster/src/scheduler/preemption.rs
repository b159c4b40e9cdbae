//! Making room for a Pod by ending others of lower priority. See "Pod Priority and Preemption" in Kubernetes'
//! documentation.

use k8s_openapi::api::core::v1::Pod;

use super::{
    decision::{Preemption, histogram},
    filter::{self, Rejection},
    snapshot::{NodeInfo, Snapshot, priority, spec},
};

/// Finds the node where the least important Pods have to go, or says why none will do.
pub(super) fn find(
    snapshot: &Snapshot,
    rejected: &[(&NodeInfo, Rejection)],
    pod: &Pod,
) -> Result<Preemption, String> {
    if spec(pod).preemption_policy.as_deref() == Some("Never") {
        return Err("not eligible due to preemptionPolicy=Never.".to_owned());
    }
    let mut reasons = Vec::new();
    let mut best: Option<(Vec<i32>, Preemption)> = None;
    for (node, rejection) in rejected {
        if !rejection.may_change {
            reasons.push("Preemption is not helpful for scheduling".to_owned());
            continue;
        }
        let Some(victims) = victims(snapshot, node, pod) else {
            reasons.push("No preemption victims found for incoming pod".to_owned());
            continue;
        };
        // Less important victims first, then fewer of them.
        let mut cost: Vec<i32> = victims.iter().map(priority).collect();
        cost.sort_unstable_by(|a, b| b.cmp(a));
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, Preemption { node: node.name().to_owned(), victims }));
        }
    }
    match best {
        Some((_, preemption)) => Ok(preemption),
        None => {
            let total = snapshot.nodes.len();
            Err(format!("0/{total} nodes are available: {}.", histogram(reasons.into_iter())))
        }
    }
}

/// The Pods of lower priority that have to go: as few as possible, the least important ones.
fn victims(snapshot: &Snapshot, node: &NodeInfo, pod: &Pod) -> Option<Vec<Pod>> {
    let all = node.pods.iter().map(|other| &**other);
    let mut lower: Vec<&Pod> = all.filter(|other| priority(other) < priority(pod)).collect();
    if lower.is_empty() {
        return None;
    }
    // The most important ones are the first that may stay after all.
    lower.sort_by_key(|other| std::cmp::Reverse(priority(other)));
    let fits = |gone: &[&Pod]| {
        let emptier = node.without(gone);
        let mut changed = snapshot.clone();
        for candidate in &mut changed.nodes {
            if candidate.name() == emptier.name() {
                *candidate = emptier.clone();
            }
        }
        filter::node(&changed, &emptier, pod).is_none()
    };
    if !fits(&lower) {
        return None;
    }
    let mut gone = lower.clone();
    for candidate in lower {
        let without: Vec<&Pod> =
            gone.iter().copied().filter(|other| other.metadata.uid != candidate.metadata.uid).collect();
        if fits(&without) {
            gone = without;
        }
    }
    Some(gone.into_iter().cloned().collect())
}

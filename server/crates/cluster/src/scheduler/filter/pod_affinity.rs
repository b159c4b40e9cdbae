//! Affinity and anti-affinity between Pods. See "Inter-pod affinity and anti-affinity" in Kubernetes' documentation.

use k8s_openapi::api::core::v1::{Affinity, Pod, PodAffinityTerm};

use super::{NEIGHBOURS, Rejection};
use crate::{
    label_selector::selects,
    scheduler::snapshot::{NodeInfo, Snapshot, namespace, spec},
};

fn affinity(pod: &Pod) -> Option<&Affinity> {
    spec(pod).affinity.as_ref()
}

fn required_affinity(pod: &Pod) -> &[PodAffinityTerm] {
    let affinity = affinity(pod).and_then(|affinity| affinity.pod_affinity.as_ref());
    let required = affinity.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_deref());
    required.unwrap_or_default()
}

fn required_anti_affinity(pod: &Pod) -> &[PodAffinityTerm] {
    let affinity = affinity(pod).and_then(|affinity| affinity.pod_anti_affinity.as_ref());
    let required = affinity.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_deref());
    required.unwrap_or_default()
}

/// A node that is too far from the Pods that the Pod wants to be near, or too near to those that it must not be.
pub(super) fn mismatch(snapshot: &Snapshot, node: &NodeInfo, pod: &Pod) -> Option<Rejection> {
    if !affinity_holds(snapshot, node, pod) {
        return Some(Rejection::new("node(s) didn't match pod affinity rules", false, NEIGHBOURS));
    }
    if required_anti_affinity(pod).iter().any(|term| has_neighbour(snapshot, node, pod, term)) {
        return Some(Rejection::new("node(s) didn't match pod anti-affinity rules", true, NEIGHBOURS));
    }
    let objects = snapshot.pods().any(|(there, other)| {
        required_anti_affinity(other).iter().any(|term| {
            same_domain(there, node, &term.topology_key) && term_selects(snapshot, other, term, pod)
        })
    });
    objects
        .then(|| Rejection::new("node(s) didn't satisfy existing pods anti-affinity rules", true, NEIGHBOURS))
}

fn affinity_holds(snapshot: &Snapshot, node: &NodeInfo, pod: &Pod) -> bool {
    let terms = required_affinity(pod);
    if terms.is_empty() {
        return true;
    }
    if terms.iter().all(|term| has_neighbour(snapshot, node, pod, term)) {
        return true;
    }
    // The first of a group that wants to be together may go anywhere.
    let alone =
        !snapshot.pods().any(|(_, other)| terms.iter().all(|term| term_selects(snapshot, pod, term, other)));
    alone
        && terms
            .iter()
            .all(|term| node.label(&term.topology_key).is_some() && term_selects(snapshot, pod, term, pod))
}

fn has_neighbour(snapshot: &Snapshot, node: &NodeInfo, pod: &Pod, term: &PodAffinityTerm) -> bool {
    snapshot.pods().any(|(there, other)| {
        same_domain(there, node, &term.topology_key) && term_selects(snapshot, pod, term, other)
    })
}

fn same_domain(a: &NodeInfo, b: &NodeInfo, key: &str) -> bool {
    a.label(key).is_some() && a.label(key) == b.label(key)
}

/// Whether a term of `owner` is about `other`.
fn term_selects(snapshot: &Snapshot, owner: &Pod, term: &PodAffinityTerm, other: &Pod) -> bool {
    let named = term.namespaces.as_deref().unwrap_or_default();
    let home = namespace(other);
    let in_namespace = match &term.namespace_selector {
        Some(selector) => selects(Some(selector), snapshot.namespaces.get(home)),
        None => named.is_empty() && home == namespace(owner),
    };
    (in_namespace || named.iter().any(|name| name == home))
        && selects(term.label_selector.as_ref(), other.metadata.labels.as_ref())
}

/// How much the Pod would like the node for the Pods near it: preferences for less those against.
pub(crate) fn preferred_score(snapshot: &Snapshot, node: &NodeInfo, pod: &Pod) -> i64 {
    let affinity = affinity(pod);
    let near = affinity
        .and_then(|affinity| affinity.pod_affinity.as_ref())
        .and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_deref());
    let far = affinity
        .and_then(|affinity| affinity.pod_anti_affinity.as_ref())
        .and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_deref());
    let score = |terms: Option<&[k8s_openapi::api::core::v1::WeightedPodAffinityTerm]>| -> i64 {
        let terms = terms.unwrap_or_default().iter();
        let matching = terms.filter(|term| has_neighbour(snapshot, node, pod, &term.pod_affinity_term));
        matching.map(|term| i64::from(term.weight)).sum()
    };
    score(near) - score(far)
}

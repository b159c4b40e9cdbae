//! `nodeSelector` and node affinity. See "Assigning Pods to Nodes" in Kubernetes' documentation.

use k8s_openapi::api::core::v1::{NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod};

use super::{OTHER_NODES, Rejection};
use crate::{
    label_selector::{has_all, holds},
    scheduler::snapshot::{NodeInfo, spec},
};

/// A node that the Pod does not want.
pub(super) fn mismatch(node: &NodeInfo, pod: &Pod) -> Option<Rejection> {
    let spec = spec(pod);
    let labels = node.node.metadata.labels.as_ref();
    let selected =
        spec.node_selector.as_ref().is_none_or(|wanted| wanted.is_empty() || has_all(Some(wanted), labels));
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required =
        affinity.and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref());
    let matches = selected && required.is_none_or(|selector| selects_node(selector, node));
    (!matches)
        .then(|| Rejection::new("node(s) didn't match Pod's node affinity/selector", false, OTHER_NODES))
}

/// Whether a node selector, one of whose terms must match, selects a node.
pub(crate) fn selects_node(selector: &NodeSelector, node: &NodeInfo) -> bool {
    selector.node_selector_terms.iter().any(|term| term_matches(term, node))
}

/// How much the Pod would like the node: the weights of the preferences that match.
pub(crate) fn matches_preferred(node: &NodeInfo, pod: &Pod) -> i64 {
    let affinity = spec(pod).affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let preferred =
        affinity.and_then(|affinity| affinity.preferred_during_scheduling_ignored_during_execution.as_ref());
    let matching = preferred.into_iter().flatten().filter(|term| term_matches(&term.preference, node));
    matching.map(|term| i64::from(term.weight)).sum()
}

fn term_matches(term: &NodeSelectorTerm, node: &NodeInfo) -> bool {
    let labels = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    let holds = |requirement: &NodeSelectorRequirement, value: Option<&str>| {
        holds(&requirement.operator, requirement.values.as_deref().unwrap_or_default(), value)
    };
    // A term without requirements selects nothing.
    !(labels.is_empty() && fields.is_empty())
        && labels.iter().all(|requirement| holds(requirement, node.label(&requirement.key)))
        && fields
            .iter()
            .all(|requirement| holds(requirement, (requirement.key == "metadata.name").then(|| node.name())))
}

//! Where a Pod goes, or why it cannot go anywhere, in the scheduler's words.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Pod;

use super::{
    filter::{self, Change},
    preemption, score,
    snapshot::{NodeInfo, Snapshot},
};

/// What the scheduler decides about a Pod.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decision {
    /// It goes to this node.
    Bind(String),
    /// It has to wait, for the reason that the message gives, until something of `cured_by` changes.
    Wait { message: String, preempt: Option<Preemption>, cured_by: BTreeSet<Change> },
}

/// Pods that have to make room.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Preemption {
    pub(crate) node: String,
    pub(crate) victims: Vec<Pod>,
}

/// Looks for a node.
pub(crate) fn decide(snapshot: &Snapshot, pod: &Pod) -> Decision {
    if snapshot.nodes.is_empty() {
        let message = "no nodes available to schedule pods".to_owned();
        return Decision::Wait { message, preempt: None, cured_by: [Change::Nodes].into() };
    }
    let total = snapshot.nodes.len();
    if let Some(reason) = filter::before(snapshot, pod) {
        let message = format!(
            "0/{total} nodes are available: {reason}. no new claims to deallocate, preemption: 0/{total} nodes \
             are available: {total} Preemption is not helpful for scheduling."
        );
        return Decision::Wait { message, preempt: None, cured_by: [Change::Claims].into() };
    }
    let mut fitting: Vec<&NodeInfo> = Vec::new();
    let mut rejected = Vec::new();
    for node in &snapshot.nodes {
        match filter::node(snapshot, node, pod) {
            None => fitting.push(node),
            Some(rejection) => rejected.push((node, rejection)),
        }
    }
    if let Some(node) = score::best(snapshot, &fitting, pod) {
        return Decision::Bind(node.name().to_owned());
    }
    let reasons = rejected.iter().flat_map(|(_, rejection)| rejection.reasons.iter().cloned());
    let reasons = histogram(reasons);
    let (preempt, after) = match preemption::find(snapshot, &rejected, pod) {
        Ok(preemption) => (Some(preemption), String::new()),
        Err(why) => (None, format!(" no new claims to deallocate, preemption: {why}")),
    };
    let message = format!("0/{total} nodes are available: {reasons}.{after}");
    let mut cured_by: BTreeSet<Change> =
        rejected.iter().flat_map(|(_, rejection)| rejection.cured_by).copied().collect();
    if preempt.is_some() {
        cured_by.insert(Change::PodWent);
    }
    Decision::Wait { message, preempt, cured_by }
}

/// `2 Insufficient cpu, 1 node(s) were unschedulable`: each reason with its number of nodes, in the order of the text.
pub(super) fn histogram(reasons: impl Iterator<Item = String>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for reason in reasons {
        *counts.entry(reason).or_default() += 1;
    }
    let mut texts: Vec<String> =
        counts.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    texts.sort();
    texts.join(", ")
}

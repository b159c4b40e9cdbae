//! Decisions about Pods: `tests/golden/scheduler`.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod};
use serde::Deserialize;

use super::{decision::*, snapshot::*};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[expect(dead_code, reason = "for the reader")]
    about: String,
    nodes: Vec<Node>,
    /// Pods that are bound already.
    #[serde(default)]
    bound: Vec<Pod>,
    #[serde(default)]
    namespaces: Vec<Namespace>,
    #[serde(default)]
    claims: Vec<PersistentVolumeClaim>,
    #[serde(default)]
    volumes: Vec<PersistentVolume>,
    #[serde(default)]
    late_binding: Vec<String>,
    /// Pods to be scheduled, each on its own.
    pods: Vec<Pod>,
}

#[test]
fn where_pods_go() {
    crate::golden::run("scheduler", |case: Case| {
        let nodes = case.nodes.into_iter().map(|node| {
            let name = node.metadata.name.clone();
            let pods = case.bound.iter().filter(|pod| spec(pod).node_name == name);
            NodeInfo::new(Arc::new(node), pods.cloned().map(Arc::new).collect())
        });
        let key = |claim: &PersistentVolumeClaim| {
            let metadata = &claim.metadata;
            (metadata.namespace.clone().unwrap_or_default(), metadata.name.clone().unwrap_or_default())
        };
        let snapshot = Snapshot {
            nodes: nodes.collect(),
            namespaces: namespaces(case.namespaces),
            claims: case.claims.into_iter().map(|claim| (key(&claim), claim)).collect(),
            volumes: case
                .volumes
                .into_iter()
                .map(|volume| (volume.metadata.name.clone().unwrap_or_default(), volume))
                .collect(),
            late_binding: case.late_binding,
        };
        let decide = |pod: &Pod| {
            let name = pod.metadata.name.clone().unwrap_or_default();
            match decide(&snapshot, pod) {
                Decision::Bind(node) => format!("{name}: {node}"),
                Decision::Wait { message, preempt: None, .. } => format!("{name}: {message}"),
                Decision::Wait { message, preempt: Some(preemption), .. } => {
                    let victims = preemption.victims.into_iter().filter_map(|pod| pod.metadata.name);
                    let victims: Vec<String> = victims.collect();
                    format!("{name}: {message} -- preempts {} on {}", victims.join(", "), preemption.node)
                }
            }
        };
        case.pods.iter().map(decide).collect()
    });
}

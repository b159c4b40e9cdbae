//! What containers and nodes use, as the API group `metrics.k8s.io` tells it: worked out when it is asked for.
//!
//! Source: <https://kubernetes.io/docs/tasks/debug/debug-cluster/resource-metrics-pipeline/>.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    go_text,
    node_agent::Usage,
    quantity::Quantity,
    resource::Strategy,
    server::{Server, rfc3339_seconds},
};

/// What a Pod's containers use.
#[derive(Clone, Debug)]
pub(crate) struct PodUsage {
    pub(crate) at: Option<Timestamp>,
    pub(crate) window: Duration,
    pub(crate) containers: BTreeMap<String, Usage>,
}

/// Of all Pods that run, by `namespace/name`.
pub(crate) fn of_pods(server: &Server) -> BTreeMap<String, PodUsage> {
    let mut all = BTreeMap::new();
    for (_, agent) in server.agents() {
        let usage = agent.usage();
        let (at, window) = (usage.at, usage.window);
        let own = usage.pods.into_iter().map(|(pod, containers)| (pod, PodUsage { at, window, containers }));
        all.extend(own);
    }
    all
}

/// PodMetrics: one object a Pod.
#[derive(Debug)]
pub(crate) struct PodMetrics;

/// NodeMetrics: one object a node.
#[derive(Debug)]
pub(crate) struct NodeMetrics;

impl Strategy for PodMetrics {
    fn computed(&self, server: &Server) -> Option<Vec<Value>> {
        let object = |(pod, usage): (String, PodUsage)| {
            let (namespace, name) = pod.split_once('/')?;
            let found = server.store.get("pods", namespace, name)?;
            let container = |(name, usage): (String, Usage)| json!({ "name": name, "usage": amounts(usage) });
            let containers: Vec<Value> = usage.containers.into_iter().map(container).collect();
            Some(json!({
                "kind": "PodMetrics", "apiVersion": "metrics.k8s.io/v1beta1",
                "metadata": {
                    "name": name, "namespace": namespace, "creationTimestamp": server.now(),
                    "labels": found.labels(),
                },
                "timestamp": time(server, usage.at),
                "window": go_text::duration(whole(usage.window)),
                "containers": containers,
            }))
        };
        Some(of_pods(server).into_iter().filter_map(object).collect())
    }
}

impl Strategy for NodeMetrics {
    fn computed(&self, server: &Server) -> Option<Vec<Value>> {
        let object = |(name, agent): (String, std::sync::Arc<dyn crate::node_agent::NodeAgent>)| {
            let usage = agent.usage();
            let found = server.store.get("nodes", "", &name)?;
            Some(json!({
                "kind": "NodeMetrics", "apiVersion": "metrics.k8s.io/v1beta1",
                "metadata": { "name": name, "creationTimestamp": server.now(), "labels": found.labels() },
                "timestamp": time(server, usage.at),
                "window": go_text::duration(whole(usage.window)),
                "usage": amounts(usage.total),
            }))
        };
        Some(server.agents().into_iter().filter_map(object).collect())
    }
}

/// In the units that the metrics server uses: billionths of a core, kibibytes.
fn amounts(usage: Usage) -> Value {
    let memory = Quantity::bytes(i64::try_from(usage.memory / 1024 * 1024).unwrap_or(i64::MAX));
    json!({ "cpu": format!("{}n", usage.nanocores), "memory": memory.to_string() })
}

fn time(server: &Server, at: Option<Timestamp>) -> String {
    at.map_or_else(|| server.now(), rfc3339_seconds)
}

fn whole(window: Duration) -> Duration {
    Duration::from_secs(window.as_secs())
}

//! What the scheduler knows of the cluster when it looks for a node.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::api::core::v1::{Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, PodSpec};

use crate::{
    label_selector::Labels,
    pod_resources::{self, Amounts},
};

/// The cluster at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// By name.
    pub(crate) nodes: Vec<NodeInfo>,
    pub(crate) namespaces: BTreeMap<String, Labels>,
    /// By namespace and name.
    pub(crate) claims: BTreeMap<(String, String), PersistentVolumeClaim>,
    pub(crate) volumes: BTreeMap<String, PersistentVolume>,
    /// The storage classes whose volumes are made where the Pod is to run.
    pub(crate) late_binding: Vec<String>,
}

/// A node and the Pods that are bound to it.
#[derive(Clone, Debug)]
pub(crate) struct NodeInfo {
    pub(crate) node: Arc<Node>,
    pub(crate) allocatable: Amounts,
    pub(crate) requested: Amounts,
    pub(crate) pods: Vec<Arc<Pod>>,
}

impl NodeInfo {
    pub(crate) fn new(node: Arc<Node>, pods: Vec<Arc<Pod>>) -> Self {
        let allocatable = node.status.as_ref().and_then(|status| status.allocatable.as_ref());
        let allocatable = pod_resources::amounts(allocatable);
        let mut requested = Amounts::new();
        for pod in &pods {
            pod_resources::add(&mut requested, &requests(pod));
        }
        Self { node, allocatable, requested, pods }
    }

    pub(crate) fn name(&self) -> &str {
        self.node.metadata.name.as_deref().unwrap_or_default()
    }

    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.node.metadata.labels.as_ref()?.get(key).map(String::as_str)
    }

    /// The same node without some of its Pods.
    pub(crate) fn without(&self, gone: &[&Pod]) -> Self {
        let uids: Vec<_> = gone.iter().map(|pod| pod.metadata.uid.as_deref()).collect();
        let left = self.pods.iter().filter(|pod| !uids.contains(&pod.metadata.uid.as_deref()));
        Self::new(Arc::clone(&self.node), left.cloned().collect())
    }
}

impl Snapshot {
    /// All nodes' Pods with their nodes.
    pub(crate) fn pods(&self) -> impl Iterator<Item = (&NodeInfo, &Pod)> {
        self.nodes.iter().flat_map(|node| node.pods.iter().map(move |pod| (node, &**pod)))
    }
}

/// What a Pod requests.
pub(crate) fn requests(pod: &Pod) -> Amounts {
    pod.spec.as_ref().map(pod_resources::requests).unwrap_or_default()
}

/// A Pod's definition; every Pod has one.
pub(crate) fn spec(pod: &Pod) -> &PodSpec {
    static EMPTY: std::sync::LazyLock<PodSpec> = std::sync::LazyLock::new(PodSpec::default);
    pod.spec.as_ref().unwrap_or(&EMPTY)
}

/// A Pod's namespace.
pub(crate) fn namespace(pod: &Pod) -> &str {
    pod.metadata.namespace.as_deref().unwrap_or_default()
}

/// The snapshot's namespaces, from the API's.
pub(crate) fn namespaces(namespaces: Vec<Namespace>) -> BTreeMap<String, Labels> {
    let entry = |namespace: Namespace| {
        let metadata = namespace.metadata;
        (metadata.name.unwrap_or_default(), metadata.labels.unwrap_or_default())
    };
    namespaces.into_iter().map(entry).collect()
}

/// The priority of a Pod.
pub(crate) fn priority(pod: &Pod) -> i32 {
    spec(pod).priority.unwrap_or_default()
}

//! The node as the API shows it, and the lease that says that its kubelet is alive.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use k8s_openapi::{
    api::{
        coordination::v1::{Lease, LeaseSpec},
        core::v1::{
            ContainerImage, DaemonEndpoint, Node, NodeAddress, NodeCondition, NodeDaemonEndpoints, NodeSpec,
            NodeStatus, NodeSystemInfo,
        },
    },
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, OwnerReference},
};

use super::{pod::seconds, seat::NodeFacts};
use crate::{
    client::Client,
    conditions,
    config::NodeConfig,
    pod_resources::{self, Amounts},
    quantity::Quantity,
};

/// How often the kubelet says that nothing has changed. Nobody here takes its silence for its end, so that this is only
/// for those who read the times.
const HEARTBEAT: Duration = Duration::from_secs(300);

/// What a node keeps for itself: memory below which it would evict Pods.
const RESERVED_MEMORY: i64 = 100 << 20;

/// The namespace of leases of nodes.
const LEASES: &str = "kube-node-lease";

/// What a node has.
pub(super) fn capacity(config: &NodeConfig) -> Amounts {
    let bytes = |value: u64| Quantity::bytes(i64::try_from(value).unwrap_or(i64::MAX));
    BTreeMap::from([
        ("cpu".to_owned(), Quantity::whole(config.cpus.into())),
        ("ephemeral-storage".to_owned(), bytes(config.storage_bytes)),
        ("hugepages-1Gi".to_owned(), Quantity::default()),
        ("hugepages-2Mi".to_owned(), Quantity::default()),
        ("memory".to_owned(), bytes(config.memory_bytes)),
        ("pods".to_owned(), Quantity::whole(config.max_pods.into())),
    ])
}

/// What Pods may have of it.
pub(super) fn allocatable(config: &NodeConfig) -> Amounts {
    let mut amounts = capacity(config);
    if let Some(memory) = amounts.get_mut("memory") {
        *memory = memory.saturating_sub(Quantity::bytes(RESERVED_MEMORY));
    }
    amounts
}

/// Makes the node and its lease known, and keeps their times up to date.
pub(super) fn register(facts: &Arc<NodeFacts>, config: &NodeConfig, first: bool) {
    let client = facts.client.clone();
    let mut labels = BTreeMap::from([
        ("beta.kubernetes.io/arch", "amd64"),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/hostname", facts.name.as_str()),
        ("kubernetes.io/os", "linux"),
    ]);
    if first {
        labels.insert("node-role.kubernetes.io/control-plane", "");
    }
    let labels = labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    // What the kubelet notes of volumes, and the control plane of how long Secrets may be kept.
    let annotations = BTreeMap::from([
        ("node.alpha.kubernetes.io/ttl".to_owned(), "0".to_owned()),
        ("volumes.kubernetes.io/controller-managed-attach-detach".to_owned(), "true".to_owned()),
    ]);
    let node = Node {
        metadata: ObjectMeta {
            name: Some(facts.name.clone()),
            labels: Some(labels),
            annotations: Some(annotations),
            ..ObjectMeta::default()
        },
        spec: Some(NodeSpec {
            pod_cidr: Some(pod_range(facts)),
            pod_cidrs: Some(vec![pod_range(facts)]),
            ..NodeSpec::default()
        }),
        status: Some(status(facts, config)),
    };
    let created = client.all::<Node>().create(&node).and_then(|mut made| {
        made.status = Some(status(facts, config));
        client.all::<Node>().update_status(&made)
    });
    match created {
        Ok(node) => renew_lease(&client, &node),
        Err(error) => tracing::error!(%error, name = facts.name, "a node could not be registered"),
    }
    let (facts, config) = (Arc::clone(facts), config.clone());
    client.clone().spawn(async move {
        loop {
            client.sleep(HEARTBEAT).await;
            heartbeat(&facts, &config);
        }
    });
}

fn heartbeat(facts: &NodeFacts, config: &NodeConfig) {
    let nodes = facts.client.all::<Node>();
    let Ok(mut node) = nodes.get(&facts.name) else { return };
    let before = node.status.take().unwrap_or_default();
    let mut now = status(facts, config);
    now.conditions = now.conditions.map(|all| conditions::all_after(all, before.conditions.as_deref()));
    node.status = Some(now);
    if let Ok(node) = nodes.update_status(&node) {
        renew_lease(&facts.client, &node);
    }
}

fn pod_range(facts: &NodeFacts) -> String {
    let (address, prefix) = facts.node.config().pod_range;
    format!("{address}/{prefix}")
}

fn status(facts: &NodeFacts, config: &NodeConfig) -> NodeStatus {
    let now = seconds(facts.client.now());
    let condition = |kind: &str, holds: bool, reason: &str, message: &str| NodeCondition {
        type_: kind.to_owned(),
        status: conditions::status(holds).to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_heartbeat_time: Some(now.clone()),
        last_transition_time: Some(now.clone()),
    };
    let address =
        |kind: &str, address: &str| NodeAddress { type_: kind.to_owned(), address: address.to_owned() };
    let mut addresses: Vec<NodeAddress> = facts.ips.iter().map(|ip| address("InternalIP", ip)).collect();
    addresses.push(address("Hostname", &facts.name));
    NodeStatus {
        addresses: Some(addresses),
        allocatable: pod_resources::to_api(&allocatable(config)),
        capacity: pod_resources::to_api(&capacity(config)),
        conditions: Some(vec![
            condition(
                "MemoryPressure",
                false,
                "KubeletHasSufficientMemory",
                "kubelet has sufficient memory available",
            ),
            condition("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            condition(
                "PIDPressure",
                false,
                "KubeletHasSufficientPID",
                "kubelet has sufficient PID available",
            ),
            condition("Ready", true, "KubeletReady", "kubelet is posting ready status"),
        ]),
        daemon_endpoints: Some(NodeDaemonEndpoints {
            kubelet_endpoint: Some(DaemonEndpoint { port: 10250 }),
        }),
        images: Some(images(facts)),
        node_info: Some(info(facts)),
        ..NodeStatus::default()
    }
}

/// The images on the node, the largest first, as many as the kubelet shows.
fn images(facts: &NodeFacts) -> Vec<ContainerImage> {
    let mut images = facts.node.images();
    images.sort_by_key(|image| std::cmp::Reverse(image.size_bytes));
    images.truncate(50);
    let show = |image: podlab_node::image::ImageStatus| ContainerImage {
        names: Some(image.digests.into_iter().chain(image.tags).collect()),
        size_bytes: i64::try_from(image.size_bytes).ok(),
    };
    images.into_iter().map(show).collect()
}

fn info(facts: &NodeFacts) -> NodeSystemInfo {
    let version = facts.client.config().version;
    let seed = facts.client.env().seed;
    NodeSystemInfo {
        architecture: "amd64".to_owned(),
        boot_id: format!("00000000-0000-4000-8000-{:012x}", seed & 0xffff_ffff_ffff),
        container_runtime_version: "containerd://2.1.4".to_owned(),
        kernel_version: "6.8.0-podlab".to_owned(),
        kube_proxy_version: String::new(),
        kubelet_version: format!("v1.{}.{}", version.minor, version.patch),
        machine_id: format!("{seed:032x}"),
        operating_system: "linux".to_owned(),
        os_image: "podlab simulated node".to_owned(),
        system_uuid: format!("00000000-0000-4000-9000-{:012x}", seed & 0xffff_ffff_ffff),
        running_in_user_namespace: None,
        swap: None,
    }
}

fn renew_lease(client: &Client, node: &Node) {
    let name = node.metadata.name.clone().unwrap_or_default();
    let leases = client.namespaced::<Lease>(LEASES);
    let spec = LeaseSpec {
        holder_identity: Some(name.clone()),
        lease_duration_seconds: Some(40),
        renew_time: Some(MicroTime(client.now())),
        ..LeaseSpec::default()
    };
    let written = match leases.get(&name) {
        Ok(mut lease) => {
            lease.spec = Some(spec);
            leases.update(&lease)
        }
        Err(_) => leases.create(&Lease {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                namespace: Some(LEASES.to_owned()),
                owner_references: Some(vec![OwnerReference {
                    api_version: "v1".to_owned(),
                    kind: "Node".to_owned(),
                    name,
                    uid: node.metadata.uid.clone().unwrap_or_default(),
                    ..OwnerReference::default()
                }]),
                ..ObjectMeta::default()
            },
            spec: Some(spec),
        }),
    };
    if let Err(error) = written {
        tracing::debug!(%error, "a node's lease could not be renewed");
    }
}

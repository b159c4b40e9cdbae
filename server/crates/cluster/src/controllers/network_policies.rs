//! The role of a network plugin: NetworkPolicies become rules on the addresses of Pods, for the nodes' network. See "Network
//! Policies" in Kubernetes' documentation.

use std::{collections::BTreeSet, net::IpAddr};

use k8s_openapi::{
    api::{
        core::v1::{Namespace, Pod},
        networking::v1::{NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec},
    },
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};
use podlab_node::{
    Network,
    network::{Direction, Protocol, TrafficPeer, TrafficPolicy, TrafficPort, TrafficRule},
};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    pods,
};
use crate::{
    Client,
    client::Selection,
    kubelet::CLUSTER_DNS,
    label_selector::{Labels, selects},
    status::Result,
};

pub(super) struct NetworkPolicies {
    network: Network,
}

impl NetworkPolicies {
    pub(super) fn new(network: Network) -> Self {
        Self { network }
    }
}

impl Controller for NetworkPolicies {
    fn name(&self) -> &'static str {
        "network-policy-controller"
    }

    fn concerns(&self, _: &Client, change: &Change) -> Vec<Key> {
        match change.object {
            Object::NetworkPolicy(_) | Object::Pod(_) | Object::Namespace(_) => vec![Key::all()],
            _ => Vec::new(),
        }
    }

    fn reconcile(&self, client: &Client, _: &Key) -> Result<Again> {
        let all = Selection::default();
        let policies = client.all::<NetworkPolicy>().list(&all)?;
        if policies.is_empty() {
            self.network.set_policies(Vec::new());
            return Ok(Again::Never);
        }
        let world = World {
            ends: ends(&client.all::<Pod>().list(&all)?),
            namespaces: client.all::<Namespace>().list(&all)?,
        };
        let rules = policies.iter().flat_map(|policy| world.rules_of(policy));
        self.network.set_policies(rules.collect());
        Ok(Again::Never)
    }
}

/// Something with an address that policies may be about.
struct End {
    namespace: String,
    labels: Labels,
    addresses: BTreeSet<IpAddr>,
    /// The ports that have names: name, transport, number.
    ports: Vec<(String, Protocol, u16)>,
}

/// The Pods with addresses of their own, and the cluster's name server.
fn ends(pods: &[Pod]) -> Vec<End> {
    let dns = End {
        namespace: "kube-system".to_owned(),
        labels: Labels::from([("k8s-app".to_owned(), "kube-dns".to_owned())]),
        addresses: BTreeSet::from([CLUSTER_DNS]),
        ports: vec![("dns".to_owned(), Protocol::Udp, 53), ("dns-tcp".to_owned(), Protocol::Tcp, 53)],
    };
    let on_pod_network = |pod: &&Pod| {
        let host = pod.spec.as_ref().and_then(|spec| spec.host_network);
        host != Some(true) && !pods::has_ended(pod)
    };
    let end = |pod: &Pod| End {
        namespace: pod.metadata.namespace.clone().unwrap_or_default(),
        labels: pod.metadata.labels.clone().unwrap_or_default(),
        addresses: pod
            .status
            .iter()
            .flat_map(|status| status.pod_ips.iter().flatten())
            .filter_map(|address| address.ip.parse().ok())
            .collect(),
        ports: named_ports(pod),
    };
    pods.iter().filter(on_pod_network).map(end).chain([dns]).collect()
}

fn named_ports(pod: &Pod) -> Vec<(String, Protocol, u16)> {
    let spec = pod.spec.iter();
    let containers =
        spec.flat_map(|spec| spec.containers.iter().chain(spec.init_containers.iter().flatten()));
    let ports = containers.flat_map(|container| container.ports.iter().flatten());
    ports
        .filter_map(|port| {
            let number = u16::try_from(port.container_port).ok()?;
            Some((port.name.clone()?, protocol(port.protocol.as_deref())?, number))
        })
        .collect()
}

/// The transport of a name; nothing where the network has none of that kind.
fn protocol(name: Option<&str>) -> Option<Protocol> {
    match name {
        None | Some("TCP") => Some(Protocol::Tcp),
        Some("UDP") => Some(Protocol::Udp),
        Some(_) => None,
    }
}

/// What policies select from.
struct World {
    ends: Vec<End>,
    namespaces: Vec<Namespace>,
}

impl World {
    fn rules_of(&self, policy: &NetworkPolicy) -> Vec<TrafficPolicy> {
        let namespace = policy.metadata.namespace.as_deref().unwrap_or_default();
        let Some(spec) = &policy.spec else { return Vec::new() };
        let nobody = LabelSelector::default();
        let selector = spec.pod_selector.as_ref().unwrap_or(&nobody);
        let subjects: Vec<&End> = self
            .ends
            .iter()
            .filter(|end| end.namespace == namespace && selects(Some(selector), Some(&end.labels)))
            .collect();
        let mut rules = Vec::new();
        for (direction, name) in [(Direction::Ingress, "Ingress"), (Direction::Egress, "Egress")] {
            if !is_about(spec, name) {
                continue;
            }
            // A port's name may mean another number in each Pod.
            rules.extend(subjects.iter().map(|subject| TrafficPolicy {
                subjects: subject.addresses.clone(),
                direction,
                allow: self.allowed(spec, direction, namespace, subject),
            }));
        }
        rules
    }

    fn allowed(
        &self,
        spec: &NetworkPolicySpec,
        direction: Direction,
        namespace: &str,
        subject: &End,
    ) -> Vec<TrafficRule> {
        let rule = |peers: &Option<Vec<NetworkPolicyPeer>>, ports: &Option<Vec<NetworkPolicyPort>>| {
            let peers = peers.as_deref().filter(|peers| !peers.is_empty());
            let ports = ports.as_deref().filter(|ports| !ports.is_empty());
            let chosen: Option<Vec<&End>> = peers
                .map(|peers| self.ends.iter().filter(|end| self.is_any(peers, namespace, end)).collect());
            // The port is the one that is connected to.
            let of: Vec<&End> = match direction {
                Direction::Ingress => vec![subject],
                Direction::Egress => chosen.clone().unwrap_or_else(|| self.ends.iter().collect()),
            };
            TrafficRule {
                peers: peers.map(|peers| {
                    let addresses = chosen.iter().flatten().flat_map(|end| end.addresses.iter().copied());
                    let mut all = vec![TrafficPeer::Addresses(addresses.collect())];
                    all.extend(peers.iter().filter_map(block));
                    all
                }),
                ports: ports.map(|ports| ports.iter().flat_map(|port| numbers(port, &of)).collect()),
            }
        };
        match direction {
            Direction::Ingress => spec.ingress.iter().flatten().map(|r| rule(&r.from, &r.ports)).collect(),
            Direction::Egress => spec.egress.iter().flatten().map(|r| rule(&r.to, &r.ports)).collect(),
        }
    }

    fn is_any(&self, peers: &[NetworkPolicyPeer], namespace: &str, end: &End) -> bool {
        peers.iter().any(|peer| {
            let pods = peer.pod_selector.as_ref();
            match &peer.namespace_selector {
                None if pods.is_none() => false,
                None => end.namespace == namespace && selects(pods, Some(&end.labels)),
                Some(selector) => {
                    let home =
                        self.namespaces.iter().find(|n| n.metadata.name.as_ref() == Some(&end.namespace));
                    home.is_some_and(|home| selects(Some(selector), home.metadata.labels.as_ref()))
                        && (pods.is_none() || selects(pods, Some(&end.labels)))
                }
            }
        })
    }
}

/// Whether a policy says something about a direction.
fn is_about(spec: &NetworkPolicySpec, direction: &str) -> bool {
    match spec.policy_types.as_deref().filter(|types| !types.is_empty()) {
        Some(types) => types.iter().any(|kind| kind == direction),
        None => direction == "Ingress" || spec.egress.as_ref().is_some_and(|rules| !rules.is_empty()),
    }
}

fn block(peer: &NetworkPolicyPeer) -> Option<TrafficPeer> {
    let block = peer.ip_block.as_ref()?;
    let except = block.except.iter().flatten().filter_map(|text| range(text)).collect();
    Some(TrafficPeer::Range { range: range(&block.cidr)?, except })
}

/// `10.0.0.0/8`.
fn range(text: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = text.split_once('/')?;
    Some((address.parse().ok()?, prefix.parse().ok()?))
}

/// The numbers of a port, which may be a name in those who are connected to.
fn numbers(port: &NetworkPolicyPort, of: &[&End]) -> Vec<TrafficPort> {
    let Some(protocol) = protocol(port.protocol.as_deref()) else { return Vec::new() };
    let one = |first: u16, last: u16| TrafficPort { protocol, first, last };
    match &port.port {
        None => vec![one(0, u16::MAX)],
        Some(IntOrString::Int(first)) => {
            let Ok(first) = u16::try_from(*first) else { return Vec::new() };
            vec![one(first, port.end_port.and_then(|last| u16::try_from(last).ok()).unwrap_or(first))]
        }
        Some(IntOrString::String(name)) => {
            let ports = of.iter().flat_map(|end| &end.ports);
            let named = ports.filter(|(own, transport, _)| own == name && *transport == protocol);
            named.map(|(_, _, number)| one(*number, *number)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn world() -> World {
        let pod = |namespace: &str, name: &str, ip: &str, port: u16| -> Pod {
            from_value(json!({
                "metadata": { "namespace": namespace, "labels": { "app": name } },
                "spec": { "containers": [{ "name": "c", "ports": [{ "name": "web", "containerPort": port }] }] },
                "status": { "podIPs": [{ "ip": ip }] },
            }))
            .unwrap()
        };
        let pods = [
            pod("a", "web", "10.0.0.1", 80),
            pod("a", "db", "10.0.0.2", 5432),
            pod("b", "web", "10.0.0.3", 81),
        ];
        let namespace =
            |name: &str| from_value(json!({ "metadata": { "name": name, "labels": { "n": name } } }));
        World { ends: ends(&pods), namespaces: vec![namespace("a").unwrap(), namespace("b").unwrap()] }
    }

    fn rules(spec: Value) -> Vec<TrafficPolicy> {
        let policy =
            from_value(json!({ "metadata": { "namespace": "a", "name": "p" }, "spec": spec })).unwrap();
        world().rules_of(&policy)
    }

    fn addresses(list: &[&str]) -> BTreeSet<IpAddr> {
        list.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_policy_without_rules_closes_its_pods() {
        let closed = rules(json!({ "podSelector": {} }));
        assert_eq!(closed.len(), 2, "the Pods of its namespace");
        assert!(closed.iter().all(|rule| rule.direction == Direction::Ingress && rule.allow.is_empty()));
        assert!(rules(json!({ "podSelector": { "matchLabels": { "app": "none" } } })).is_empty());
    }

    #[test]
    fn peers_are_pods_of_namespaces_and_ranges() {
        let from = json!([
            { "podSelector": { "matchLabels": { "app": "db" } } },
            { "namespaceSelector": { "matchLabels": { "n": "b" } }, "podSelector": { "matchLabels": { "app": "web" } } },
            { "ipBlock": { "cidr": "192.0.2.0/24", "except": ["192.0.2.8/29"] } },
        ]);
        let web = json!({ "matchLabels": { "app": "web" } });
        let [rule] = <[TrafficPolicy; 1]>::try_from(rules(
            json!({ "podSelector": web, "ingress": [{ "from": from, "ports": [{ "port": "web" }, { "port": 90, "endPort": 99 }] }] }),
        ))
        .unwrap();
        assert_eq!(rule.subjects, addresses(&["10.0.0.1"]));
        let peers = rule.allow[0].peers.clone().unwrap();
        assert_eq!(peers[0], TrafficPeer::Addresses(addresses(&["10.0.0.2", "10.0.0.3"])));
        let TrafficPeer::Range { range: (network, 24), except } = &peers[1] else { panic!("{peers:?}") };
        assert_eq!((network.to_string(), except.len()), ("192.0.2.0".to_owned(), 1));
        let ports: Vec<_> =
            rule.allow[0].ports.iter().flatten().map(|port| (port.first, port.last)).collect();
        assert_eq!(ports, [(80, 80), (90, 99)]);
    }

    #[test]
    fn the_name_of_a_port_is_that_of_who_is_connected_to() {
        let spec = json!({ "podSelector": { "matchLabels": { "app": "db" } }, "policyTypes": ["Egress"],
            "egress": [{ "to": [{ "namespaceSelector": {} }], "ports": [{ "port": "web" }] }] });
        let [rule] = <[TrafficPolicy; 1]>::try_from(rules(spec)).unwrap();
        assert_eq!(rule.direction, Direction::Egress);
        let ports: Vec<_> = rule.allow[0].ports.iter().flatten().map(|port| port.first).collect();
        assert_eq!(ports, [80, 5432, 81]);
    }
}

//! Ports of the node (`hostPort`), each of which only one Pod can have.

use k8s_openapi::api::core::v1::Pod;

use super::{ROOM, Rejection};
use crate::scheduler::snapshot::{NodeInfo, spec};

const ANY: &str = "0.0.0.0";

/// A port that another Pod of the node has.
pub(super) fn taken(node: &NodeInfo, pod: &Pod) -> Option<Rejection> {
    let wanted = ports(pod);
    let conflict = node.pods.iter().flat_map(|pod| ports(pod)).any(|(ip, protocol, port)| {
        wanted.iter().any(|(other_ip, other_protocol, other_port)| {
            let same_address = ip == *other_ip || ip == ANY || other_ip == ANY;
            port == *other_port && protocol == *other_protocol && same_address
        })
    });
    conflict.then(|| Rejection::new("node(s) didn't have free ports for the requested pod ports", true, ROOM))
}

fn ports(pod: &Pod) -> Vec<(String, String, i32)> {
    let spec = spec(pod);
    let sidecars = spec.init_containers.iter().flatten();
    let sidecars = sidecars.filter(|container| container.restart_policy.as_deref() == Some("Always"));
    let ports = spec.containers.iter().chain(sidecars).flat_map(|container| container.ports.iter().flatten());
    let named = |text: &Option<String>, default: &str| {
        text.clone().filter(|text| !text.is_empty()).unwrap_or_else(|| default.to_owned())
    };
    ports
        .filter_map(|port| {
            let host_port = port.host_port.filter(|port| *port > 0)?;
            Some((named(&port.host_ip, ANY), named(&port.protocol, "TCP"), host_port))
        })
        .collect()
}

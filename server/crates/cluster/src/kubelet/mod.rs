//! The kubelet: what runs the Pods of a node.
//!
//! - [`pod`]: the life of one Pod as a pure machine
//! - [`driver`]: the loop that brings what happens to the machines and does what they ask for
//! - [`tasks`]: what is done with the node: sandboxes, containers, hooks, probes
//! - [`container`], [`volumes`], [`dns`]: containers and volumes, from manifests and the objects that they refer to
//! - [`agent`]: logs, exec and so on, for the API server
//! - [`allocation`]: whether the node has room for a Pod, or for a resized one
//! - [`node_object`]: the node in the API

mod agent;
mod allocation;
mod container;
mod dns;
mod driver;
mod eviction;
mod node_object;
mod pod;
mod seat;
mod sources;
mod status_writer;
mod tasks;
mod volumes;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use podlab_node::{Network, Node};

pub(crate) use self::{
    dns::CLUSTER_DOMAIN,
    pod::{after, seconds},
};
use self::{driver::Driver, seat::NodeFacts};
use crate::Client;

/// The address of the cluster's name server.
pub(crate) const CLUSTER_DNS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 96, 0, 10));

/// Starts the nodes of a cluster and their kubelets.
pub(crate) fn start(client: &Client, network: &Network) {
    let config = client.config().clone();
    for (index, wanted) in config.nodes.iter().enumerate() {
        let number = u8::try_from(index).unwrap_or(u8::MAX);
        let address = IpAddr::from([192, 168, 49, number.saturating_add(2)]);
        let node = Node::new(
            podlab_node::NodeConfig {
                name: wanted.name.clone(),
                address,
                pod_range: (IpAddr::from([10, 244, number, 0]), 24),
                cpu_millis: u64::from(wanted.cpus) * 1000,
                memory_bytes: wanted.memory_bytes,
                disk_bytes: wanted.storage_bytes,
                burst_steps: wanted.burst_steps,
                busy_steps_per_second: wanted.busy_steps_per_second,
                ..podlab_node::NodeConfig::default()
            },
            client.env().clone(),
            network.clone(),
            Arc::clone(&config.images),
        );
        let facts = Arc::new(NodeFacts {
            name: wanted.name.clone(),
            ips: vec![address.to_string()],
            cluster_dns: CLUSTER_DNS,
            allocatable: node_object::allocatable(wanted),
            sandbox_delay: wanted.sandbox_delay,
            container_delay: wanted.container_delay,
            client: client.with_identity(&format!("system:node:{}", wanted.name), "kubelet"),
            node,
        });
        node_object::register(&facts, wanted, index == 0);
        let directory = Arc::default();
        let agent = agent::Agent::new(Arc::clone(&facts), Arc::clone(&directory));
        client.register_node_agent(&wanted.name, Arc::new(agent));
        let events = facts.node.events();
        client.spawn(Driver::new(facts, directory).run(events));
    }
}

//! What the tasks of one Pod share: its node, its sandbox, its volumes, its instances.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use podlab_node::{ContainerId, Node, SandboxId, Volume};

use super::{container::field::Surroundings, volumes::PodVolume};
use crate::{Client, pod_resources::Amounts};

/// What all Pods of a node share.
#[derive(Debug)]
pub(crate) struct NodeFacts {
    pub(crate) name: String,
    pub(crate) ips: Vec<String>,
    /// The address of the cluster's name server.
    pub(crate) cluster_dns: IpAddr,
    pub(crate) allocatable: Amounts,
    /// How long making a sandbox takes, and starting a container.
    pub(crate) sandbox_delay: Duration,
    pub(crate) container_delay: Duration,
    pub(crate) client: Client,
    pub(crate) node: Node,
}

/// A Pod's place on its node.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) facts: Arc<NodeFacts>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) sandbox: Option<SandboxId>,
    pub(crate) pod_ips: Vec<String>,
    pub(crate) volumes: BTreeMap<String, PodVolume>,
    /// The directory with the Pod's `/etc/hosts`.
    pub(crate) hosts: Option<Volume>,
    /// Containers by the machine's names for them.
    pub(crate) instances: BTreeMap<String, ContainerId>,
}

impl Seat {
    pub(crate) fn new(facts: Arc<NodeFacts>) -> Self {
        Self { facts, state: Mutex::default() }
    }

    /// The shared part; keep it for a moment only.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn instance(&self, name: &str) -> Option<ContainerId> {
        self.state().instances.get(name).cloned()
    }

    /// What fields of the Pod can be about beside itself.
    pub(crate) fn surroundings(&self) -> Surroundings {
        Surroundings {
            node: self.facts.name.clone(),
            host_ips: self.facts.ips.clone(),
            pod_ips: self.state().pod_ips.clone(),
            allocatable: self.facts.allocatable.clone(),
        }
    }
}

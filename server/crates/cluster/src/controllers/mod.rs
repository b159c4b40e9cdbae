//! The controllers: each brings some kind of object to where its definition says it should be, one file (or folder) a
//! controller.
//!
//! What a controller decides is pure where there is something to decide. [`runner`] is the one loop that runs them all: a
//! change in the API ([`changes`]) concerns some objects of some controllers, each of which is looked at in its turn,
//! again after a while where that failed. There is no cache: the store is in the same process, and what a controller
//! reads from it is never stale.

mod autoscaler;
mod certificates;
mod changes;
mod cron_job;
mod daemon_set;
mod deployment;
mod disruption;
mod dns;
mod endpoints;
mod ephemeral_volumes;
mod garbage;
mod job;
mod namespaces;
mod network_policies;
mod pod_gc;
mod pods;
mod proxy;
mod replica_set;
mod revisions;
mod root_ca;
mod runner;
mod service_accounts;
mod stateful_set;
mod storage;
mod taint_eviction;

use std::time::Duration;

use podlab_node::Network;

use self::changes::Change;
use crate::{Client, status::Result};

/// Names an object: its namespace, empty for what belongs to the whole cluster, and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// For what is worked out as a whole.
    fn all() -> Self {
        Self::new("", "")
    }
}

/// When to look at an object again although nothing has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Again {
    /// Never.
    #[default]
    Never,
    /// After this time.
    After(Duration),
}

/// A controller. It keeps nothing that it could read from the API.
pub(crate) trait Controller: Send + Sync {
    /// Its name in Kubernetes: that of its service account, and of the manager of the fields that it writes.
    fn name(&self) -> &'static str;

    /// Which of its objects a change may matter to.
    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key>;

    /// Looks at an object and does what is missing. An error leads to another look, later and later.
    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again>;
}

/// Starts all controllers.
pub(crate) fn start(client: &Client, network: &Network) {
    let controllers: Vec<Box<dyn Controller>> = vec![
        Box::new(namespaces::Namespaces),
        Box::new(service_accounts::ServiceAccounts),
        Box::new(root_ca::RootCa),
        Box::new(endpoints::EndpointsController),
        Box::new(endpoints::SliceController),
        Box::new(endpoints::MirrorController),
        Box::new(replica_set::ReplicaSets::new(client)),
        Box::new(replica_set::ReplicationControllers::new(client)),
        Box::new(deployment::Deployments::new(client)),
        Box::new(stateful_set::StatefulSets::new(client)),
        Box::new(daemon_set::DaemonSets::new(client)),
        Box::new(job::Jobs::new(client)),
        Box::new(cron_job::CronJobs::new(client)),
        Box::new(autoscaler::Autoscalers::new(client)),
        Box::new(disruption::Disruption::new(client)),
        Box::new(storage::Storage::new(client)),
        Box::new(taint_eviction::TaintEviction::new(client)),
        Box::new(pod_gc::PodCollector::default()),
        Box::new(ephemeral_volumes::EphemeralVolumes::new(client)),
        Box::new(proxy::Proxy::new(network.clone())),
        Box::new(network_policies::NetworkPolicies::new(network.clone())),
        Box::new(certificates::Certificates),
        Box::new(dns::Dns::new(network.clone())),
    ];
    let runner = runner::Runner::new(client, controllers);
    client.spawn(runner.run());
    client.spawn(garbage::run(client.clone()));
}

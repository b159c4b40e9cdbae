//! What the API server asks this node for: logs, commands, terminals, ports, usage.

mod logs;
mod sessions;
mod usage;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures::{FutureExt, stream::BoxStream};
use k8s_openapi::api::core::v1::PodStatus;
use podlab_node::{ContainerId, env::BoxFuture};
use tokio::io::DuplexStream;

use super::{
    pod::PodMachine,
    seat::{NodeFacts, Seat},
};
use crate::node_agent::{
    AgentError, Answer, ContainerRef, ExecOptions, LogOptions, NodeAgent, NodeUsage, PodRef, Session,
    StreamOptions,
};

/// The Pods of the node, as the loop last left them.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pods: Mutex<BTreeMap<String, Card>>,
}

/// What answers about a Pod need.
#[derive(Clone, Debug)]
pub(super) struct Card {
    namespace: String,
    name: String,
    seat: Arc<Seat>,
    status: PodStatus,
    /// The instance of each container that runs.
    running: BTreeMap<String, String>,
}

impl Directory {
    fn pods(&self) -> MutexGuard<'_, BTreeMap<String, Card>> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn update(&self, machine: &PodMachine, seat: &Arc<Seat>) {
        let manifest = machine.manifest();
        let running = machine.runtime().running();
        let card = Card {
            namespace: manifest.namespace().to_owned(),
            name: manifest.name().to_owned(),
            seat: Arc::clone(seat),
            status: machine.status().clone(),
            running: running.map(|instance| (instance.name.clone(), instance.id.clone())).collect(),
        };
        self.pods().insert(manifest.uid().to_owned(), card);
    }

    pub(super) fn remove(&self, uid: &str) {
        self.pods().remove(uid);
    }

    fn find(&self, pod: &PodRef) -> Option<Card> {
        self.pods().get(&pod.uid).cloned()
    }
}

/// The kubelet's interface to the API server.
#[derive(Debug)]
pub(super) struct Agent {
    facts: Arc<NodeFacts>,
    directory: Arc<Directory>,
    usage: usage::Sampler,
}

impl Agent {
    pub(super) fn new(facts: Arc<NodeFacts>, directory: Arc<Directory>) -> Self {
        Self { facts, directory, usage: usage::Sampler::default() }
    }

    fn card(&self, pod: &PodRef) -> Answer<Card> {
        self.directory
            .find(pod)
            .ok_or_else(|| AgentError { code: 404, message: "pod does not exist".to_owned() })
    }

    /// A container that runs.
    fn running(&self, container: &ContainerRef) -> Answer<ContainerId> {
        let card = self.card(&container.pod)?;
        let id = card.running.get(&container.container).and_then(|instance| card.seat.instance(instance));
        id.ok_or_else(|| not_found(container))
    }
}

/// What the kubelet says of a container that does not run.
fn not_found(container: &ContainerRef) -> AgentError {
    AgentError { code: 500, message: format!("container not found (\"{}\")", container.container) }
}

impl NodeAgent for Agent {
    fn logs(
        &self,
        container: ContainerRef,
        options: LogOptions,
    ) -> BoxFuture<Answer<BoxStream<'static, Bytes>>> {
        let answer =
            self.card(&container.pod).and_then(|card| logs::open(&self.facts, &card, &container, &options));
        futures::future::ready(answer).boxed()
    }

    fn exec(&self, container: ContainerRef, options: ExecOptions) -> BoxFuture<Answer<Session>> {
        let (id, node) = (self.running(&container), self.facts.node.clone());
        let client = self.facts.client.clone();
        async move { sessions::exec(&client, &node, &id?, options).await.ok_or_else(|| not_found(&container)) }.boxed()
    }

    fn attach(&self, container: ContainerRef, options: StreamOptions) -> BoxFuture<Answer<Session>> {
        let answer = self.running(&container).and_then(|id| {
            sessions::attach(&self.facts.client, &self.facts.node, &id, options)?
                .ok_or_else(|| not_found(&container))
        });
        futures::future::ready(answer).boxed()
    }

    fn port_forward(&self, pod: PodRef, port: u16) -> BoxFuture<Answer<DuplexStream>> {
        let card = self.card(&pod);
        let (client, node) = (self.facts.client.clone(), self.facts.node.clone());
        async move {
            let sandbox = card?.seat.state().sandbox.clone();
            let sandbox = sandbox.ok_or_else(|| sessions::failed("pod has no sandbox".to_owned()))?;
            sessions::port_forward(&client, &node, &sandbox, port).await
        }
        .boxed()
    }

    fn dial(&self, address: String, port: u16) -> BoxFuture<Answer<DuplexStream>> {
        let facts = Arc::clone(&self.facts);
        async move { sessions::dial(&facts, &address, port).await }.boxed()
    }

    fn usage(&self) -> NodeUsage {
        self.usage.sample(&self.facts, &self.directory)
    }
}

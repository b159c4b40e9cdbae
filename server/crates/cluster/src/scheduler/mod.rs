//! The scheduler: it binds Pods to nodes.
//!
//! - [`decision`]: where a Pod goes, or why it has to wait: pure
//! - [`filter`], [`score`], [`preemption`]: which nodes can take it, which is the best, who has to make room
//! - [`queue`]: which Pod is next
//! - the loop here: what has changed in the API goes into the snapshot and the queue, decisions go back

mod decision;
mod filter;
mod preemption;
mod queue;
mod score;
mod snapshot;

#[cfg(test)]
mod golden;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::FutureExt;
use k8s_openapi::{
    api::{
        core::v1::{Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, PodCondition},
        storage::v1::StorageClass,
    },
    apimachinery::pkg::apis::meta::v1::Time,
};

use self::{
    decision::{Decision, Preemption, decide},
    filter::Change,
    queue::Queue,
    snapshot::{Snapshot, namespace, namespaces, spec},
};
pub(crate) use self::{
    filter::{refuses_daemon, tolerates},
    snapshot::NodeInfo,
};
use crate::{
    Client, DeleteOptions,
    client::{Event, Selection},
    conditions,
    events::{Recorder, Reference},
    kubelet::seconds,
};

/// The name under which Pods ask for this scheduler.
const NAME: &str = "default-scheduler";

/// Starts the scheduler.
pub(crate) fn start(client: &Client) {
    let client = client.with_identity("system:kube-scheduler", "kube-scheduler");
    client.clone().spawn(Scheduler::new(client).run());
}

struct Scheduler {
    client: Client,
    recorder: Recorder,
    nodes: BTreeMap<String, Arc<Node>>,
    /// Pods that are bound and have not ended, by uid.
    bound: BTreeMap<String, Arc<Pod>>,
    snapshot: Snapshot,
    queue: Queue,
}

impl Scheduler {
    fn new(client: Client) -> Self {
        Self {
            recorder: Recorder::new(client.clone(), NAME, None),
            client,
            nodes: BTreeMap::new(),
            bound: BTreeMap::new(),
            snapshot: Snapshot::default(),
            queue: Queue::default(),
        }
    }

    async fn run(mut self) {
        let mut pods = self.client.all::<Pod>().watch(Selection::default());
        let mut nodes = self.client.all::<Node>().watch(Selection::default());
        let mut claims = self.client.all::<PersistentVolumeClaim>().watch(Selection::default());
        loop {
            let sleep = self.sleep();
            tokio::select! {
                biased;
                event = nodes.next() => match event {
                    Some(event) => self.node_event(event),
                    None => return,
                },
                event = claims.next() => match event {
                    Some(_) => self.queue.something_changed(Change::Claims),
                    None => return,
                },
                event = pods.next() => match event {
                    Some(event) => self.pod_event(event),
                    None => return,
                },
                () = sleep => {}
            }
            while let Some(pod) = self.queue.pop(self.client.now()) {
                self.schedule(&pod);
            }
        }
    }

    fn sleep(&self) -> futures::future::BoxFuture<'static, ()> {
        let Some(wake) = self.queue.next_wake() else { return std::future::pending().boxed() };
        let left = wake.duration_since(self.client.now());
        self.client.env().sleep(Duration::try_from(left).unwrap_or_default())
    }

    fn node_event(&mut self, event: Event<Node>) {
        let name = |node: &Node| node.metadata.name.clone().unwrap_or_default();
        match event {
            Event::Restarted(nodes) => {
                self.nodes = nodes.into_iter().map(|node| (name(&node), Arc::new(node))).collect();
            }
            Event::Applied(node) => {
                let before = self.nodes.insert(name(&node), Arc::new(node.clone()));
                // A heartbeat is no news.
                if before.is_some_and(|before| same_for_pods(&before, &node)) {
                    return;
                }
            }
            Event::Deleted(node) => {
                self.nodes.remove(&name(&node));
            }
        }
        self.rebuild(None);
        self.queue.something_changed(Change::Nodes);
    }

    fn pod_event(&mut self, event: Event<Pod>) {
        match event {
            Event::Restarted(pods) => {
                self.bound.clear();
                self.queue.clear();
                for pod in pods {
                    self.pod_applied(pod);
                }
                self.rebuild(None);
            }
            Event::Applied(pod) => self.pod_applied(pod),
            Event::Deleted(pod) => self.pod_gone(&pod),
        }
    }

    fn pod_applied(&mut self, pod: Pod) {
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let ended = matches!(phase, Some("Succeeded" | "Failed"));
        let node = spec(&pod).node_name.clone().filter(|name| !name.is_empty());
        match node {
            _ if ended => self.pod_gone(&pod),
            Some(node) => {
                self.queue.remove(&uid);
                let pod = Arc::new(pod);
                let before = self.bound.insert(uid, Arc::clone(&pod));
                let new = before.is_none();
                // Statuses change all the time, and are nothing to the scheduler.
                let same = before.is_some_and(|before| {
                    before.spec == pod.spec
                        && before.metadata.labels == pod.metadata.labels
                        && before.metadata.deletion_timestamp == pod.metadata.deletion_timestamp
                });
                if !same {
                    self.rebuild(Some(&node));
                    self.queue.something_changed(Change::PodCame);
                    if !new {
                        // It may have been resized, and have made room.
                        self.queue.something_changed(Change::PodWent);
                    }
                }
            }
            None => {
                let mine = spec(&pod).scheduler_name.as_deref().is_none_or(|name| name == NAME);
                let gated = spec(&pod).scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
                if mine && !gated && pod.metadata.deletion_timestamp.is_none() {
                    self.queue.push(pod);
                } else {
                    self.queue.remove(&uid);
                }
            }
        }
    }

    fn pod_gone(&mut self, pod: &Pod) {
        let uid = pod.metadata.uid.as_deref().unwrap_or_default();
        self.queue.remove(uid);
        if let Some(pod) = self.bound.remove(uid) {
            let node = spec(&pod).node_name.clone().unwrap_or_default();
            self.rebuild(Some(&node));
            self.queue.something_changed(Change::PodWent);
        }
    }

    /// Works out the snapshot of one node, or of all, anew.
    fn rebuild(&mut self, only: Option<&str>) {
        let of = |name: &str, node: &Arc<Node>| {
            let pods = self.bound.values().filter(|pod| spec(pod).node_name.as_deref() == Some(name));
            NodeInfo::new(Arc::clone(node), pods.cloned().collect())
        };
        match only {
            None => self.snapshot.nodes = self.nodes.iter().map(|(name, node)| of(name, node)).collect(),
            Some(name) => {
                let Some(node) = self.nodes.get(name) else { return };
                let info = of(name, node);
                if let Some(place) = self.snapshot.nodes.iter_mut().find(|node| node.name() == name) {
                    *place = info;
                }
            }
        }
    }

    fn schedule(&mut self, pod: &Pod) {
        self.look_up(pod);
        match decide(&self.snapshot, pod) {
            Decision::Bind(node) => self.bind(pod, &node),
            Decision::Wait { message, preempt, cured_by } => {
                self.recorder.record_action(
                    &Reference::to(pod),
                    true,
                    "FailedScheduling",
                    "Scheduling",
                    &message,
                );
                self.mark_unschedulable(pod, &message, preempt.as_ref());
                if let Some(preemption) = preempt {
                    self.preempt(pod, &preemption);
                }
                self.queue.wait(pod, cured_by, self.client.now());
            }
        }
    }

    /// Reads what only some Pods need: claims, volumes, namespaces.
    fn look_up(&mut self, pod: &Pod) {
        let volumes = spec(pod).volumes.iter().flatten();
        let claims =
            volumes.filter(|v| v.persistent_volume_claim.is_some() || v.ephemeral.is_some()).count() > 0;
        if claims {
            let all = Selection::default();
            let listed = self.client.namespaced::<PersistentVolumeClaim>(namespace(pod)).list(&all);
            let claims = listed.unwrap_or_default().into_iter();
            self.snapshot.claims = claims
                .map(|claim| {
                    let name = claim.metadata.name.clone().unwrap_or_default();
                    ((namespace(pod).to_owned(), name), claim)
                })
                .collect();
            let volumes = self.client.all::<PersistentVolume>().list(&all).unwrap_or_default().into_iter();
            self.snapshot.volumes =
                volumes.map(|volume| (volume.metadata.name.clone().unwrap_or_default(), volume)).collect();
            let classes = self.client.all::<StorageClass>().list(&all).unwrap_or_default().into_iter();
            let late =
                |class: &StorageClass| class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer");
            self.snapshot.late_binding =
                classes.filter(late).filter_map(|class| class.metadata.name).collect();
        }
        if spec(pod).affinity.is_some() {
            let listed = self.client.all::<Namespace>().list(&Selection::default());
            self.snapshot.namespaces = namespaces(listed.unwrap_or_default());
        }
    }

    fn bind(&mut self, pod: &Pod, node: &str) {
        let name = pod.metadata.name.clone().unwrap_or_default();
        match self.client.namespaced::<Pod>(namespace(pod)).bind(&name, node) {
            Ok(bound) => {
                let uid = bound.metadata.uid.clone().unwrap_or_default();
                self.bound.insert(uid, Arc::new(bound));
                self.rebuild(Some(node));
                let message = format!("Successfully assigned {}/{name} to {node}", namespace(pod));
                self.recorder.record_action(&Reference::to(pod), false, "Scheduled", "Binding", &message);
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                tracing::warn!(%error, pod = name, "a pod could not be bound");
                let any = [Change::Nodes, Change::PodCame, Change::PodWent, Change::Claims];
                self.queue.wait(pod, any.into(), self.client.now());
            }
        }
    }

    fn mark_unschedulable(&self, pod: &Pod, message: &str, preempt: Option<&Preemption>) {
        let pods = self.client.namespaced::<Pod>(namespace(pod));
        let Ok(mut pod) = pods.get(pod.metadata.name.as_deref().unwrap_or_default()) else { return };
        let generation = pod.metadata.generation;
        let status = pod.status.get_or_insert_default();
        if let Some(preemption) = preempt {
            status.nominated_node_name = Some(preemption.node.clone());
        }
        let (reason, kind) = ("Unschedulable", "PodScheduled");
        set_condition(status, kind, "False", reason, message, generation, &seconds(self.client.now()));
        if let Err(error) = pods.update_status(&pod) {
            tracing::debug!(%error, "a pod could not be marked as unschedulable");
        }
    }

    fn preempt(&self, pod: &Pod, preemption: &Preemption) {
        let uid = pod.metadata.uid.as_deref().unwrap_or_default();
        for victim in &preemption.victims {
            let pods = self.client.namespaced::<Pod>(namespace(victim));
            let name = victim.metadata.name.as_deref().unwrap_or_default();
            if let Ok(mut victim) = pods.get(name) {
                let message = format!("{NAME}: preempting to accommodate a higher priority pod");
                let (kind, reason) = ("DisruptionTarget", "PreemptionByScheduler");
                let generation = victim.metadata.generation;
                let status = victim.status.get_or_insert_default();
                set_condition(
                    status,
                    kind,
                    "True",
                    reason,
                    &message,
                    generation,
                    &seconds(self.client.now()),
                );
                let _ = pods.update_status(&victim);
            }
            if pods.delete(name, &DeleteOptions::default()).is_ok() {
                let message = format!("Preempted by pod {uid} on node {}", preemption.node);
                self.recorder.record_action(
                    &Reference::to(victim),
                    false,
                    "Preempted",
                    "Preempting",
                    &message,
                );
            }
        }
    }
}

/// Sets a condition of a Pod; what it says since when stays where it said so before.
pub(crate) fn set_condition(
    status: &mut k8s_openapi::api::core::v1::PodStatus,
    kind: &str,
    value: &str,
    reason: &str,
    message: &str,
    generation: Option<i64>,
    now: &Time,
) {
    let condition = PodCondition {
        type_: kind.to_owned(),
        status: value.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_transition_time: Some(now.clone()),
        observed_generation: generation,
        last_probe_time: None,
    };
    conditions::set(&mut status.conditions, condition);
}

/// Whether two versions of a node offer Pods the same.
fn same_for_pods(a: &Node, b: &Node) -> bool {
    let allocatable = |node: &Node| node.status.as_ref().and_then(|status| status.allocatable.clone());
    a.spec == b.spec && a.metadata.labels == b.metadata.labels && allocatable(a) == allocatable(b)
}

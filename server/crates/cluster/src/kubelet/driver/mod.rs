//! The loop of a node's kubelet: it brings what happens (Pods in the API, containers on the node, ends of tasks, times)
//! to the Pods' machines, and does what they ask for. Everything waits on channels and on one timer.

mod effects;
mod room;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use futures::{
    FutureExt,
    future::{AbortHandle, Abortable},
};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolume, Pod, Secret};
use podlab_node::{ContainerChange, ContainerId, NodeEvent, NodeEvents};
use tokio::sync::mpsc;

use super::{
    agent::Directory,
    eviction,
    pod::{Eviction, Input, InstanceState, Manifest, Outcome, PodEvent, PodMachine, TaskId, after},
    seat::{NodeFacts, Seat},
    tasks,
    volumes::{self, Maker},
};
use crate::{
    client::{Event, Selection, Watch},
    events::{Recorder, Reference},
};

/// How many ends of tasks wait for the loop.
const OUTCOMES: usize = 256;

/// How long a change of a ConfigMap or a Secret takes to reach the volumes made from it: the kubelet looks at each Pod
/// about once a minute.
const RESYNC: Duration = Duration::from_secs(60);

/// A kubelet at work.
pub(super) struct Driver {
    facts: Arc<NodeFacts>,
    recorder: Recorder,
    pods: BTreeMap<String, Seated>,
    /// Which Pod an instance is of.
    owners: HashMap<String, String>,
    outcomes: mpsc::Sender<Message>,
    inbox: mpsc::Receiver<Message>,
    shared: Arc<Directory>,
    /// Containers that have exited since the kubelet last looked, and when it looks again.
    exited: Vec<ContainerId>,
    relist_at: Option<Timestamp>,
    /// A Pod has ended: others may be given what they wait for.
    room_was_made: bool,
}

/// A Pod on the node.
struct Seated {
    machine: PodMachine,
    seat: Arc<Seat>,
    running: HashMap<TaskId, AbortHandle>,
    /// What waits for its volumes to become too full.
    watches: Vec<AbortHandle>,
    /// When its volumes are next brought up to date, if what they are made from has changed.
    refresh_at: Option<Timestamp>,
    /// What the Pod asks for and the node has not given to it.
    wanted: Option<Pod>,
    since: Timestamp,
}

/// What tasks tell the loop.
pub(super) enum Message {
    Done(String, TaskId, Outcome),
    Instance(String, String, InstanceState),
    Evict(String, Eviction),
}

impl Driver {
    pub(super) fn new(facts: Arc<NodeFacts>, shared: Arc<Directory>) -> Self {
        let (outcomes, inbox) = mpsc::channel(OUTCOMES);
        let recorder = Recorder::new(facts.client.clone(), "kubelet", Some(&facts.name));
        Self {
            facts,
            recorder,
            pods: BTreeMap::new(),
            owners: HashMap::new(),
            outcomes,
            inbox,
            shared,
            exited: Vec::new(),
            relist_at: None,
            room_was_made: false,
        }
    }

    /// Runs until the cluster ends.
    pub(super) async fn run(mut self, mut events: NodeEvents) {
        let client = self.facts.client.clone();
        let mine = Selection { node: Some(self.facts.name.clone()), ..Selection::default() };
        let mut pods: Watch<Pod> = client.all().watch(mine);
        let mut maps: Watch<ConfigMap> = client.all().watch(Selection::default());
        let mut secrets: Watch<Secret> = client.all().watch(Selection::default());
        let mut volumes: Watch<PersistentVolume> = client.all().watch(Selection::default());
        loop {
            let wake = self.next_wake();
            let sleep = self.sleep_until(wake);
            tokio::select! {
                biased;
                event = events.next() => match event {
                    Some(event) => self.node_event(event),
                    None => return,
                },
                message = self.inbox.recv() => match message {
                    Some(message) => self.message(message),
                    None => return,
                },
                event = pods.next() => match event {
                    Some(event) => self.pod_event(event),
                    None => return,
                },
                event = maps.next() => match event {
                    Some(event) => self.source_event(&event),
                    None => return,
                },
                event = secrets.next() => match event {
                    Some(event) => self.source_event(&event),
                    None => return,
                },
                event = volumes.next() => match event {
                    Some(Event::Deleted(volume)) => {
                        self.facts.node.remove_persistent_dir(volume.metadata.name.as_deref().unwrap_or_default());
                    }
                    Some(_) => {}
                    None => return,
                },
                () = sleep => self.tick(),
            }
            if std::mem::take(&mut self.room_was_made) {
                self.retry_resizes();
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.facts.client.now()
    }

    fn next_wake(&self) -> Option<Timestamp> {
        let of = |pod: &Seated| [pod.machine.next_wake(), pod.refresh_at].into_iter().flatten().min();
        self.pods.values().filter_map(of).chain(self.relist_at).min()
    }

    fn sleep_until(&self, wake: Option<Timestamp>) -> futures::future::BoxFuture<'static, ()> {
        let Some(wake) = wake else { return std::future::pending().boxed() };
        let left = Duration::try_from(wake.duration_since(self.now())).unwrap_or_default();
        self.facts.client.env().sleep(left)
    }

    fn tick(&mut self) {
        let now = self.now();
        let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if due(self.relist_at) {
            self.relist_at = None;
            for container in std::mem::take(&mut self.exited) {
                self.look_at(container);
            }
        }
        let uids: Vec<String> = self.pods.keys().cloned().collect();
        for uid in uids {
            let Some(pod) = self.pods.get_mut(&uid) else { continue };
            if due(pod.refresh_at) {
                pod.refresh_at = None;
                refresh_volumes(&pod.seat, pod.machine.manifest());
            }
            if due(pod.machine.next_wake()) {
                self.input(&uid, Input::Tick);
            }
        }
    }

    fn pod_event(&mut self, event: Event<Pod>) {
        match event {
            Event::Restarted(pods) => {
                let known: Vec<String> = self.pods.keys().cloned().collect();
                for uid in known {
                    if !pods.iter().any(|pod| pod.metadata.uid.as_deref() == Some(&uid)) {
                        self.input(&uid, Input::Removed);
                    }
                }
                for pod in pods {
                    self.pod_applied(pod);
                }
            }
            Event::Applied(pod) => self.pod_applied(pod),
            Event::Deleted(pod) => {
                self.input(pod.metadata.uid.as_deref().unwrap_or_default(), Input::Removed);
            }
        }
    }

    fn pod_applied(&mut self, pod: Pod) {
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        if self.pods.contains_key(&uid) {
            let manifest = Arc::new(self.allocate(&uid, pod));
            self.labels_may_have_changed(&uid, &manifest);
            self.input(&uid, Input::Pod(manifest));
            return;
        }
        let manifest = Arc::new(Manifest::new(pod));
        let ended = manifest.status().and_then(|status| status.phase.as_deref());
        if matches!(ended, Some("Succeeded" | "Failed")) && !manifest.is_deleted() {
            return;
        }
        if !manifest.is_deleted()
            && let Some(shortage) = self.shortage(&manifest)
        {
            return self.reject(&manifest, &shortage);
        }
        let seat = Arc::new(Seat::new(Arc::clone(&self.facts)));
        let machine = PodMachine::new(manifest, self.facts.ips.clone());
        let (running, watches, since) = (HashMap::new(), Vec::new(), self.now());
        self.pods.insert(
            uid.clone(),
            Seated { machine, seat, running, watches, refresh_at: None, wanted: None, since },
        );
        self.input(&uid, Input::Tick);
    }

    /// Downward API volumes follow the Pod's labels and annotations at once: such a change is a sync of the Pod.
    fn labels_may_have_changed(&mut self, uid: &str, manifest: &Arc<Manifest>) {
        let Some(pod) = self.pods.get(uid) else { return };
        let (old, new) = (pod.machine.manifest().metadata(), manifest.metadata());
        if old.labels != new.labels || old.annotations != new.annotations {
            refresh_volumes(&pod.seat, manifest);
        }
    }

    /// Volumes made from a ConfigMap or a Secret are brought up to date at the Pod's next regular sync.
    fn source_event<K: crate::client::Kind>(&mut self, event: &Event<K>) {
        let (Event::Applied(object) | Event::Deleted(object)) = event else { return };
        let namespace = object.metadata().namespace.as_deref().unwrap_or_default();
        let now = self.now();
        for pod in self.pods.values_mut() {
            if pod.machine.manifest().namespace() == namespace && pod.refresh_at.is_none() {
                let follows = pod.seat.state().volumes.values().any(|volume| volume.files.is_some());
                pod.refresh_at = follows.then(|| next_resync(pod.since, now));
            }
        }
    }

    fn node_event(&mut self, event: NodeEvent) {
        match event {
            NodeEvent::Container { container, change: ContainerChange::Exited, .. } => {
                self.exited.push(container);
                self.relist_at.get_or_insert(next_second(self.facts.client.now()));
            }
            NodeEvent::Missed => {
                for status in self.facts.node.containers() {
                    self.look_at(status.id);
                }
            }
            NodeEvent::Container { .. } | NodeEvent::SandboxStopped { .. } => {}
        }
    }

    /// Finds out how a container stands, and tells its Pod.
    fn look_at(&mut self, id: ContainerId) {
        let instance = id.as_str().to_owned();
        let Some(uid) = self.owners.get(&instance).cloned() else { return };
        let Some(pod) = self.pods.get(&uid) else { return };
        let (node, manifest) = (self.facts.node.clone(), Arc::clone(pod.machine.manifest()));
        let look = async move { tasks::current_state(&node, &manifest, &id).await };
        // Most of the time there is nothing to wait for.
        let mut look = Box::pin(look);
        if let Some(state) = look.as_mut().now_or_never() {
            if let Some(state) = state {
                self.input(&uid, Input::Instance { id: instance, state });
            }
            return;
        }
        let outcomes = self.outcomes.clone();
        self.facts.client.spawn(async move {
            if let Some(state) = look.await {
                let _ = outcomes.send(Message::Instance(uid, instance, state)).await;
            }
        });
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Done(uid, task, outcome) => {
                if let Some(pod) = self.pods.get_mut(&uid) {
                    pod.running.remove(&task);
                    if let Outcome::Volume(Ok(())) = &outcome {
                        let watches = eviction::watches(&pod.seat, pod.machine.manifest(), &self.outcomes);
                        for watch in watches {
                            let (handle, registration) = AbortHandle::new_pair();
                            pod.watches.push(handle);
                            let watch = Abortable::new(watch, registration);
                            self.facts.client.spawn(watch.map(drop));
                        }
                    }
                }
                if let Outcome::Created(Ok(created)) = &outcome {
                    self.owners.insert(created.instance.clone(), uid.clone());
                }
                self.input(&uid, Input::Done(task, outcome));
            }
            Message::Instance(uid, id, state) => self.input(&uid, Input::Instance { id, state }),
            Message::Evict(uid, eviction) => {
                if let Some(pod) = self.pods.get(&uid) {
                    let event = PodEvent::warning(eviction.reason, eviction.message.clone());
                    record(&self.recorder, pod.machine.manifest(), &event);
                }
                self.input(&uid, Input::Evict(eviction));
            }
        }
    }

    /// Brings something to a Pod's machine, and does what it asks for.
    fn input(&mut self, uid: &str, input: Input) {
        let now = self.now();
        let Some(pod) = self.pods.get_mut(uid) else { return };
        let effects = pod.machine.handle(input, now);
        for effect in effects {
            self.effect(uid, effect);
        }
        if let Some(pod) = self.pods.get(uid) {
            self.shared.update(&pod.machine, &pod.seat);
        }
    }
}

/// When the kubelet next lists what has become of its containers: once a second.
fn next_second(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second().saturating_add(1)).unwrap_or(now)
}

/// The first regular sync of a Pod after `now`.
fn next_resync(since: Timestamp, now: Timestamp) -> Timestamp {
    let period = RESYNC.as_secs();
    let age = u64::try_from(now.duration_since(since).as_secs()).unwrap_or_default();
    after(since, Duration::from_secs((age / period + 1) * period))
}

/// Brings a Pod's volumes up to date with what they are made from.
fn refresh_volumes(seat: &Seat, manifest: &Manifest) {
    let surroundings = seat.surroundings();
    let maker =
        Maker { manifest, surroundings: &surroundings, sources: &seat.facts.client, node: &seat.facts.node };
    for volume in manifest.spec().volumes.iter().flatten() {
        let Some(Ok(files)) = volumes::files(&maker, volume) else { continue };
        let mut state = seat.state();
        if let Some(made) = state.volumes.get_mut(&volume.name)
            && made.files.as_ref() != Some(&files)
        {
            made.volume.update(&files);
            made.files = Some(files);
        }
    }
}

fn record(recorder: &Recorder, manifest: &Manifest, event: &PodEvent) {
    let field_path = event.container.and_then(|place| manifest.field_path(place));
    recorder.record(&reference(manifest, field_path), event.warning, event.reason, &event.message);
}

fn reference(manifest: &Manifest, field_path: Option<String>) -> Reference {
    Reference {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        namespace: manifest.namespace().to_owned(),
        name: manifest.name().to_owned(),
        uid: manifest.uid().to_owned(),
        resource_version: manifest.metadata().resource_version.clone().unwrap_or_default(),
        field_path,
    }
}

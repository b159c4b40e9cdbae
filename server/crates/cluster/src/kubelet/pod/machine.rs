//! The machine itself: what it holds, what comes in, what goes out.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::PodStatus;

use super::{
    backoff::Backoff,
    event::PodEvent,
    kill::KillGroup,
    manifest::{Manifest, Place},
    probes::{Due, ProbeKind, ProbeOutcome, Probes},
    resize::{Pending, Resizing},
    runtime::{InstanceState, RuntimeStatus},
    start::Starting,
    status::{self, Eviction, Inputs, WaitingReason},
    task::{Outcome, Task, TaskId},
    volumes::Volumes,
};

/// Something that has happened.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// The Pod in the API is new or has changed.
    Pod(Arc<Manifest>),
    /// The Pod is gone from the API.
    Removed,
    /// An instance has changed by itself.
    Instance { id: String, state: InstanceState },
    /// A task has ended.
    Done(TaskId, Outcome),
    /// The node needs the Pod to end.
    Evict(Eviction),
    /// A time of [`PodMachine::next_wake`] has come.
    Tick,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Write the Pod's status.
    Status(Box<PodStatus>),
    /// Record an event.
    Event(PodEvent),
    /// Run a task and report its outcome.
    Run(TaskId, Task),
    /// Drop a task; its outcome is of no interest.
    Abort(TaskId),
    /// Nothing of the Pod runs any more. If it was deleted, the API may now forget it.
    Ended { deleted: bool },
    /// The Pod is gone: forget everything about it, its sandbox and its containers included.
    Forget,
}

/// Where a Pod is in its life on the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Syncing,
    Terminating,
    Ended,
}

/// What a sync, or the termination, is at.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Waiting for the volumes, up to this time.
    Volumes(Timestamp),
    /// Waiting for the sandbox.
    Sandbox(TaskId),
    Kill(KillGroup),
    /// Waiting for an instance to be given what its container was given.
    Resize(TaskId, Place, String),
    Start(Starting),
}

/// What a sync has yet to do.
#[derive(Clone, Debug)]
pub(super) enum Planned {
    Kill(Vec<super::actions::Kill>),
    /// Remove what is left of a container.
    Remove(Place),
    /// Stop everything, the sandbox included.
    KillPod,
    Sandbox(u32),
    Resize(Place, String),
    Start(Place),
}

/// One Pod on its node.
#[derive(Clone, Debug)]
pub(crate) struct PodMachine {
    pub(super) manifest: Arc<Manifest>,
    pub(super) host_ips: Vec<String>,
    pub(super) runtime: RuntimeStatus,
    pub(super) probes: Probes,
    pub(super) volumes: Volumes,
    pub(super) waiting: BTreeMap<String, WaitingReason>,
    pub(super) restarts: Backoff,
    pub(super) pulls: Backoff,
    /// The volumes whose images are there.
    pub(super) image_volumes: BTreeSet<String>,
    /// Why the last pull of an image failed, by the image's name.
    pub(super) pull_errors: BTreeMap<String, String>,
    pub(super) status: PodStatus,
    pub(super) status_written: bool,
    pub(super) eviction: Option<Eviction>,
    pub(super) resizing: Option<Resizing>,
    /// The last reason why a resize has to wait that was told.
    pub(super) pending_told: Option<Pending>,
    pub(super) removed: bool,
    pub(super) stage: Stage,
    pub(super) step: Option<Step>,
    pub(super) planned: VecDeque<Planned>,
    /// Something has changed since the last sync began.
    pub(super) dirty: bool,
    pub(super) in_sync: bool,
    /// Whether this sync has made or started anything.
    pub(super) changed: bool,
    /// When to sync again although nothing has changed: something failed.
    pub(super) again_at: Option<Timestamp>,
    /// When what failed in this sync may be tried again; an empty entry stands for the usual delay.
    pub(super) failures: Vec<Option<Timestamp>>,
    probing: BTreeMap<TaskId, Due>,
    tasks: u64,
    effects: Vec<Effect>,
}

impl PodMachine {
    /// A Pod that has just been bound to the node with these addresses.
    pub(crate) fn new(manifest: Arc<Manifest>, host_ips: Vec<String>) -> Self {
        let status = manifest.status().cloned().unwrap_or_default();
        Self {
            manifest,
            host_ips,
            runtime: RuntimeStatus::default(),
            probes: Probes::default(),
            volumes: Volumes::default(),
            waiting: BTreeMap::new(),
            restarts: Backoff::default(),
            pulls: Backoff::default(),
            image_volumes: BTreeSet::new(),
            pull_errors: BTreeMap::new(),
            status,
            status_written: false,
            eviction: None,
            resizing: None,
            pending_told: None,
            removed: false,
            stage: Stage::Syncing,
            step: None,
            planned: VecDeque::new(),
            dirty: true,
            in_sync: false,
            changed: false,
            again_at: None,
            failures: Vec::new(),
            probing: BTreeMap::new(),
            tasks: 0,
            effects: Vec::new(),
        }
    }

    pub(crate) fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// What the runtime is known to have of the Pod.
    pub(crate) fn runtime(&self) -> &RuntimeStatus {
        &self.runtime
    }

    /// Whether nothing of the Pod runs or will run any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.stage == Stage::Ended
    }

    /// The status as last worked out.
    pub(crate) fn status(&self) -> &PodStatus {
        &self.status
    }

    /// Takes what has happened, and returns what to do, in order.
    pub(crate) fn handle(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        match input {
            Input::Pod(manifest) => self.manifest_changed(manifest, now),
            Input::Removed => self.api_removed(now),
            Input::Instance { id, state } => self.instance_changed(&id, state),
            Input::Done(task, outcome) => self.done(task, outcome, now),
            Input::Evict(eviction) => self.evict(eviction, now),
            Input::Tick => {}
        }
        self.advance(now);
        self.probe(now);
        std::mem::take(&mut self.effects)
    }

    /// When to come back with [`Input::Tick`], if nothing else happens before.
    pub(crate) fn next_wake(&self) -> Option<Timestamp> {
        let probe = self.probes.next_due(&self.status);
        let again = self.again_at.filter(|_| self.stage == Stage::Syncing && !self.in_sync);
        let deadline = self.deadline().filter(|_| self.stage == Stage::Syncing);
        let volumes = self.volumes.next_due().filter(|_| self.stage == Stage::Syncing);
        let step = match &self.step {
            Some(Step::Volumes(until)) => Some(*until),
            Some(Step::Kill(group)) => group.next_wake(),
            Some(Step::Start(starting)) => starting.next_wake(),
            Some(Step::Sandbox(_) | Step::Resize(..)) | None => None,
        };
        [probe, again, deadline, volumes, step].into_iter().flatten().min()
    }

    /// When the Pod has been active for too long.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        if self.eviction.is_some() {
            return None;
        }
        self.manifest.deadline(self.status.start_time.as_ref().map(|time| time.0))
    }

    fn manifest_changed(&mut self, manifest: Arc<Manifest>, now: Timestamp) {
        let changed = differs(&self.manifest, &manifest);
        let shorter = manifest.is_deleted() && manifest.grace_seconds() < self.manifest.grace_seconds();
        self.manifest = manifest;
        match self.stage {
            Stage::Syncing if self.manifest.is_deleted() => self.begin_termination(now),
            Stage::Syncing => self.dirty |= changed,
            Stage::Terminating if shorter => self.hurry(now),
            Stage::Terminating => {}
            Stage::Ended if changed && self.manifest.is_deleted() => {
                self.emit(Effect::Ended { deleted: true })
            }
            Stage::Ended => {}
        }
    }

    fn api_removed(&mut self, now: Timestamp) {
        self.removed = true;
        match self.stage {
            Stage::Syncing => self.begin_termination(now),
            Stage::Terminating => {}
            Stage::Ended => self.emit(Effect::Forget),
        }
    }

    fn evict(&mut self, eviction: Eviction, now: Timestamp) {
        if self.stage == Stage::Syncing {
            self.eviction = Some(eviction);
            self.begin_termination(now);
        }
    }

    pub(super) fn instance_changed(&mut self, id: &str, state: InstanceState) {
        self.dirty |= self.runtime.set_state(id, state);
    }

    fn done(&mut self, task: TaskId, outcome: Outcome, now: Timestamp) {
        match outcome {
            Outcome::Volume(result) => {
                let event = self.volumes.tried(task, &result, now);
                self.tell(event);
            }
            Outcome::Probe(outcome) => self.probed(task, &outcome, now),
            outcome => self.step_done(task, outcome, now),
        }
    }

    /// Goes on as far as it can without waiting.
    fn advance(&mut self, now: Timestamp) {
        if self.stage == Stage::Syncing {
            let mut next = self.tasks;
            let due = self.volumes.due(now, || {
                next += 1;
                TaskId(next)
            });
            self.tasks = next;
            for (task, volume) in due {
                self.emit(Effect::Run(task, Task::SetUpVolume { volume }));
            }
        }
        while self.go_on(now) {}
    }

    /// What the status is worked out from. `ended` says that nothing of the Pod runs any more.
    pub(super) fn inputs<'a>(&'a self, previous: &'a PodStatus, ended: bool, now: Timestamp) -> Inputs<'a> {
        Inputs {
            manifest: &self.manifest,
            runtime: &self.runtime,
            probes: &self.probes,
            waiting: &self.waiting,
            previous,
            eviction: self.eviction.as_ref(),
            resizing: self.resizing.as_ref(),
            host_ips: &self.host_ips,
            ended,
            now,
        }
    }

    /// Remembers a status, and has it written if it says anything new.
    pub(super) fn set_status(&mut self, status: PodStatus) {
        if !self.status_written || self.status != status {
            self.status_written = true;
            self.status = status;
            if !self.removed {
                self.effects.push(Effect::Status(Box::new(self.status.clone())));
            }
        }
    }

    pub(super) fn run(&mut self, task: Task) -> TaskId {
        self.tasks += 1;
        let id = TaskId(self.tasks);
        self.emit(Effect::Run(id, task));
        id
    }

    pub(super) fn emit(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(super) fn tell(&mut self, event: impl IntoIterator<Item = PodEvent>) {
        self.effects.extend(event.into_iter().map(Effect::Event));
    }

    /// Starts the probes that are due.
    fn probe(&mut self, now: Timestamp) {
        let due = self.probes.due(&self.status, now);
        for due in due {
            let Some((place, _)) = self.manifest.by_name(&due.container) else { continue };
            let (instance, kind) = (due.instance.clone(), due.kind);
            let task = self.run(Task::Probe { place, instance, kind });
            self.probing.insert(task, due);
        }
    }

    fn probed(&mut self, task: TaskId, outcome: &ProbeOutcome, now: Timestamp) {
        let Some(due) = self.probing.remove(&task) else { return };
        let (verdict, event) = self.probes.record(&due, outcome);
        if let Some(event) = event
            && let Some((place, _)) = self.manifest.by_name(&due.container)
        {
            self.tell([event.of(place)]);
        }
        if verdict.is_none() {
            return;
        }
        self.dirty = true;
        // Readiness and start-up show at once, whatever the sync is at.
        if due.kind != ProbeKind::Liveness && self.stage != Stage::Ended {
            let previous = self.status.clone();
            let mut status = previous.clone();
            let inputs = self.inputs(&previous, false, now);
            if status::refresh_readiness(&inputs, due.kind, &due.container, &mut status) {
                self.set_status(status);
            }
        }
    }
}

/// Whether a change of a Pod in the API is one that its kubelet has to act upon.
fn differs(before: &Manifest, now: &Manifest) -> bool {
    let others = |manifest: &Manifest| {
        let conditions = manifest.status().and_then(|status| status.conditions.clone()).unwrap_or_default();
        let foreign = conditions.into_iter().filter(|condition| !status::is_own_condition(&condition.type_));
        foreign.map(|condition| (condition.type_, condition.status)).collect::<Vec<_>>()
    };
    let (a, b) = (before.metadata(), now.metadata());
    a.generation != b.generation
        || a.deletion_timestamp != b.deletion_timestamp
        || a.deletion_grace_period_seconds != b.deletion_grace_period_seconds
        || a.labels != b.labels
        || a.annotations != b.annotations
        || before.spec() != now.spec()
        || before.pending() != now.pending()
        || others(before) != others(now)
}

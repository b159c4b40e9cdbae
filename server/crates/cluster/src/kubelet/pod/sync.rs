//! A sync: work out the status, wait for the volumes, work out what to do, do it one step after the other.

use std::time::Duration;

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use super::{
    actions,
    backoff::after,
    event::PodEvent,
    kill::KillGroup,
    machine::{Effect, Planned, PodMachine, Stage, Step},
    manifest::{Group, Place, is_sidecar},
    restart_all,
    status::{self, Eviction},
    task::{Outcome, Task, TaskId},
};
use crate::conditions;

/// How long a sync waits for the Pod's volumes.
const VOLUME_TIMEOUT: Duration = Duration::from_secs(123);

/// When to try again after a failure that has no delay of its own.
const RETRY: Duration = Duration::from_secs(10);

/// The kubelet lists its containers once a second; this is how long it takes on average until it does.
const LISTED: Duration = Duration::from_millis(500);

/// No sync waits longer for the next one, if something failed.
const RESYNC: Duration = Duration::from_secs(60);

impl PodMachine {
    /// Does the next thing that needs no waiting. Returns whether there was one.
    pub(super) fn go_on(&mut self, now: Timestamp) -> bool {
        match self.step.take() {
            Some(Step::Volumes(until)) => self.wait_for_volumes(until, now),
            Some(Step::Kill(group)) => self.kill_on(group, now),
            Some(Step::Start(starting)) => self.start_on(starting, now),
            Some(step @ (Step::Sandbox(_) | Step::Resize(..))) => {
                self.step = Some(step);
                false
            }
            None => match self.planned.pop_front() {
                Some(planned) => {
                    self.begin(planned, now);
                    true
                }
                None => self.between_steps(now),
            },
        }
    }

    fn between_steps(&mut self, now: Timestamp) -> bool {
        match self.stage {
            Stage::Terminating => {
                self.finish_termination(now);
                true
            }
            Stage::Ended => false,
            Stage::Syncing if self.in_sync => {
                self.finish_sync(now);
                true
            }
            Stage::Syncing => {
                let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
                let begin = self.dirty || due(self.again_at) || due(self.deadline());
                if begin {
                    self.begin_sync(now);
                }
                begin
            }
        }
    }

    fn begin_sync(&mut self, now: Timestamp) {
        self.dirty = false;
        self.again_at = None;
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            let message = "Pod was active on the node longer than the specified deadline".to_owned();
            self.tell([PodEvent::normal("DeadlineExceeded", message.clone())]);
            let reason = "DeadlineExceeded";
            self.eviction = Some(Eviction { reason, message, grace_seconds: None, fails_at_once: true });
        }
        self.look_at_resize();
        let previous = self.status.clone();
        let mut status = status::generate(&self.inputs(&previous, false, now));
        let ended = status.phase.as_deref().is_some_and(status::is_terminal);
        status::hold_phase(&mut status, &previous);
        self.set_status(status);
        if ended {
            self.begin_termination(now);
            return;
        }
        self.ask_for_readiness(now);
        self.in_sync = true;
        self.volumes.add_missing(&self.manifest, now);
        self.step = Some(Step::Volumes(after(now, VOLUME_TIMEOUT)));
    }

    /// Whoever works out a status wants to know whether what does not seem ready is by now.
    fn ask_for_readiness(&mut self, now: Timestamp) {
        let statuses = self.status.container_statuses.iter().chain(&self.status.init_container_statuses);
        for container in statuses.flatten() {
            if container.started == Some(true) && !container.ready {
                self.probes.trigger_readiness(&container.name, now);
            }
        }
    }

    fn wait_for_volumes(&mut self, until: Timestamp, now: Timestamp) -> bool {
        let missing = self.volumes.missing();
        if missing.is_empty() {
            self.probes.add_missing(&self.manifest, now);
            self.plan();
            return true;
        }
        if until <= now {
            let message = format!(
                "Unable to attach or mount volumes: unmounted volumes=[{}], unattached volumes=[], failed to \
                 process volumes=[]: context deadline exceeded",
                missing.join(" ")
            );
            self.tell([PodEvent::warning("FailedMount", message)]);
            self.failures.push(None);
            return true;
        }
        self.step = Some(Step::Volumes(until));
        // The volumes' own times come before this one; they were seen to already.
        false
    }

    fn plan(&mut self) {
        if self.restarts_all() {
            for (place, kill) in restart_all::removals(&self.manifest, &self.runtime) {
                self.planned.extend(kill.map(|kill| Planned::Kill(vec![kill])));
                self.planned.push_back(Planned::Remove(place));
            }
            return;
        }
        let actions = actions::compute(&self.manifest, &self.runtime, &self.probes);
        if actions.kill_pod {
            if actions.create_sandbox.is_some_and(|attempt| attempt > 0) {
                let message = "Pod sandbox changed, it will be killed and re-created.";
                self.tell([PodEvent::normal("SandboxChanged", message)]);
            }
            if self.runtime.sandbox.is_some() {
                self.planned.push_back(Planned::KillPod);
            }
            if actions.create_sandbox.is_none() {
                return;
            }
        }
        self.planned.extend(actions.kill.into_iter().map(|kill| Planned::Kill(vec![kill])));
        self.planned.extend(actions.create_sandbox.map(Planned::Sandbox));
        let resizes = actions.resize.into_iter();
        self.planned.extend(resizes.map(|(place, instance)| Planned::Resize(place, instance)));
        self.planned.extend(actions.start.into_iter().map(Planned::Start));
    }

    /// Whether the status says that everything restarts.
    fn restarts_all(&self) -> bool {
        conditions::find(self.status.conditions.as_deref(), restart_all::CONDITION)
            .is_some_and(|condition| condition.status == "True")
    }

    /// Forgets all of a container, its log included.
    fn remove(&mut self, place: Place) {
        let Some(name) = self.manifest.container(place).map(|container| container.name.clone()) else {
            return;
        };
        self.waiting.remove(&name);
        for instance in self.runtime.remove(&name) {
            self.run(Task::RemoveContainer { instance });
        }
        self.changed = true;
    }

    fn begin(&mut self, planned: Planned, now: Timestamp) {
        self.step = Some(match planned {
            Planned::Kill(kills) => Step::Kill(KillGroup::some(kills)),
            Planned::Remove(place) => return self.remove(place),
            Planned::KillPod => Step::Kill(self.pod_kill()),
            Planned::Sandbox(attempt) => Step::Sandbox(self.run(Task::RunSandbox { attempt })),
            Planned::Resize(place, instance) => self.begin_resize(place, instance),
            Planned::Start(place) => match self.begin_start(place, now) {
                Some(starting) => Step::Start(starting),
                None => return,
            },
        });
    }

    /// Hands a task's outcome to the step that waits for it.
    pub(super) fn step_done(&mut self, task: TaskId, outcome: Outcome, now: Timestamp) {
        match (self.step.take(), outcome) {
            (Some(Step::Sandbox(expected)), Outcome::Sandbox(result)) if expected == task => match result {
                Ok(sandbox) => {
                    self.runtime.sandbox = Some(sandbox);
                    self.changed = true;
                    self.sandbox_is_ready(now);
                }
                Err(error) => {
                    let message = format!("Failed to create pod sandbox: {error}");
                    self.tell([PodEvent::warning("FailedCreatePodSandBox", message)]);
                    self.failures.push(None);
                    self.planned.clear();
                }
            },
            (Some(Step::Resize(expected, place, instance)), Outcome::Resized(result)) if expected == task => {
                self.resized(place, &instance, result);
            }
            (Some(Step::Kill(group)), outcome) => self.kill_done(group, task, outcome, now),
            (Some(Step::Start(starting)), outcome) => self.start_done(starting, task, outcome, now),
            (step, _) => self.step = step,
        }
    }

    fn sandbox_is_ready(&mut self, now: Timestamp) {
        let previous = self.status.clone();
        let mut status = previous.clone();
        status::ready_to_start(&self.inputs(&previous, false, now), &mut status);
        self.set_status(status);
    }

    fn finish_sync(&mut self, now: Timestamp) {
        self.in_sync = false;
        let failures = std::mem::take(&mut self.failures);
        let delays = failures.iter().flatten().min();
        self.again_at = match delays {
            _ if failures.is_empty() => None,
            Some(until) => {
                let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
                Some(look(after(now, jittered(left).min(RESYNC))))
            }
            None => Some(look(after(now, jittered(RETRY)))),
        };
        // What came of the containers is looked at: at once where all went well, else when the kubelet lists its
        // containers anyway.
        if std::mem::take(&mut self.changed) {
            if failures.is_empty() {
                self.dirty = true;
            } else {
                self.again_at = self.again_at.min(Some(after(now, LISTED)));
            }
        }
        self.forget_old_instances();
    }

    /// Of each container only the last dead instance is kept.
    fn forget_old_instances(&mut self) {
        let names: Vec<String> =
            self.manifest.containers().map(|(_, container)| container.name.clone()).collect();
        for name in names {
            let ended = self.runtime.latest(&name).is_some_and(|instance| instance.exit().is_some());
            if ended || self.runtime.instances.len() > 2 * self.manifest.containers().count() {
                for instance in self.runtime.prune(&name) {
                    self.run(Task::RemoveContainer { instance });
                }
            }
        }
    }

    /// Drops what the sync has under way and was going to do.
    pub(super) fn abandon_sync(&mut self) {
        self.planned.clear();
        self.failures.clear();
        self.changed = false;
        self.in_sync = false;
        let tasks = match &self.step {
            Some(Step::Kill(group)) => group.tasks(),
            Some(Step::Start(starting)) => match starting.tasks() {
                Some(tasks) => tasks,
                None => return,
            },
            // A sandbox that is being made has to be waited for, or nobody would stop it.
            Some(Step::Sandbox(_)) => return,
            Some(Step::Resize(task, ..)) => vec![*task],
            Some(Step::Volumes(_)) | None => Vec::new(),
        };
        self.step = None;
        for task in tasks {
            self.emit(Effect::Abort(task));
        }
    }

    /// A container could not be started. `until` is when its back-off ends, if that is why.
    pub(super) fn start_failed(
        &mut self,
        place: Place,
        why: status::WaitingReason,
        until: Option<Timestamp>,
    ) {
        self.failures.push(until);
        let Some(container) = self.manifest.container(place) else { return };
        let blocks = place.group == Group::Init && !is_sidecar(container);
        self.waiting.insert(container.name.clone(), why);
        if blocks {
            self.planned.clear();
        }
    }
}

/// The kubelet waits up to half as long again, at random (`workerBackOffPeriodJitterFactor`). Here it is the mean of that
/// each time, so that a Pod's life is the same whenever it is played.
fn jittered(delay: Duration) -> Duration {
    delay + delay / 4
}

/// The kubelet looks once a second at what is to be tried again.
fn look(at: Timestamp) -> Timestamp {
    let whole = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil);
    at.round(whole).unwrap_or(at)
}

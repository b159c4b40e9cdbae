//! Stopping instances: preStop hook, sidecars in their turn, then the runtime's stop within what is left of the grace
//! period.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    actions::{Kill, KillCause},
    backoff::after,
    event::PodEvent,
    machine::{PodMachine, Step},
    manifest::{Group, Place, is_sidecar},
    runtime::Instance,
    task::{Hook, Outcome, Task, TaskId},
};

/// What a container gets in any case after it was asked to end.
const MINIMUM_GRACE: Duration = Duration::from_secs(2);

/// Instances that are stopped side by side, and the sandbox after them.
#[derive(Clone, Debug)]
pub(super) struct KillGroup {
    kills: Vec<Killing>,
    /// Sidecars wait until those that started after them have ended.
    in_order: bool,
    sandbox: Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// The sandbox stays.
    Not,
    /// It is stopped when all instances have ended.
    Then,
    Stopping(TaskId),
    Stopped,
}

#[derive(Clone, Debug)]
struct Killing {
    kill: Kill,
    grace: Option<Duration>,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Begin,
    PreStop { task: TaskId, since: Timestamp, left: Duration },
    Turn { since: Timestamp, left: Duration },
    Stopping(TaskId),
    Ended,
}

impl KillGroup {
    /// Some instances, each with its own grace period.
    pub(super) fn some(kills: Vec<Kill>) -> Self {
        let kills = kills.into_iter().map(|kill| Killing { kill, grace: None, at: At::Begin }).collect();
        Self { kills, in_order: false, sandbox: Stop::Not }
    }

    /// All of a Pod and its sandbox, within `grace` where it is given.
    pub(super) fn pod(kills: Vec<Kill>, grace: Option<Duration>) -> Self {
        let kills = kills.into_iter().map(|kill| Killing { kill, grace, at: At::Begin }).collect();
        Self { kills, in_order: true, sandbox: Stop::Then }
    }

    pub(super) fn is_done(&self) -> bool {
        let ended = self.kills.iter().all(|killing| killing.at == At::Ended);
        ended && matches!(self.sandbox, Stop::Not | Stop::Stopped)
    }

    /// The tasks that it waits for.
    pub(super) fn tasks(&self) -> Vec<TaskId> {
        let of = |killing: &Killing| match killing.at {
            At::PreStop { task, .. } | At::Stopping(task) => Some(task),
            At::Begin | At::Turn { .. } | At::Ended => None,
        };
        let sandbox = match self.sandbox {
            Stop::Stopping(task) => Some(task),
            Stop::Not | Stop::Then | Stop::Stopped => None,
        };
        self.kills.iter().filter_map(of).chain(sandbox).collect()
    }

    /// When a hook or a turn has taken all the time that there was.
    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        let of = |killing: &Killing| match killing.at {
            At::PreStop { since, left, .. } | At::Turn { since, left } => Some(after(since, left)),
            At::Begin | At::Stopping(_) | At::Ended => None,
        };
        self.kills.iter().filter_map(of).min()
    }
}

impl PodMachine {
    /// Everything of the Pod that runs: sidecars from the last to the first, then the others.
    pub(super) fn kill_everything(&self) -> Vec<Kill> {
        let running = self.runtime.running().filter_map(|instance: &Instance| {
            let (place, _) = self.manifest.by_name(&instance.name)?;
            let (message, cause) = (String::new(), KillCause::Other);
            Some(Kill { instance: instance.id.clone(), place, message, cause })
        });
        let mut kills: Vec<Kill> = running.collect();
        kills.sort_by_key(|kill| match kill.place.group {
            Group::Init => (0, usize::MAX - kill.place.index),
            Group::Regular => (1, kill.place.index),
            Group::Ephemeral => (2, kill.place.index),
        });
        kills
    }

    /// Goes on with the current group of kills. Returns whether anything moved.
    pub(super) fn kill_on(&mut self, group: KillGroup, now: Timestamp) -> bool {
        let (group, moved) = self.advance_kills(group, now);
        if group.is_done() {
            return true;
        }
        self.step = Some(Step::Kill(group));
        moved
    }

    /// Takes a task's outcome for the current group of kills.
    pub(super) fn kill_done(&mut self, group: KillGroup, task: TaskId, outcome: Outcome, now: Timestamp) {
        let group = self.kill_outcome(group, task, outcome, now);
        self.step = Some(Step::Kill(group));
    }

    pub(super) fn kill_outcome(
        &mut self,
        mut group: KillGroup,
        task: TaskId,
        outcome: Outcome,
        now: Timestamp,
    ) -> KillGroup {
        if group.sandbox == Stop::Stopping(task) {
            group.sandbox = Stop::Stopped;
            if let Some(sandbox) = &mut self.runtime.sandbox {
                sandbox.ready = false;
            }
            self.dirty = true;
        }
        for killing in &mut group.kills {
            match (killing.at, &outcome) {
                (At::PreStop { task: expected, since, left }, Outcome::Hook(result)) if expected == task => {
                    if result.is_err() {
                        let event = PodEvent::warning("FailedPreStopHook", "PreStopHook failed");
                        self.tell([event.of(killing.kill.place)]);
                    }
                    killing.at =
                        At::Turn { since: now, left: left.saturating_sub(whole_seconds(since, now)) };
                }
                (At::Stopping(expected), Outcome::Stopped(state)) if expected == task => {
                    killing.at = At::Ended;
                    if let Some(state) = state {
                        let id = killing.kill.instance.clone();
                        self.instance_changed(&id, state.clone());
                    }
                    self.dirty = true;
                }
                _ => {}
            }
        }
        group
    }

    /// Moves every kill as far as it can go. Returns whether anything moved.
    pub(super) fn advance_kills(&mut self, mut group: KillGroup, now: Timestamp) -> (KillGroup, bool) {
        let mut moved = false;
        for index in 0..group.kills.len() {
            let turn = !group.in_order || self.has_turn(&group, index);
            if let Some(killing) = group.kills.get_mut(index) {
                moved |= self.advance_kill(killing, turn, now);
            }
        }
        let ended = group.kills.iter().all(|killing| killing.at == At::Ended);
        if ended && group.sandbox == Stop::Then {
            moved = true;
            let sandbox = self.runtime.sandbox.as_ref().filter(|sandbox| sandbox.ready);
            group.sandbox = match sandbox.map(|sandbox| sandbox.id.clone()) {
                Some(sandbox) => Stop::Stopping(self.run(Task::StopSandbox { sandbox })),
                None => Stop::Stopped,
            };
        }
        (group, moved)
    }

    fn advance_kill(&mut self, killing: &mut Killing, turn: bool, now: Timestamp) -> bool {
        let next = match killing.at {
            At::Begin => self.begin_kill(killing, now),
            At::PreStop { task, since, left } if after(since, left) <= now => {
                self.emit(super::machine::Effect::Abort(task));
                At::Turn { since: now, left: Duration::ZERO }
            }
            At::Turn { since, left } if turn || left.is_zero() || after(since, left) <= now => {
                let left = left.saturating_sub(whole_seconds(since, now)).max(MINIMUM_GRACE);
                let instance = killing.kill.instance.clone();
                At::Stopping(self.run(Task::StopContainer { instance, grace: left }))
            }
            at => at,
        };
        let moved = next != killing.at;
        killing.at = next;
        moved
    }

    fn begin_kill(&mut self, killing: &Killing, now: Timestamp) -> At {
        let Kill { instance, place, message, .. } = &killing.kill;
        let Some(container) = self.manifest.container(*place) else { return At::Ended };
        let left = killing.grace.unwrap_or_else(|| self.grace_of(&killing.kill));
        let hook = container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref()).is_some();
        let message = match message.as_str() {
            "" => format!("Stopping container {}", container.name),
            message => message.to_owned(),
        };
        self.tell([PodEvent::normal("Killing", message).of(*place)]);
        if !hook || left.is_zero() {
            return At::Turn { since: now, left };
        }
        let (place, instance, hook) = (*place, instance.clone(), Hook::PreStop);
        At::PreStop { task: self.run(Task::RunHook { place, instance, hook }), since: now, left }
    }

    /// The grace period of a single kill: a probe's own, or the Pod's.
    fn grace_of(&self, kill: &Kill) -> Duration {
        let container = self.manifest.container(kill.place);
        let probe = match kill.cause {
            KillCause::LivenessProbe => container.and_then(|container| container.liveness_probe.as_ref()),
            KillCause::StartupProbe => container.and_then(|container| container.startup_probe.as_ref()),
            KillCause::RestartAll => return Duration::ZERO,
            KillCause::Other => None,
        };
        let own = probe.and_then(|probe| probe.termination_grace_period_seconds);
        let seconds = own.filter(|_| !self.manifest.is_deleted()).unwrap_or(self.manifest.grace_seconds());
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    }

    /// Ordinary containers may end at once; a sidecar when they, and the sidecars that started after it, have.
    fn has_turn(&self, group: &KillGroup, index: usize) -> bool {
        let Some(own) = group.kills.get(index).map(|killing| killing.kill.place) else { return true };
        let ordered = |place: Place| match place.group {
            Group::Regular => true,
            Group::Init => self.manifest.container(place).is_some_and(is_sidecar),
            Group::Ephemeral => false,
        };
        if own.group != Group::Init || !ordered(own) {
            return true;
        }
        // In the order of starts ordinary containers come after all sidecars.
        group.kills.iter().all(|other| {
            let place = other.kill.place;
            other.at == At::Ended || !ordered(place) || place <= own
        })
    }
}

/// The kubelet counts a grace period down in whole seconds.
fn whole_seconds(since: Timestamp, now: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(now.duration_since(since).as_secs()).unwrap_or_default())
}

//! The end of a Pod: because it was deleted or evicted, or because its containers are done.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    kill::KillGroup,
    machine::{Effect, Planned, PodMachine, Stage, Step},
    status,
    task::Task,
};

impl PodMachine {
    /// Stops everything, whatever is under way.
    pub(super) fn begin_termination(&mut self, now: Timestamp) {
        self.abandon_sync();
        self.stage = Stage::Terminating;
        let previous = self.status.clone();
        let mut status = status::generate(&self.inputs(&previous, false, now));
        status::hold_phase(&mut status, &previous);
        self.set_status(status);
        self.probes.stop_liveness_and_startup();
        self.planned.push_back(Planned::KillPod);
    }

    /// The grace period has become shorter while the Pod was ending.
    pub(super) fn hurry(&mut self, now: Timestamp) {
        let previous = self.status.clone();
        let mut status = status::generate(&self.inputs(&previous, false, now));
        status::hold_phase(&mut status, &previous);
        self.set_status(status);
        if let Some(Step::Kill(group)) = &self.step {
            for task in group.tasks() {
                self.emit(Effect::Abort(task));
            }
            self.step = None;
            self.planned.push_front(Planned::KillPod);
        }
    }

    /// How long the containers of a Pod that ends have.
    pub(super) fn termination_grace(&self) -> Duration {
        let seconds = match &self.eviction {
            Some(eviction) if !self.manifest.is_deleted() => eviction.grace_seconds,
            _ => None,
        };
        let seconds = seconds.unwrap_or_else(|| self.manifest.grace_seconds());
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default().max(1))
    }

    /// Everything that has to be stopped.
    pub(super) fn pod_kill(&self) -> KillGroup {
        let grace = (self.stage == Stage::Terminating).then(|| self.termination_grace());
        KillGroup::pod(self.kill_everything(), grace)
    }

    /// Nothing runs any more.
    pub(super) fn finish_termination(&mut self, now: Timestamp) {
        self.probes.stop();
        let previous = self.status.clone();
        let status = status::generate(&self.inputs(&previous, true, now));
        self.set_status(status);
        self.stage = Stage::Ended;
        let mut last = self.status.clone();
        status::terminate(&self.manifest, &mut last);
        self.set_status(last);
        // Of an evicted Pod nothing stays on the node, not even its logs.
        if self.eviction.as_ref().is_some_and(|eviction| eviction.reason == "Evicted") {
            let all: Vec<String> =
                self.runtime.instances.iter().map(|instance| instance.id.clone()).collect();
            for instance in all {
                self.run(Task::RemoveContainer { instance });
            }
        }
        self.emit(Effect::Ended { deleted: self.manifest.is_deleted() });
        if self.removed {
            self.emit(Effect::Forget);
        }
    }
}

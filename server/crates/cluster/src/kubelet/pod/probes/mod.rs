//! When to probe which container, and what the results amount to. Nothing here probes: the machine is told when a
//! probe is due and told what came of it.
//!
//! As in the kubelet, each probe of each container has a worker with a ticker that starts with the Pod, so that
//! liveness and startup probes happen at fixed multiples of their period, not at a fixed time after the container's
//! start. A readiness probe is also made at once whenever the Pod's status is worked out while the container is not
//! ready. See "Configure Liveness, Readiness and Startup Probes" in Kubernetes' documentation.

mod worker;

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, PodStatus, Probe};

use self::worker::Worker;
use super::{event::PodEvent, manifest::Manifest};

/// What a probe is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ProbeKind {
    Startup,
    Liveness,
    Readiness,
}

impl ProbeKind {
    const ALL: [Self; 3] = [Self::Startup, Self::Readiness, Self::Liveness];

    /// As events spell it.
    fn word(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Liveness => "Liveness",
            Self::Readiness => "Readiness",
        }
    }

    /// The probe of this kind that a container has.
    pub(crate) fn of(self, container: &Container) -> Option<&Probe> {
        match self {
            Self::Startup => container.startup_probe.as_ref(),
            Self::Liveness => container.liveness_probe.as_ref(),
            Self::Readiness => container.readiness_probe.as_ref(),
        }
    }
}

/// What one probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProbeOutcome {
    Success,
    /// A success with something to say (a redirect to another host).
    Warning(String),
    /// A failure, and what the container answered.
    Failure(String),
    /// The probe could not be made; it counts for nothing.
    Error(String),
}

/// What the last results amount to, by the thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Success,
    Failure,
}

/// A probe to make now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) kind: ProbeKind,
    pub(crate) container: String,
    /// The instance to probe.
    pub(crate) instance: String,
}

/// All workers of one Pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Probes {
    workers: BTreeMap<(String, ProbeKind), Worker>,
}

impl Probes {
    /// Gives every probe of the Pod a worker whose ticker starts now, if it has none yet.
    pub(crate) fn add_missing(&mut self, manifest: &Manifest, now: Timestamp) {
        for (_, container) in manifest.containers() {
            for kind in ProbeKind::ALL {
                if let Some(probe) = kind.of(container) {
                    let key = (container.name.clone(), kind);
                    self.workers.entry(key).or_insert_with(|| Worker::new(kind, probe, now));
                }
            }
        }
    }

    /// A Pod that ends is not restarted any more; its readiness still counts.
    pub(crate) fn stop_liveness_and_startup(&mut self) {
        self.workers.retain(|(_, kind), _| *kind == ProbeKind::Readiness);
    }

    pub(crate) fn stop(&mut self) {
        self.workers.clear();
    }

    /// Whether a container has a probe of this kind.
    pub(crate) fn has(&self, container: &str, kind: ProbeKind) -> bool {
        self.worker(container, kind).is_some()
    }

    /// What the probes of an instance amount to so far.
    pub(crate) fn verdict(&self, container: &str, kind: ProbeKind, instance: &str) -> Option<Verdict> {
        self.worker(container, kind)?.verdict_of(instance)
    }

    /// Makes a readiness probe due now: someone wants to know.
    pub(crate) fn trigger_readiness(&mut self, container: &str, now: Timestamp) {
        if let Some(worker) = self.workers.get_mut(&(container.to_owned(), ProbeKind::Readiness)) {
            worker.trigger(now);
        }
    }

    /// The probes that are due. `status` is the Pod's status as last worked out.
    pub(crate) fn due(&mut self, status: &PodStatus, now: Timestamp) -> Vec<Due> {
        let mut due = Vec::new();
        for ((name, kind), worker) in &mut self.workers {
            let container = status_of(status, name);
            if let Some(instance) = container.and_then(|container| worker.poll(container, now)) {
                due.push(Due { kind: *kind, container: name.clone(), instance });
            }
        }
        due
    }

    /// When the next probe is due, if nothing else happens.
    pub(crate) fn next_due(&self, status: &PodStatus) -> Option<Timestamp> {
        let next = |((name, _), worker): (&(String, ProbeKind), &Worker)| {
            status_of(status, name).and_then(|container| worker.next_tick(container))
        };
        self.workers.iter().filter_map(next).min()
    }

    /// Takes the outcome of a probe that was due. Returns what it now amounts to, if that is new, and what to tell.
    pub(crate) fn record(
        &mut self,
        due: &Due,
        outcome: &ProbeOutcome,
    ) -> (Option<Verdict>, Option<PodEvent>) {
        let word = due.kind.word();
        let event = match outcome {
            ProbeOutcome::Success => None,
            ProbeOutcome::Warning(text) => {
                Some(PodEvent::warning("ProbeWarning", format!("{word} probe warning: {text}")))
            }
            ProbeOutcome::Failure(text) => {
                Some(PodEvent::warning("Unhealthy", format!("{word} probe failed: {text}")))
            }
            ProbeOutcome::Error(text) => {
                let message = format!("{word} probe errored and resulted in unknown state: {text}");
                Some(PodEvent::warning("Unhealthy", message))
            }
        };
        let worker = self.workers.get_mut(&(due.container.clone(), due.kind));
        let verdict = worker.and_then(|worker| worker.record(&due.instance, outcome));
        (verdict, event)
    }

    fn worker(&self, container: &str, kind: ProbeKind) -> Option<&Worker> {
        self.workers.get(&(container.to_owned(), kind))
    }
}

/// A container's status, whichever list it is in.
fn status_of<'s>(status: &'s PodStatus, name: &str) -> Option<&'s ContainerStatus> {
    let lists = [&status.container_statuses, &status.init_container_statuses];
    lists.into_iter().flatten().flatten().find(|container| container.name == name)
}

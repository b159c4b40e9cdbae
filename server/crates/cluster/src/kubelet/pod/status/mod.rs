//! A Pod's status, worked out from what the runtime has of it.

mod conditions;
mod containers;
mod phase;
mod terminal;

use std::collections::BTreeMap;

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use k8s_openapi::{
    api::core::v1::{ContainerStatus, HostIP, PodIP, PodStatus, ResourceRequirements},
    apimachinery::pkg::apis::meta::v1::Time,
};

use super::{
    manifest::{Group, Manifest},
    probes::Probes,
    resize::Resizing,
    runtime::RuntimeStatus,
};
use crate::pod_resources;

pub(crate) use self::{
    conditions::{is_own_condition, ready_to_start},
    containers::refresh_readiness,
    terminal::terminate,
};

/// Why a container could not be started, as `state.waiting` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitingReason {
    /// `CrashLoopBackOff`, `ErrImagePull`, ...
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// Why a Pod is ended by its node: it becomes `Failed` with this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Eviction {
    /// `Evicted`, `DeadlineExceeded`.
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// How long its containers have, in seconds; as long as the Pod's manifest says where it is missing.
    pub(crate) grace_seconds: Option<i64>,
    /// Whether its conditions show the failure before its containers have ended.
    pub(crate) fails_at_once: bool,
}

/// What a status is worked out from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inputs<'a> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) runtime: &'a RuntimeStatus,
    pub(crate) probes: &'a Probes,
    /// Why containers could not be started, by their names.
    pub(crate) waiting: &'a BTreeMap<String, WaitingReason>,
    /// The status that was worked out last.
    pub(crate) previous: &'a PodStatus,
    pub(crate) eviction: Option<&'a Eviction>,
    /// A resize that goes on.
    pub(crate) resizing: Option<&'a Resizing>,
    /// The node's addresses.
    pub(crate) host_ips: &'a [String],
    /// Whether nothing of the Pod will run any more.
    pub(crate) ended: bool,
    pub(crate) now: Timestamp,
}

/// Works out the status. Its phase can be terminal while containers still run; see [`hold_phase`].
pub(crate) fn generate(inputs: &Inputs<'_>) -> PodStatus {
    let Inputs { manifest, runtime, previous, .. } = *inputs;
    let mut status = PodStatus {
        container_statuses: containers::statuses(inputs, Group::Regular),
        init_container_statuses: containers::statuses(inputs, Group::Init),
        ephemeral_container_statuses: containers::statuses(inputs, Group::Ephemeral),
        qos_class: Some(pod_resources::qos_class(manifest.spec()).to_owned()),
        observed_generation: manifest.generation(),
        start_time: previous.start_time.clone().or_else(|| Some(seconds(inputs.now))),
        ..PodStatus::default()
    };
    resources(inputs, &mut status);
    addresses(inputs, &mut status);

    let api = manifest.status();
    let api_phase = api.and_then(|api| api.phase.as_deref()).filter(|phase| is_terminal(phase));
    let own_phase = previous.phase.as_deref().filter(|phase| is_terminal(phase));
    let computed = phase::phase(manifest, &status, inputs.ended);
    // A Pod that has ended stays as it ended.
    let phase = api_phase.or(own_phase.filter(|_| !is_terminal(computed))).unwrap_or(computed).to_owned();
    if previous.phase.as_deref() == Some(&phase) {
        status.reason = previous.reason.clone().or_else(|| api?.reason.clone());
        status.message = previous.message.clone().or_else(|| api?.message.clone());
    }
    status.phase = Some(phase);
    let eviction = inputs.eviction.filter(|eviction| inputs.ended || eviction.fails_at_once);
    if let Some(eviction) = eviction.filter(|_| api_phase.is_none()) {
        status.phase = Some("Failed".to_owned());
        status.reason = Some(eviction.reason.to_owned());
        status.message = Some(eviction.message.clone());
    }

    containers::set_readiness(inputs, &mut status);
    status.conditions = Some(conditions::conditions(inputs, &status, runtime.sandbox_ready()));
    status
}

/// While containers may still run, a Pod does not show a terminal phase: others take that as leave to use what it had.
pub(crate) fn hold_phase(status: &mut PodStatus, previous: &PodStatus) {
    let terminal = |status: &PodStatus| status.phase.as_deref().is_some_and(is_terminal);
    if terminal(status) && !terminal(previous) {
        status.phase.clone_from(&previous.phase);
        status.reason.clone_from(&previous.reason);
        status.message.clone_from(&previous.message);
    }
}

/// `Succeeded` or `Failed`.
pub(crate) fn is_terminal(phase: &str) -> bool {
    matches!(phase, "Succeeded" | "Failed")
}

fn resources(inputs: &Inputs<'_>, status: &mut PodStatus) {
    let spec = inputs.manifest.spec();
    let (requests, limits) = (pod_resources::requests(spec), pod_resources::limits(spec));
    status.allocated_resources = pod_resources::to_api(&requests);
    status.resources = Some(ResourceRequirements {
        requests: pod_resources::to_api(&requests),
        limits: pod_resources::to_api(&limits),
        claims: None,
    });
}

fn addresses(inputs: &Inputs<'_>, status: &mut PodStatus) {
    let Inputs { manifest, runtime, previous, host_ips, .. } = *inputs;
    status.host_ip = host_ips.first().cloned();
    status.host_ips = Some(host_ips.iter().map(|ip| HostIP { ip: ip.clone() }).collect());
    let ips: Vec<String> = if manifest.host_network() {
        host_ips.to_vec()
    } else if runtime.ips().is_empty() {
        previous.pod_ips.iter().flatten().map(|ip| ip.ip.clone()).collect()
    } else {
        runtime.ips().to_vec()
    };
    status.pod_ip = ips.first().cloned();
    status.pod_ips = (!ips.is_empty()).then(|| ips.into_iter().map(|ip| PodIP { ip }).collect());
}

/// A time as the API shows it: whole seconds.
pub(crate) fn seconds(time: Timestamp) -> Time {
    let whole = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor);
    Time(time.round(whole).unwrap_or(time))
}

/// The runtime's identifier of a container's instance: what follows `containerd://`.
pub(crate) fn instance_id(status: &ContainerStatus) -> Option<&str> {
    status.container_id.as_deref()?.strip_prefix(ID_PREFIX)
}

/// What comes before an instance's identifier in the API.
pub(crate) const ID_PREFIX: &str = "containerd://";

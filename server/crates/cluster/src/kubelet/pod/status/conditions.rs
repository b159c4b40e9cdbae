//! The conditions of a Pod that its kubelet sets, in the order in which it does.

use k8s_openapi::api::core::v1::{ContainerStatus, PodCondition, PodStatus};

use super::{Inputs, seconds};
use crate::{
    conditions,
    kubelet::pod::{manifest::is_sidecar, restart_all},
};

const READY_TO_START: &str = "PodReadyToStartContainers";
const INITIALIZED: &str = "Initialized";
const READY: &str = "Ready";
const CONTAINERS_READY: &str = "ContainersReady";
const SCHEDULED: &str = "PodScheduled";
const RESIZE_PENDING: &str = "PodResizePending";
const RESIZE_IN_PROGRESS: &str = "PodResizeInProgress";

/// Those that only the kubelet sets.
const OWN: [&str; 8] = [
    READY_TO_START,
    INITIALIZED,
    READY,
    CONTAINERS_READY,
    SCHEDULED,
    RESIZE_PENDING,
    RESIZE_IN_PROGRESS,
    restart_all::CONDITION,
];

/// Whether only the kubelet sets conditions of this type.
pub(crate) fn is_own_condition(kind: &str) -> bool {
    OWN.contains(&kind)
}

/// A condition's status, reason and message.
#[derive(Default)]
struct Finding {
    holds: bool,
    reason: &'static str,
    message: String,
}

impl Finding {
    fn yes() -> Self {
        Self { holds: true, ..Self::default() }
    }

    fn no(reason: &'static str, message: String) -> Self {
        Self { holds: false, reason, message }
    }
}

/// All conditions: those of a resize, those of others as they are, then the kubelet's other ones.
pub(super) fn conditions(inputs: &Inputs<'_>, status: &PodStatus, sandbox_ready: bool) -> Vec<PodCondition> {
    let phase = status.phase.as_deref().unwrap_or_default();
    let others = inputs.manifest.status().and_then(|api| api.conditions.as_ref());
    let mut all: Vec<PodCondition> =
        others.into_iter().flatten().filter(|c| !is_own_condition(&c.type_)).cloned().collect();
    all.splice(..0, resize(inputs));
    let ready_to_start = Finding { holds: sandbox_ready, ..Finding::default() };
    let containers_ready = containers_ready(inputs, status, phase);
    let ready = ready(inputs, &containers_ready, &all);
    let own = [
        (READY_TO_START, ready_to_start),
        (INITIALIZED, initialized(inputs, status, phase)),
        (READY, ready),
        (CONTAINERS_READY, containers_ready),
        (SCHEDULED, Finding::yes()),
    ];
    for (kind, finding) in own {
        all.push(to_api(inputs, kind, finding));
    }
    if restart_all::is_possible(inputs.manifest) {
        all.push(to_api(inputs, restart_all::CONDITION, all_containers_restarting(inputs, phase)));
    }
    all
}

/// Whether all containers are being restarted.
fn all_containers_restarting(inputs: &Inputs<'_>, phase: &str) -> Finding {
    match phase {
        "Succeeded" => return Finding::no("PodCompleted", String::new()),
        "Failed" => return Finding::no("PodFailed", String::new()),
        _ => {}
    }
    let Inputs { manifest, runtime, previous, .. } = *inputs;
    if !restart_all::is_due(manifest, runtime, previous) || restart_all::is_cleaned_up(manifest, runtime) {
        return Finding::default();
    }
    let message = "container exited with restart policy rule".to_owned();
    Finding { holds: true, reason: "RestartAllContainersStarted", message }
}

/// The conditions of a resize that has to wait, or goes on.
fn resize(inputs: &Inputs<'_>) -> Vec<PodCondition> {
    let pending = inputs.manifest.pending().map(|pending| {
        let (reason, message) = (pending.reason, pending.message.clone());
        to_api(inputs, RESIZE_PENDING, Finding { holds: true, reason, message })
    });
    let going_on = inputs.resizing.map(|resizing| {
        let reason = if resizing.error.is_some() { "Error" } else { "" };
        let message = resizing.error.clone().unwrap_or_default();
        let condition = to_api(inputs, RESIZE_IN_PROGRESS, Finding { holds: true, reason, message });
        PodCondition { observed_generation: resizing.generation, ..condition }
    });
    pending
        .into_iter()
        .chain(going_on)
        .map(|condition| PodCondition {
            last_probe_time: condition.last_transition_time.clone(),
            ..condition
        })
        .collect()
}

/// Works out `Ready` and `ContainersReady` anew in a status that is otherwise left as it is.
pub(super) fn refresh_readiness(inputs: &Inputs<'_>, status: &mut PodStatus) {
    let phase = status.phase.clone().unwrap_or_default();
    let containers_ready = containers_ready(inputs, status, &phase);
    let others = status.conditions.clone().unwrap_or_default();
    let ready = ready(inputs, &containers_ready, &others);
    for (kind, finding) in [(READY, ready), (CONTAINERS_READY, containers_ready)] {
        conditions::set(&mut status.conditions, to_api(inputs, kind, finding));
    }
}

/// The sandbox is there: says so in a status that is otherwise left as it is.
pub(crate) fn ready_to_start(inputs: &Inputs<'_>, status: &mut PodStatus) {
    conditions::set(&mut status.conditions, to_api(inputs, READY_TO_START, Finding::yes()));
}

fn to_api(inputs: &Inputs<'_>, kind: &str, finding: Finding) -> PodCondition {
    let before = conditions::find(inputs.previous.conditions.as_deref(), kind)
        .or_else(|| conditions::find(inputs.manifest.status()?.conditions.as_deref(), kind));
    let new = PodCondition {
        type_: kind.to_owned(),
        status: conditions::status(finding.holds).to_owned(),
        reason: (!finding.reason.is_empty()).then(|| finding.reason.to_owned()),
        message: (!finding.message.is_empty()).then_some(finding.message),
        last_transition_time: Some(seconds(inputs.now)),
        last_probe_time: None,
        observed_generation: inputs.manifest.generation(),
    };
    conditions::after(new, before)
}

fn initialized(inputs: &Inputs<'_>, status: &PodStatus, phase: &str) -> Finding {
    if phase == "Succeeded" {
        return Finding { holds: true, reason: "PodCompleted", message: String::new() };
    }
    if status.container_statuses.iter().flatten().any(has_run) {
        return Finding::yes();
    }
    let incomplete = inputs.manifest.init().iter().filter(|container| {
        let statuses = status.init_container_statuses.iter().flatten();
        let found = statuses.into_iter().find(|status| status.name == container.name);
        !found.is_some_and(
            |found| {
                if is_sidecar(container) { found.started == Some(true) } else { found.ready }
            },
        )
    });
    let incomplete: Vec<&str> = incomplete.map(|container| container.name.as_str()).collect();
    if incomplete.is_empty() {
        return Finding::yes();
    }
    let message = format!("containers with incomplete status: [{}]", incomplete.join(" "));
    Finding::no("ContainersNotInitialized", message)
}

fn containers_ready(inputs: &Inputs<'_>, status: &PodStatus, phase: &str) -> Finding {
    match phase {
        "Succeeded" => return Finding::no("PodCompleted", String::new()),
        "Failed" => return Finding::no("PodFailed", String::new()),
        _ => {}
    }
    let sidecars = inputs.manifest.init().iter().filter(|container| is_sidecar(container));
    let unready = sidecars.chain(inputs.manifest.regular()).filter(|container| {
        let statuses = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
        !statuses.into_iter().any(|status| status.name == container.name && status.ready)
    });
    let unready: Vec<&str> = unready.map(|container| container.name.as_str()).collect();
    if unready.is_empty() {
        return Finding::yes();
    }
    let message = format!("containers with unready status: [{}]", unready.join(" "));
    Finding::no("ContainersNotReady", message)
}

/// A Pod is ready when its containers are and its readiness gates say so.
fn ready(inputs: &Inputs<'_>, containers: &Finding, others: &[PodCondition]) -> Finding {
    if !containers.holds {
        return Finding { holds: false, reason: containers.reason, message: containers.message.clone() };
    }
    let closed = inputs.manifest.spec().readiness_gates.iter().flatten().filter_map(|gate| {
        let name = &gate.condition_type;
        match conditions::find(Some(others), name) {
            None => Some(format!("corresponding condition of pod readiness gate \"{name}\" does not exist.")),
            Some(condition) if condition.status != "True" => {
                let status = &condition.status;
                Some(format!("the status of pod readiness gate \"{name}\" is not \"True\", but {status}"))
            }
            Some(_) => None,
        }
    });
    let closed: Vec<String> = closed.collect();
    if closed.is_empty() {
        return Finding::yes();
    }
    Finding::no("ReadinessGatesNotReady", closed.join(", "))
}

/// Whether a container has ever been started.
pub(super) fn has_run(status: &ContainerStatus) -> bool {
    let ended = |state: &k8s_openapi::api::core::v1::ContainerState| state.terminated.is_some();
    let state = status.state.as_ref();
    state.is_some_and(|state| state.running.is_some() || ended(state))
        || status.last_state.as_ref().is_some_and(ended)
}

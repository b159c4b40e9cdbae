//! The statuses of a Pod's containers.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
    ContainerStatus, ContainerUser, PodStatus, ResourceRequirements, VolumeMount, VolumeMountStatus,
};

use super::{ID_PREFIX, Inputs, instance_id, seconds};
use crate::{
    kubelet::pod::{
        actions::to_be_started,
        manifest::{Group, Place, is_sidecar},
        probes::{ProbeKind, Verdict},
        restart_all,
        runtime::{Exit, Instance, InstanceState},
    },
    pod_resources,
};

/// The statuses of one of the Pod's lists: ordinary and ephemeral containers by name, init containers in their order.
/// Readiness is not in them yet: [`set_readiness`].
pub(super) fn statuses(inputs: &Inputs<'_>, group: Group) -> Option<Vec<ContainerStatus>> {
    let containers = inputs.manifest.group(group);
    let previous = match group {
        Group::Init => &inputs.previous.init_container_statuses,
        Group::Regular => &inputs.previous.container_statuses,
        Group::Ephemeral => &inputs.previous.ephemeral_container_statuses,
    };
    let previous: BTreeMap<&str, &ContainerStatus> =
        previous.iter().flatten().map(|status| (status.name.as_str(), status)).collect();
    let mut statuses: Vec<ContainerStatus> = containers
        .iter()
        .enumerate()
        .map(|(index, container)| {
            status(inputs, Place { group, index }, container, previous.get(container.name.as_str()).copied())
        })
        .collect();
    if group != Group::Init {
        statuses.sort_by(|a, b| a.name.cmp(&b.name));
    }
    (!statuses.is_empty()).then_some(statuses)
}

fn status(
    inputs: &Inputs<'_>,
    place: Place,
    container: &Container,
    previous: Option<&ContainerStatus>,
) -> ContainerStatus {
    let runtime = inputs.runtime;
    let mut status = match runtime.latest(&container.name) {
        Some(instance) => {
            let mut status = of_instance(container, instance);
            status.last_state = runtime
                .previous(&container.name)
                .map(state)
                .or_else(|| previous.and_then(|previous| previous.last_state.clone()))
                .or_else(|| Some(ContainerState::default()));
            status
        }
        None => without_instance(inputs, container, previous),
    };
    status.volume_mounts = mounts(container);
    if let Some(why) = waiting(inputs, place, container) {
        if let Some(ended) = status.state.as_mut().and_then(|state| state.terminated.take()) {
            status.last_state = Some(ContainerState { terminated: Some(ended), ..ContainerState::default() });
        }
        status.state = Some(why);
    }
    status
}

/// Why the container waits instead of running, where an attempt to start it has failed.
fn waiting(inputs: &Inputs<'_>, place: Place, container: &Container) -> Option<ContainerState> {
    let exit = inputs.runtime.latest(&container.name).and_then(Instance::exit);
    let done = place.group == Group::Init && exit.is_some_and(|exit| exit.code == 0);
    if done || !to_be_started(inputs.manifest, inputs.runtime, place) {
        return None;
    }
    let why = inputs.waiting.get(&container.name)?;
    Some(waits(why.reason, Some(&why.message)))
}

fn of_instance(container: &Container, instance: &Instance) -> ContainerStatus {
    let allocated = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let given = instance.resources.clone().unwrap_or_default();
    ContainerStatus {
        name: container.name.clone(),
        restart_count: i32::try_from(instance.attempt).unwrap_or(i32::MAX),
        image: instance.image.clone(),
        image_id: instance.image_id.clone(),
        container_id: Some(format!("{ID_PREFIX}{}", instance.id)),
        state: Some(state(instance)),
        allocated_resources: pod_resources::to_api(&pod_resources::amounts(allocated)),
        resources: Some(ResourceRequirements { claims: None, ..given }),
        user: instance.user.clone().map(|linux| ContainerUser { linux: Some(linux) }),
        ..ContainerStatus::default()
    }
}

/// A container that has no instance: it never had one, or the node has forgotten it.
fn without_instance(
    inputs: &Inputs<'_>,
    container: &Container,
    previous: Option<&ContainerStatus>,
) -> ContainerStatus {
    let reason = if inputs.manifest.init().is_empty() { "ContainerCreating" } else { "PodInitializing" };
    let mut status = ContainerStatus {
        name: container.name.clone(),
        image: container.image.clone().unwrap_or_default(),
        state: Some(waits(reason, None)),
        last_state: Some(ContainerState::default()),
        ..ContainerStatus::default()
    };
    let Some(previous) = previous else { return status };
    let before = previous.state.as_ref();
    let waits_already = before.is_some_and(|state| state.waiting.is_some());
    if !waits_already && restart_all::is_due(inputs.manifest, inputs.runtime, inputs.previous) {
        let message = "The container is removed because RestartAllContainers in place";
        status.state = Some(waits(restart_all::REASON, Some(message)));
        status.last_state = Some(lost(restart_all::REASON, message));
        status.restart_count = previous.restart_count + 1;
        return status;
    }
    if before.is_some_and(|state| state.terminated.is_some()) {
        return previous.clone();
    }
    status.restart_count = previous.restart_count;
    if previous.last_state.is_some() {
        status.last_state.clone_from(&previous.last_state);
    }
    let had_ended = status.last_state.as_ref().is_some_and(|state| state.terminated.is_some());
    if before.is_some_and(|state| state.running.is_some()) && !had_ended {
        let message =
            "The container could not be located when the pod was deleted.  The container used to be Running";
        status.last_state = Some(unknown_end(message));
        status.restart_count += i32::from(!inputs.manifest.is_deleted());
    }
    status
}

fn state(instance: &Instance) -> ContainerState {
    match &instance.state {
        InstanceState::Created => {
            ContainerState { waiting: Some(ContainerStateWaiting::default()), ..ContainerState::default() }
        }
        InstanceState::Running { started_at } => ContainerState {
            running: Some(ContainerStateRunning { started_at: Some(seconds(*started_at)) }),
            ..ContainerState::default()
        },
        InstanceState::Exited(exit) => {
            ContainerState { terminated: Some(ended(instance, exit)), ..ContainerState::default() }
        }
    }
}

fn ended(instance: &Instance, exit: &Exit) -> ContainerStateTerminated {
    ContainerStateTerminated {
        exit_code: exit.code,
        reason: Some(exit.reason.clone()),
        message: exit.message.clone().filter(|message| !message.is_empty()),
        started_at: Some(seconds(exit.started_at)),
        finished_at: Some(seconds(exit.finished_at)),
        container_id: Some(format!("{ID_PREFIX}{}", instance.id)),
        signal: None,
    }
}

/// The end of a container of which nothing is known but that it does not run.
pub(super) fn unknown_end(message: &str) -> ContainerState {
    lost("ContainerStatusUnknown", message)
}

/// An end that nobody has seen.
fn lost(reason: &str, message: &str) -> ContainerState {
    let ended = ContainerStateTerminated {
        exit_code: 137,
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        ..ContainerStateTerminated::default()
    };
    ContainerState { terminated: Some(ended), ..ContainerState::default() }
}

fn waits(reason: &str, message: Option<&str>) -> ContainerState {
    let message = message.filter(|message| !message.is_empty()).map(str::to_owned);
    let waiting = ContainerStateWaiting { reason: Some(reason.to_owned()), message };
    ContainerState { waiting: Some(waiting), ..ContainerState::default() }
}

fn mounts(container: &Container) -> Option<Vec<VolumeMountStatus>> {
    let status = |mount: &VolumeMount| {
        let read_only = mount.read_only == Some(true);
        VolumeMountStatus {
            name: mount.name.clone(),
            mount_path: mount.mount_path.clone(),
            read_only: read_only.then_some(true),
            recursive_read_only: read_only.then(|| "Disabled".to_owned()),
            volume_status: None,
        }
    };
    container.volume_mounts.as_ref().map(|mounts| mounts.iter().map(status).collect())
}

/// Fills in `started` and `ready` of ordinary and init containers, from their probes.
pub(super) fn set_readiness(inputs: &Inputs<'_>, status: &mut PodStatus) {
    for container in status.container_statuses.iter_mut().flatten() {
        let started = is_started(inputs, container);
        container.started = Some(started);
        container.ready = started && is_ready(inputs, container);
    }
    for container in status.init_container_statuses.iter_mut().flatten() {
        let started = is_started(inputs, container);
        container.started = Some(started);
        let sidecar =
            inputs.manifest.by_name(&container.name).is_some_and(|(_, definition)| is_sidecar(definition));
        container.ready = if sidecar {
            started && is_ready(inputs, container)
        } else {
            let ended = container.state.as_ref().and_then(|state| state.terminated.as_ref());
            ended.is_some_and(|ended| ended.exit_code == 0)
        };
    }
}

fn is_started(inputs: &Inputs<'_>, container: &ContainerStatus) -> bool {
    let probes = inputs.probes;
    let running = container.state.as_ref().is_some_and(|state| state.running.is_some());
    let verdict =
        instance_id(container).and_then(|id| probes.verdict(&container.name, ProbeKind::Startup, id));
    running
        && match verdict {
            Some(verdict) => verdict == Verdict::Success,
            None => !probes.has(&container.name, ProbeKind::Startup),
        }
}

fn is_ready(inputs: &Inputs<'_>, container: &ContainerStatus) -> bool {
    let probes = inputs.probes;
    let verdict =
        instance_id(container).and_then(|id| probes.verdict(&container.name, ProbeKind::Readiness, id));
    match verdict {
        Some(verdict) => verdict == Verdict::Success,
        None => !probes.has(&container.name, ProbeKind::Readiness),
    }
}

/// Takes over the result of one readiness or startup probe into a status that is otherwise left as it is. Returns
/// whether anything changed.
pub(crate) fn refresh_readiness(
    inputs: &Inputs<'_>,
    kind: ProbeKind,
    name: &str,
    status: &mut PodStatus,
) -> bool {
    let changed = {
        let lists = [&mut status.container_statuses, &mut status.init_container_statuses];
        let mut containers = lists.into_iter().flatten().flatten();
        let Some(container) = containers.find(|container| container.name == name) else { return false };
        let before = (container.started, container.ready);
        match kind {
            ProbeKind::Startup => container.started = Some(is_started(inputs, container)),
            ProbeKind::Readiness => {
                container.ready = container.started == Some(true) && is_ready(inputs, container);
            }
            ProbeKind::Liveness => {}
        }
        (container.started, container.ready) != before
    };
    if !changed {
        return false;
    }
    if kind == ProbeKind::Readiness {
        super::conditions::refresh_readiness(inputs, status);
    }
    true
}

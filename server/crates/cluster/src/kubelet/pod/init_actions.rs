//! What has to be done for a Pod's init containers: each starts when the one before it is done (an ordinary one) or has
//! started up (a native sidecar), and sidecars are kept running to the end.

use super::{
    actions::{Actions, Kill, KillCause, is_changed},
    manifest::{Group, Manifest, Place, is_sidecar, restarts},
    probes::{ProbeKind, Probes, Verdict},
    resize::{self, Change},
    runtime::{Instance, InstanceState, RuntimeStatus},
};

/// Adds what has to be done, and returns whether the Pod is initialized, so that its ordinary containers may start.
///
/// It looks from the last init container to the first: the last one that exists tells where the Pod stands; of those
/// before it only sidecars still matter.
pub(super) fn compute(
    manifest: &Manifest,
    runtime: &RuntimeStatus,
    probes: &Probes,
    actions: &mut Actions,
) -> bool {
    if manifest.init().is_empty() {
        return true;
    }
    let mut initialized = manifest.regular().iter().any(|container| {
        let state = runtime.latest(&container.name).map(|instance| &instance.state);
        matches!(state, Some(InstanceState::Created | InstanceState::Running { .. }))
    });
    let mut was_initialized = initialized;
    let mut start = Vec::new();
    let last = manifest.init().len() - 1;
    for (index, container) in manifest.init().iter().enumerate().rev() {
        let place = Place { group: Group::Init, index };
        let sidecar = is_sidecar(container);
        let Some(instance) = runtime.latest(&container.name) else {
            if was_initialized && sidecar {
                start.push(place);
            }
            continue;
        };
        if was_initialized && !sidecar {
            continue;
        }
        let done = match &instance.state {
            InstanceState::Created => {
                start.push(place);
                false
            }
            InstanceState::Running { .. } if sidecar => {
                let started = sidecar_started(manifest, place, instance, probes, &mut start, actions);
                if started {
                    keep_alive(manifest, place, instance, probes, &mut start, actions);
                }
                started
            }
            InstanceState::Running { .. } => false,
            InstanceState::Exited(_) if sidecar => {
                start.push(place);
                false
            }
            InstanceState::Exited(exit) if exit.code == 0 => true,
            InstanceState::Exited(exit) => {
                if !restarts(container, manifest.restart_policy(), exit.code) {
                    actions.kill_pod = true;
                    actions.start.clear();
                    return false;
                }
                start.push(place);
                false
            }
        };
        if done && index == last {
            initialized = true;
        } else if done && !was_initialized {
            start.push(Place { group: Group::Init, index: index + 1 });
        }
        was_initialized = true;
    }
    if !was_initialized {
        start.push(Place { group: Group::Init, index: 0 });
    }
    start.sort_unstable();
    actions.start.append(&mut start);
    initialized
}

/// Whether a running sidecar has started up, so that the next one may start. One that failed to is restarted.
fn sidecar_started(
    manifest: &Manifest,
    place: Place,
    instance: &Instance,
    probes: &Probes,
    start: &mut Vec<Place>,
    actions: &mut Actions,
) -> bool {
    let Some(container) = manifest.container(place) else { return false };
    if container.startup_probe.is_none() {
        return true;
    }
    match probes.verdict(&container.name, ProbeKind::Startup, &instance.id) {
        Some(Verdict::Success) => true,
        Some(Verdict::Failure) => {
            let message = format!("Init container {} failed startup probe", container.name);
            let cause = KillCause::StartupProbe;
            actions.kill.push(Kill { instance: instance.id.clone(), place, message, cause });
            start.push(place);
            false
        }
        None => false,
    }
}

/// Restarts a running sidecar whose image was changed, that failed its liveness probe or cannot be resized in place.
fn keep_alive(
    manifest: &Manifest,
    place: Place,
    instance: &Instance,
    probes: &Probes,
    start: &mut Vec<Place>,
    actions: &mut Actions,
) {
    let Some(container) = manifest.container(place) else { return };
    let liveness = probes.verdict(&container.name, ProbeKind::Liveness, &instance.id);
    let (what, why, cause) = if is_changed(container.image.as_deref(), instance) {
        ("Init container", "definition changed", KillCause::Other)
    } else if liveness == Some(Verdict::Failure) {
        ("Init container", "failed liveness probe", KillCause::LivenessProbe)
    } else {
        match resize::change(container, instance) {
            Change::Restart => ("Container", "resize requires restart", KillCause::Other),
            Change::InPlace => return actions.resize.push((place, instance.id.clone())),
            Change::None => return,
        }
    };
    let message = format!("{what} {} {why}", container.name);
    actions.kill.push(Kill { instance: instance.id.clone(), place, message, cause });
    start.push(place);
}

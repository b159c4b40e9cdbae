//! The phase of a Pod, from the states of its containers.

use k8s_openapi::api::core::v1::{Container, ContainerState, ContainerStatus, PodStatus};

use crate::kubelet::pod::{
    manifest::{Manifest, is_sidecar, restarts},
    restart_all,
};

/// How many containers are in which state.
#[derive(Default)]
struct Counts {
    /// Ordinary init containers that have not succeeded yet.
    initializing: usize,
    /// Sidecars that have not started up yet.
    starting_sidecars: usize,
    unknown: usize,
    running: usize,
    waiting: usize,
    stopped: usize,
    succeeded: usize,
    /// Stopped ones that will run again.
    restarting: usize,
}

/// Works out the phase. `ended` says that nothing will run any more, whatever the restart policy.
pub(super) fn phase(manifest: &Manifest, status: &PodStatus, ended: bool) -> &'static str {
    let mut counts = Counts::default();
    let mut init_failed = false;
    for container in manifest.init() {
        let found = find(status.init_container_statuses.as_deref(), &container.name);
        if is_sidecar(container) {
            count_sidecar(&mut counts, found);
        } else {
            init_failed |= count_init(&mut counts, manifest, container, found);
        }
    }
    for container in manifest.regular() {
        let found = find(status.container_statuses.as_deref(), &container.name);
        count_regular(&mut counts, manifest, container, found);
    }
    let initialized = status.container_statuses.iter().flatten().any(super::conditions::has_run);
    if init_failed {
        return "Failed";
    }
    if counts.initializing > 0 || (counts.starting_sidecars > 0 && !initialized) || counts.waiting > 0 {
        return "Pending";
    }
    if counts.unknown > 0 {
        return "Pending";
    }
    if counts.running > 0 {
        return "Running";
    }
    match counts.stopped {
        0 => "Pending",
        _ if !ended && counts.restarting > 0 => "Running",
        stopped if stopped == counts.succeeded => "Succeeded",
        _ => "Failed",
    }
}

/// Counts an ordinary init container, and returns whether it has failed for good.
fn count_init(
    counts: &mut Counts,
    manifest: &Manifest,
    container: &Container,
    status: Option<&ContainerStatus>,
) -> bool {
    let state = status.and_then(|status| status.state.as_ref());
    let failed = match state {
        Some(ContainerState { terminated: Some(ended), .. }) => Some(ended.exit_code),
        Some(ContainerState { waiting: Some(_), .. }) => last_exit(status),
        _ => None,
    };
    match failed {
        Some(0) => false,
        Some(code) => !restarts(container, manifest.restart_policy(), code) && !restarts_with_all(status),
        None => {
            counts.initializing += 1;
            false
        }
    }
}

fn count_sidecar(counts: &mut Counts, status: Option<&ContainerStatus>) {
    match status.and_then(|status| status.state.as_ref()) {
        Some(ContainerState { running: Some(_), .. }) => {
            counts.running += 1;
            counts.starting_sidecars += usize::from(status.and_then(|status| status.started) != Some(true));
        }
        // One that has ended does not count: it comes back, or the Pod ends.
        Some(ContainerState { terminated: Some(_), .. }) => {}
        Some(ContainerState { waiting: Some(_), .. }) if last_exit(status).is_some() => {}
        Some(ContainerState { waiting: Some(_), .. }) => {
            counts.starting_sidecars += 1;
            counts.waiting += 1;
        }
        _ => {
            counts.starting_sidecars += 1;
            counts.unknown += 1;
        }
    }
}

fn count_regular(
    counts: &mut Counts,
    manifest: &Manifest,
    container: &Container,
    status: Option<&ContainerStatus>,
) {
    let restarts = |code| restarts(container, manifest.restart_policy(), code);
    match status.and_then(|status| status.state.as_ref()) {
        Some(ContainerState { running: Some(_), .. }) => counts.running += 1,
        Some(ContainerState { terminated: Some(ended), .. }) => {
            counts.stopped += 1;
            counts.succeeded += usize::from(ended.exit_code == 0);
            counts.restarting += usize::from(restarts(ended.exit_code));
        }
        Some(ContainerState { waiting: Some(_), .. }) => match last_exit(status) {
            Some(code) => {
                counts.stopped += 1;
                counts.restarting += usize::from(restarts(code) || restarts_with_all(status));
            }
            None => counts.waiting += 1,
        },
        _ => counts.unknown += 1,
    }
}

/// Whether a container is gone because all of the Pod restarts: it comes back, whatever its policy.
fn restarts_with_all(status: Option<&ContainerStatus>) -> bool {
    let states = status.into_iter().flat_map(|status| [status.state.as_ref(), status.last_state.as_ref()]);
    let mut ends = states.flatten().filter_map(|state| state.terminated.as_ref());
    ends.any(|ended| ended.reason.as_deref() == Some(restart_all::REASON))
}

fn last_exit(status: Option<&ContainerStatus>) -> Option<i32> {
    Some(status?.last_state.as_ref()?.terminated.as_ref()?.exit_code)
}

fn find<'s>(statuses: Option<&'s [ContainerStatus]>, name: &str) -> Option<&'s ContainerStatus> {
    statuses?.iter().find(|status| status.name == name)
}

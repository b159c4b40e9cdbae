//! The last status of a Pod, once nothing of it runs.

use k8s_openapi::api::core::v1::{ContainerStatus, PodStatus};

use super::{containers::unknown_end, is_terminal};
use crate::kubelet::pod::manifest::{Manifest, is_sidecar};

/// Gives every container that could have run an end, and the Pod a terminal phase.
pub(crate) fn terminate(manifest: &Manifest, status: &mut PodStatus) {
    if was_initialized(manifest, status) {
        end(status.container_statuses.as_deref_mut().unwrap_or_default());
    }
    if let Some(init) = status.init_container_statuses.as_deref_mut() {
        let begun = init.iter().rposition(has_begun).map_or(1, |last| last + 1).min(init.len());
        end(&mut init[..begun]);
    }
    if !status.phase.as_deref().is_some_and(is_terminal) {
        status.phase = Some("Failed".to_owned());
    }
}

fn end(statuses: &mut [ContainerStatus]) {
    for status in statuses {
        if status.state.as_ref().is_none_or(|state| state.terminated.is_none()) {
            status.state =
                Some(unknown_end("The container could not be located when the pod was terminated"));
        }
    }
}

fn has_begun(status: &ContainerStatus) -> bool {
    let waiting = status.state.as_ref().is_some_and(|state| state.waiting.is_some());
    !waiting || status.last_state.as_ref().is_some_and(|state| state.terminated.is_some())
}

fn was_initialized(manifest: &Manifest, status: &PodStatus) -> bool {
    let Some(last) = manifest.init().last() else { return true };
    if status.container_statuses.iter().flatten().any(has_begun) {
        return true;
    }
    let Some(status) = status.init_container_statuses.as_ref().and_then(|statuses| statuses.last()) else {
        return false;
    };
    let state = status.state.as_ref();
    if is_sidecar(last) {
        state.is_some_and(|state| state.running.is_some()) && status.started == Some(true)
    } else {
        state.and_then(|state| state.terminated.as_ref()).is_some_and(|ended| ended.exit_code == 0)
    }
}

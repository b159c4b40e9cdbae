//! Restarting a Pod in place: a container's exit fits one of its rules whose action is `RestartAllContainers`, and
//! every container is stopped and removed, so that the Pod begins again from its first init container. Its identity,
//! sandbox, addresses and volumes stay.
//!
//! Source: KEP-5532 (on by default since Kubernetes 1.36). Hooks do not run, and there is no grace period beyond the
//! least that every container gets.

use k8s_openapi::api::core::v1::PodStatus;

use super::{
    actions::{Kill, KillCause},
    manifest::{Manifest, Place, restarts_all},
    runtime::RuntimeStatus,
};
use crate::conditions;

/// The condition that says that a restart goes on.
pub(crate) const CONDITION: &str = "AllContainersRestarting";

/// The reason in the states of containers that were removed by it.
pub(crate) const REASON: &str = "RestartingAllContainers";

/// Whether any exit could restart the whole Pod.
pub(crate) fn is_possible(manifest: &Manifest) -> bool {
    let mut rules =
        manifest.containers().flat_map(|(_, container)| container.restart_policy_rules.iter().flatten());
    rules.any(|rule| rule.action == "RestartAllContainers")
}

/// Whether a restart goes on or has to begin. `previous` is the status that was worked out last.
pub(crate) fn is_due(manifest: &Manifest, runtime: &RuntimeStatus, previous: &PodStatus) -> bool {
    if manifest.is_deleted() {
        return false;
    }
    let goes_on =
        conditions::find(previous.conditions.as_deref(), CONDITION).is_some_and(|c| c.status == "True");
    goes_on || manifest.containers().any(|(place, _)| is_source(manifest, runtime, place))
}

/// Whether nothing is left to remove.
pub(crate) fn is_cleaned_up(manifest: &Manifest, runtime: &RuntimeStatus) -> bool {
    let mut lasting = manifest.init().iter().chain(manifest.regular());
    lasting.all(|container| runtime.latest(&container.name).is_none())
}

/// What to stop and to remove, in order. The containers whose exits are the cause go last: as long as they are there,
/// the restart is seen to go on.
pub(crate) fn removals(manifest: &Manifest, runtime: &RuntimeStatus) -> Vec<(Place, Option<Kill>)> {
    let existing = manifest.containers().filter_map(|(place, container)| {
        let instance = runtime.latest(&container.name)?;
        let kill = instance.is_running().then(|| Kill {
            instance: instance.id.clone(),
            place,
            message: "killing".to_owned(),
            cause: KillCause::RestartAll,
        });
        Some((place, kill))
    });
    let mut removals: Vec<_> = existing.collect();
    removals.sort_by_key(|(place, _)| is_source(manifest, runtime, *place));
    removals
}

fn is_source(manifest: &Manifest, runtime: &RuntimeStatus, place: Place) -> bool {
    let Some(container) = manifest.container(place) else { return false };
    let exit = runtime.latest(&container.name).and_then(|instance| instance.exit());
    exit.is_some_and(|exit| restarts_all(container, exit.code))
}

//! A Deployment's status and conditions: pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::{
    api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet},
    apimachinery::pkg::apis::meta::v1::Time,
};

use super::numbers::{available, bounds, total};
use crate::{conditions, controllers::pods::unless_zero, kubelet::seconds};

pub(super) const PROGRESSING: &str = "Progressing";
const AVAILABLE: &str = "Available";
const FAILURE: &str = "ReplicaFailure";

/// No deadline.
const NEVER: i32 = i32::MAX;

/// A condition as of now.
pub(super) fn condition(
    kind: &str,
    holds: bool,
    reason: &str,
    message: String,
    now: Timestamp,
) -> DeploymentCondition {
    DeploymentCondition {
        type_: Some(kind.to_owned()),
        status: Some(conditions::status(holds).to_owned()),
        reason: Some(reason.to_owned()),
        message: Some(message),
        last_update_time: Some(seconds(now)),
        last_transition_time: Some(seconds(now)),
    }
}

pub(super) fn find<'s>(status: &'s DeploymentStatus, kind: &str) -> Option<&'s DeploymentCondition> {
    conditions::find(status.conditions.as_deref(), kind)
}

/// Sets a condition, unless it says the same already.
pub(super) fn set(status: &mut DeploymentStatus, new: DeploymentCondition) {
    let kind = new.type_.clone().unwrap_or_default();
    let old = find(status, &kind);
    if old.is_some_and(|old| old.status == new.status && old.reason == new.reason) {
        return;
    }
    let new = conditions::after(new, old);
    remove(status, &kind);
    status.conditions.get_or_insert_default().push(new);
}

fn remove(status: &mut DeploymentStatus, kind: &str) {
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|condition| condition.type_.as_deref() != Some(kind));
    }
}

/// Whether there is a time within which an update has to get on.
pub(super) fn deadline(deployment: &Deployment) -> Option<Duration> {
    let seconds = deployment.spec.progress_deadline_seconds.filter(|seconds| *seconds != NEVER)?;
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

/// The numbers, and whether enough is available.
pub(super) fn numbers(
    deployment: &Deployment,
    all: &[&ReplicaSet],
    new: Option<&ReplicaSet>,
    now: Timestamp,
) -> DeploymentStatus {
    let spec = &deployment.spec;
    let before = deployment.status.clone().unwrap_or_default();
    let sum =
        |field: fn(&ReplicaSet) -> Option<i32>| -> i32 { all.iter().filter_map(|set| field(set)).sum() };
    let available = available(all);
    let mut status = DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        replicas: unless_zero(sum(|set| Some(set.status.as_ref()?.replicas))),
        updated_replicas: unless_zero(
            new.and_then(|set| Some(set.status.as_ref()?.replicas)).unwrap_or_default(),
        ),
        ready_replicas: unless_zero(sum(|set| set.status.as_ref()?.ready_replicas)),
        available_replicas: unless_zero(available),
        unavailable_replicas: unless_zero((total(all) - available).max(0)),
        terminating_replicas: Some(sum(|set| set.status.as_ref()?.terminating_replicas)),
        collision_count: before.collision_count,
        conditions: before.conditions,
    };
    let enough = available >= spec.replicas.unwrap_or(1) - bounds(spec).unavailable;
    let (reason, message) = if enough {
        ("MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    set(&mut status, condition(AVAILABLE, enough, reason, message.to_owned(), now));
    status
}

/// The status of a Deployment that is not paused: the numbers, how its update gets on, and what goes wrong.
pub(super) fn rollout(
    deployment: &Deployment,
    all: &[&ReplicaSet],
    new: Option<&ReplicaSet>,
    now: Timestamp,
) -> DeploymentStatus {
    let mut status = numbers(deployment, all, new, now);
    let before = deployment.status.clone().unwrap_or_default();
    let current = find(&before, PROGRESSING).cloned();
    let was_complete = status.replicas == status.updated_replicas
        && current.as_ref().is_some_and(|c| c.reason.as_deref() == Some("NewReplicaSetAvailable"));
    match deadline(deployment) {
        None => remove(&mut status, PROGRESSING),
        Some(_) if was_complete => {}
        Some(deadline) => progress(deployment, &before, &mut status, new, current, deadline, now),
    }
    match failure(all, new) {
        Some(failure) => set(&mut status, failure),
        None => remove(&mut status, FAILURE),
    }
    status
}

fn progress(
    deployment: &Deployment,
    before: &DeploymentStatus,
    status: &mut DeploymentStatus,
    new: Option<&ReplicaSet>,
    current: Option<DeploymentCondition>,
    deadline: Duration,
    now: Timestamp,
) {
    let name = |metadata: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta| {
        metadata.name.clone().unwrap_or_default()
    };
    let subject = match new {
        Some(set) => format!("ReplicaSet \"{}\"", name(&set.metadata)),
        None => format!("Deployment \"{}\"", name(&deployment.metadata)),
    };
    if is_complete(deployment, status) {
        let message = format!("{subject} has successfully progressed.");
        set(status, condition(PROGRESSING, true, "NewReplicaSetAvailable", message, now));
    } else if gets_on(before, status) {
        let message = format!("{subject} is progressing.");
        let progressing = condition(PROGRESSING, true, "ReplicaSetUpdated", message, now);
        let progressing = conditions::after(progressing, current.as_ref());
        remove(status, PROGRESSING);
        set(status, progressing);
    } else if timed_out(current.as_ref(), deadline, now) {
        let message = format!("{subject} has timed out progressing.");
        set(status, condition(PROGRESSING, false, "ProgressDeadlineExceeded", message, now));
    }
}

/// Whether all replicas are new and available, and there are no others.
pub(super) fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = deployment.spec.replicas.unwrap_or(1);
    let of = |field: Option<i32>| field.unwrap_or_default() == wanted;
    of(status.updated_replicas)
        && of(status.replicas)
        && of(status.available_replicas)
        && status.observed_generation >= deployment.metadata.generation
}

fn gets_on(before: &DeploymentStatus, now: &DeploymentStatus) -> bool {
    let old = |status: &DeploymentStatus| {
        status.replicas.unwrap_or_default() - status.updated_replicas.unwrap_or_default()
    };
    now.updated_replicas.unwrap_or_default() > before.updated_replicas.unwrap_or_default()
        || old(now) < old(before)
        || now.ready_replicas.unwrap_or_default() > before.ready_replicas.unwrap_or_default()
        || now.available_replicas.unwrap_or_default() > before.available_replicas.unwrap_or_default()
}

fn timed_out(current: Option<&DeploymentCondition>, deadline: Duration, now: Timestamp) -> bool {
    let Some(current) = current else { return false };
    match current.reason.as_deref() {
        Some("NewReplicaSetAvailable") => false,
        Some("ProgressDeadlineExceeded") => true,
        _ => current
            .last_update_time
            .as_ref()
            .is_some_and(|Time(since)| crate::kubelet::after(*since, deadline) < now),
    }
}

/// When an update that does not get on has taken too long, if nothing happens before.
pub(super) fn stuck_at(deployment: &Deployment, status: &DeploymentStatus) -> Option<Timestamp> {
    let current = find(status, PROGRESSING)?;
    let over =
        matches!(current.reason.as_deref(), Some("NewReplicaSetAvailable" | "ProgressDeadlineExceeded"));
    if over || is_complete(deployment, status) {
        return None;
    }
    let since = current.last_update_time.as_ref()?.0;
    Some(crate::kubelet::after(since, deadline(deployment)? + Duration::from_secs(1)))
}

/// The failure of one of the ReplicaSets, the new one first.
fn failure(all: &[&ReplicaSet], new: Option<&ReplicaSet>) -> Option<DeploymentCondition> {
    let of = |set: &ReplicaSet| -> Option<DeploymentCondition> {
        let conditions = set.status.as_ref()?.conditions.as_ref()?;
        let found = conditions::find(Some(conditions), FAILURE)?;
        Some(DeploymentCondition {
            type_: found.type_.clone(),
            status: found.status.clone(),
            reason: found.reason.clone(),
            message: found.message.clone(),
            last_transition_time: found.last_transition_time.clone(),
            last_update_time: found.last_transition_time.clone(),
        })
    };
    new.and_then(of).or_else(|| all.iter().find_map(|set| of(set)))
}

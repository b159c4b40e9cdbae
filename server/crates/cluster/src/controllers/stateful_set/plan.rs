//! What a StatefulSet needs next: pure.
//!
//! With the policy `OrderedReady` a Pod is made when all before it are ready, and deleted when all after it are gone; so
//! there is at most one step at a time. With `Parallel` nothing waits for anything, except that an update still goes
//! from Pod to Pod, the last one first.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::{
    apps::v1::{StatefulSet, StatefulSetSpec, StatefulSetStatus},
    core::v1::Pod,
};

use super::identity;
use crate::controllers::{
    deployment::scaled,
    pods::{self, unless_zero},
    revisions,
};

/// The most steps at a time: those that follow come with the changes that these make.
const BURST: usize = 500;

/// What is to be done, in order.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) status: StatefulSetStatus,
    pub(super) again: Option<Duration>,
}

#[derive(Debug)]
pub(super) enum Step {
    Create {
        ordinal: i32,
        revision: String,
    },
    Delete {
        pod: Pod,
        scaled_down: bool,
    },
    /// A Pod that has ended makes room for another one.
    Replace {
        pod: Pod,
    },
}

/// The set as it is to be.
struct Wanted<'a> {
    spec: &'a StatefulSetSpec,
    replicas: i32,
    ordinals: Range<i32>,
    /// Pods from this ordinal on get the newest template: it may lie behind the last one.
    newest_from: i32,
    rolling: bool,
    one_by_one: bool,
    now: Timestamp,
}

impl Wanted<'_> {
    fn is_available(&self, pod: &Pod) -> (bool, Option<Duration>) {
        pods::is_available(pod, self.spec.min_ready_seconds.unwrap_or_default(), self.now)
    }
}

pub(super) fn plan(
    set: &StatefulSet,
    spec: &StatefulSetSpec,
    all: &[Pod],
    newest: &str,
    now: Timestamp,
) -> Plan {
    let strategy = spec.update_strategy.as_ref();
    let rolling = strategy.is_none_or(|strategy| strategy.type_.as_deref() != Some("OnDelete"));
    let update = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    let start = spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or_default();
    let replicas = spec.replicas.unwrap_or(1);
    let partition = update.and_then(|update| update.partition).unwrap_or_default();
    let wanted = Wanted {
        spec,
        replicas,
        ordinals: start..start.saturating_add(replicas),
        newest_from: start.saturating_add(partition),
        rolling,
        one_by_one: spec.pod_management_policy.as_deref() != Some("Parallel"),
        now,
    };
    let name = set.metadata.name.as_deref().unwrap_or_default();
    let by_ordinal: BTreeMap<i32, &Pod> =
        all.iter().filter_map(|pod| Some((identity::ordinal(name, pod)?, pod))).collect();
    let mut plan = Plan { status: status(set, &wanted, all, newest), ..Plan::default() };
    plan.again = all.iter().filter_map(|pod| wanted.is_available(pod).1).min();
    if set.metadata.deletion_timestamp.is_none() {
        steps(&wanted, &by_ordinal, newest, &mut plan);
    }
    plan
}

fn revision_of(pod: &Pod) -> &str {
    let labels = pod.metadata.labels.as_ref();
    labels.and_then(|labels| labels.get(revisions::OF_POD)).map(String::as_str).unwrap_or_default()
}

fn is_ending(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

fn is_running(pod: &Pod) -> bool {
    pods::phase(pod) == "Running" && pods::is_ready(pod)
}

/// How the set stands.
fn status(set: &StatefulSet, wanted: &Wanted<'_>, all: &[Pod], newest: &str) -> StatefulSetStatus {
    let before = set.status.clone().unwrap_or_default();
    let mut current = before.current_revision.clone().filter(|name| !name.is_empty());
    let revision = current.get_or_insert_with(|| newest.to_owned()).clone();
    let live = || all.iter().filter(|pod| !is_ending(pod));
    let number = |pods: usize| pods::count(pods);
    let mut of_current = number(live().filter(|pod| revision_of(pod) == revision).count());
    let updated = number(live().filter(|pod| revision_of(pod) == newest).count());
    let ready = number(all.iter().filter(|pod| is_running(pod)).count());
    let available = all.iter().filter(|pod| is_running(pod) && wanted.is_available(pod).0).count();
    let replicas = number(all.len());
    let complete = wanted.rolling && updated == replicas && ready == replicas && replicas == wanted.replicas;
    if complete {
        current = Some(newest.to_owned());
        of_current = updated;
    }
    StatefulSetStatus {
        observed_generation: set.metadata.generation,
        replicas,
        ready_replicas: unless_zero(ready),
        available_replicas: Some(number(available)),
        current_replicas: unless_zero(of_current),
        updated_replicas: unless_zero(updated),
        current_revision: current,
        update_revision: Some(newest.to_owned()),
        collision_count: Some(before.collision_count.unwrap_or_default()),
        conditions: before.conditions,
    }
}

/// The template that a Pod with this ordinal is made from.
fn revision_for(wanted: &Wanted<'_>, status: &StatefulSetStatus, ordinal: i32, newest: &str) -> String {
    let stays = wanted.rolling && ordinal < wanted.newest_from;
    match &status.current_revision {
        Some(current) if stays => current.clone(),
        _ => newest.to_owned(),
    }
}

fn steps(wanted: &Wanted<'_>, pods: &BTreeMap<i32, &Pod>, newest: &str, plan: &mut Plan) {
    for ordinal in wanted.ordinals.clone() {
        if plan.steps.len() >= BURST {
            return;
        }
        let Some(pod) = pods.get(&ordinal) else {
            let revision = revision_for(wanted, &plan.status, ordinal, newest);
            plan.steps.push(Step::Create { ordinal, revision });
            if wanted.one_by_one {
                return;
            }
            continue;
        };
        if pods::has_ended(pod) && !is_ending(pod) {
            plan.steps.push(Step::Replace { pod: (*pod).clone() });
            if wanted.one_by_one {
                return;
            }
        }
        if wanted.one_by_one && (is_ending(pod) || !is_running(pod) || !wanted.is_available(pod).0) {
            // Also where a newer template would mend it: such a Pod has to be deleted by hand.
            return;
        }
    }
    for (_, pod) in pods.iter().rev().filter(|(ordinal, _)| !wanted.ordinals.contains(ordinal)) {
        if is_ending(pod) {
            if wanted.one_by_one {
                return;
            }
            continue;
        }
        plan.steps.push(Step::Delete { pod: (*pod).clone(), scaled_down: true });
        if wanted.one_by_one {
            return;
        }
    }
    if wanted.rolling && plan.steps.is_empty() {
        update(wanted, pods, newest, plan);
    }
}

/// Replaces Pods of older templates, the last one first, as many at a time as may be missing.
fn update(wanted: &Wanted<'_>, pods: &BTreeMap<i32, &Pod>, newest: &str, plan: &mut Plan) {
    let strategy = wanted.spec.update_strategy.as_ref();
    let most = strategy.and_then(|strategy| strategy.rolling_update.as_ref()?.max_unavailable.as_ref());
    let most = most.map_or(1, |most| scaled(most, wanted.replicas, false)).max(1);
    let mut missing = 0;
    let may_change = |ordinal: &i32| wanted.ordinals.contains(ordinal) && *ordinal >= wanted.newest_from;
    for (_, pod) in pods.iter().rev().filter(|(ordinal, _)| may_change(ordinal)) {
        let old = revision_of(pod) != newest;
        if old && !is_ending(pod) {
            plan.steps.push(Step::Delete { pod: (*pod).clone(), scaled_down: false });
            missing += 1;
        } else if is_ending(pod) || !is_running(pod) || !wanted.is_available(pod).0 {
            missing += 1;
        }
        if missing >= most {
            return;
        }
    }
}

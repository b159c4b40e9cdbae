//! What a DaemonSet needs next: pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::{
    apps::v1::{DaemonSet, DaemonSetSpec, DaemonSetStatus},
    core::v1::Pod,
};

use crate::controllers::{
    deployment::scaled,
    pods::{self, count, unless_zero},
    revisions,
};

/// A node, whether it does not take the set's Pods, and which it has.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) node: String,
    pub(super) refused: bool,
    pub(super) pods: Vec<Pod>,
}

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Pods that have ended, with their nodes; they are deleted, too.
    pub(super) failed: Vec<(Pod, String)>,
    pub(super) delete: Vec<Pod>,
    /// The nodes that lack a Pod.
    pub(super) create: Vec<String>,
    pub(super) status: DaemonSetStatus,
    pub(super) again: Option<Duration>,
}

/// How an update may go on.
struct Update<'a> {
    spec: &'a DaemonSetSpec,
    hash: &'a str,
    now: Timestamp,
}

impl Update<'_> {
    fn availability(&self, pod: &Pod) -> (bool, Option<Duration>) {
        pods::is_available(pod, self.spec.min_ready_seconds.unwrap_or_default(), self.now)
    }

    fn is_available(&self, pod: &Pod) -> bool {
        pod.metadata.deletion_timestamp.is_none() && self.availability(pod).0
    }

    fn is_new(&self, pod: &Pod) -> bool {
        let labels = pod.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get(revisions::OF_POD)).is_some_and(|hash| hash == self.hash)
    }

    /// How many nodes may be without an available Pod, and how many may have two, when so many nodes have one.
    fn bounds(&self, nodes: usize) -> (usize, usize) {
        let strategy = self.spec.update_strategy.as_ref();
        let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let number = |value: Option<_>, otherwise| {
            usize::try_from(value.map_or(otherwise, |value| scaled(value, count(nodes), true)))
                .unwrap_or_default()
        };
        let surge = number(rolling.and_then(|rolling| rolling.max_surge.as_ref()), 0);
        let unavailable = number(rolling.and_then(|rolling| rolling.max_unavailable.as_ref()), 1);
        (if surge == 0 { unavailable.max(1) } else { unavailable }, surge)
    }
}

pub(super) fn plan(
    set: &DaemonSet,
    spec: &DaemonSetSpec,
    sites: &[Site],
    hash: &str,
    now: Timestamp,
) -> Plan {
    let update = Update { spec, hash, now };
    let mut plan = Plan { status: status(set, sites, &update), ..Plan::default() };
    plan.again = sites.iter().flat_map(|site| &site.pods).filter_map(|pod| update.availability(pod).1).min();
    if set.metadata.deletion_timestamp.is_some() {
        return plan;
    }
    for site in sites {
        let (ended, active): (Vec<&Pod>, Vec<&Pod>) = site
            .pods
            .iter()
            .filter(|pod| pod.metadata.deletion_timestamp.is_none())
            .partition(|pod| pods::has_ended(pod));
        plan.failed.extend(ended.iter().map(|pod| ((*pod).clone(), site.node.clone())));
        plan.delete.extend(ended.into_iter().cloned());
        if site.refused {
            plan.delete.extend(active.into_iter().cloned());
        } else if site.pods.is_empty() {
            plan.create.push(site.node.clone());
        } else {
            let (new, old): (Vec<&Pod>, Vec<&Pod>) = active.into_iter().partition(|pod| update.is_new(pod));
            plan.delete.extend(surplus(new).chain(surplus(old)).cloned());
        }
    }
    let strategy = spec.update_strategy.as_ref().and_then(|strategy| strategy.type_.as_deref());
    if strategy != Some("OnDelete") {
        roll(sites, &update, &mut plan);
    }
    plan
}

/// All but the oldest.
fn surplus(mut pods: Vec<&Pod>) -> impl Iterator<Item = &Pod> {
    pods.sort_by_key(|pod| {
        (pod.metadata.creation_timestamp.as_ref().map(|time| time.0), pod.metadata.name.clone())
    });
    pods.into_iter().skip(1)
}

/// Replaces Pods of older templates, on as many nodes at a time as may be without one, or with two.
fn roll(sites: &[Site], update: &Update<'_>, plan: &mut Plan) {
    let wanted: Vec<&Site> = sites.iter().filter(|site| !site.refused).collect();
    let (most_unavailable, most_surge) = update.bounds(wanted.len());
    let mut unavailable =
        wanted.iter().filter(|site| !site.pods.iter().any(|pod| update.is_available(pod))).count();
    let live = |pod: &&Pod| pods::is_active(pod);
    let mut surging = wanted.iter().filter(|site| site.pods.iter().filter(live).count() > 1).count();
    for site in wanted {
        let active = || site.pods.iter().filter(live);
        let Some(old) = active().find(|pod| !update.is_new(pod)) else { continue };
        let new = active().find(|pod| update.is_new(pod));
        match new {
            Some(new) if update.is_available(new) => plan.delete.push(old.clone()),
            Some(_) => {}
            None if surging < most_surge => {
                surging += 1;
                plan.create.push(site.node.clone());
            }
            None if most_surge > 0 => {}
            None if !update.is_available(old) => plan.delete.push(old.clone()),
            None if unavailable < most_unavailable => {
                unavailable += 1;
                plan.delete.push(old.clone());
            }
            None => {}
        }
    }
}

fn status(set: &DaemonSet, sites: &[Site], update: &Update<'_>) -> DaemonSetStatus {
    let mut status = DaemonSetStatus {
        observed_generation: set.metadata.generation,
        collision_count: set.status.as_ref().and_then(|status| status.collision_count),
        conditions: set.status.as_ref().and_then(|status| status.conditions.clone()),
        ..DaemonSetStatus::default()
    };
    let (mut available, mut updated, mut unavailable) = (0, 0, 0);
    for site in sites {
        let running = !site.pods.is_empty();
        if site.refused {
            status.number_misscheduled += i32::from(running);
            continue;
        }
        status.desired_number_scheduled += 1;
        status.current_number_scheduled += i32::from(running);
        let oldest = site.pods.iter().min_by_key(|pod| {
            (pod.metadata.creation_timestamp.as_ref().map(|time| time.0), pod.metadata.name.clone())
        });
        let ready = oldest.is_some_and(pods::is_ready);
        let serves = oldest.is_some_and(|pod| update.is_available(pod));
        status.number_ready += i32::from(ready);
        available += i32::from(serves);
        unavailable += i32::from(!serves);
        updated += i32::from(oldest.is_some_and(|pod| update.is_new(pod)));
    }
    status.number_available = unless_zero(available);
    status.number_unavailable = unless_zero(unavailable);
    status.updated_number_scheduled = unless_zero(updated);
    status
}

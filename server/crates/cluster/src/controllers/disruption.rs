//! PodDisruptionBudgets: how many of their Pods may go now. See "Specifying a Disruption Budget for your Application" in
//! Kubernetes' documentation.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, ReplicaSet, StatefulSet},
        core::v1::{Pod, ReplicationController},
        policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus},
    },
    apimachinery::pkg::{
        apis::meta::v1::{Condition, Time},
        util::intstr::IntOrString,
    },
};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    deployment::scaled,
    pods,
};
use crate::{
    Client,
    client::Selection,
    conditions,
    events::{Recorder, Reference},
    kubelet::{after, seconds},
    label_selector::selects,
    status::Result,
};

/// An eviction that has not led to a deletion by then has come to nothing.
const EVICTION_TAKES: Duration = Duration::from_secs(120);

pub(super) struct Disruption {
    recorder: Recorder,
}

impl Disruption {
    pub(super) fn new(client: &Client) -> Self {
        Self { recorder: Recorder::new(client.clone(), "controllermanager", None) }
    }
}

impl Controller for Disruption {
    fn name(&self) -> &'static str {
        "disruption-controller"
    }

    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::PodDisruptionBudget(budget) if !change.gone => vec![pods::key_of(&budget.metadata)],
            Object::Pod(pod) => {
                let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
                let all = client.namespaced::<PodDisruptionBudget>(namespace).list(&Selection::default());
                let mut all = all.unwrap_or_default();
                all.retain(|budget| covers(budget, pod));
                all.iter().map(|budget| pods::key_of(&budget.metadata)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let api = client.namespaced::<PodDisruptionBudget>(&key.namespace);
        let Some(mut budget) = api.get_opt(&key.name)? else { return Ok(Again::Never) };
        let mut own = client.namespaced::<Pod>(&key.namespace).list(&Selection::default())?;
        own.retain(|pod| covers(&budget, pod) && !pods::has_ended(pod));
        if own.is_empty() {
            self.recorder.record(&Reference::to(&budget), false, "NoPods", "No matching pods found");
        }
        let now = client.now();
        let mut evicted = budget.status.as_ref().and_then(|s| s.disrupted_pods.clone()).unwrap_or_default();
        evicted.retain(|name, since| {
            let there = own.iter().any(|pod| {
                pod.metadata.name.as_ref() == Some(name) && pod.metadata.deletion_timestamp.is_none()
            });
            there && after(since.0, EVICTION_TAKES) > now
        });
        let again = evicted.values().map(|since| after(since.0, EVICTION_TAKES)).min();
        let healthy = own.iter().filter(|pod| {
            let going = evicted.contains_key(pod.metadata.name.as_deref().unwrap_or_default());
            pods::is_ready(pod) && pod.metadata.deletion_timestamp.is_none() && !going
        });
        let healthy = pods::count(healthy.count());
        let (expected, desired) = match wanted(client, &budget, &own)? {
            Ok(numbers) => numbers,
            Err(message) => {
                let about = Reference::to(&budget);
                let said = format!("Failed to calculate the number of expected pods: {message}");
                self.recorder.record(&about, true, "CalculateExpectedPodCountFailed", &said);
                (0, 0)
            }
        };
        let allowed = if expected <= 0 { 0 } else { (healthy - desired).max(0) };
        let since = budget.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
        let status = PodDisruptionBudgetStatus {
            conditions: Some(vec![condition(allowed, &since, budget.metadata.generation, &seconds(now))]),
            current_healthy: Some(healthy),
            desired_healthy: Some(desired),
            disrupted_pods: Some(evicted).filter(|evicted| !evicted.is_empty()),
            disruptions_allowed: Some(allowed),
            expected_pods: Some(expected),
            observed_generation: budget.metadata.generation,
        };
        if budget.status.as_ref() != Some(&status) {
            budget.status = Some(status);
            api.update_status(&budget)?;
        }
        let left = again.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        Ok(left.map_or(Again::Never, Again::After))
    }
}

fn covers(budget: &PodDisruptionBudget, pod: &Pod) -> bool {
    let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    selector.is_some() && selects(selector, pod.metadata.labels.as_ref())
}

fn condition(allowed: i32, before: &[Condition], generation: Option<i64>, now: &Time) -> Condition {
    let new = Condition {
        type_: "DisruptionAllowed".to_owned(),
        status: conditions::status(allowed > 0).to_owned(),
        reason: if allowed > 0 { "SufficientPods" } else { "InsufficientPods" }.to_owned(),
        message: String::new(),
        observed_generation: generation,
        last_transition_time: now.clone(),
    };
    let before = conditions::find(Some(before), &new.type_);
    conditions::after(new, before)
}

/// How many Pods there should be, and how many of them have to be healthy; or why that cannot be told.
fn wanted(
    client: &Client,
    budget: &PodDisruptionBudget,
    own: &[Pod],
) -> Result<std::result::Result<(i32, i32), String>> {
    let spec = budget.spec.clone().unwrap_or_default();
    if let Some(most) = &spec.max_unavailable {
        return Ok(expected(client, own)?.map(|all| (all, (all - scaled(most, all, true)).max(0))));
    }
    Ok(match &spec.min_available {
        Some(IntOrString::Int(least)) => Ok((pods::count(own.len()), *least)),
        Some(share) => expected(client, own)?.map(|all| (all, scaled(share, all, true))),
        None => Ok((pods::count(own.len()), 0)),
    })
}

/// The Pods that the workloads behind these Pods are to have.
fn expected(client: &Client, own: &[Pod]) -> Result<std::result::Result<i32, String>> {
    let mut sizes: BTreeMap<String, i32> = BTreeMap::new();
    for pod in own {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        let Some(owner) = pods::controller_of(&pod.metadata) else {
            return Ok(Err(format!("found no controller ref for pod \"{name}\"")));
        };
        if sizes.contains_key(&owner.uid) {
            continue;
        }
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let (uid, size) = match owner.kind.as_str() {
            "ReplicaSet" => {
                let Some(set) = client.namespaced::<ReplicaSet>(namespace).get_opt(&owner.name)? else {
                    continue;
                };
                match pods::owner_key::<Deployment>(&set.metadata) {
                    Some(key) => {
                        let deployment = client.namespaced::<Deployment>(namespace).get_opt(&key.name)?;
                        let Some(deployment) = deployment else { continue };
                        let size = deployment.spec.replicas.unwrap_or(1);
                        (deployment.metadata.uid.unwrap_or_default(), size)
                    }
                    None => (owner.uid.clone(), set.spec.replicas.unwrap_or(1)),
                }
            }
            "StatefulSet" => {
                let set = client.namespaced::<StatefulSet>(namespace).get_opt(&owner.name)?;
                let Some(set) = set else { continue };
                (owner.uid.clone(), set.spec.replicas.unwrap_or(1))
            }
            "ReplicationController" => {
                let found = client.namespaced::<ReplicationController>(namespace).get_opt(&owner.name)?;
                let Some(found) = found else { continue };
                (owner.uid.clone(), found.spec.and_then(|spec| spec.replicas).unwrap_or(1))
            }
            kind => {
                return Ok(Err(format!("{} does not implement the scale subresource", kind.to_lowercase())));
            }
        };
        sizes.insert(uid, size);
    }
    Ok(Ok(sizes.values().sum()))
}

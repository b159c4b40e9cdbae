//! What the Pods of a target use, and the size that follows from it: pure.
//!
//! Source: "Algorithm details" in Kubernetes' documentation of horizontal Pod autoscaling.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use crate::{controllers::pods, metrics::PodUsage, node_agent::Usage, pod_resources, quantity::Quantity};

/// For so long after its start a Pod's use of the processor may be that of its start.
const CPU_INITIALIZATION: Duration = Duration::from_secs(300);

/// A Pod that was not ready at this time after its start, and never since, has not become ready yet.
const INITIAL_READINESS: Duration = Duration::from_secs(30);

/// What is to be held.
#[derive(Clone, Copy, Debug)]
pub(super) enum Aim {
    /// Use as a share of what was asked for, in percent.
    Utilization(i32),
    /// Use of each Pod, in thousandths.
    Average(i64),
}

/// How far from its aim use may be without anything happening, as a share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    pub(super) down: f64,
    pub(super) up: f64,
}

impl Tolerance {
    fn holds(self, ratio: f64) -> bool {
        1.0 - self.down <= ratio && ratio <= 1.0 + self.up
    }
}

/// A figure of use, in thousandths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    used: i64,
    at: Timestamp,
    window: Duration,
}

/// What each of the Pods uses of a resource, or one container of each.
pub(super) fn samples<'a>(
    resource: &str,
    only: Option<&str>,
    own: &'a [Pod],
    usage: &BTreeMap<String, PodUsage>,
    now: Timestamp,
) -> Result<BTreeMap<&'a str, Sample>, String> {
    let mut samples = BTreeMap::new();
    for pod in own {
        let key = pods::key_of(&pod.metadata);
        let Some(measured) = usage.get(&format!("{}/{}", key.namespace, key.name)) else { continue };
        let amount = |usage: &Usage| match resource {
            "cpu" => i64::try_from(usage.nanocores.div_ceil(1_000_000)).unwrap_or(i64::MAX),
            _ => i64::try_from(usage.memory).unwrap_or(i64::MAX).saturating_mul(1000),
        };
        let used = match only {
            None => measured.containers.values().map(amount).fold(0, i64::saturating_add),
            Some(container) => measured.containers.get(container).map(amount).ok_or_else(|| {
                format!("container {container} not present in metrics for pod {}/{}", key.namespace, key.name)
            })?,
        };
        let at = measured.at.unwrap_or(now);
        samples.insert(name(pod), Sample { used, at, window: measured.window });
    }
    if samples.is_empty() {
        return Err("no metrics returned from resource metrics API".to_owned());
    }
    Ok(samples)
}

/// What the Pods, or one container of each, asked for, in thousandths.
pub(super) fn requests<'a>(
    resource: &str,
    only: Option<&str>,
    own: &'a [Pod],
) -> Result<BTreeMap<&'a str, i64>, String> {
    own.iter().map(|pod| Ok((name(pod), request(resource, only, pod)?))).collect()
}

fn request(resource: &str, only: Option<&str>, pod: &Pod) -> Result<i64, String> {
    let Some(spec) = &pod.spec else { return Ok(0) };
    let of_pod = pod_resources::amounts(spec.resources.as_ref().and_then(|all| all.requests.as_ref()));
    if let (None, Some(amount)) = (only, of_pod.get(resource)) {
        return Ok(amount.milli_value());
    }
    let sidecars = spec.init_containers.iter().flatten();
    let sidecars = sidecars.filter(|container| container.restart_policy.as_deref() == Some("Always"));
    let mut sum = 0_i64;
    for container in spec.containers.iter().chain(sidecars) {
        if only.is_some_and(|only| only != container.name) {
            continue;
        }
        let requests = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
        let amount = requests.and_then(|requests| requests.get(resource)).and_then(Quantity::of);
        let amount = amount.ok_or_else(|| {
            format!("missing request for {resource} in container {} of Pod {}", container.name, name(pod))
        })?;
        sum = sum.saturating_add(amount.milli_value());
    }
    Ok(sum)
}

/// What the Pods that count use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measured {
    /// The size that this asks for.
    pub(super) replicas: i32,
    /// In percent of what was asked for.
    pub(super) utilization: Option<i32>,
    /// Of each Pod, in thousandths.
    pub(super) average: i64,
}

/// What is there to work out a size from.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) resource: &'a str,
    pub(super) own: &'a [Pod],
    pub(super) samples: BTreeMap<&'a str, Sample>,
    /// What the Pods asked for, where the aim is a share of it.
    pub(super) requests: BTreeMap<&'a str, i64>,
    pub(super) current: i32,
    pub(super) now: Timestamp,
}

impl Scene<'_> {
    /// Works out the size.
    pub(super) fn measure(&self, aim: Aim, tolerance: Tolerance) -> Result<Measured, String> {
        if self.own.is_empty() {
            return Err("no pods returned by selector while calculating replica count".to_owned());
        }
        let (mut counted, mut unready, mut missing) = (BTreeMap::new(), Vec::new(), Vec::new());
        for pod in self.own {
            match (self.role(pod), self.samples.get(name(pod))) {
                (Role::Ignored, _) => {}
                (Role::Unready, _) => unready.push(name(pod)),
                (Role::Counted, Some(sample)) => drop(counted.insert(name(pod), sample.used)),
                (Role::Counted, None) => missing.push(name(pod)),
            }
        }
        if counted.is_empty() {
            return Err("did not receive metrics for targeted pods (pods might be unready)".to_owned());
        }
        let (ratio, utilization, average) = self.ratio(&counted, aim)?;
        let result = |replicas| Measured { replicas, utilization, average };
        let rebalance = !unready.is_empty() && ratio > 1.0;
        if !rebalance && missing.is_empty() {
            let holds = tolerance.holds(ratio);
            return Ok(result(if holds { self.current } else { times(ratio, counted.len()) }));
        }
        // Who is not known yet is thought to do what speaks against a change.
        for pod in missing {
            let thought = match aim {
                _ if ratio > 1.0 => 0,
                Aim::Utilization(share) => {
                    let request = self.requests.get(pod).copied().unwrap_or_default();
                    request.saturating_mul(share.max(100).into()) / 100
                }
                Aim::Average(value) => value,
            };
            counted.insert(pod, thought);
        }
        if rebalance {
            counted.extend(unready.into_iter().map(|pod| (pod, 0)));
        }
        let (new, ..) = self.ratio(&counted, aim)?;
        let turned = (ratio < 1.0 && new > 1.0) || (ratio > 1.0 && new < 1.0);
        let replicas = times(new, counted.len());
        let other_way = (new < 1.0 && replicas > self.current) || (new > 1.0 && replicas < self.current);
        let stays = tolerance.holds(new) || turned || other_way;
        Ok(result(if stays { self.current } else { replicas }))
    }

    /// Use by its aim, in percent of requests, and of each Pod.
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    fn ratio(&self, counted: &BTreeMap<&str, i64>, aim: Aim) -> Result<(f64, Option<i32>, i64), String> {
        let wanted = match aim {
            Aim::Average(wanted) => {
                let average = average(counted.values());
                return Ok((average as f64 / wanted.max(1) as f64, None, average));
            }
            Aim::Utilization(wanted) => wanted,
        };
        let known: Vec<(&i64, &i64)> =
            counted.iter().filter_map(|(pod, used)| Some((used, self.requests.get(pod)?))).collect();
        let used: i128 = known.iter().map(|(used, _)| i128::from(**used)).sum();
        let requested: i128 = known.iter().map(|(_, requested)| i128::from(**requested)).sum();
        let share = (used * 100).checked_div(requested);
        let share = share.ok_or_else(|| "no metrics returned matched known pods".to_owned())?;
        let share = i32::try_from(share).unwrap_or(i32::MAX);
        let ratio = f64::from(share) / f64::from(wanted.max(1));
        Ok((ratio, Some(share), average(known.iter().map(|(used, _)| *used))))
    }

    fn role(&self, pod: &Pod) -> Role {
        if pod.metadata.deletion_timestamp.is_some() || pods::phase(pod) == "Failed" {
            return Role::Ignored;
        }
        if pods::phase(pod) == "Pending" {
            return Role::Unready;
        }
        match self.samples.get(name(pod)) {
            Some(sample) if self.resource == "cpu" && self.is_starting(pod, sample) => Role::Unready,
            _ => Role::Counted,
        }
    }

    /// Whether a Pod's figure may be that of its start.
    fn is_starting(&self, pod: &Pod, sample: &Sample) -> bool {
        let status = pod.status.as_ref();
        let started = status.and_then(|status| status.start_time.as_ref()).map(|time| time.0);
        let conditions = status.and_then(|status| status.conditions.as_ref()).into_iter().flatten();
        let ready = conditions.into_iter().find(|condition| condition.type_ == "Ready");
        let (Some(started), Some(ready)) = (started, ready) else { return true };
        let changed = ready.last_transition_time.as_ref().map_or(Timestamp::MIN, |time| time.0);
        let is_unready = ready.status == "False";
        if after(started, CPU_INITIALIZATION) > self.now {
            return is_unready || sample.at < after(changed, sample.window);
        }
        is_unready && after(started, INITIAL_READINESS) > changed
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Counted,
    Unready,
    Ignored,
}

fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

fn after(time: Timestamp, duration: Duration) -> Timestamp {
    time.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

fn average<'a>(used: impl ExactSizeIterator<Item = &'a i64>) -> i64 {
    let pods = i64::try_from(used.len()).unwrap_or(i64::MAX);
    used.copied().fold(0, i64::saturating_add).checked_div(pods).unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "bounded by what fits")]
fn times(ratio: f64, pods: usize) -> i32 {
    (ratio * pods as f64).ceil().clamp(0.0, f64::from(i32::MAX)) as i32
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: &str = "2026-11-21T01:00:00Z";
    const TOLERANCE: Tolerance = Tolerance { down: 0.1, up: 0.1 };

    /// A Pod that asks for 100m, and started and became ready (or unready) so many seconds ago.
    fn pod(name: &str, phase: &str, started: i64, ready: bool, changed: i64) -> Pod {
        let now: Timestamp = NOW.parse().unwrap();
        let ago = |seconds: i64| (now - jiff::SignedDuration::from_secs(seconds)).to_string();
        serde_json::from_value(json!({
            "metadata": { "name": name },
            "spec": { "containers": [{ "name": "c", "resources": { "requests": { "cpu": "100m" } } }] },
            "status": { "phase": phase, "startTime": ago(started), "conditions": [{ "type": "Ready",
                "status": if ready { "True" } else { "False" }, "lastTransitionTime": ago(changed) }] },
        }))
        .unwrap()
    }

    fn old(name: &str) -> Pod {
        pod(name, "Running", 3000, true, 2990)
    }

    /// The size for half of what is requested, when the Pods use this much.
    fn size(own: &[Pod], used: &[Option<i64>]) -> Result<i32, String> {
        let now = NOW.parse().unwrap();
        let sample = |used| Sample { used, at: now, window: Duration::from_secs(15) };
        let samples = own.iter().zip(used).filter_map(|(pod, used)| Some((name(pod), sample((*used)?))));
        let scene = Scene {
            resource: "cpu",
            own,
            samples: samples.collect(),
            requests: requests("cpu", None, own)?,
            current: i32::try_from(own.len()).unwrap(),
            now,
        };
        scene.measure(Aim::Utilization(50), TOLERANCE).map(|measured| measured.replicas)
    }

    #[test]
    fn the_size_follows_the_ratio_outside_of_the_tolerance() {
        let own = [old("a"), old("b"), old("c")];
        assert_eq!(size(&own, &[Some(52); 3]), Ok(3));
        assert_eq!(size(&own, &[Some(100); 3]), Ok(6));
        assert_eq!(size(&own, &[Some(60); 3]), Ok(4));
        assert_eq!(size(&own, &[Some(15); 3]), Ok(1));
        assert_eq!(size(&own, &[Some(0); 3]), Ok(0), "the least is somebody else's to hold");
    }

    #[test]
    fn pods_without_figures_speak_against_a_change() {
        let own = [old("a"), old("b")];
        assert_eq!(size(&own, &[Some(100), None]), Ok(2), "up: as if it used nothing");
        assert_eq!(size(&own, &[Some(10), None]), Ok(2), "down: as if it used all that it asked for");
        assert_eq!(size(&own, &[Some(400), None]), Ok(8));
    }

    #[test]
    fn the_processor_time_of_a_start_does_not_count() {
        let busy = |other: Pod| size(&[old("a"), other], &[Some(50), Some(500)]);
        assert_eq!(busy(pod("b", "Running", 60, true, 50)), Ok(11), "ready for longer than the window");
        assert_eq!(busy(pod("b", "Running", 60, true, 10)), Ok(2), "the figure began before it was ready");
        assert_eq!(busy(pod("b", "Running", 60, false, 50)), Ok(2));
        assert_eq!(busy(pod("b", "Running", 900, false, 890)), Ok(2), "it never became ready");
        assert_eq!(busy(pod("b", "Running", 900, false, 20)), Ok(11), "it was ready once");
    }

    #[test]
    fn pods_that_wait_or_go_count_for_nothing() {
        let waiting = pod("b", "Pending", 60, false, 50);
        assert_eq!(size(&[old("a"), waiting], &[Some(120), None]), Ok(3), "it may be enough");
        let failed = pod("b", "Failed", 900, false, 50);
        assert_eq!(size(&[old("a"), failed.clone()], &[Some(100), None]), Ok(2));
        let error = Err("did not receive metrics for targeted pods (pods might be unready)".to_owned());
        assert_eq!(size(&[failed], &[None]), error);
    }

    #[test]
    fn a_container_without_a_request_is_named() {
        let mut own = [old("a")];
        own[0].spec.as_mut().unwrap().containers[0].resources = None;
        let error = Err("missing request for cpu in container c of Pod a".to_owned());
        assert_eq!(size(&own, &[Some(1)]), error);
    }
}

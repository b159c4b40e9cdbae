//! The size that a metric asks for: pure.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    autoscaling::v2::{
        ContainerResourceMetricStatus, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus,
        ResourceMetricStatus,
    },
    core::v1::Pod,
};

use crate::{controllers::pods, metrics::PodUsage, node_agent::Usage, quantity::Quantity};

/// So far from its target a metric may be without anything happening.
const TOLERANCE: f64 = 0.1;

/// A size, and what asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) replicas: i32,
    pub(super) what: String,
}

/// A reason and a message.
type Failure = (&'static str, String);

/// Works out what a metric asks for when the target has so many replicas and these Pods.
pub(super) fn propose(
    metric: &MetricSpec,
    own: &[Pod],
    usage: &BTreeMap<String, PodUsage>,
    current: i32,
) -> Result<(Proposal, MetricStatus), Failure> {
    if let Some(source) = &metric.resource {
        let (proposal, value) = resource(&source.name, None, &source.target, own, usage, current)?;
        let resource = Some(ResourceMetricStatus { name: source.name.clone(), current: value });
        return Ok((
            proposal,
            MetricStatus { type_: metric.type_.clone(), resource, ..MetricStatus::default() },
        ));
    }
    if let Some(source) = &metric.container_resource {
        let only = Some(source.container.as_str());
        let (proposal, value) = resource(&source.name, only, &source.target, own, usage, current)?;
        let container_resource = Some(ContainerResourceMetricStatus {
            container: source.container.clone(),
            name: source.name.clone(),
            current: value,
        });
        let status =
            MetricStatus { type_: metric.type_.clone(), container_resource, ..MetricStatus::default() };
        return Ok((proposal, status));
    }
    let why = format!("unable to get metric of type {}: no metrics API serves it here", metric.type_);
    Err(("FailedGetMetrics", why))
}

/// What the Pods use, and what they asked for, in thousandths.
#[derive(Default)]
struct Sum {
    used: i64,
    requested: i64,
    measured: i32,
    unready: i32,
}

fn resource(
    name: &str,
    only: Option<&str>,
    target: &MetricTarget,
    own: &[Pod],
    usage: &BTreeMap<String, PodUsage>,
    current: i32,
) -> Result<(Proposal, MetricValueStatus), Failure> {
    let by_share = target.average_utilization.is_some();
    let sum = sum(name, only, own, usage, by_share)
        .map_err(|why| ("FailedGetResourceMetric", format!("failed to get {name} utilization: {why}")))?;
    if sum.measured == 0 {
        let why = "no metrics returned from resource metrics API";
        let why =
            format!("failed to get {name} utilization: unable to get metrics for resource {name}: {why}");
        return Err(("FailedGetResourceMetric", why));
    }
    let average = sum.used / i64::from(sum.measured);
    let share = sum.used.checked_mul(100).and_then(|used| used.checked_div(sum.requested));
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let (ratio, what) = match (target.average_utilization, &target.average_value) {
        (Some(wanted), _) => {
            let what = format!("{name} {}resource utilization (percentage of request)", if only.is_some() { "container " } else { "" });
            (share.unwrap_or_default() as f64 / f64::from(wanted.max(1)), what)
        }
        (None, Some(wanted)) => {
            let wanted = Quantity::of(wanted).map_or(1, Quantity::milli_value).max(1);
            (average as f64 / wanted as f64, format!("{name} resource"))
        }
        (None, None) => return Err(("InvalidMetricSourceType", "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set".to_owned())),
    };
    let replicas = size(ratio, &sum, current);
    let shown = if name == "cpu" { Quantity::millis(average) } else { Quantity::bytes(average / 1000) };
    let value = MetricValueStatus {
        average_utilization: share.filter(|_| by_share).and_then(|share| i32::try_from(share).ok()),
        average_value: Some(shown.to_api()),
        value: None,
    };
    Ok((Proposal { replicas, what }, value))
}

/// Pods that are not ready yet count as using nothing where that would add Pods, and not at all otherwise.
#[expect(clippy::cast_possible_truncation, reason = "bounded by what fits")]
fn size(ratio: f64, sum: &Sum, current: i32) -> i32 {
    if (ratio - 1.0).abs() <= TOLERANCE {
        return current;
    }
    let ceil = |ratio: f64, pods: i32| (ratio * f64::from(pods)).ceil().clamp(0.0, 1e6) as i32;
    if ratio < 1.0 || sum.unready == 0 {
        return ceil(ratio, sum.measured).max(1);
    }
    let pods = sum.measured + sum.unready;
    let damped = ratio * f64::from(sum.measured) / f64::from(pods);
    if damped <= 1.0 + TOLERANCE { current } else { ceil(damped, pods) }
}

fn sum(
    name: &str,
    only: Option<&str>,
    own: &[Pod],
    usage: &BTreeMap<String, PodUsage>,
    by_share: bool,
) -> Result<Sum, String> {
    let mut sum = Sum::default();
    for pod in own {
        let key = pods::key_of(&pod.metadata);
        let wanted = |container: &str| only.is_none_or(|only| only == container);
        let Some(measured) = usage.get(&format!("{}/{}", key.namespace, key.name)) else {
            sum.unready += 1;
            continue;
        };
        if by_share {
            for container in pod.spec.iter().flat_map(|spec| &spec.containers) {
                if !wanted(&container.name) {
                    continue;
                }
                let requests = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
                let request = requests.and_then(|requests| requests.get(name)).and_then(Quantity::of);
                let request = request.ok_or_else(|| {
                    format!("missing request for {name} in container {} of Pod {}", container.name, key.name)
                })?;
                if pods::is_ready(pod) {
                    sum.requested += request.milli_value();
                }
            }
        }
        if !pods::is_ready(pod) {
            sum.unready += 1;
            continue;
        }
        sum.measured += 1;
        let amount = |usage: &Usage| match name {
            "cpu" => i64::try_from(usage.nanocores / 1_000_000).unwrap_or(i64::MAX),
            _ => i64::try_from(usage.memory).unwrap_or(i64::MAX / 1000).saturating_mul(1000),
        };
        let used = measured.containers.iter().filter(|(container, _)| wanted(container));
        sum.used += used.map(|(_, usage)| amount(usage)).sum::<i64>();
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_follows_the_ratio_outside_of_the_tolerance() {
        let ready = |measured| Sum { measured, ..Sum::default() };
        assert_eq!(size(1.05, &ready(3), 3), 3);
        assert_eq!(size(2.0, &ready(3), 3), 6);
        assert_eq!(size(1.2, &ready(3), 3), 4);
        assert_eq!(size(0.3, &ready(3), 3), 1);
        let starting = Sum { measured: 2, unready: 2, ..Sum::default() };
        assert_eq!(size(2.0, &starting, 4), 4, "what starts may be enough");
    }
}

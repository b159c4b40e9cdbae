//! The size that a metric asks for: pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::{
    autoscaling::v2::{
        ContainerResourceMetricStatus, HorizontalPodAutoscalerBehavior, MetricSpec, MetricStatus,
        MetricTarget, MetricValueStatus, ResourceMetricStatus,
    },
    core::v1::Pod,
};

use super::measure::{self, Aim, Scene, Tolerance};
use crate::{metrics::PodUsage, quantity::Quantity};

/// So far from its target a metric may be without anything happening, where the object does not say otherwise.
const TOLERANCE: f64 = 0.1;

/// A size, and what asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) replicas: i32,
    pub(super) what: String,
}

/// Why a metric asks for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// What metrics are judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation<'a> {
    /// The Pods that the target's selector selects.
    pub(super) own: &'a [Pod],
    pub(super) usage: &'a BTreeMap<String, PodUsage>,
    /// How many replicas the target has.
    pub(super) current: i32,
    pub(super) behavior: Option<&'a HorizontalPodAutoscalerBehavior>,
    pub(super) now: Timestamp,
}

impl Situation<'_> {
    fn tolerance(&self) -> Tolerance {
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let share = |quantity: Quantity| quantity.milli_value() as f64 / 1000.0;
        let down = self.behavior.and_then(|behavior| behavior.scale_down.as_ref());
        let up = self.behavior.and_then(|behavior| behavior.scale_up.as_ref());
        let of = |tolerance: Option<Quantity>| tolerance.map_or(TOLERANCE, share);
        Tolerance {
            down: of(down.and_then(|rules| rules.tolerance.as_ref()).and_then(Quantity::of)),
            up: of(up.and_then(|rules| rules.tolerance.as_ref()).and_then(Quantity::of)),
        }
    }
}

/// Works out what a metric asks for.
pub(super) fn propose(
    metric: &MetricSpec,
    situation: &Situation<'_>,
) -> Result<(Proposal, MetricStatus), Failure> {
    let mut status = MetricStatus { type_: metric.type_.clone(), ..MetricStatus::default() };
    if let Some(source) = &metric.resource {
        let failed = |message| Failure { reason: "FailedGetResourceMetric", message };
        let (proposal, current) = resource(&source.name, None, &source.target, situation).map_err(failed)?;
        status.resource = Some(ResourceMetricStatus { name: source.name.clone(), current });
        return Ok((proposal, status));
    }
    if let Some(source) = &metric.container_resource {
        let failed = |message| Failure { reason: "FailedGetContainerResourceMetric", message };
        let (proposal, current) =
            resource(&source.name, Some(&source.container), &source.target, situation).map_err(failed)?;
        status.container_resource = Some(ContainerResourceMetricStatus {
            container: source.container.clone(),
            name: source.name.clone(),
            current,
        });
        return Ok((proposal, status));
    }
    Err(unserved(metric))
}

/// What is said of metrics that have nobody who would serve them.
fn unserved(metric: &MetricSpec) -> Failure {
    let custom = "unable to fetch metrics from custom metrics API: no custom metrics API \
                  (custom.metrics.k8s.io) registered";
    let external = "unable to fetch metrics from external metrics API: no external metrics API \
                    (external.metrics.k8s.io) registered";
    if let Some(source) = &metric.pods {
        let message =
            format!("failed to get pods metric value: unable to get metric {}: {custom}", source.metric.name);
        return Failure { reason: "FailedGetPodsMetric", message };
    }
    if let Some(source) = &metric.object {
        let (name, of) = (&source.metric.name, &source.described_object);
        let message = format!(
            "failed to get object metric value: unable to get metric {name}: {} on {custom}/{}",
            of.kind, of.name
        );
        return Failure { reason: "FailedGetObjectMetric", message };
    }
    if let Some(source) = &metric.external {
        let name = &source.metric.name;
        let message = format!(
            "failed to get {name} external metric value: unable to get external metric {name}: {external}"
        );
        return Failure { reason: "FailedGetExternalMetric", message };
    }
    let message = format!("unknown metric source type \"{}\"", metric.type_);
    Failure { reason: "InvalidMetricSourceType", message }
}

fn resource(
    name: &str,
    only: Option<&str>,
    target: &MetricTarget,
    situation: &Situation<'_>,
) -> Result<(Proposal, MetricValueStatus), String> {
    let average = target.average_value.as_ref().and_then(Quantity::of).map(Quantity::milli_value);
    let (aim, word) = match (average, target.average_utilization) {
        (Some(value), _) => (Aim::Average(value), "usage"),
        (None, Some(share)) => (Aim::Utilization(share), "utilization"),
        (None, None) => {
            return Err(
                "invalid resource metric source: neither an average utilization target nor an average \
                        value (usage) target was set"
                    .to_owned(),
            );
        }
    };
    let measure = || -> Result<_, String> {
        let Situation { own, usage, current, now, .. } = *situation;
        let samples = measure::samples(name, only, own, usage, now)
            .map_err(|why| format!("unable to get metrics for resource {name}: {why}"))?;
        let requests = match aim {
            Aim::Utilization(_) => measure::requests(name, only, own)?,
            Aim::Average(_) => BTreeMap::new(),
        };
        Scene { resource: name, own, samples, requests, current, now }.measure(aim, situation.tolerance())
    };
    let measured = measure().map_err(|why| format!("failed to get {name} {word}: {why}"))?;
    let kind = if only.is_some() { "container resource" } else { "resource" };
    let what = match aim {
        Aim::Average(_) => format!("{name} {kind}"),
        Aim::Utilization(_) => format!("{name} {kind} utilization (percentage of request)"),
    };
    let value = MetricValueStatus {
        average_utilization: measured.utilization,
        average_value: Some(Quantity::millis(measured.average).to_api()),
        value: None,
    };
    Ok((Proposal { replicas: measured.replicas, what }, value))
}

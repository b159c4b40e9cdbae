//! The rules for a HorizontalPodAutoscaler: what it scales, by which metrics, and how fast.

use k8s_openapi::{
    api::autoscaling::v2::{
        CrossVersionObjectReference, HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscalerSpec,
        MetricIdentifier, MetricSpec, MetricTarget,
    },
    apimachinery::pkg::api::resource::Quantity as Amount,
};

use crate::{
    kinds::pod_spec,
    quantity::Quantity,
    validation::{ErrorList, Path, names},
};

/// The longest period of a policy, in seconds.
const LONGEST_PERIOD: i32 = 1800;

/// The longest window that recommendations are looked at in, in seconds.
const LONGEST_WINDOW: i32 = 3600;

const SOURCES: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];
const SELECT: [&str; 3] = ["Disabled", "Max", "Min"];
const POLICIES: [&str; 2] = ["Percent", "Pods"];

pub(super) fn validate(spec: &HorizontalPodAutoscalerSpec, path: &Path, errors: &mut ErrorList) {
    let least = spec.min_replicas.unwrap_or(1);
    if least < 1 {
        errors.invalid(&path.child("minReplicas"), least, "must be greater than or equal to 1");
    }
    let at = path.child("maxReplicas");
    if spec.max_replicas < 1 {
        errors.invalid(&at, spec.max_replicas, "must be greater than 0");
    }
    if spec.max_replicas < least {
        errors.invalid(&at, spec.max_replicas, "must be greater than or equal to `minReplicas`");
    }
    reference(&spec.scale_target_ref, &path.child("scaleTargetRef"), errors);
    let at = path.child("metrics");
    for (index, spec) in spec.metrics.iter().flatten().enumerate() {
        metric(spec, &at.index(index), errors);
    }
    if least == 0 && !spec.metrics.iter().flatten().any(|m| matches!(&*m.type_, "Object" | "External")) {
        let detail =
            "must specify at least one Object or External metric to support scaling to zero replicas";
        errors.forbidden(&at, detail);
    }
    let Some(behavior) = &spec.behavior else { return };
    let at = path.child("behavior");
    for (field, rules) in [("scaleUp", &behavior.scale_up), ("scaleDown", &behavior.scale_down)] {
        if let Some(rules) = rules {
            scaling(rules, &at.child(field), errors);
        }
    }
}

fn reference(object: &CrossVersionObjectReference, path: &Path, errors: &mut ErrorList) {
    for (field, value) in [("kind", &object.kind), ("name", &object.name)] {
        segment(value, "", &path.child(field), errors);
    }
}

/// What has to be there and may stand in a URL.
fn segment(value: &str, missing: &str, path: &Path, errors: &mut ErrorList) {
    if value.is_empty() {
        errors.required(path, missing);
    } else {
        errors.invalid_each(path, value, &names::path_segment(value));
    }
}

/// One source is checked; it has to be the one that the type names, and there may be no other.
fn metric(spec: &MetricSpec, path: &Path, errors: &mut ErrorList) {
    if spec.type_.is_empty() {
        errors.required(&path.child("type"), "must specify a metric source type");
    }
    if !SOURCES.contains(&&*spec.type_) {
        errors.not_supported(&path.child("type"), &spec.type_, &SOURCES);
    }
    let present: Vec<&str> = [
        ("object", spec.object.is_some()),
        ("external", spec.external.is_some()),
        ("pods", spec.pods.is_some()),
        ("resource", spec.resource.is_some()),
        ("containerResource", spec.container_resource.is_some()),
    ]
    .into_iter()
    .filter_map(|(field, is_there)| is_there.then_some(field))
    .collect();
    if let Some(first) = present.first() {
        source(first, spec, &path.child(first), errors);
    }
    let expected = match &*spec.type_ {
        "Object" => "object",
        "Pods" => "pods",
        "Resource" => "resource",
        "External" => "external",
        "ContainerResource" => "containerResource",
        other => return errors.not_supported(&path.child("type"), other, &SOURCES),
    };
    if !present.contains(&expected) {
        let detail = "must populate information for the given metric source";
        errors.required(&path.child(expected), detail);
    }
    if present.len() > 1 {
        for field in present.into_iter().filter(|field| *field != expected) {
            errors.forbidden(&path.child(field), "must populate the given metric source only");
        }
    }
}

fn source(field: &str, spec: &MetricSpec, path: &Path, errors: &mut ErrorList) {
    let at = path.child("target");
    match (field, &spec.object, &spec.external, &spec.pods, &spec.resource, &spec.container_resource) {
        ("object", Some(object), ..) => {
            reference(&object.described_object, &path.child("describedObject"), errors);
            identifier(&object.metric, &path.child("metric"), errors);
            target(&object.target, &at, errors);
            if object.target.value.is_none() && object.target.average_value.is_none() {
                let detail = "must set either a target value or averageValue";
                errors.required(&at.child("averageValue"), detail);
            }
        }
        ("external", _, Some(external), ..) => {
            identifier(&external.metric, &path.child("metric"), errors);
            target(&external.target, &at, errors);
            match (&external.target.value, &external.target.average_value) {
                (None, None) => {
                    let detail = "must set either a target value for metric or a per-pod target";
                    errors.required(&at.child("averageValue"), detail);
                }
                (Some(_), Some(_)) => {
                    let detail = "may not set both a target value for metric and a per-pod target";
                    errors.forbidden(&at.child("value"), detail);
                }
                _ => {}
            }
        }
        ("pods", _, _, Some(pods), ..) => {
            identifier(&pods.metric, &path.child("metric"), errors);
            target(&pods.target, &at, errors);
            if pods.target.average_value.is_none() {
                errors.required(&at.child("averageValue"), "must specify a positive target averageValue");
            }
        }
        ("resource", _, _, _, Some(resource), _) => {
            if resource.name.is_empty() {
                errors.required(&path.child("name"), "must specify a resource name");
            }
            of_resource(&resource.target, &at, errors);
        }
        (.., Some(resource)) => {
            if resource.name.is_empty() {
                errors.required(&path.child("name"), "must specify a resource name");
            } else {
                pod_spec::container_resource_name(&resource.name, &path.child("name"), errors);
            }
            if resource.container.is_empty() {
                errors.required(&path.child("container"), "must specify a container");
            } else {
                let wrong = names::dns_label(&resource.container);
                errors.invalid_each(&path.child("container"), &resource.container, &wrong);
            }
            of_resource(&resource.target, &at, errors);
        }
        _ => {}
    }
}

fn identifier(metric: &MetricIdentifier, path: &Path, errors: &mut ErrorList) {
    segment(&metric.name, "must specify a metric name", &path.child("name"), errors);
}

fn of_resource(wanted: &MetricTarget, path: &Path, errors: &mut ErrorList) {
    target(wanted, path, errors);
    match (wanted.average_utilization, &wanted.average_value) {
        (None, None) => {
            let detail = "must set either a target raw value or a target utilization";
            errors.required(&path.child("averageUtilization"), detail);
        }
        (Some(_), Some(_)) => {
            let detail = "may not set both a target raw value and a target utilization";
            errors.forbidden(&path.child("averageValue"), detail);
        }
        _ => {}
    }
}

fn target(target: &MetricTarget, path: &Path, errors: &mut ErrorList) {
    let at = path.child("type");
    if target.type_.is_empty() {
        errors.required(&at, "must specify a metric target type");
    }
    if !matches!(&*target.type_, "Utilization" | "Value" | "AverageValue") {
        errors.invalid(&at, &target.type_, "must be either Utilization, Value, or AverageValue");
    }
    for (field, value) in [("value", &target.value), ("averageValue", &target.average_value)] {
        if let Some(value) = value.as_ref().filter(|value| !is_positive(value)) {
            errors.invalid(&path.child(field), &value.0, "must be positive");
        }
    }
    if let Some(share) = target.average_utilization.filter(|share| *share < 1) {
        errors.invalid(&path.child("averageUtilization"), share, "must be greater than 0");
    }
}

fn is_positive(amount: &Amount) -> bool {
    Quantity::of(amount).is_some_and(|amount| amount > Quantity::default())
}

fn scaling(rules: &HPAScalingRules, path: &Path, errors: &mut ErrorList) {
    let at = path.child("stabilizationWindowSeconds");
    if let Some(window) = rules.stabilization_window_seconds {
        if window < 0 {
            errors.invalid(&at, window, "must be greater than or equal to zero");
        }
        if window > LONGEST_WINDOW {
            errors.invalid(&at, window, &format!("must be less than or equal to {LONGEST_WINDOW}"));
        }
    }
    if let Some(select) = rules.select_policy.as_deref().filter(|select| !SELECT.contains(select)) {
        errors.not_supported(&path.child("selectPolicy"), select, &SELECT);
    }
    let at = path.child("policies");
    let policies = rules.policies.as_deref().unwrap_or_default();
    if policies.is_empty() {
        errors.required(&at, "must specify at least one Policy");
    }
    for (index, policy) in policies.iter().enumerate() {
        self::policy(policy, &at.index(index), errors);
    }
}

fn policy(policy: &HPAScalingPolicy, path: &Path, errors: &mut ErrorList) {
    if !POLICIES.contains(&&*policy.type_) {
        errors.not_supported(&path.child("type"), &policy.type_, &POLICIES);
    }
    if policy.value <= 0 {
        errors.invalid(&path.child("value"), policy.value, "must be greater than zero");
    }
    let at = path.child("periodSeconds");
    if policy.period_seconds <= 0 {
        errors.invalid(&at, policy.period_seconds, "must be greater than zero");
    }
    if policy.period_seconds > LONGEST_PERIOD {
        let detail = format!("must be less than or equal to {LONGEST_PERIOD}");
        errors.invalid(&at, policy.period_seconds, &detail);
    }
}

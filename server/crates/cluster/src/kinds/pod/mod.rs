//! Pods.

mod columns;
mod update;

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, PodSpec};
use serde_json::{Value, json};

use super::pod_spec::{self, Part};
use crate::{
    object::{object_at, parse, text_at},
    pod_resources,
    resource::{Context, Generation, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path, names},
};

/// How soon a Pod would rather be deleted than others of its ReplicaSet.
pub(crate) const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// A Pod that a kubelet shows of one that it runs by itself.
const MIRROR: &str = "kubernetes.io/config.mirror";

#[derive(Debug)]
pub(crate) struct PodStrategy;

impl Strategy for PodStrategy {
    fn set_defaults(&self, object: &mut Value) {
        pod_spec::defaults::set_defaults(object_at(object, "spec"), Part::Pod);
    }

    fn generation(&self) -> Generation {
        Generation::OfSpec
    }

    fn has_status(&self) -> bool {
        true
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        positive_grace(object);
        let pod: Pod = parse(object)?;
        let spec = pod.spec.unwrap_or_default();
        let mut status = json!({ "phase": "Pending", "qosClass": pod_resources::qos_class(&spec) });
        if spec.scheduling_gates.is_some_and(|gates| !gates.is_empty()) {
            status["conditions"] = json!([{
                "type": "PodScheduled",
                "status": "False",
                "lastProbeTime": null,
                "lastTransitionTime": null,
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
            }]);
        }
        object["status"] = status;
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let pod: Pod = parse(object)?;
        let spec = pod.spec.unwrap_or_default();
        let path = Path::new("spec");
        validate_annotations(&pod.metadata.annotations.unwrap_or_default(), &spec, errors);
        pod_spec::validate(&spec, Part::Pod, &path, errors);
        if spec.ephemeral_containers.is_some_and(|list| !list.is_empty()) {
            errors.forbidden(&path.child("ephemeralContainers"), "cannot be set on create");
        }
        if spec.node_name.is_some_and(|name| !name.is_empty())
            && spec.scheduling_gates.is_some_and(|gates| !gates.is_empty())
        {
            errors.forbidden(
                &path.child("nodeName"),
                "cannot be set until all schedulingGates have been cleared",
            );
        }
        Ok(())
    }

    fn prepare_update(&self, cx: Context<'_>, object: &mut Value, old: &Value) -> Result<()> {
        match cx.request.subresource.as_str() {
            "ephemeralcontainers" => update::keep_all_but_ephemeral(object, old),
            "resize" => update::keep_all_but_resources(object, old),
            "" => positive_grace(object),
            _ => {}
        }
        Ok(())
    }

    fn validate_update(
        &self,
        cx: Context<'_>,
        object: &Value,
        old: &Value,
        errors: &mut ErrorList,
    ) -> Result<()> {
        update::validate(&cx.request.subresource, &parse(object)?, &parse(old)?, errors);
        Ok(())
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let Ok(pod) = parse::<Pod>(object) else { return Vec::new() };
        let spec = pod.spec.unwrap_or_default();
        let mut found = Vec::new();
        if old.is_none() {
            let name = pod.metadata.name.unwrap_or_default();
            let wrong = names::dns_label(&name);
            if !wrong.is_empty() {
                found.push(format!(
                    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [{}]",
                    wrong.join(" ")
                ));
            }
        }
        if old.is_none_or(|old| old.get("spec") != object.get("spec")) {
            found.extend(pod_spec::warnings(&spec, &Path::new("spec")));
        }
        found
    }

    fn selectable(&self, object: &Value, field: &str) -> Option<String> {
        let text = |pointer: &str| Some(text_at(object, pointer).to_owned());
        match field {
            "spec.nodeName" => text("/spec/nodeName"),
            "spec.restartPolicy" => text("/spec/restartPolicy"),
            "spec.schedulerName" => text("/spec/schedulerName"),
            "spec.serviceAccountName" => text("/spec/serviceAccountName"),
            "spec.hostNetwork" => Some(
                object.pointer("/spec/hostNetwork").and_then(Value::as_bool).unwrap_or(false).to_string(),
            ),
            "status.phase" => text("/status/phase"),
            "status.podIP" | "status.podIPs" => text("/status/podIP"),
            "status.nominatedNodeName" => text("/status/nominatedNodeName"),
            _ => None,
        }
    }

    /// What is asked for, or the Pod's own period; none for a Pod that is on no node or has ended.
    fn grace_period(&self, object: &Value, asked: Option<i64>) -> Option<i64> {
        let own = object.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_i64);
        let period = match asked.or(own) {
            Some(seconds) if seconds < 0 => 1,
            Some(seconds) => seconds,
            None => 0,
        };
        let ended = matches!(text_at(object, "/status/phase"), "Succeeded" | "Failed");
        Some(if text_at(object, "/spec/nodeName").is_empty() || ended { 0 } else { period })
    }

    fn columns(&self) -> &'static [Column] {
        &columns::COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        parse(object).map(|pod| columns::row(&pod, now)).unwrap_or_default()
    }
}

/// Annotations that mean something to the server itself.
fn validate_annotations(annotations: &BTreeMap<String, String>, spec: &PodSpec, errors: &mut ErrorList) {
    let path = Path::new("metadata").child("annotations");
    if let Some(value) = annotations.get(MIRROR)
        && spec.node_name.as_deref().unwrap_or_default().is_empty()
    {
        errors.invalid(&path.key(MIRROR), value, "must set spec.nodeName if mirror pod annotation is set");
    }
    if let Some(value) = annotations.get(DELETION_COST)
        && !is_cost(value)
    {
        errors.invalid(&path.key(DELETION_COST), value, "must be a 32bit integer");
    }
}

/// Digits with or without a minus, as Go writes an `int32`: no plus, no zeros in front.
fn is_cost(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !text.starts_with('+') && (digits == "0" || !digits.starts_with('0'));
    plain && text.parse::<i32>().is_ok()
}

/// A negative grace period counts as one second.
fn positive_grace(object: &mut Value) {
    if let Some(seconds) = object.pointer_mut("/spec/terminationGracePeriodSeconds")
        && seconds.as_i64().is_some_and(|s| s < 0)
    {
        *seconds = json!(1);
    }
}

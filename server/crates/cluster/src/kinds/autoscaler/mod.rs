//! HorizontalPodAutoscalers.

mod validation;

use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use serde_json::{Value, json};

use super::{
    cells,
    defaults::{object, set, set_object},
};
use crate::{
    object::{Object, object_at, parse, text_at},
    resource::{Context, Resource, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path},
};

/// By the version of the API; objects are stored in the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AutoscalerStrategy {
    V1,
    V2,
}

/// How busy Pods should be where nothing is said, in per cent.
const UTILIZATION: i64 = 80;

/// How many metrics the table names.
const SHOWN: usize = 3;

impl Strategy for AutoscalerStrategy {
    fn set_defaults(&self, object_: &mut Value) {
        let spec = object_at(object_, "spec");
        set(spec, "minReplicas", 1);
        if *self == Self::V1
            && let Some(target) = spec.remove("targetCPUUtilizationPercentage")
        {
            spec.insert("metrics".into(), json!([cpu(&target)]));
        }
        if spec.get("metrics").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            spec.insert("metrics".into(), json!([cpu(&json!(UTILIZATION))]));
        }
        // Where one direction has rules, all that they leave out is filled in, for the other one too.
        let Some(behavior) = object(spec, "behavior") else { return };
        let up = json!([{ "type": "Pods", "value": 4, "periodSeconds": 15 },
                        { "type": "Percent", "value": 100, "periodSeconds": 15 }]);
        let down = json!([{ "type": "Percent", "value": 100, "periodSeconds": 15 }]);
        for (direction, policies) in [("scaleUp", up), ("scaleDown", down)] {
            set_object(behavior, direction);
            let Some(rules) = object(behavior, direction) else { continue };
            set(rules, "selectPolicy", "Max");
            rules.entry("policies").or_insert(policies);
            if direction == "scaleUp" {
                set(rules, "stabilizationWindowSeconds", 0);
            }
        }
    }

    fn has_status(&self) -> bool {
        true
    }

    fn storage_version(&self) -> Option<&'static str> {
        Some("autoscaling/v2")
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        object["status"] = json!({ "currentMetrics": null, "desiredReplicas": 0 });
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let spec = parse::<HorizontalPodAutoscaler>(object)?.spec;
        validation::validate(&spec, &Path::new("spec"), errors);
        Ok(())
    }

    /// In the first version there is one metric: the CPU.
    fn seen(&self, _resource: &Resource, object: &Object) -> Option<Value> {
        if *self == Self::V2 {
            return None;
        }
        let mut value = object.to_value();
        value["apiVersion"] = json!("autoscaling/v1");
        let spec = object_at(&mut value, "spec");
        let metrics = spec.remove("metrics");
        spec.remove("behavior");
        if let Some(target) = metrics.as_ref().and_then(utilization) {
            spec.insert("targetCPUUtilizationPercentage".into(), target.clone());
        }
        let status = object_at(&mut value, "status");
        let current = status.remove("currentMetrics");
        status.remove("conditions");
        status.entry("currentReplicas").or_insert(json!(0));
        if let Some(now) =
            current.as_ref().and_then(|list| list.pointer("/0/resource/current/averageUtilization"))
        {
            status.insert("currentCPUUtilizationPercentage".into(), now.clone());
        }
        Some(value)
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 7] = [
            Column::NAME,
            Column::text("Reference"),
            Column::text("Targets"),
            Column::text("MinPods"),
            Column::integer("MaxPods"),
            Column::integer("Replicas"),
            Column::AGE,
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let reference = format!(
            "{}/{}",
            text_at(object, "/spec/scaleTargetRef/kind"),
            text_at(object, "/spec/scaleTargetRef/name")
        );
        let least = object.pointer("/spec/minReplicas").map_or("<unset>".to_owned(), Value::to_string);
        vec![
            cells::name(object),
            json!(reference),
            json!(targets(object)),
            json!(least),
            cells::number(object, "/spec/maxReplicas"),
            cells::number(object, "/status/currentReplicas"),
            cells::age(object, now),
        ]
    }
}

fn cpu(target: &Value) -> Value {
    json!({ "type": "Resource", "resource":
        { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": target } } })
}

/// The wanted utilization of the CPU.
fn utilization(metrics: &Value) -> Option<&Value> {
    let mut metrics = metrics.as_array()?.iter();
    metrics.find(|m| text_at(m, "/resource/name") == "cpu")?.pointer("/resource/target/averageUtilization")
}

/// What is measured, and what it should be.
fn targets(object: &Value) -> String {
    let wanted = object.pointer("/spec/metrics").and_then(Value::as_array);
    let measured = object.pointer("/status/currentMetrics").and_then(Value::as_array);
    let mut shown = Vec::new();
    for (i, metric) in wanted.into_iter().flatten().enumerate() {
        let now = measured.and_then(|measured| measured.get(i));
        shown.push(target(metric, now));
    }
    if shown.is_empty() {
        return "<none>".into();
    }
    match shown.get(..SHOWN) {
        Some(first) if shown.len() > SHOWN => {
            format!("{} + {} more...", first.join(", "), shown.len() - SHOWN)
        }
        _ => shown.join(", "),
    }
}

fn target(metric: &Value, now: Option<&Value>) -> String {
    let (field, name) = match text_at(metric, "/type") {
        "ContainerResource" => ("containerResource", text_at(metric, "/containerResource/name")),
        "Resource" => ("resource", text_at(metric, "/resource/name")),
        "Pods" => ("pods", ""),
        "External" => ("external", ""),
        _ => ("object", ""),
    };
    let text = |value: Option<&Value>, suffix: &str| match value {
        Some(Value::String(amount)) => format!("{amount}{suffix}"),
        Some(number) => format!("{number}{suffix}"),
        None => "<unknown>".to_owned(),
    };
    let pair = |key: &str, suffix: &str| {
        let wanted = metric.pointer(&format!("/{field}/target/{key}"))?;
        let now = now.and_then(|now| now.pointer(&format!("/{field}/current/{key}")));
        Some(format!("{}/{}", text(now, suffix), text(Some(wanted), suffix)))
    };
    let shown = pair("averageUtilization", "%")
        .or_else(|| pair("averageValue", ""))
        .or_else(|| pair("value", ""))
        .unwrap_or_else(|| "<unknown>".into());
    if name.is_empty() { shown } else { format!("{name}: {shown}") }
}

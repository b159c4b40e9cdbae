//! Services.

mod allocation;
mod columns;
mod validation;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::defaults::{object, objects, set, text};
use crate::{
    object::{object_at, parse, text_at},
    resource::{Context, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, metadata::NameRule},
};

/// How long a client keeps to its endpoint, in seconds.
const AFFINITY_SECONDS: i64 = 10_800;

#[derive(Debug)]
pub(crate) struct ServiceStrategy;

impl Strategy for ServiceStrategy {
    fn name_rule(&self) -> NameRule {
        NameRule::Label1035
    }

    fn has_status(&self) -> bool {
        true
    }

    fn set_defaults(&self, object_value: &mut Value) {
        let spec = object_at(object_value, "spec");
        set(spec, "sessionAffinity", "None");
        set(spec, "type", "ClusterIP");
        let kind = text(spec, "type").to_owned();
        if text(spec, "sessionAffinity") == "ClientIP" && object(spec, "sessionAffinityConfig").is_none() {
            let config = json!({ "clientIP": { "timeoutSeconds": AFFINITY_SECONDS } });
            spec.insert("sessionAffinityConfig".into(), config);
        }
        if text(spec, "sessionAffinity") == "None" {
            spec.remove("sessionAffinityConfig");
        }
        for port in objects(spec, "ports") {
            set(port, "protocol", "TCP");
            let number = port.get("port").cloned().unwrap_or(json!(0));
            if port.get("targetPort").is_none_or(|t| t == &json!(0) || t == &json!("")) {
                port.insert("targetPort".into(), number);
            }
        }
        if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
            set(spec, "externalTrafficPolicy", "Cluster");
        }
        if kind != "ExternalName" {
            set(spec, "internalTrafficPolicy", "Cluster");
        }
        if kind == "LoadBalancer" && !spec.contains_key("allocateLoadBalancerNodePorts") {
            spec.insert("allocateLoadBalancerNodePorts".into(), json!(true));
        }
        same_addresses(object_value);
    }

    fn prepare_create(&self, cx: Context<'_>, object: &mut Value) -> Result<()> {
        object["status"] = json!({ "loadBalancer": {} });
        // Addresses and ports are given to what is valid, so that an error leaves none taken.
        if validation::errors(&parse(object)?).is_empty() {
            allocation::allocate(cx.server, object, None)?;
        }
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        errors.extend(validation::errors(&parse(object)?));
        Ok(())
    }

    fn prepare_update(&self, cx: Context<'_>, object: &mut Value, old: &Value) -> Result<()> {
        if cx.request.subresource == "status" {
            return Ok(());
        }
        allocation::keep(object, old);
        follow_address(object, old);
        same_addresses(object);
        if validation::errors(&parse(object)?).is_empty() {
            allocation::allocate(cx.server, object, Some(old))?;
        }
        Ok(())
    }

    fn validate_update(
        &self,
        _cx: Context<'_>,
        object: &Value,
        old: &Value,
        errors: &mut ErrorList,
    ) -> Result<()> {
        validation::unchanged_addresses(&parse(object)?, &parse(old)?, errors);
        errors.extend(validation::errors(&parse(object)?));
        Ok(())
    }

    fn selectable(&self, object: &Value, field: &str) -> Option<String> {
        match field {
            "spec.clusterIP" => Some(text_at(object, "/spec/clusterIP").to_owned()),
            "spec.type" => Some(text_at(object, "/spec/type").to_owned()),
            _ => None,
        }
    }

    fn columns(&self) -> &'static [Column] {
        &columns::COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        parse(object).map(|service| columns::row(&service, object, now)).unwrap_or_default()
    }
}

/// Whoever changes `clusterIP` alone means `clusterIPs` too.
fn follow_address(service: &mut Value, old: &Value) {
    let is_new = |field: &str| service.pointer(field) != old.pointer(field);
    if !is_new("/spec/clusterIP") || is_new("/spec/clusterIPs") {
        return;
    }
    let spec = object_at(service, "spec");
    match text(spec, "clusterIP").to_owned() {
        one if one.is_empty() => drop(spec.remove("clusterIPs")),
        one => drop(spec.insert("clusterIPs".into(), json!([one]))),
    }
}

/// `clusterIP` and the first of `clusterIPs` are the same.
fn same_addresses(service: &mut Value) {
    let spec = object_at(service, "spec");
    let one = text(spec, "clusterIP").to_owned();
    let first = spec.get("clusterIPs").and_then(|list| list.get(0)).and_then(Value::as_str);
    match (one.as_str(), first.map(str::to_owned)) {
        ("", Some(first)) => {
            spec.insert("clusterIP".into(), json!(first));
        }
        (one, None) if !one.is_empty() => {
            spec.insert("clusterIPs".into(), json!([one]));
        }
        _ => {}
    }
}

//! The ResourceQuotas of a namespace: nothing is created that would exceed one.
//!
//! What is used is counted at that moment, under the gate through which all writes go: a quota cannot be outrun.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Container, PodSpec, ResourceQuota, ResourceQuotaSpec},
    apimachinery::pkg::api::resource::Quantity as Amount,
};
use serde_json::Value;

use super::forbidden_of;
use crate::{
    object::{metadata_str, parse},
    quantity::Quantity,
    quota,
    resource::{Context, Resource},
    status::Result,
};

/// Judges an object that is to be created, or replaced (`old`).
pub(super) fn validate(
    cx: Context<'_>,
    resource: &Resource,
    object: &Value,
    old: Option<&Value>,
) -> Result<()> {
    // An update can only use more of what grows in place.
    if old.is_some() && !matches!(&*resource.storage, "pods" | "services" | "persistentvolumeclaims") {
        return Ok(());
    }
    let namespace = metadata_str(object, "namespace");
    for stored in &cx.server.store.list("resourcequotas", namespace).objects {
        let Ok(found) = stored.parse::<ResourceQuota>() else { continue };
        let spec = found.spec.unwrap_or_default();
        if !quota::concerns(&spec, &resource.storage, object) {
            continue;
        }
        if let Err(why) = check(cx, &spec, stored.name(), resource, object, old) {
            return Err(forbidden_of(resource, object, &why));
        }
    }
    Ok(())
}

fn check(
    cx: Context<'_>,
    spec: &ResourceQuotaSpec,
    name: &str,
    resource: &Resource,
    object: &Value,
    old: Option<&Value>,
) -> std::result::Result<(), String> {
    let hard = spec.hard.clone().unwrap_or_default();
    if resource.storage == "pods" && old.is_none() {
        let missing = missing(object, |name| hard.contains_key(name));
        if !missing.is_empty() {
            return Err(format!("failed quota: {name}: must specify {missing}"));
        }
    }
    let mut asked = quota::of_object(&resource.storage, object);
    if let Some(old) = old {
        for (name, before) in quota::of_object(&resource.storage, old) {
            if let Some(amount) = asked.get_mut(&name) {
                *amount = amount.saturating_sub(before);
            }
        }
    }
    asked.retain(|name, amount| hard.contains_key(name) && !amount.is_zero());
    if asked.is_empty() {
        return Ok(());
    }
    let used = quota::used(&cx.server.store, metadata_str(object, "namespace"), spec);
    let (mut requested, mut before, mut limited) = (Vec::new(), Vec::new(), Vec::new());
    for (resource, amount) in &asked {
        let own = used.get(resource).copied().unwrap_or_default();
        let mut total = own;
        total += *amount;
        let Some(limit) = hard.get(resource).and_then(Quantity::of) else { continue };
        if total > limit {
            requested.push(format!("{resource}={amount}"));
            before.push(format!("{resource}={own}"));
            limited.push(format!("{resource}={limit}"));
        }
    }
    if requested.is_empty() {
        return Ok(());
    }
    Err(format!(
        "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
        requested.join(","),
        before.join(","),
        limited.join(",")
    ))
}

/// Which containers do not say what a quota limits: `limits.cpu for: a,b; requests.cpu for: b`.
fn missing(pod: &Value, is_limited: impl Fn(&str) -> bool) -> String {
    let spec: PodSpec = pod.get("spec").and_then(|spec| parse(spec).ok()).unwrap_or_default();
    let mut by_resource: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for container in spec.containers.iter().chain(spec.init_containers.iter().flatten()) {
        for resource in quota::COMPUTE.into_iter().filter(|name| is_limited(name)) {
            if !says(container, resource) {
                by_resource.entry(resource).or_default().push(&container.name);
            }
        }
    }
    let parts = by_resource.into_iter().map(|(resource, mut names)| {
        names.sort_unstable();
        format!("{resource} for: {}", names.join(","))
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn says(container: &Container, resource: &str) -> bool {
    let resources = container.resources.clone().unwrap_or_default();
    let has = |amounts: Option<BTreeMap<String, Amount>>, name: &str| {
        amounts.is_some_and(|amounts| amounts.contains_key(name))
    };
    match resource.split_once('.') {
        Some(("limits", name)) => has(resources.limits, name),
        Some((_, name)) => has(resources.requests, name),
        None => has(resources.requests, resource),
    }
}

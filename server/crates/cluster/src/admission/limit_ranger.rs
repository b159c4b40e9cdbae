//! The LimitRanges of a namespace: what containers get by default, and between which bounds they stay.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{LimitRange, LimitRangeItem, PodSpec},
    apimachinery::pkg::api::resource::Quantity as Amount,
};
use serde_json::{Map, Value, json};

use super::forbidden;
use crate::{
    kinds::defaults::{object, objects, set_object, text},
    object::{metadata_mut, metadata_str, object_at, parse},
    pod_resources::{self, Amounts},
    quantity::Quantity,
    resource::{Context, Resource},
    status::Result,
};

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

fn ranges(cx: Context<'_>, namespace: &str) -> Vec<LimitRangeItem> {
    let stored = cx.server.store.list("limitranges", namespace).objects;
    let ranges = stored.iter().filter_map(|range| range.parse::<LimitRange>().ok());
    ranges.filter_map(|range| range.spec).flat_map(|spec| spec.limits).collect()
}

/// Gives the containers of a new Pod what they do not ask for themselves.
pub(super) fn mutate(cx: Context<'_>, pod: &mut Value) {
    let namespace = metadata_str(pod, "namespace").to_owned();
    let mut said = Vec::new();
    for item in ranges(cx, &namespace).iter().filter(|item| item.type_ == "Container") {
        let spec = object_at(pod, "spec");
        for (list, kind) in [("containers", "container"), ("initContainers", "init container")] {
            for container in objects(spec, list) {
                let name = text(container, "name").to_owned();
                for (field, defaults, what) in
                    [("requests", &item.default_request, "request"), ("limits", &item.default, "limit")]
                {
                    let set = fill(container, field, defaults.as_ref());
                    if !set.is_empty() {
                        said.push(format!("{} {what} for {kind} {name}", set.join(", ")));
                    }
                }
            }
        }
    }
    if !said.is_empty() {
        let annotations = metadata_mut(pod).entry("annotations").or_insert_with(|| json!({}));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations
                .insert(ANNOTATION.into(), json!(format!("LimitRanger plugin set: {}", said.join("; "))));
        }
    }
}

/// Sets the amounts that are missing; tells which.
fn fill(
    container: &mut Map<String, Value>,
    field: &str,
    defaults: Option<&BTreeMap<String, Amount>>,
) -> Vec<String> {
    let Some(defaults) = defaults.filter(|defaults| !defaults.is_empty()) else { return Vec::new() };
    set_object(container, "resources");
    let Some(resources) = object(container, "resources") else { return Vec::new() };
    set_object(resources, field);
    let Some(amounts) = object(resources, field) else { return Vec::new() };
    let mut set = Vec::new();
    for (name, amount) in defaults {
        if !amounts.contains_key(name) {
            amounts.insert(name.clone(), json!(amount.0));
            set.push(name.clone());
        }
    }
    if amounts.is_empty() {
        resources.remove(field);
    }
    set
}

/// Judges a Pod or a claim.
pub(super) fn validate(cx: Context<'_>, resource: &Resource, object: &Value) -> Result<()> {
    let items = ranges(cx, metadata_str(object, "namespace"));
    if items.is_empty() {
        return Ok(());
    }
    let mut errors = Vec::new();
    if resource.storage == "pods" {
        let spec: PodSpec = object.get("spec").map(parse).transpose()?.unwrap_or_default();
        items.iter().for_each(|item| check_pod(item, &spec, &mut errors));
    } else {
        let requests = object.pointer("/spec/resources/requests").cloned().unwrap_or(json!({}));
        let requests: BTreeMap<String, Amount> = parse(&requests)?;
        let asked = pod_resources::amounts(Some(&requests));
        for item in items.iter().filter(|item| item.type_ == "PersistentVolumeClaim") {
            check(item, &asked, None, &mut errors);
        }
    }
    match errors.as_slice() {
        [] => Ok(()),
        [only] => Err(forbidden(&resource.plural, object, only)),
        several => Err(forbidden(&resource.plural, object, &format!("[{}]", several.join(", ")))),
    }
}

fn check_pod(item: &LimitRangeItem, spec: &PodSpec, errors: &mut Vec<String>) {
    match item.type_.as_str() {
        "Container" => {
            for container in spec.containers.iter().chain(spec.init_containers.iter().flatten()) {
                let resources = container.resources.clone().unwrap_or_default();
                let requests = pod_resources::amounts(resources.requests.as_ref());
                let limits = pod_resources::amounts(resources.limits.as_ref());
                check(item, &requests, Some(&limits), errors);
            }
        }
        "Pod" => {
            let (requests, limits) = (pod_resources::requests(spec), pod_resources::limits(spec));
            check(item, &requests, Some(&limits), errors);
        }
        _ => {}
    }
}

/// The bounds of one range; claims have no limits.
fn check(item: &LimitRangeItem, requests: &Amounts, limits: Option<&Amounts>, errors: &mut Vec<String>) {
    let kind = &item.type_;
    let limit_of = |name: &str| limits.and_then(|limits| limits.get(name)).copied();
    for (name, bound, least) in bounds(&item.min) {
        let head = format!("minimum {name} usage per {kind} is {bound}");
        match requests.get(name) {
            None => errors.push(format!("{head}.  No request is specified")),
            Some(request) if *request < least => errors.push(format!("{head}, but request is {request}")),
            Some(_) => {
                if let Some(limit) = limit_of(name).filter(|limit| *limit < least) {
                    errors.push(format!("{head}, but limit is {limit}"));
                }
            }
        }
    }
    for (name, bound, most) in bounds(&item.max) {
        let head = format!("maximum {name} usage per {kind} is {bound}");
        match (limits.is_some(), limit_of(name)) {
            (true, None) => errors.push(format!("{head}.  No limit is specified")),
            (_, Some(limit)) if limit > most => errors.push(format!("{head}, but limit is {limit}")),
            _ => {
                if let Some(request) = requests.get(name).filter(|request| **request > most) {
                    errors.push(format!("{head}, but request is {request}"));
                }
            }
        }
    }
    for (name, bound, most) in bounds(&item.max_limit_request_ratio) {
        let head = format!("{name} max limit to request ratio per {kind} is {bound}");
        let request = requests.get(name).map_or(0, |request| request.milli_value());
        let Some(limit) = limit_of(name) else {
            errors.push(format!("{head}, but no limit is specified or limit is 0"));
            continue;
        };
        if request == 0 {
            errors.push(format!("{head}, but no request is specified or request is 0"));
            continue;
        }
        let ratio = limit.milli_value() as f64 / request as f64;
        if ratio * 1000.0 > most.milli_value() as f64 {
            errors.push(format!("{head}, but provided ratio is {ratio:.6}"));
        }
    }
}

fn bounds(amounts: &Option<BTreeMap<String, Amount>>) -> impl Iterator<Item = (&str, &str, Quantity)> {
    let all = amounts.iter().flatten();
    all.filter_map(|(name, amount)| Some((name.as_str(), amount.0.as_str(), Quantity::of(amount)?)))
}

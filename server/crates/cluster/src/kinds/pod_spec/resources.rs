//! Requests and limits.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::ResourceRequirements, apimachinery::pkg::api::resource::Quantity as ApiQuantity,
};

use crate::{
    quantity::Quantity,
    validation::{ErrorList, Path, names},
};

/// What a container can ask for under a plain name.
const CONTAINER: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// The plain names that there are at all.
const STANDARD: [&str; 20] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];

fn is_huge(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// What a container requests and may use.
pub(super) fn validate(resources: &ResourceRequirements, path: &Path, errors: &mut ErrorList) {
    let (limits, requests) = (path.child("limits"), path.child("requests"));
    let none = BTreeMap::new();
    let limited = resources.limits.as_ref().unwrap_or(&none);
    let requested = resources.requests.as_ref().unwrap_or(&none);
    for (name, amount) in limited {
        validate_one(name, amount, &limits.key(name), errors);
    }
    for (name, amount) in requested {
        validate_one(name, amount, &requests.key(name), errors);
        let limit = limited.get(name).and_then(Quantity::of);
        let (Some(amount), limit) = (Quantity::of(amount), limit) else { continue };
        // Extended resources and huge pages are handed out whole.
        let overcommits = !name.contains('/') && !is_huge(name);
        match limit {
            Some(limit) if !overcommits && amount != limit => {
                let detail = format!("must be equal to {name} limit of {limit}");
                errors.invalid(&requests, amount.to_string(), &detail);
            }
            Some(limit) if amount > limit => {
                let detail = format!("must be less than or equal to {name} limit of {limit}");
                errors.invalid(&requests, amount.to_string(), &detail);
            }
            None if !overcommits => {
                errors.required(&limits, "Limit must be set for non overcommitable resources");
            }
            _ => {}
        }
    }
    let has = |test: fn(&str) -> bool| limited.keys().chain(requested.keys()).any(|name| test(name));
    if has(is_huge) && !has(|name| matches!(name, "cpu" | "memory")) {
        errors.forbidden(path, "HugePages require cpu or memory");
    }
}

fn validate_one(name: &str, amount: &ApiQuantity, path: &Path, errors: &mut ErrorList) {
    validate_name(name, path, errors);
    validate_amount(name, amount, path, errors);
}

fn validate_name(name: &str, path: &Path, errors: &mut ErrorList) {
    let wrong = names::qualified_name(name);
    errors.invalid_each(path, name, &wrong);
    if !wrong.is_empty() {
        return;
    }
    if !name.contains('/') {
        if !STANDARD.contains(&name) && !is_huge(name) {
            errors.invalid(path, name, "must be a standard resource type or fully qualified");
        }
        if !CONTAINER.contains(&name) && !is_huge(name) {
            errors.invalid(path, name, "must be a standard resource for containers");
        }
    } else if name.starts_with("requests.") || name.len() > 63 + 253 {
        errors.invalid(path, name, "doesn't follow extended resource name standard");
    }
}

/// An amount of a resource: not negative, and whole where the resource is counted.
pub(crate) fn validate_amount(name: &str, amount: &ApiQuantity, path: &Path, errors: &mut ErrorList) {
    let Some(parsed) = Quantity::of(amount) else { return };
    if parsed < Quantity::default() {
        errors.invalid(path, parsed.to_string(), "must be greater than or equal to 0");
    }
    let counted = !CONTAINER.contains(&name)
        && (name.contains('/')
            || matches!(
                name,
                "pods"
                    | "services"
                    | "secrets"
                    | "configmaps"
                    | "resourcequotas"
                    | "replicationcontrollers"
                    | "persistentvolumeclaims"
                    | "services.nodeports"
                    | "services.loadbalancers"
            )
            || name.starts_with("count/"));
    if counted && parsed.milli_value() % 1000 != 0 {
        errors.invalid(path, parsed.to_string(), "must be an integer");
    }
}

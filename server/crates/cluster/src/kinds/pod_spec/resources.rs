//! Requests and limits.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{PodSpec, ResourceRequirements},
    apimachinery::pkg::api::resource::Quantity as ApiQuantity,
};

use crate::{
    pod_resources,
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
    amounts(resources, container_name, path, errors);
}

/// What a Pod as a whole requests and may use: not less than its containers request together, and not less than any of
/// them may use.
pub(super) fn validate_pod(spec: &PodSpec, path: &Path, errors: &mut ErrorList) {
    let Some(own) = &spec.resources else { return };
    if own.claims.is_some() {
        errors.forbidden(&path.child("claims"), "claims cannot be set for Resources at pod-level");
    }
    amounts(own, pod_name, path, errors);
    let containers = PodSpec { resources: None, overhead: None, ..spec.clone() };
    let requested = pod_resources::amounts(own.requests.as_ref());
    for (name, together) in pod_resources::requests(&containers) {
        let of_pod = requested.get(&name).copied().unwrap_or_default();
        if together > of_pod {
            let detail =
                format!("must be greater than or equal to aggregate container requests of {together}");
            errors.invalid(&path.child("requests").key(&name), of_pod.to_string(), &detail);
        }
    }
    let limited = pod_resources::amounts(own.limits.as_ref());
    for (i, container) in spec.containers.iter().enumerate() {
        let limits = container.resources.as_ref().and_then(|resources| resources.limits.as_ref());
        for (name, limit) in pod_resources::amounts(limits) {
            if let Some(of_pod) = limited.get(&name).filter(|of_pod| limit > **of_pod) {
                let detail = format!("must be less than or equal to pod limits of {of_pod}");
                let at = path.child("containers").index(i).key(&name).child("limits");
                errors.invalid(&at, limit.to_string(), &detail);
            }
        }
    }
}

/// A check of a resource's name.
type CheckName = fn(&str, &Path, &mut ErrorList);

fn amounts(resources: &ResourceRequirements, check: CheckName, path: &Path, errors: &mut ErrorList) {
    let (limits, requests) = (path.child("limits"), path.child("requests"));
    let none = BTreeMap::new();
    let limited = resources.limits.as_ref().unwrap_or(&none);
    let requested = resources.requests.as_ref().unwrap_or(&none);
    for (name, amount) in limited {
        check(name, &limits.key(name), errors);
        validate_amount(name, amount, &limits.key(name), errors);
    }
    for (name, amount) in requested {
        check(name, &requests.key(name), errors);
        validate_amount(name, amount, &requests.key(name), errors);
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

/// The name of any resource.
pub(crate) fn validate_name(name: &str, path: &Path, errors: &mut ErrorList) {
    let wrong = names::qualified_name(name);
    errors.invalid_each(path, name, &wrong);
    if wrong.is_empty() && !name.contains('/') && !STANDARD.contains(&name) && !is_huge(name) {
        errors.invalid(path, name, "must be a standard resource type or fully qualified");
    }
}

/// The name of a resource that a container can ask for.
pub(crate) fn container_name(name: &str, path: &Path, errors: &mut ErrorList) {
    validate_name(name, path, errors);
    if !name.contains('/') {
        if !CONTAINER.contains(&name) && !is_huge(name) {
            errors.invalid(path, name, "must be a standard resource for containers");
        }
    } else if name.starts_with("requests.") || !names::qualified_name(name).is_empty() {
        errors.invalid(path, name, "doesn't follow extended resource name standard");
    }
}

fn pod_name(name: &str, path: &Path, errors: &mut ErrorList) {
    let mut wrong = ErrorList::default();
    validate_name(name, path, &mut wrong);
    if wrong.is_empty() && !of_pods(name) {
        wrong.not_supported(path, name, &["cpu", "hugepages-", "memory"]);
    }
    errors.extend(wrong);
}

/// Whether Pods as a whole can request a resource.
pub(super) fn of_pods(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || is_huge(name)
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

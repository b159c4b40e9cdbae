//! The spec of a Pod, by itself and in templates: defaults and rules, a subject a file.

pub(crate) mod defaults;

mod containers;
mod env;
mod kind_of_pod;
mod mounts;
mod probes;
mod resources;
mod scheduling;
mod security;
mod volumes;
mod warnings;

use k8s_openapi::api::core::v1::PodSpec;

pub(crate) use self::containers::validate_image_updates;
pub(crate) use self::probes::port_number_or_name;
pub(crate) use self::resources::{
    container_name as container_resource_name, validate_amount, validate_name as resource_name,
};
pub(crate) use self::scheduling::{label_selector, only_added_tolerations, only_deleted_gates, taint_effect};
pub(crate) use self::volumes::host_path;
pub(crate) use self::warnings::warnings;
use crate::validation::{ErrorList, Path, names};

/// What a spec is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A Pod.
    Pod,
    /// A template.
    Template,
}

/// A Pod's spec, in the order of the real server.
pub(crate) fn validate(spec: &PodSpec, part: Part, path: &Path, errors: &mut ErrorList) {
    let sources = volumes::validate(spec, part, &path.child("volumes"), errors);
    containers::validate(spec, &sources, path, errors);
    resources::validate_pod(spec, &path.child("resources"), errors);
    kind_of_pod::validate(spec, part, path, errors);
    security::validate_pod(spec, &path.child("securityContext"), errors);
    scheduling::validate_affinity(spec, &path.child("affinity"), errors);
    kind_of_pod::validate_dns(spec, &path.child("dnsConfig"), errors);
    scheduling::validate_gates(spec, path, errors);
    scheduling::validate_spread(spec, &path.child("topologySpreadConstraints"), errors);
    security::validate_host_users(spec, path, errors);
    if let Some(name) = spec.service_account_name.as_deref().filter(|n| !n.is_empty()) {
        errors.invalid_each(&path.child("serviceAccountName"), name, &names::dns_subdomain(name));
    }
    if let Some(name) = spec.node_name.as_deref().filter(|n| !n.is_empty()) {
        errors.invalid_each(&path.child("nodeName"), name, &names::dns_subdomain(name));
    }
    if let Some(seconds) = spec.active_deadline_seconds
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let detail = names::in_range(1, i32::MAX.into());
        errors.invalid(&path.child("activeDeadlineSeconds"), seconds, &detail);
    }
    for (field, name) in [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)] {
        if let Some(name) = name.as_deref().filter(|n| !n.is_empty()) {
            errors.invalid_each(&path.child(field), name, &names::dns_label(name));
        }
    }
    scheduling::validate_tolerations(
        spec.tolerations.as_deref().unwrap_or_default(),
        &path.child("tolerations"),
        errors,
    );
    kind_of_pod::validate_host_aliases(spec, &path.child("hostAliases"), errors);
    for (field, name) in
        [("priorityClassName", &spec.priority_class_name), ("runtimeClassName", &spec.runtime_class_name)]
    {
        if let Some(name) = name.as_deref().filter(|n| !n.is_empty()) {
            errors.invalid_each(&path.child(field), name, &names::dns_subdomain(name));
        }
    }
    if let Some(policy) = spec.preemption_policy.as_deref()
        && !matches!(policy, "PreemptLowerPriority" | "Never")
    {
        errors.not_supported(&path.child("preemptionPolicy"), policy, &["PreemptLowerPriority", "Never"]);
    }
    kind_of_pod::validate_os(spec, &path.child("os"), errors);
    if part == Part::Pod {
        containers::validate_for_pod(spec, path, errors);
    }
}

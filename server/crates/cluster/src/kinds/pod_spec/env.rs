//! Environment variables and where their values come from.

use k8s_openapi::api::core::v1::{
    EnvFromSource, EnvVar, EnvVarSource, ObjectFieldSelector, ResourceFieldSelector,
};

use crate::{
    quantity::Quantity,
    validation::{ErrorList, Path, names},
};

/// The Pod's fields that a variable can have the value of.
const ENV_FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// The Pod's fields that a file can have the value of.
pub(super) const VOLUME_FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// A container's variables.
pub(super) fn validate(variables: &[EnvVar], path: &Path, errors: &mut ErrorList) {
    for (i, variable) in variables.iter().enumerate() {
        let path = path.index(i);
        if variable.name.is_empty() {
            errors.required(&path.child("name"), "");
        } else {
            errors.invalid_each(&path.child("name"), &variable.name, &names::env_var_name(&variable.name));
        }
        if let Some(from) = &variable.value_from {
            let is_set = variable.value.as_deref().is_some_and(|value| !value.is_empty());
            value_from(from, is_set, &path.child("valueFrom"), errors);
        }
    }
}

fn value_from(from: &EnvVarSource, has_value: bool, path: &Path, errors: &mut ErrorList) {
    let mut sources = 0;
    if let Some(field) = &from.field_ref {
        sources += 1;
        field_ref(field, &ENV_FIELDS, &path.child("fieldRef"), errors);
    }
    if let Some(resource) = &from.resource_field_ref {
        sources += 1;
        resource_ref(resource, false, &path.child("resourceFieldRef"), errors);
    }
    if let Some(reference) = &from.config_map_key_ref {
        sources += 1;
        key_ref(&reference.name, &reference.key, &path.child("configMapKeyRef"), errors);
    }
    if let Some(reference) = &from.secret_key_ref {
        sources += 1;
        key_ref(&reference.name, &reference.key, &path.child("secretKeyRef"), errors);
    }
    if let Some(reference) = &from.file_key_ref {
        sources += 1;
        let path = path.child("fileKeyRef");
        for (field, value) in
            [("key", &reference.key), ("volumeName", &reference.volume_name), ("path", &reference.path)]
        {
            if value.is_empty() {
                errors.required(&path.child(field), "");
            }
        }
    }
    if sources == 0 {
        errors.invalid(
            path,
            "",
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
        );
    } else if has_value {
        errors.invalid(path, "", "may not be specified when `value` is not empty");
    } else if sources > 1 {
        errors.invalid(path, "", "may not have more than one field specified at a time");
    }
}

/// A field of the Pod.
pub(super) fn field_ref(
    reference: &ObjectFieldSelector,
    fields: &[&str],
    path: &Path,
    errors: &mut ErrorList,
) {
    let at = path.child("fieldPath");
    if reference.field_path.is_empty() {
        errors.required(&at, "");
        return;
    }
    let (field, subscript) = match reference.field_path.strip_suffix("']").and_then(|p| p.split_once("['")) {
        Some((field, key)) => (field, Some(key)),
        None => (reference.field_path.as_str(), None),
    };
    let known = matches!(field, "metadata.annotations" | "metadata.labels")
        || matches!(field, "spec.restartPolicy" | "spec.schedulerName" | "status.phase")
        || ENV_FIELDS.contains(&field);
    if let Some(version) = reference.api_version.as_deref().filter(|version| !matches!(*version, "" | "v1")) {
        let detail = format!("error converting fieldPath: unsupported pod version: {version}");
        errors.invalid(&at, &reference.field_path, &detail);
        return;
    }
    if !known {
        let detail =
            format!("error converting fieldPath: field label not supported: {}", reference.field_path);
        errors.invalid(&at, &reference.field_path, &detail);
        return;
    }
    match (field, subscript) {
        ("metadata.annotations", Some(key)) => {
            errors.invalid_each(path, key, &names::qualified_name(&key.to_lowercase()));
        }
        ("metadata.labels", Some(key)) => errors.invalid_each(path, key, &names::qualified_name(key)),
        (_, Some(_)) => errors.invalid(path, field, "does not support subscript"),
        (field, None) if !fields.contains(&field) => errors.not_supported(&at, field, fields),
        _ => {}
    }
}

/// An amount that a container requests or may use at most.
pub(super) fn resource_ref(
    reference: &ResourceFieldSelector,
    in_volume: bool,
    path: &Path,
    errors: &mut ErrorList,
) {
    let resource = reference.resource.as_str();
    let huge = resource.starts_with("requests.hugepages-") || resource.starts_with("limits.hugepages-");
    if in_volume && reference.container_name.as_deref().unwrap_or_default().is_empty() {
        errors.required(&path.child("containerName"), "");
    } else if resource.is_empty() {
        errors.required(&path.child("resource"), "");
    } else if !RESOURCES.contains(&resource) && !huge {
        errors.not_supported(&path.child("resource"), resource, &RESOURCES);
    }
    let Some(divisor) = reference.divisor.as_ref().and_then(Quantity::of).filter(|d| !d.is_zero()) else {
        return;
    };
    let shown = divisor.to_string();
    const SIZES: [&str; 13] =
        ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    const LISTED: &str = "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the";
    let detail = match resource.rsplit('.').next().unwrap_or_default() {
        "cpu" if !matches!(shown.as_str(), "1m" | "1") => {
            "only divisor's values 1m and 1 are supported with the cpu resource".to_owned()
        }
        "memory" if !SIZES.contains(&shown.as_str()) => format!("{LISTED} memory resource"),
        "ephemeral-storage" if !SIZES.contains(&shown.as_str()) => {
            format!("{LISTED} local ephemeral storage resource")
        }
        _ => return,
    };
    errors.invalid(&path.child("divisor"), resource, &detail);
}

fn key_ref(name: &str, key: &str, path: &Path, errors: &mut ErrorList) {
    errors.invalid_each(&path.child("name"), name, &names::dns_subdomain(name));
    if key.is_empty() {
        errors.required(&path.child("key"), "");
    } else {
        errors.invalid_each(&path.child("key"), key, &names::config_key(key));
    }
}

/// Whole ConfigMaps and Secrets as variables.
pub(super) fn validate_from(sources: &[EnvFromSource], path: &Path, errors: &mut ErrorList) {
    for (i, source) in sources.iter().enumerate() {
        let at = path.index(i);
        if let Some(prefix) = source.prefix.as_deref().filter(|p| !p.is_empty()) {
            errors.invalid_each(&at.child("prefix"), prefix, &names::env_var_name(prefix));
        }
        let map = source.config_map_ref.as_ref().map(|r| ("configMapRef", &r.name));
        let secret = source.secret_ref.as_ref().map(|r| ("secretRef", &r.name));
        for (field, name) in [map, secret].into_iter().flatten() {
            let name_path = at.child(field).child("name");
            if name.is_empty() {
                errors.required(&name_path, "");
            } else {
                errors.invalid_each(&name_path, name, &names::dns_subdomain(&names::masked_prefix(name)));
            }
        }
        match (map, secret) {
            (None, None) => errors.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"),
            (Some(_), Some(_)) => {
                errors.invalid(path, "", "may not have more than one field specified at a time");
            }
            _ => {}
        }
    }
}

//! What `fieldRef` and `resourceFieldRef` stand for: the downward API.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ObjectFieldSelector, ResourceFieldSelector};

use crate::{go_text, kubelet::pod::Manifest, pod_resources, quantity::Quantity};

/// What fields can be about beside the Pod itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    pub(crate) node: String,
    pub(crate) host_ips: Vec<String>,
    pub(crate) pod_ips: Vec<String>,
    /// What the node offers, for containers without limits.
    pub(crate) allocatable: pod_resources::Amounts,
}

/// The value of a field of the Pod.
///
/// # Errors
///
/// What the kubelet says of a path that is none.
pub(crate) fn of_pod(
    manifest: &Manifest,
    surroundings: &Surroundings,
    selector: &ObjectFieldSelector,
) -> Result<String, String> {
    let path = selector.field_path.as_str();
    let (metadata, spec) = (manifest.metadata(), manifest.spec());
    if let Some((map, key)) = subscript(path) {
        let map = match map {
            "metadata.labels" => &metadata.labels,
            "metadata.annotations" => &metadata.annotations,
            _ => return Err(format!("fieldPath {} does not support subscript", go_text::quote(path))),
        };
        return Ok(map.as_ref().and_then(|map| map.get(key)).cloned().unwrap_or_default());
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Ok(match path {
        "metadata.name" => manifest.name().to_owned(),
        "metadata.namespace" => manifest.namespace().to_owned(),
        "metadata.uid" => manifest.uid().to_owned(),
        "metadata.labels" => map_lines(metadata.labels.as_ref()),
        "metadata.annotations" => map_lines(metadata.annotations.as_ref()),
        "spec.nodeName" => surroundings.node.clone(),
        "spec.serviceAccountName" => text(&spec.service_account_name),
        "status.hostIP" => surroundings.host_ips.first().cloned().unwrap_or_default(),
        "status.hostIPs" => surroundings.host_ips.join(","),
        "status.podIP" => surroundings.pod_ips.first().cloned().unwrap_or_default(),
        "status.podIPs" => surroundings.pod_ips.join(","),
        _ => return Err(format!("unsupported fieldPath: {path}")),
    })
}

/// `metadata.labels['key']` taken apart.
fn subscript(path: &str) -> Option<(&str, &str)> {
    let (map, key) = path.strip_suffix("']")?.split_once("['")?;
    Some((map, key))
}

/// `key="value"`, one a line, by key.
fn map_lines(map: Option<&BTreeMap<String, String>>) -> String {
    let lines = map.into_iter().flatten().map(|(key, value)| format!("{key}={}", go_text::quote(value)));
    lines.collect::<Vec<_>>().join("\n")
}

/// The value of a container's resource, in units of the selector's divisor, rounded up.
///
/// # Errors
///
/// What the kubelet says of a resource or a divisor that is none.
pub(crate) fn of_resources(
    container: &Container,
    surroundings: &Surroundings,
    selector: &ResourceFieldSelector,
) -> Result<String, String> {
    let unsupported = || format!("unsupported container resource : {}", selector.resource);
    let (kind, name) = selector.resource.split_once('.').ok_or_else(unsupported)?;
    let resources = container.resources.as_ref();
    let limits = pod_resources::amounts(resources.and_then(|resources| resources.limits.as_ref()));
    let requests = pod_resources::amounts(resources.and_then(|resources| resources.requests.as_ref()));
    let amount = match kind {
        "limits" => limits.get(name).or_else(|| surroundings.allocatable.get(name)),
        "requests" => requests.get(name),
        _ => return Err(unsupported()),
    };
    let known = matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
    if !known {
        return Err(unsupported());
    }
    let amount = amount.copied().unwrap_or_default();
    let divisor = selector.divisor.as_ref().and_then(Quantity::of).filter(|divisor| !divisor.is_zero());
    let divisor = divisor.unwrap_or_else(|| Quantity::whole(1));
    let (value, unit) = match name {
        "cpu" => (amount.milli_value(), divisor.milli_value()),
        _ => (amount.value(), divisor.value()),
    };
    let (quotient, rest) = (value / unit.max(1), value % unit.max(1));
    Ok((quotient + i64::from(rest > 0)).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest() -> Manifest {
        let pod = json!({
            "metadata": {"name": "p", "namespace": "ns", "uid": "u",
                         "labels": {"app": "demo", "b": "say \"hi\""}},
            "spec": {"containers": [], "serviceAccountName": "default"},
        });
        Manifest::new(serde_json::from_value(pod).unwrap())
    }

    fn field(path: &str) -> Result<String, String> {
        let surroundings = Surroundings {
            node: "node1".into(),
            host_ips: vec!["192.0.2.2".into()],
            pod_ips: vec!["10.244.0.7".into()],
            ..Surroundings::default()
        };
        let selector = ObjectFieldSelector { field_path: path.into(), api_version: None };
        of_pod(&manifest(), &surroundings, &selector)
    }

    #[test]
    fn fields_of_the_pod() {
        assert_eq!(field("metadata.labels['app']").unwrap(), "demo");
        assert_eq!(field("metadata.annotations['none']").unwrap(), "");
        assert_eq!(field("metadata.labels").unwrap(), "app=\"demo\"\nb=\"say \\\"hi\\\"\"");
        assert_eq!(field("status.podIP").unwrap(), "10.244.0.7");
        assert_eq!(field("spec.nodeName").unwrap(), "node1");
        assert!(field("spec.containers").is_err());
    }

    #[test]
    fn resources_are_rounded_up_to_the_divisor() {
        let container: Container = serde_json::from_value(json!({
            "name": "c",
            "resources": {"limits": {"cpu": "100m"}, "requests": {"memory": "32Mi"}},
        }))
        .unwrap();
        let value = |resource: &str, divisor: Option<&str>| {
            let divisor =
                divisor.map(|text| k8s_openapi::apimachinery::pkg::api::resource::Quantity(text.into()));
            let selector = ResourceFieldSelector { resource: resource.into(), divisor, container_name: None };
            of_resources(&container, &Surroundings::default(), &selector).unwrap()
        };
        assert_eq!(value("limits.cpu", None), "1");
        assert_eq!(value("limits.cpu", Some("1m")), "100");
        assert_eq!(value("requests.memory", None), "33554432");
        assert_eq!(value("requests.memory", Some("1Mi")), "32");
        assert_eq!(value("requests.cpu", None), "0");
    }
}

//! What a Pod's spec leaves open.

use k8s_openapi::api::core::v1::PodSpec;
use serde_json::{Map, Value, json};

use super::{Part, resources};
use crate::{
    kinds::defaults::{object, objects, set, set_number, set_object, text},
    pod_resources,
};

/// `rw-r--r--`.
const FILE_MODE: i64 = 0o644;

/// Fills in a spec.
pub(crate) fn set_defaults(spec: &mut Map<String, Value>, part: Part) {
    set(spec, "dnsPolicy", "ClusterFirst");
    set(spec, "restartPolicy", "Always");
    set(spec, "schedulerName", "default-scheduler");
    set_object(spec, "securityContext");
    set(spec, "terminationGracePeriodSeconds", 30);
    if part == Part::Pod {
        set(spec, "enableServiceLinks", true);
    }
    // The older name of the field says the same.
    let account = match (text(spec, "serviceAccountName"), text(spec, "serviceAccount")) {
        ("", older) => older.to_owned(),
        (name, _) => name.to_owned(),
    };
    if !account.is_empty() {
        spec.insert("serviceAccountName".into(), json!(account));
        spec.insert("serviceAccount".into(), json!(account));
    }
    let host_network = spec.get("hostNetwork").and_then(Value::as_bool).unwrap_or(false);
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in objects(spec, list) {
            set_container_defaults(container, part, host_network);
        }
    }
    objects(spec, "volumes").for_each(set_volume_defaults);
    if part == Part::Pod {
        request_for_all(spec);
    }
}

/// A Pod that limits itself as a whole requests what its containers do, or else what it is limited to.
fn request_for_all(spec: &mut Map<String, Value>) {
    if !spec.contains_key("resources") {
        return;
    }
    let Ok(parsed) = serde_json::from_value::<PodSpec>(Value::Object(spec.clone())) else { return };
    let Some(own) = &parsed.resources else { return };
    let of_containers = PodSpec { resources: None, overhead: None, ..parsed.clone() };
    let mut wanted = pod_resources::requests(&of_containers);
    for (name, limit) in pod_resources::amounts(own.limits.as_ref()) {
        wanted.entry(name).or_insert(limit);
    }
    wanted.retain(|name, _| resources::of_pods(name));
    let Some(resources) = object(spec, "resources") else { return };
    if wanted.is_empty() {
        return;
    }
    set_object(resources, "requests");
    if let Some(requests) = object(resources, "requests") {
        for (name, amount) in wanted {
            requests.entry(name).or_insert_with(|| json!(amount.to_string()));
        }
    }
}

fn set_container_defaults(container: &mut Map<String, Value>, part: Part, host_network: bool) {
    let policy = if is_latest(text(container, "image")) { "Always" } else { "IfNotPresent" };
    set(container, "imagePullPolicy", policy);
    set(container, "terminationMessagePath", "/dev/termination-log");
    set(container, "terminationMessagePolicy", "File");
    for port in objects(container, "ports") {
        set(port, "protocol", "TCP");
        if host_network && part == Part::Pod {
            let number = port.get("containerPort").and_then(Value::as_i64).unwrap_or(0);
            set_number(port, "hostPort", number);
        }
    }
    for variable in objects(container, "env") {
        if let Some(from) = object(variable, "valueFrom")
            && let Some(field) = object(from, "fieldRef")
        {
            set(field, "apiVersion", "v1");
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = object(container, probe) {
            set_number(probe, "timeoutSeconds", 1);
            set_number(probe, "periodSeconds", 10);
            set_number(probe, "successThreshold", 1);
            set_number(probe, "failureThreshold", 3);
            set_handler_defaults(probe);
        }
    }
    if let Some(lifecycle) = object(container, "lifecycle") {
        for hook in ["postStart", "preStop"] {
            if let Some(hook) = object(lifecycle, hook) {
                set_handler_defaults(hook);
            }
        }
    }
    if part == Part::Pod
        && let Some(resources) = object(container, "resources")
    {
        request_limits(resources);
    }
}

fn set_handler_defaults(handler: &mut Map<String, Value>) {
    if let Some(get) = object(handler, "httpGet") {
        set(get, "path", "/");
        set(get, "scheme", "HTTP");
    }
    if let Some(grpc) = object(handler, "grpc")
        && !grpc.contains_key("service")
    {
        grpc.insert("service".into(), json!(""));
    }
}

/// What is limited and not requested is requested up to the limit.
fn request_limits(resources: &mut Map<String, Value>) {
    let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { return };
    set_object(resources, "requests");
    if let Some(requests) = object(resources, "requests") {
        for (name, amount) in limits {
            requests.entry(name).or_insert(amount);
        }
    }
}

/// Whether a name stands for the newest image: no digest, and no tag or `latest`.
fn is_latest(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or_default();
    if image.is_empty() || image.contains('@') {
        return false;
    }
    match last.rsplit_once(':') {
        Some((_, tag)) => tag == "latest",
        None => true,
    }
}

fn set_volume_defaults(volume: &mut Map<String, Value>) {
    if volume.keys().all(|key| key == "name") {
        volume.insert("emptyDir".into(), json!({}));
    }
    for source in ["configMap", "secret", "downwardAPI", "projected"] {
        if let Some(source) = object(volume, source) {
            set(source, "defaultMode", FILE_MODE);
        }
    }
    if let Some(path) = object(volume, "hostPath")
        && !path.contains_key("type")
    {
        path.insert("type".into(), json!(""));
    }
    if let Some(downward) = object(volume, "downwardAPI") {
        set_items_defaults(downward);
    }
    if let Some(projected) = object(volume, "projected") {
        for source in objects(projected, "sources") {
            if let Some(token) = object(source, "serviceAccountToken") {
                set(token, "expirationSeconds", 3600);
            }
            if let Some(downward) = object(source, "downwardAPI") {
                set_items_defaults(downward);
            }
        }
    }
    if let Some(image) = object(volume, "image") {
        let policy = if is_latest(text(image, "reference")) { "Always" } else { "IfNotPresent" };
        set(image, "pullPolicy", policy);
    }
    if let Some(ephemeral) = object(volume, "ephemeral")
        && let Some(template) = object(ephemeral, "volumeClaimTemplate")
        && let Some(spec) = object(template, "spec")
    {
        set(spec, "volumeMode", "Filesystem");
    }
}

fn set_items_defaults(downward: &mut Map<String, Value>) {
    for item in objects(downward, "items") {
        if let Some(field) = object(item, "fieldRef") {
            set(field, "apiVersion", "v1");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_image_is_always_pulled() {
        for (image, latest) in [
            ("nginx", true),
            ("nginx:latest", true),
            ("nginx:1.19", false),
            ("localhost:5000/nginx", true),
            ("localhost:5000/nginx:1", false),
            ("nginx@sha256:abc", false),
        ] {
            assert_eq!(is_latest(image), latest, "{image}");
        }
    }

    #[test]
    fn limits_are_requested() {
        let mut spec = json!({"containers": [{"name": "a", "image": "b:1", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}}]});
        set_defaults(spec.as_object_mut().unwrap(), Part::Pod);
        assert_eq!(spec["containers"][0]["resources"]["requests"], json!({"cpu": "500m", "memory": "1Gi"}));
    }
}

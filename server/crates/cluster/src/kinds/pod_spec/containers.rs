//! Containers of all three kinds: ordinary, init and ephemeral ones.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, ContainerPort, EphemeralContainer, PodSpec};

use super::{env, mounts, probes, resources, security, volumes::VolumeSources};
use crate::validation::{ErrorList, Path, names};

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

/// All containers of a spec.
pub(super) fn validate(spec: &PodSpec, sources: &VolumeSources<'_>, path: &Path, errors: &mut ErrorList) {
    let grace = spec.termination_grace_period_seconds.unwrap_or(0);
    let cx = Around {
        sources,
        grace,
        restart: spec.restart_policy.as_deref().unwrap_or_default(),
        host_users: spec.host_users.unwrap_or(true),
    };
    ordinary(spec, &cx, &path.child("containers"), errors);
    init(spec, &cx, &path.child("initContainers"), errors);
    ephemeral(spec, &cx, &path.child("ephemeralContainers"), errors);
}

/// What of a Pod its containers are checked against.
struct Around<'a> {
    sources: &'a VolumeSources<'a>,
    grace: i64,
    restart: &'a str,
    host_users: bool,
}

fn ordinary(spec: &PodSpec, cx: &Around<'_>, path: &Path, errors: &mut ErrorList) {
    if spec.containers.is_empty() {
        errors.required(path, "");
        return;
    }
    let mut seen = BTreeSet::new();
    for (i, container) in spec.containers.iter().enumerate() {
        let path = path.index(i);
        common(container, cx, &path, errors);
        if !seen.insert(container.name.as_str()) {
            errors.duplicate(&path.child("name"), &container.name);
        }
        if let Some(lifecycle) = &container.lifecycle {
            probes::validate_lifecycle(lifecycle, cx.grace, &path.child("lifecycle"), errors);
        }
        probes::validate_probes(container, cx.grace, &path, errors);
        restart_policy(container, &path, errors);
    }
    host_port_conflicts(&spec.containers, path, errors);
}

/// A container's own restart policy and its rules.
fn restart_policy(container: &Container, path: &Path, errors: &mut ErrorList) {
    const POLICIES: [&str; 3] = ["Always", "Never", "OnFailure"];
    let rules = container.restart_policy_rules.as_deref().unwrap_or_default();
    match container.restart_policy.as_deref() {
        Some(policy) if !POLICIES.contains(&policy) => {
            errors.not_supported(&path.child("restartPolicy"), policy, &POLICIES);
        }
        None if !rules.is_empty() => {
            errors.required(
                &path.child("restartPolicy"),
                "must specify restartPolicy when restart rules are used",
            );
        }
        _ => {}
    }
    let at = path.child("restartPolicyRules");
    if rules.len() > 20 {
        errors.too_long(&at, 20);
    }
    for (i, rule) in rules.iter().enumerate() {
        let at = at.index(i);
        if !matches!(rule.action.as_str(), "Restart" | "RestartAllContainers") {
            errors.not_supported(&at.child("action"), &rule.action, &["Restart", "RestartAllContainers"]);
        }
        match &rule.exit_codes {
            None => errors.required(&at.child("exitCodes"), "must be specified"),
            Some(codes) if !matches!(codes.operator.as_str(), "In" | "NotIn") => {
                errors.not_supported(
                    &at.child("exitCodes").child("operator"),
                    &codes.operator,
                    &["In", "NotIn"],
                );
            }
            Some(_) => {}
        }
    }
}

fn init(spec: &PodSpec, cx: &Around<'_>, path: &Path, errors: &mut ErrorList) {
    const LATER: &str = "may not be set for init containers without restartPolicy=Always";
    let mut seen: BTreeSet<&str> = spec.containers.iter().map(|c| c.name.as_str()).collect();
    for container in spec.init_containers.iter().flatten().enumerate() {
        let (i, container) = container;
        let at = path.index(i);
        common(container, cx, &at, errors);
        restart_policy(container, &at, errors);
        let name = container.name.as_str();
        if !name.is_empty() && !seen.insert(name) {
            errors.duplicate(&at.child("name"), name);
        }
        host_port_conflicts(std::slice::from_ref(container), path, errors);
        if container.restart_policy.as_deref() == Some("Always") {
            if let Some(lifecycle) = &container.lifecycle {
                probes::validate_lifecycle(lifecycle, cx.grace, &at.child("lifecycle"), errors);
            }
            probes::validate_probes(container, cx.grace, &at, errors);
            continue;
        }
        for (field, is_set) in [
            ("lifecycle", container.lifecycle.is_some()),
            ("livenessProbe", container.liveness_probe.is_some()),
            ("readinessProbe", container.readiness_probe.is_some()),
            ("startupProbe", container.startup_probe.is_some()),
        ] {
            if is_set {
                errors.forbidden(&at.child(field), LATER);
            }
        }
    }
}

fn ephemeral(spec: &PodSpec, cx: &Around<'_>, path: &Path, errors: &mut ErrorList) {
    const NOT_HERE: &str = "cannot be set for an Ephemeral Container";
    let others: BTreeSet<&str> = spec
        .containers
        .iter()
        .chain(spec.init_containers.iter().flatten())
        .map(|c| c.name.as_str())
        .collect();
    let mut seen = others.clone();
    for (i, ephemeral) in spec.ephemeral_containers.iter().flatten().enumerate() {
        let path = path.index(i);
        let container = as_container(ephemeral);
        common(&container, cx, &path, errors);
        trimmed_image(&container, &path, errors);
        if !seen.insert(ephemeral.name.as_str()) {
            errors.duplicate(&path.child("name"), &ephemeral.name);
        }
        if let Some(target) = ephemeral.target_container_name.as_deref().filter(|t| !t.is_empty())
            && !others.contains(target)
        {
            errors.not_found(&path.child("targetContainerName"), target);
        }
        for (field, is_set) in [
            ("ports", ephemeral.ports.as_ref().is_some_and(|p| !p.is_empty())),
            (
                "resources",
                ephemeral.resources.as_ref().is_some_and(|r| r.limits.is_some() || r.requests.is_some()),
            ),
            ("livenessProbe", ephemeral.liveness_probe.is_some()),
            ("readinessProbe", ephemeral.readiness_probe.is_some()),
            ("startupProbe", ephemeral.startup_probe.is_some()),
            ("lifecycle", ephemeral.lifecycle.is_some()),
        ] {
            if is_set {
                errors.forbidden(&path.child(field), NOT_HERE);
            }
        }
        for (i, mount) in ephemeral.volume_mounts.iter().flatten().enumerate() {
            let path = path.child("volumeMounts").index(i);
            for (field, value) in [("subPath", &mount.sub_path), ("subPathExpr", &mount.sub_path_expr)] {
                if value.as_deref().is_some_and(|v| !v.is_empty()) {
                    errors.forbidden(&path.child(field), NOT_HERE);
                }
            }
        }
    }
}

/// The part of an ephemeral container that it has in common with others.
fn as_container(ephemeral: &EphemeralContainer) -> Container {
    Container {
        name: ephemeral.name.clone(),
        image: ephemeral.image.clone(),
        termination_message_policy: ephemeral.termination_message_policy.clone(),
        env: ephemeral.env.clone(),
        env_from: ephemeral.env_from.clone(),
        volume_mounts: ephemeral.volume_mounts.clone(),
        volume_devices: ephemeral.volume_devices.clone(),
        image_pull_policy: ephemeral.image_pull_policy.clone(),
        security_context: ephemeral.security_context.clone(),
        ..Container::default()
    }
}

fn common(container: &Container, cx: &Around<'_>, path: &Path, errors: &mut ErrorList) {
    if container.name.is_empty() {
        errors.required(&path.child("name"), "");
    } else {
        errors.invalid_each(&path.child("name"), &container.name, &names::dns_label(&container.name));
    }
    if container.image.as_deref().unwrap_or_default().is_empty() {
        errors.required(&path.child("image"), "");
    }
    one_of(
        container.termination_message_policy.as_deref(),
        &["File", "FallbackToLogsOnError"],
        &path.child("terminationMessagePolicy"),
        errors,
    );
    ports(container.ports.as_deref().unwrap_or_default(), &path.child("ports"), errors);
    env::validate(container.env.as_deref().unwrap_or_default(), &path.child("env"), errors);
    env::validate_from(container.env_from.as_deref().unwrap_or_default(), &path.child("envFrom"), errors);
    mounts::validate(container, cx.sources, &path.child("volumeMounts"), errors);
    mounts::validate_devices(container, cx.sources, &path.child("volumeDevices"), errors);
    pull_policy(container.image_pull_policy.as_deref(), &path.child("imagePullPolicy"), errors);
    if let Some(wanted) = &container.resources {
        resources::validate(wanted, &path.child("resources"), errors);
    }
    resize_policy(container, cx.restart, &path.child("resizePolicy"), errors);
    security::validate_container(
        container.security_context.as_ref(),
        cx.host_users,
        &path.child("securityContext"),
        errors,
    );
}

/// When an image is pulled.
pub(super) fn pull_policy(policy: Option<&str>, path: &Path, errors: &mut ErrorList) {
    one_of(policy, &["Always", "IfNotPresent", "Never"], path, errors);
}

/// A field that has one of a few values.
fn one_of(value: Option<&str>, values: &[&str], path: &Path, errors: &mut ErrorList) {
    match value.unwrap_or_default() {
        "" => errors.required(path, ""),
        value if !values.contains(&value) => errors.not_supported(path, value, values),
        _ => {}
    }
}

fn ports(ports: &[ContainerPort], path: &Path, errors: &mut ErrorList) {
    let mut seen = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let path = path.index(i);
        if let Some(name) = port.name.as_deref().filter(|n| !n.is_empty()) {
            let wrong = names::port_name(name);
            errors.invalid_each(&path.child("name"), name, &wrong);
            if wrong.is_empty() && !seen.insert(name) {
                errors.duplicate(&path.child("name"), name);
            }
        }
        let number = port.container_port;
        if number == 0 {
            errors.required(&path.child("containerPort"), "");
        } else {
            errors.invalid_each(&path.child("containerPort"), number, &names::port_number(number.into()));
        }
        if let Some(number) = port.host_port.filter(|n| *n != 0) {
            errors.invalid_each(&path.child("hostPort"), number, &names::port_number(number.into()));
        }
        one_of(port.protocol.as_deref(), &PROTOCOLS, &path.child("protocol"), errors);
    }
}

fn resize_policy(container: &Container, restart: &str, path: &Path, errors: &mut ErrorList) {
    let mut seen = BTreeSet::new();
    for (i, policy) in container.resize_policy.iter().flatten().enumerate() {
        if !seen.insert(policy.resource_name.as_str()) {
            errors.duplicate(&path.index(i), &policy.resource_name);
        }
        one_of(Some(&policy.resource_name), &["cpu", "memory"], path, errors);
        one_of(Some(&policy.restart_policy), &["NotRequired", "RestartContainer"], path, errors);
        if restart == "Never" && policy.restart_policy != "NotRequired" {
            errors.invalid(
                path,
                &policy.restart_policy,
                "must be 'NotRequired' when `restartPolicy` is 'Never'",
            );
        }
    }
}

fn host_port_conflicts(containers: &[Container], path: &Path, errors: &mut ErrorList) {
    let mut taken = BTreeSet::new();
    for (i, container) in containers.iter().enumerate() {
        for (j, port) in container.ports.iter().flatten().enumerate() {
            let Some(number) = port.host_port.filter(|n| *n != 0) else { continue };
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            let name = format!("{}/{}/{number}", text(&port.protocol), text(&port.host_ip));
            if !taken.insert(name.clone()) {
                errors.duplicate(&path.index(i).child("ports").index(j).child("hostPort"), name);
            }
        }
    }
}

/// What is checked of Pods and, for compatibility, not of templates.
pub(super) fn validate_for_pod(spec: &PodSpec, path: &Path, errors: &mut ErrorList) {
    for (field, list) in
        [("containers", Some(&spec.containers)), ("initContainers", spec.init_containers.as_ref())]
    {
        for (i, container) in list.into_iter().flatten().enumerate() {
            trimmed_image(container, &path.child(field).index(i), errors);
        }
    }
}

fn trimmed_image(container: &Container, path: &Path, errors: &mut ErrorList) {
    let image = container.image.as_deref().unwrap_or_default();
    if image.trim().len() != image.len() {
        errors.invalid(&path.child("image"), image, "must not have leading or trailing whitespace");
    }
}

/// The images of an updated Pod's containers. Tells whether there are as many as before.
pub(crate) fn validate_image_updates(
    new: &[Container],
    old: &[Container],
    path: &Path,
    errors: &mut ErrorList,
) -> bool {
    if new.len() != old.len() {
        errors.forbidden(path, "pod updates may not add or remove containers");
        return false;
    }
    for (i, container) in new.iter().enumerate() {
        let path = path.index(i);
        if container.image.as_deref().unwrap_or_default().is_empty() {
            errors.required(&path.child("image"), "");
        }
        trimmed_image(container, &path, errors);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::{Part, validate};
    use crate::validation::{ErrorList, Path};
    use serde_json::json;

    fn wrong(spec: serde_json::Value) -> Vec<String> {
        let mut spec = spec;
        super::super::defaults::set_defaults(spec.as_object_mut().unwrap(), Part::Pod);
        let mut errors = ErrorList::default();
        validate(&serde_json::from_value(spec).unwrap(), Part::Pod, &Path::new("spec"), &mut errors);
        errors.lines()
    }

    #[test]
    fn mounts_need_a_volume_and_a_path() {
        let spec = json!({"containers": [{"name": "a", "image": "b", "volumeMounts": [{"name": "v", "mountPath": ""}, {"name": "w", "mountPath": "/x", "subPath": "../up"}]}], "volumes": [{"name": "w"}]});
        assert_eq!(
            wrong(spec),
            [
                "spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
                "spec.containers[0].volumeMounts[0].mountPath: Required value",
                "spec.containers[0].volumeMounts.subPath: Invalid value: \"../up\": must not contain '..'",
            ]
        );
    }

    #[test]
    fn images_are_required_before_they_are_trimmed() {
        let spec = json!({"containers": [{"name": "a", "image": " b"}, {"name": "b", "image": ""}]});
        assert_eq!(
            wrong(spec),
            [
                "spec.containers[1].image: Required value",
                "spec.containers[0].image: Invalid value: \" b\": must not have leading or trailing whitespace",
            ]
        );
    }
}

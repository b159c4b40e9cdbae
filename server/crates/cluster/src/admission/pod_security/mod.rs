//! Pod Security: what a namespace's labels let its Pods do.
//!
//! - [`level`]: the labels
//! - [`baseline`], [`restricted`]: the checks of each level
//!
//! Source: <https://kubernetes.io/docs/concepts/security/pod-security-standards/>.

mod baseline;
mod level;
mod restricted;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Capabilities, PodSpec, SecurityContext};
use serde_json::Value;

pub(crate) use self::level::validate_labels;
use self::level::{Level, Mode};
use super::forbidden;
use crate::{
    object::{metadata_str, parse},
    resource::{Context, Resource},
    status::Result,
};

/// How many Pods of a namespace are looked at when its level changes.
const PODS: usize = 3000;

/// What a check found: the reason, and where.
struct Violation {
    reason: &'static str,
    detail: String,
}

/// A container as the checks see it.
struct Part<'s> {
    name: &'s str,
    security: Option<&'s SecurityContext>,
    host_ports: Vec<i32>,
}

impl Part<'_> {
    fn capabilities(&self) -> Option<&Capabilities> {
        self.security?.capabilities.as_ref()
    }
}

/// Init, ordinary and ephemeral containers.
fn parts(spec: &PodSpec) -> Vec<Part<'_>> {
    let part = |container: &'_ k8s_openapi::api::core::v1::Container| -> Vec<i32> {
        let ports = container.ports.iter().flatten().filter_map(|port| port.host_port);
        ports.filter(|port| *port != 0).collect()
    };
    let whole = spec.init_containers.iter().flatten().chain(&spec.containers);
    let whole =
        whole.map(|c| Part { name: &c.name, security: c.security_context.as_ref(), host_ports: part(c) });
    let ephemeral = spec.ephemeral_containers.iter().flatten().map(|c| Part {
        name: &c.name,
        security: c.security_context.as_ref(),
        host_ports: Vec::new(),
    });
    whole.chain(ephemeral).collect()
}

/// `container "a"`, `containers "a", "b"`.
fn named(one: &str, names: &[&str]) -> String {
    let plural = if names.len() == 1 { "" } else { "s" };
    format!("{one}{plural} {}", quoted(names.iter().copied()))
}

fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

fn violations(spec: &PodSpec, level: Level) -> Vec<Violation> {
    match level {
        Level::Privileged => Vec::new(),
        Level::Baseline => baseline::check(spec, false),
        Level::Restricted => {
            let mut found = baseline::check(spec, true);
            found.extend(restricted::check(spec));
            found
        }
    }
}

/// All that is found, in one sentence.
fn sentence(found: &[Violation]) -> String {
    let with_detail = |v: &Violation| match v.detail.as_str() {
        "" => v.reason.to_owned(),
        detail => format!("{} ({detail})", v.reason),
    };
    found.iter().map(with_detail).collect::<Vec<_>>().join(", ")
}

/// Where the spec of Pods is in objects of a kind.
fn pointer(resource: &Resource) -> Option<&'static str> {
    Some(match &*resource.storage {
        "pods" => "/spec",
        "podtemplates" => "/template/spec",
        "replicationcontrollers"
        | "deployments.apps"
        | "replicasets.apps"
        | "statefulsets.apps"
        | "daemonsets.apps"
        | "jobs.batch" => "/spec/template/spec",
        "cronjobs.batch" => "/spec/jobTemplate/spec/template/spec",
        _ => return None,
    })
}

/// Judges a Pod, warns about a template, and looks at the Pods of a namespace whose level changes.
pub(super) fn validate(
    cx: Context<'_>,
    resource: &Resource,
    object: &Value,
    old: Option<&Value>,
) -> Result<()> {
    if resource.storage == "namespaces" {
        if let Some(old) = old {
            namespace_changed(cx, object, old);
        }
        return Ok(());
    }
    let Some(pointer) = pointer(resource) else { return Ok(()) };
    if !matches!(cx.request.subresource.as_str(), "" | "ephemeralcontainers") {
        return Ok(());
    }
    let spec = object.pointer(pointer);
    if old.is_some_and(|old| old.pointer(pointer) == spec) {
        return Ok(());
    }
    let namespace = cx.server.store.get("namespaces", "", metadata_str(object, "namespace"));
    let Some(namespace) = namespace else { return Ok(()) };
    let enforced = Mode::Enforce.of(namespace.value());
    let warned = Mode::Warn.of(namespace.value());
    let is_pod = resource.storage == "pods";
    if warned.level == Level::Privileged && (!is_pod || enforced.level == Level::Privileged) {
        return Ok(());
    }
    let spec: PodSpec = spec.map(parse).transpose()?.unwrap_or_default();
    if is_pod {
        let found = violations(&spec, enforced.level);
        if !found.is_empty() {
            let why = format!("violates PodSecurity \"{enforced}\": {}", sentence(&found));
            return Err(forbidden("pods", object, &why));
        }
    }
    let found = violations(&spec, warned.level);
    if !found.is_empty() {
        cx.request.warn(format!("would violate PodSecurity \"{warned}\": {}", sentence(&found)));
    }
    Ok(())
}

/// Says which Pods of a namespace would not be let in any more.
fn namespace_changed(cx: Context<'_>, object: &Value, old: &Value) {
    let (now, before) = (Mode::Enforce.of(object), Mode::Enforce.of(old));
    if now.level <= before.level {
        return;
    }
    let name = metadata_str(object, "name");
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let pods = cx.server.store.list("pods", name).objects;
    for pod in pods.iter().take(PODS) {
        let Some(Ok(spec)) = pod.value().get("spec").map(parse::<PodSpec>) else { continue };
        let found = violations(&spec, now.level);
        if !found.is_empty() {
            let reasons: Vec<&str> = found.iter().map(|violation| violation.reason).collect();
            by_reason.entry(reasons.join(", ")).or_default().push(pod.name().to_owned());
        }
    }
    if by_reason.is_empty() {
        return;
    }
    cx.request.warn(format!(
        "existing pods in namespace {name:?} violate the new PodSecurity enforce level \"{now}\""
    ));
    let mut lines: Vec<String> = by_reason
        .into_iter()
        .filter_map(|(reasons, pods)| {
            let first = pods.first()?;
            Some(match pods.len() {
                1 => format!("{first}: {reasons}"),
                2 => format!("{first} (and 1 other pod): {reasons}"),
                count => format!("{first} (and {} other pods): {reasons}", count - 1),
            })
        })
        .collect();
    lines.sort();
    lines.into_iter().for_each(|line| cx.request.warn(line));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(spec: Value, level: Level) -> String {
        sentence(&violations(&serde_json::from_value(spec).unwrap(), level))
    }

    #[test]
    fn the_baseline_names_all_that_is_wrong_in_order() {
        let spec = json!({"hostNetwork": true, "hostPID": true,
            "volumes": [{"name": "h", "hostPath": {"path": "/"}}],
            "containers": [
                {"name": "a", "securityContext": {"privileged": true}, "ports": [{"containerPort": 80, "hostPort": 8080}]},
                {"name": "b", "securityContext": {"capabilities": {"add": ["SYS_ADMIN", "NET_ADMIN", "CHOWN"]}}}]});
        assert_eq!(
            found(spec, Level::Baseline),
            "non-default capabilities (container \"b\" must not include \"NET_ADMIN\", \"SYS_ADMIN\" in securityContext.capabilities.add), host namespaces (hostNetwork=true, hostPID=true), hostPath volumes (volume \"h\"), hostPort (container \"a\" uses hostPort 8080), privileged (container \"a\" must not set securityContext.privileged=true)"
        );
    }

    #[test]
    fn the_restricted_level_wants_to_be_told() {
        let spec = json!({"containers": [{"name": "a"}, {"name": "b"}]});
        assert_eq!(
            found(spec, Level::Restricted),
            "allowPrivilegeEscalation != false (containers \"a\", \"b\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers \"a\", \"b\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or containers \"a\", \"b\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or containers \"a\", \"b\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
        );
        let good = json!({"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "volumes": [{"name": "v", "emptyDir": {}}],
            "containers": [{"name": "a", "securityContext": {"allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}}]});
        assert_eq!(found(good, Level::Restricted), "");
    }
}

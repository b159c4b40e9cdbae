//! Probes and lifecycle hooks.

use k8s_openapi::{
    api::core::v1::{Container, ExecAction, HTTPGetAction, Lifecycle, LifecycleHandler, Probe, SleepAction},
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::validation::{ErrorList, Path, names};

/// What a probe or a hook does.
#[derive(Default)]
struct Handler<'a> {
    exec: Option<&'a ExecAction>,
    http_get: Option<&'a HTTPGetAction>,
    tcp_port: Option<&'a IntOrString>,
    grpc_port: Option<i32>,
    sleep: Option<&'a SleepAction>,
}

/// A container's hooks.
pub(super) fn validate_lifecycle(lifecycle: &Lifecycle, grace: i64, path: &Path, errors: &mut ErrorList) {
    for (field, hook) in [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)] {
        if let Some(hook) = hook {
            validate_handler(&of_hook(hook), grace, &path.child(field), errors);
        }
    }
}

fn of_hook(hook: &LifecycleHandler) -> Handler<'_> {
    Handler {
        exec: hook.exec.as_ref(),
        http_get: hook.http_get.as_ref(),
        tcp_port: hook.tcp_socket.as_ref().map(|tcp| &tcp.port),
        grpc_port: None,
        sleep: hook.sleep.as_ref(),
    }
}

/// A container's probes.
pub(super) fn validate_probes(container: &Container, grace: i64, path: &Path, errors: &mut ErrorList) {
    if let Some(probe) = &container.liveness_probe {
        let path = path.child("livenessProbe");
        validate_probe(probe, grace, &path, errors);
        one_success(probe, &path, errors);
    }
    if let Some(probe) = &container.readiness_probe {
        let path = path.child("readinessProbe");
        validate_probe(probe, grace, &path, errors);
        if let Some(seconds) = probe.termination_grace_period_seconds {
            errors.invalid(
                &path.child("terminationGracePeriodSeconds"),
                seconds,
                "must not be set for readinessProbes",
            );
        }
    }
    if let Some(probe) = &container.startup_probe {
        let path = path.child("startupProbe");
        validate_probe(probe, grace, &path, errors);
        one_success(probe, &path, errors);
    }
}

fn one_success(probe: &Probe, path: &Path, errors: &mut ErrorList) {
    let threshold = probe.success_threshold.unwrap_or(0);
    if threshold != 1 {
        errors.invalid(&path.child("successThreshold"), threshold, "must be 1");
    }
}

fn validate_probe(probe: &Probe, grace: i64, path: &Path, errors: &mut ErrorList) {
    let handler = Handler {
        exec: probe.exec.as_ref(),
        http_get: probe.http_get.as_ref(),
        tcp_port: probe.tcp_socket.as_ref().map(|tcp| &tcp.port),
        grpc_port: probe.grpc.as_ref().map(|grpc| grpc.port),
        sleep: None,
    };
    validate_handler(&handler, grace, path, errors);
    for (field, value) in [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ] {
        if let Some(value) = value.filter(|value| *value < 0) {
            errors.invalid(&path.child(field), value, "must be greater than or equal to 0");
        }
    }
    if let Some(seconds) = probe.termination_grace_period_seconds.filter(|s| *s <= 0) {
        errors.invalid(&path.child("terminationGracePeriodSeconds"), seconds, "must be greater than 0");
    }
}

fn validate_handler(handler: &Handler<'_>, grace: i64, path: &Path, errors: &mut ErrorList) {
    let mut found = false;
    let mut one = |is_set: bool, name: &str, errors: &mut ErrorList| {
        if is_set && found {
            errors.forbidden(&path.child(name), "may not specify more than 1 handler type");
            return false;
        }
        found |= is_set;
        is_set
    };
    if one(handler.exec.is_some(), "exec", errors)
        && handler.exec.and_then(|e| e.command.as_ref()).is_none_or(Vec::is_empty)
    {
        errors.required(&path.child("exec").child("command"), "");
    }
    if one(handler.http_get.is_some(), "httpGet", errors)
        && let Some(get) = handler.http_get
    {
        validate_http(get, &path.child("httpGet"), errors);
    }
    if one(handler.tcp_port.is_some(), "tcpSocket", errors)
        && let Some(port) = handler.tcp_port
    {
        port_number_or_name(port, &path.child("tcpSocket").child("port"), errors);
    }
    if one(handler.grpc_port.is_some(), "grpc", errors)
        && let Some(port) = handler.grpc_port
    {
        port_number_or_name(&IntOrString::Int(port), &path.child("grpc").child("port"), errors);
    }
    if one(handler.sleep.is_some(), "sleep", errors)
        && let Some(sleep) = handler.sleep
        && !(0..=grace).contains(&sleep.seconds)
    {
        let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        errors.invalid(&path.child("sleep"), sleep.seconds, &detail);
    }
    if !found {
        errors.required(path, "must specify a handler type");
    }
}

fn validate_http(get: &HTTPGetAction, path: &Path, errors: &mut ErrorList) {
    const NAME: &str = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
    if get.path.as_deref().unwrap_or_default().is_empty() {
        errors.required(&path.child("path"), "");
    }
    port_number_or_name(&get.port, &path.child("port"), errors);
    let scheme = get.scheme.as_deref().unwrap_or_default();
    if !matches!(scheme, "HTTP" | "HTTPS") {
        errors.not_supported(&path.child("scheme"), scheme, &["HTTP", "HTTPS"]);
    }
    for header in get.http_headers.iter().flatten() {
        let name = header.name.as_str();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            errors.invalid(&path.child("httpHeaders"), name, NAME);
        }
    }
}

/// A port by number or by name.
pub(crate) fn port_number_or_name(port: &IntOrString, path: &Path, errors: &mut ErrorList) {
    match port {
        IntOrString::Int(number) => {
            errors.invalid_each(path, number, &names::port_number(i64::from(*number)));
        }
        IntOrString::String(name) => errors.invalid_each(path, name, &names::port_name(name)),
    }
}

//! The rules for Services.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};

use crate::validation::{ErrorList, Path, metadata, names};

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
const AFFINITIES: [&str; 2] = ["ClientIP", "None"];

/// All that is wrong with a Service.
pub(super) fn errors(service: &Service) -> ErrorList {
    let mut errors = ErrorList::default();
    let none = ServiceSpec::default();
    let spec = service.spec.as_ref().unwrap_or(&none);
    let path = Path::new("spec");
    let kind = spec.type_.as_deref().unwrap_or_default();
    let address = spec.cluster_ip.as_deref().unwrap_or_default();
    let headless = address == "None";
    let ports = spec.ports.as_deref().unwrap_or_default();
    if ports.is_empty() && !headless && kind != "ExternalName" {
        errors.required(&path.child("ports"), "");
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {kind} services");
            errors.invalid(&path.child("clusterIPs").index(0), address, &detail);
        }
        "ExternalName" => external_name(spec, &path, &mut errors),
        _ => {}
    }
    let mut port_names = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let path = path.child("ports").index(i);
        service_port(port, ports.len() > 1, &mut port_names, &path, &mut errors);
    }
    metadata::labels(spec.selector.iter().flatten(), &path.child("selector"), &mut errors);
    affinity(spec, &path, &mut errors);
    addresses(spec, &path, &mut errors);
    if kind.is_empty() {
        errors.required(&path.child("type"), "");
    } else if !TYPES.contains(&kind) {
        errors.not_supported(&path.child("type"), kind, &TYPES);
    }
    if kind == "ClusterIP" {
        for (i, port) in ports.iter().enumerate() {
            if port.node_port.is_some_and(|n| n != 0) {
                errors.forbidden(
                    &path.child("ports").index(i).child("nodePort"),
                    "may not be used when `type` is 'ClusterIP'",
                );
            }
        }
    }
    duplicates(ports, &path, &mut errors);
    policies(spec, &path, &mut errors);
    errors
}

fn external_name(spec: &ServiceSpec, path: &Path, errors: &mut ErrorList) {
    if spec.cluster_ip.as_deref().is_some_and(|ip| !ip.is_empty()) {
        errors.forbidden(&path.child("clusterIPs"), "may not be set when type is ExternalName");
    }
    let name = spec.external_name.as_deref().unwrap_or_default();
    match name.trim_end_matches('.') {
        "" => errors.required(&path.child("externalName"), ""),
        bare => errors.invalid_each(&path.child("externalName"), bare, &names::dns_subdomain(bare)),
    }
}

fn service_port<'p>(
    port: &'p ServicePort,
    needs_name: bool,
    seen: &mut BTreeSet<&'p str>,
    path: &Path,
    errors: &mut ErrorList,
) {
    match port.name.as_deref().unwrap_or_default() {
        "" if needs_name => errors.required(&path.child("name"), ""),
        "" => {}
        name => {
            errors.invalid_each(&path.child("name"), name, &names::dns_label(name));
            if !seen.insert(name) {
                errors.duplicate(&path.child("name"), name);
            }
        }
    }
    errors.invalid_each(&path.child("port"), port.port, &names::port_number(port.port.into()));
    match port.protocol.as_deref().unwrap_or_default() {
        "" => errors.required(&path.child("protocol"), ""),
        protocol if !PROTOCOLS.contains(&protocol) => {
            errors.not_supported(&path.child("protocol"), protocol, &PROTOCOLS);
        }
        _ => {}
    }
    if let Some(target) = &port.target_port {
        crate::kinds::pod_spec::port_number_or_name(target, &path.child("targetPort"), errors);
    }
    if let Some(protocol) = port.app_protocol.as_deref() {
        errors.invalid_each(&path.child("appProtocol"), protocol, &names::qualified_name(protocol));
    }
}

fn affinity(spec: &ServiceSpec, path: &Path, errors: &mut ErrorList) {
    let at = path.child("sessionAffinity");
    match spec.session_affinity.as_deref().unwrap_or_default() {
        "" => errors.required(&at, ""),
        kind if !AFFINITIES.contains(&kind) => errors.not_supported(&at, kind, &AFFINITIES),
        "ClientIP" => {
            let config = spec.session_affinity_config.as_ref().and_then(|c| c.client_ip.as_ref());
            let seconds = config.and_then(|c| c.timeout_seconds).unwrap_or(0);
            if !(1..=86_400).contains(&seconds) {
                errors.invalid(
                    &path.child("sessionAffinityConfig").child("clientIP").child("timeoutSeconds"),
                    seconds,
                    "must be greater than 0 and less than 86400",
                );
            }
        }
        _ => {}
    }
}

fn addresses(spec: &ServiceSpec, path: &Path, errors: &mut ErrorList) {
    let list = spec.cluster_ips.as_deref().unwrap_or_default();
    let at = path.child("clusterIPs");
    for (i, address) in list.iter().enumerate().filter(|(_, a)| *a != "None" && !a.is_empty()) {
        errors.invalid_each(&at.index(i), address, &names::ip_address(address));
    }
    if let (Some(one), Some(first)) = (spec.cluster_ip.as_ref(), list.first())
        && !one.is_empty()
        && one != first
    {
        errors.invalid(&at, list, "first value must match `clusterIP`");
    }
    if list.len() > 1 {
        errors.invalid(&at, list, "may not hold more than one value: this cluster has one IP family");
    }
    for (i, address) in spec.external_ips.iter().flatten().enumerate() {
        errors.invalid_each(&path.child("externalIPs").index(i), address, &names::ip_address(address));
    }
}

fn duplicates(ports: &[ServicePort], path: &Path, errors: &mut ErrorList) {
    let mut by_number = BTreeSet::new();
    let mut by_node = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let at = path.child("ports").index(i);
        let protocol = port.protocol.as_deref().unwrap_or_default();
        if let Some(node) = port.node_port.filter(|n| *n != 0)
            && !by_node.insert((protocol, node))
        {
            errors.duplicate(&at.child("nodePort"), node);
        }
        if !by_number.insert((protocol, port.port)) {
            errors.duplicate(&at, serde_json::json!({ "port": port.port, "protocol": protocol }));
        }
    }
}

fn policies(spec: &ServiceSpec, path: &Path, errors: &mut ErrorList) {
    const POLICIES: [&str; 2] = ["Cluster", "Local"];
    let kind = spec.type_.as_deref().unwrap_or_default();
    for (field, value) in [
        ("externalTrafficPolicy", &spec.external_traffic_policy),
        ("internalTrafficPolicy", &spec.internal_traffic_policy),
    ] {
        if let Some(value) = value.as_deref().filter(|v| !v.is_empty() && !POLICIES.contains(v)) {
            errors.not_supported(&path.child(field), value, &POLICIES);
        }
    }
    if spec.external_traffic_policy.is_some() && kind == "ClusterIP" && spec.external_ips.is_none() {
        errors.invalid(
            &path.child("externalTrafficPolicy"),
            &spec.external_traffic_policy,
            "may only be set for externally-accessible services",
        );
    }
}

/// An address stays as long as the Service has one.
pub(super) fn unchanged_addresses(new: &Service, old: &Service, errors: &mut ErrorList) {
    let spec = |service: &Service| service.spec.clone().unwrap_or_default();
    let (new, old) = (spec(new), spec(old));
    let external = |spec: &ServiceSpec| spec.type_.as_deref() == Some("ExternalName");
    if old.cluster_ip.as_deref().is_some_and(|address| !address.is_empty())
        && old.cluster_ip != new.cluster_ip
        && !external(&new)
        && old.type_.as_deref() != Some("ExternalName")
    {
        let at = Path::new("spec").child("clusterIPs").index(0);
        errors.invalid(&at, new.cluster_ips, "may not change once set");
    }
}

//! What concerns the Pod as a whole: restart and name resolution, the node's namespaces, the operating system.

use k8s_openapi::api::core::v1::PodSpec;

use super::Part;
use crate::validation::{ErrorList, Path, metadata, names};

const NAMESERVERS: usize = 3;
const SEARCHES: usize = 32;
const SEARCH_LENGTH: usize = 2048;

/// Host ports, restart policy, DNS policy, node selector.
pub(super) fn validate(spec: &PodSpec, part: Part, path: &Path, errors: &mut ErrorList) {
    if spec.host_network == Some(true) {
        for (i, container) in spec.containers.iter().enumerate() {
            for (j, port) in container.ports.iter().flatten().enumerate() {
                let host = port.host_port.unwrap_or(0);
                if (part == Part::Pod || host != 0) && host != port.container_port {
                    let path = path.child("containers").index(i).child("ports").index(j).child("hostPort");
                    errors.invalid(&path, host, "must match `containerPort` when `hostNetwork` is true");
                }
            }
        }
    }
    const RESTART: [&str; 3] = ["Always", "OnFailure", "Never"];
    const DNS: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    for (field, value, values) in
        [("restartPolicy", &spec.restart_policy, &RESTART[..]), ("dnsPolicy", &spec.dns_policy, &DNS[..])]
    {
        match value.as_deref().unwrap_or_default() {
            "" => errors.required(&path.child(field), ""),
            value if !values.contains(&value) => errors.not_supported(&path.child(field), value, values),
            _ => {}
        }
    }
    metadata::labels(spec.node_selector.iter().flatten(), &path.child("nodeSelector"), errors);
}

/// `dnsConfig`.
pub(super) fn validate_dns(spec: &PodSpec, path: &Path, errors: &mut ErrorList) {
    let none = spec.dns_policy.as_deref() == Some("None");
    let Some(config) = &spec.dns_config else {
        if none {
            errors.required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        return;
    };
    let servers = config.nameservers.as_deref().unwrap_or_default();
    if none && servers.is_empty() {
        errors.required(
            &path.child("nameservers"),
            "must provide at least one DNS nameserver when `dnsPolicy` is None",
        );
        return;
    }
    if servers.len() > NAMESERVERS {
        let detail = format!("must not have more than {NAMESERVERS} nameservers");
        errors.invalid(&path.child("nameservers"), servers, &detail);
    }
    for (i, server) in servers.iter().enumerate() {
        errors.invalid_each(&path.child("nameservers").index(i), server, &names::ip_address(server));
    }
    let searches = config.searches.as_deref().unwrap_or_default();
    if searches.len() > SEARCHES {
        let detail = format!("must not have more than {SEARCHES} search paths");
        errors.invalid(&path.child("searches"), searches, &detail);
    }
    if searches.join(" ").len() > SEARCH_LENGTH {
        let detail = format!(
            "must not have more than {SEARCH_LENGTH} characters (including spaces) in the search list"
        );
        errors.invalid(&path.child("searches"), searches, &detail);
    }
    for (i, search) in searches.iter().enumerate().filter(|(_, search)| *search != ".") {
        let bare = search.trim_end_matches('.').replace('_', "-");
        errors.invalid_each(&path.child("searches").index(i), search, &names::dns_subdomain(&bare));
    }
    for (i, option) in config.options.iter().flatten().enumerate() {
        if option.name.as_deref().unwrap_or_default().is_empty() {
            errors.required(&path.child("options").index(i), "must not be empty");
        }
    }
}

/// Lines of `/etc/hosts`.
pub(super) fn validate_host_aliases(spec: &PodSpec, path: &Path, errors: &mut ErrorList) {
    for (i, alias) in spec.host_aliases.iter().flatten().enumerate() {
        let path = path.index(i);
        errors.invalid_each(&path.child("ip"), &alias.ip, &names::ip_address(&alias.ip));
        for (j, name) in alias.hostnames.iter().flatten().enumerate() {
            errors.invalid_each(&path.child("hostnames").index(j), name, &names::dns_subdomain(name));
        }
    }
}

/// The operating system that the Pod is for.
pub(super) fn validate_os(spec: &PodSpec, path: &Path, errors: &mut ErrorList) {
    let Some(os) = &spec.os else { return };
    match os.name.as_str() {
        "" => errors.required(&path.child("name"), "cannot be empty"),
        "linux" | "windows" => {}
        other => errors.not_supported(&path.child("name"), other, &["linux", "windows"]),
    }
}

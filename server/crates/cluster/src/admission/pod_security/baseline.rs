//! The level `baseline`: nothing that is known to lead out of the container.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{PodSpec, SELinuxOptions};

use super::{Part, Violation, named, parts, quoted};

const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

const SELINUX_TYPES: [&str; 5] =
    ["", "container_engine_t", "container_init_t", "container_kvm_t", "container_t"];

const SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

/// All that is wrong, in the order of the checks' names. Where the level above has a stricter check of the same thing,
/// this one is left out.
pub(super) fn check(spec: &PodSpec, stricter: bool) -> Vec<Violation> {
    let parts = parts(spec);
    let checks = [
        app_armor(spec, &parts),
        if stricter { None } else { capabilities(&parts) },
        host_namespaces(spec),
        if stricter { None } else { host_path(spec) },
        host_ports(&parts),
        privileged(&parts),
        proc_mount(&parts),
        selinux(spec, &parts),
        if stricter { None } else { seccomp(spec, &parts) },
        sysctls(spec),
        host_process(spec, &parts),
    ];
    checks.into_iter().flatten().collect()
}

/// A violation where there is a detail.
fn violation(reason: &'static str, details: &[String]) -> Option<Violation> {
    (!details.is_empty()).then(|| Violation { reason, detail: details.join(", ") })
}

fn names<'p>(parts: &'p [Part<'_>], holds: impl Fn(&Part<'_>) -> bool) -> Vec<&'p str> {
    parts.iter().filter(|part| holds(part)).map(|part| part.name).collect()
}

fn app_armor(spec: &PodSpec, parts: &[Part<'_>]) -> Option<Violation> {
    let bad = |kind: Option<&str>| kind == Some("Unconfined");
    let mut details = Vec::new();
    let own = spec.security_context.as_ref().and_then(|s| s.app_armor_profile.as_ref());
    if bad(own.map(|profile| profile.type_.as_str())) {
        details.push("pod must not set AppArmor profile type to \"Unconfined\"".to_owned());
    }
    let found = names(parts, |part| {
        bad(part.security.and_then(|s| s.app_armor_profile.as_ref()).map(|p| p.type_.as_str()))
    });
    if !found.is_empty() {
        details.push(format!(
            "{} must not set AppArmor profile type to \"Unconfined\"",
            named("container", &found)
        ));
    }
    let reason = if details.len() > 1 { "forbidden AppArmor profiles" } else { "forbidden AppArmor profile" };
    violation(reason, &details)
}

fn capabilities(parts: &[Part<'_>]) -> Option<Violation> {
    let mut added = BTreeSet::new();
    let mut found = Vec::new();
    for part in parts {
        let add = part.capabilities().and_then(|c| c.add.as_deref()).unwrap_or_default();
        let bad: Vec<&str> = add.iter().map(String::as_str).filter(|c| !CAPABILITIES.contains(c)).collect();
        if !bad.is_empty() {
            found.push(part.name);
            added.extend(bad);
        }
    }
    (!found.is_empty()).then(|| Violation {
        reason: "non-default capabilities",
        detail: format!(
            "{} must not include {} in securityContext.capabilities.add",
            named("container", &found),
            quoted(added.into_iter())
        ),
    })
}

fn host_namespaces(spec: &PodSpec) -> Option<Violation> {
    let set = [("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)];
    let details: Vec<String> = set
        .into_iter()
        .filter(|(_, set)| *set == Some(true))
        .map(|(name, _)| format!("{name}=true"))
        .collect();
    violation("host namespaces", &details)
}

fn host_path(spec: &PodSpec) -> Option<Violation> {
    let volumes = spec.volumes.iter().flatten().filter(|volume| volume.host_path.is_some());
    let found: Vec<&str> = volumes.map(|volume| volume.name.as_str()).collect();
    (!found.is_empty()).then(|| Violation { reason: "hostPath volumes", detail: named("volume", &found) })
}

fn host_ports(parts: &[Part<'_>]) -> Option<Violation> {
    let found = names(parts, |part| !part.host_ports.is_empty());
    let ports: BTreeSet<i32> = parts.iter().flat_map(|part| part.host_ports.iter().copied()).collect();
    let uses = if found.len() == 1 { "uses" } else { "use" };
    let plural = if ports.len() == 1 { "" } else { "s" };
    let ports: Vec<String> = ports.iter().map(i32::to_string).collect();
    (!found.is_empty()).then(|| Violation {
        reason: "hostPort",
        detail: format!("{} {uses} hostPort{plural} {}", named("container", &found), ports.join(", ")),
    })
}

fn privileged(parts: &[Part<'_>]) -> Option<Violation> {
    let found = names(parts, |part| part.security.and_then(|s| s.privileged) == Some(true));
    (!found.is_empty()).then(|| Violation {
        reason: "privileged",
        detail: format!("{} must not set securityContext.privileged=true", named("container", &found)),
    })
}

fn proc_mount(parts: &[Part<'_>]) -> Option<Violation> {
    let kind = |part: &Part<'_>| part.security.and_then(|s| s.proc_mount.clone()).filter(|m| m != "Default");
    let found = names(parts, |part| kind(part).is_some());
    let kinds: BTreeSet<String> = parts.iter().filter_map(kind).collect();
    (!found.is_empty()).then(|| Violation {
        reason: "procMount",
        detail: format!(
            "{} must not set securityContext.procMount to {}",
            named("container", &found),
            quoted(kinds.iter().map(String::as_str))
        ),
    })
}

fn selinux(spec: &PodSpec, parts: &[Part<'_>]) -> Option<Violation> {
    let (mut types, mut user, mut role) = (BTreeSet::new(), false, false);
    let mut is_bad = |options: Option<&SELinuxOptions>| {
        let Some(options) = options else { return false };
        let kind = options.type_.clone().unwrap_or_default();
        let set = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        let bad_type = !SELINUX_TYPES.contains(&kind.as_str());
        if bad_type {
            types.insert(kind);
        }
        user |= set(&options.user);
        role |= set(&options.role);
        bad_type || set(&options.user) || set(&options.role)
    };
    let mut setters = Vec::new();
    if is_bad(spec.security_context.as_ref().and_then(|s| s.se_linux_options.as_ref())) {
        setters.push("pod".to_owned());
    }
    let mut found = Vec::new();
    for part in parts {
        if is_bad(part.security.and_then(|s| s.se_linux_options.as_ref())) {
            found.push(part.name);
        }
    }
    if !found.is_empty() {
        setters.push(named("container", &found));
    }
    let mut what = Vec::new();
    if !types.is_empty() {
        let plural = if types.len() == 1 { "" } else { "s" };
        what.push(format!("type{plural} {}", quoted(types.iter().map(String::as_str))));
    }
    for (name, set) in [("user", user), ("role", role)] {
        if set {
            what.push(format!("{name} may not be set"));
        }
    }
    (!setters.is_empty()).then(|| Violation {
        reason: "seLinuxOptions",
        detail: format!(
            "{} set forbidden securityContext.seLinuxOptions: {}",
            setters.join(" and "),
            what.join("; ")
        ),
    })
}

fn seccomp(spec: &PodSpec, parts: &[Part<'_>]) -> Option<Violation> {
    const REASON: &str = "must not set securityContext.seccompProfile.type to \"Unconfined\"";
    let mut details = Vec::new();
    let own = spec.security_context.as_ref().and_then(|s| s.seccomp_profile.as_ref());
    if own.is_some_and(|profile| profile.type_ == "Unconfined") {
        details.push(format!("pod {REASON}"));
    }
    let found = names(parts, |part| {
        part.security.and_then(|s| s.seccomp_profile.as_ref()).is_some_and(|p| p.type_ == "Unconfined")
    });
    if !found.is_empty() {
        details.push(format!("{} {REASON}", named("container", &found)));
    }
    violation("seccompProfile", &details)
}

fn sysctls(spec: &PodSpec) -> Option<Violation> {
    let set = spec.security_context.as_ref().and_then(|s| s.sysctls.as_deref()).unwrap_or_default();
    let found: Vec<String> =
        set.iter().map(|s| s.name.clone()).filter(|name| !SYSCTLS.contains(&name.as_str())).collect();
    violation("forbidden sysctls", &found)
}

fn host_process(spec: &PodSpec, parts: &[Part<'_>]) -> Option<Violation> {
    const REASON: &str = "must not set securityContext.windowsOptions.hostProcess=true";
    let mut details = Vec::new();
    let own = spec.security_context.as_ref().and_then(|s| s.windows_options.as_ref());
    if own.is_some_and(|options| options.host_process == Some(true)) {
        details.push(format!("pod {REASON}"));
    }
    let found = names(parts, |part| {
        part.security.and_then(|s| s.windows_options.as_ref()).is_some_and(|o| o.host_process == Some(true))
    });
    if !found.is_empty() {
        details.push(format!("{} {REASON}", named("container", &found)));
    }
    violation("hostProcess", &details)
}

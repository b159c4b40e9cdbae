//! Security contexts.

use k8s_openapi::api::core::v1::{AppArmorProfile, PodSpec, SeccompProfile, SecurityContext};
use serde_json::{Value, json};

use super::volumes;
use crate::validation::{ErrorList, Path, names};

/// The Pod's.
pub(super) fn validate_pod(spec: &PodSpec, path: &Path, errors: &mut ErrorList) {
    let Some(context) = &spec.security_context else { return };
    for (field, id) in [
        ("fsGroup", context.fs_group),
        ("runAsUser", context.run_as_user),
        ("runAsGroup", context.run_as_group),
    ] {
        if let Some(id) = id {
            errors.invalid_each(&path.child(field), id, &names::user_id(id));
        }
    }
    for (i, group) in context.supplemental_groups.iter().flatten().enumerate() {
        errors.invalid_each(&path.child("supplementalGroups").index(i), group, &names::user_id(*group));
    }
    if spec.share_process_namespace == Some(true) && spec.host_pid == Some(true) {
        errors.invalid(
            &path.child("shareProcessNamespace"),
            true,
            "ShareProcessNamespace and HostPID cannot both be enabled",
        );
    }
    let mut seen = std::collections::BTreeSet::new();
    for (i, sysctl) in context.sysctls.iter().flatten().enumerate() {
        let path = path.child("sysctls").index(i).child("name");
        let name = sysctl.name.as_str();
        if name.is_empty() {
            errors.required(&path, "");
        } else if !is_sysctl(name) {
            errors.invalid(&path, name, "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
        } else if !seen.insert(name) {
            errors.duplicate(&path, name);
        }
    }
    for (field, value, values) in [
        ("fsGroupChangePolicy", &context.fs_group_change_policy, &["Always", "OnRootMismatch"][..]),
        ("supplementalGroupsPolicy", &context.supplemental_groups_policy, &["Merge", "Strict"][..]),
        ("seLinuxChangePolicy", &context.se_linux_change_policy, &["MountOption", "Recursive"][..]),
    ] {
        if let Some(value) = value.as_deref()
            && !values.contains(&value)
        {
            errors.not_supported(&path.child(field), value, values);
        }
    }
    seccomp(context.seccomp_profile.as_ref(), &path.child("seccompProfile"), errors);
    app_armor(context.app_armor_profile.as_ref(), &path.child("appArmorProfile"), errors);
}

fn is_sysctl(name: &str) -> bool {
    let segment = |s: &str| {
        let bytes = s.as_bytes();
        let end = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        bytes.first().is_some_and(end)
            && bytes.last().is_some_and(end)
            && bytes.iter().all(|b| end(b) || matches!(b, b'-' | b'_'))
    };
    name.len() <= 253 && name.split(['.', '/']).all(segment)
}

/// A container's.
pub(super) fn validate_container(
    context: Option<&SecurityContext>,
    host_users: bool,
    path: &Path,
    errors: &mut ErrorList,
) {
    let Some(context) = context else { return };
    for (field, id) in [("runAsUser", context.run_as_user), ("runAsGroup", context.run_as_group)] {
        if let Some(id) = id {
            errors.invalid_each(&path.child(field), id, &names::user_id(id));
        }
    }
    if let Some(mount) = context.proc_mount.as_deref() {
        if !matches!(mount, "Default" | "Unmasked") {
            errors.not_supported(&path.child("procMount"), mount, &["Default", "Unmasked"]);
        } else if mount == "Unmasked" && host_users {
            errors.invalid(&path.child("procMount"), mount, "`hostUsers` must be false to use `Unmasked`");
        }
    }
    seccomp(context.seccomp_profile.as_ref(), &path.child("seccompProfile"), errors);
    if context.allow_privilege_escalation == Some(false) {
        if context.privileged == Some(true) {
            errors.invalid(
                path,
                shown(context),
                "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
            );
        }
        let added = context.capabilities.as_ref().and_then(|c| c.add.as_deref()).unwrap_or_default();
        if added.iter().any(|capability| capability == "CAP_SYS_ADMIN") {
            errors.invalid(
                path,
                shown(context),
                "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
            );
        }
    }
    app_armor(context.app_armor_profile.as_ref(), &path.child("appArmorProfile"), errors);
}

/// A security context as the real server's messages show it: all fields of its Go struct, in their order.
fn shown(context: &SecurityContext) -> Shown {
    let capabilities = context.capabilities.as_ref().map(|c| json!({ "Add": c.add, "Drop": c.drop }));
    let profile = context
        .seccomp_profile
        .as_ref()
        .map(|p| json!({ "LocalhostProfile": p.localhost_profile, "Type": p.type_ }));
    Shown(vec![
        ("Capabilities", json!(capabilities)),
        ("Privileged", json!(context.privileged)),
        ("SELinuxOptions", json!(context.se_linux_options)),
        ("WindowsOptions", json!(context.windows_options)),
        ("RunAsUser", json!(context.run_as_user)),
        ("RunAsGroup", json!(context.run_as_group)),
        ("RunAsNonRoot", json!(context.run_as_non_root)),
        ("ReadOnlyRootFilesystem", json!(context.read_only_root_filesystem)),
        ("AllowPrivilegeEscalation", json!(context.allow_privilege_escalation)),
        ("ProcMount", json!(context.proc_mount)),
        ("SeccompProfile", json!(profile)),
        ("AppArmorProfile", json!(context.app_armor_profile)),
    ])
}

/// An object whose fields keep their order.
struct Shown(Vec<(&'static str, Value)>);

impl serde::Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

const PROFILES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];

fn seccomp(profile: Option<&SeccompProfile>, path: &Path, errors: &mut ErrorList) {
    let Some(profile) = profile else { return };
    let kind = profile.type_.as_str();
    if kind.is_empty() {
        errors.required(&path.child("type"), "type is required when seccompProfile is set");
    } else if !PROFILES.contains(&kind) {
        errors.not_supported(&path.child("type"), kind, &PROFILES);
    }
    let local = path.child("localhostProfile");
    match (kind, profile.localhost_profile.as_deref()) {
        ("Localhost", None) => errors.required(&local, "must be set when seccomp type is Localhost"),
        ("Localhost", Some(file)) => volumes::descending_path(file, &local, errors),
        (_, Some(_)) => {
            let shown = json!({ "LocalhostProfile": profile.localhost_profile, "Type": kind });
            errors.invalid(&local, shown, "can only be set when seccomp type is Localhost");
        }
        _ => {}
    }
}

fn app_armor(profile: Option<&AppArmorProfile>, path: &Path, errors: &mut ErrorList) {
    let Some(profile) = profile else { return };
    let local = path.child("localhostProfile");
    match (profile.type_.as_str(), profile.localhost_profile.as_deref()) {
        ("Localhost", None | Some("")) => {
            errors.required(&local, "must be set when AppArmor type is Localhost");
        }
        ("Localhost", Some(name)) if name.trim() != name => {
            errors.invalid(&local, name, "must not be padded with whitespace");
        }
        ("RuntimeDefault" | "Unconfined", Some(name)) => {
            errors.invalid(&local, name, "can only be set when AppArmor type is Localhost");
        }
        ("Localhost" | "RuntimeDefault" | "Unconfined", _) => {}
        ("", _) => errors.required(&path.child("type"), "type is required when appArmorProfile is set"),
        (other, _) => errors.not_supported(&path.child("type"), other, &PROFILES),
    }
}

/// User namespaces and the node's other namespaces exclude each other.
pub(super) fn validate_host_users(spec: &PodSpec, path: &Path, errors: &mut ErrorList) {
    if spec.host_users != Some(false) {
        return;
    }
    for (field, is_set) in
        [("hostNetwork", spec.host_network), ("HostPID", spec.host_pid), ("HostIPC", spec.host_ipc)]
    {
        if is_set == Some(true) {
            errors.forbidden(&path.child(field), "when `pod.Spec.HostUsers` is false");
        }
    }
}

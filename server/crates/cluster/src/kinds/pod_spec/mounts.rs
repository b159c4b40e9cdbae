//! Where containers mount volumes, and the block devices that they get.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, VolumeDevice, VolumeMount};

use super::volumes::{self, VolumeSources};
use crate::validation::{ErrorList, Path};

/// A container's mounts.
pub(super) fn validate(
    container: &Container,
    sources: &VolumeSources<'_>,
    path: &Path,
    errors: &mut ErrorList,
) {
    let devices = container.volume_devices.as_deref().unwrap_or_default();
    let mut points = BTreeSet::new();
    for (i, mount) in container.volume_mounts.iter().flatten().enumerate() {
        let at = path.index(i);
        if mount.name.is_empty() {
            errors.required(&at.child("name"), "");
        }
        if !sources.contains_key(mount.name.as_str()) {
            errors.not_found(&at.child("name"), &mount.name);
        }
        if mount.mount_path.is_empty() {
            errors.required(&at.child("mountPath"), "");
        }
        if !points.insert(mount.mount_path.as_str()) {
            errors.invalid(&at.child("mountPath"), &mount.mount_path, "must be unique");
        }
        if devices.iter().any(|device| device.name == mount.name) {
            errors.invalid(&at.child("name"), &mount.name, "must not already exist in volumeDevices");
        }
        if devices.iter().any(|device| device.device_path == mount.mount_path) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.invalid(&at.child("mountPath"), &mount.mount_path, detail);
        }
        sub_paths(mount, path, i, errors);
        propagation(mount, container, &path.child("mountPropagation"), errors);
        recursive_read_only(mount, &path.child("recursiveReadOnly"), errors);
    }
}

/// The real server names the list, not the mount, where a path leads out of the volume.
fn sub_paths(mount: &VolumeMount, list: &Path, i: usize, errors: &mut ErrorList) {
    let sub_path = mount.sub_path.as_deref().unwrap_or_default();
    if !sub_path.is_empty() {
        volumes::descending_path(sub_path, &list.child("subPath"), errors);
    }
    if let Some(expression) = mount.sub_path_expr.as_deref().filter(|e| !e.is_empty()) {
        if !sub_path.is_empty() {
            let detail = "subPathExpr and subPath are mutually exclusive";
            errors.invalid(&list.index(i).child("subPathExpr"), expression, detail);
        }
        volumes::descending_path(expression, &list.child("subPathExpr"), errors);
    }
}

fn propagation(mount: &VolumeMount, container: &Container, path: &Path, errors: &mut ErrorList) {
    let Some(mode) = mount.mount_propagation.as_deref() else { return };
    const MODES: [&str; 3] = ["Bidirectional", "HostToContainer", "None"];
    if !MODES.contains(&mode) {
        errors.not_supported(path, mode, &MODES);
        return;
    }
    let privileged = container.security_context.as_ref().and_then(|s| s.privileged).unwrap_or(false);
    if mode == "Bidirectional" && !privileged {
        errors.forbidden(path, "Bidirectional mount propagation is available only to privileged containers");
    }
}

fn recursive_read_only(mount: &VolumeMount, path: &Path, errors: &mut ErrorList) {
    match mount.recursive_read_only.as_deref() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if mount.read_only != Some(true) {
                errors.forbidden(path, "may only be specified when readOnly is true");
            }
            if mount.mount_propagation.as_deref().is_some_and(|mode| mode != "None") {
                let detail = "may only be specified when mountPropagation is None or not specified";
                errors.forbidden(path, detail);
            }
        }
        Some(other) => errors.not_supported(path, other, &["Disabled", "Enabled", "IfPossible"]),
    }
}

/// A container's block devices.
pub(super) fn validate_devices(
    container: &Container,
    sources: &VolumeSources<'_>,
    path: &Path,
    errors: &mut ErrorList,
) {
    let devices: &[VolumeDevice] = container.volume_devices.as_deref().unwrap_or_default();
    let mounts = container.volume_mounts.as_deref().unwrap_or_default();
    let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for (i, device) in devices.iter().enumerate() {
        let (name, at) = (path.index(i).child("name"), path.index(i).child("devicePath"));
        if device.name.is_empty() {
            errors.required(&name, "");
        } else if !names.insert(device.name.as_str()) {
            errors.invalid(&name, &device.name, "must be unique");
        }
        match sources.get(device.name.as_str()) {
            None => errors.not_found(&name, &device.name),
            Some(volume) if volume.persistent_volume_claim.is_none() && volume.ephemeral.is_none() => {
                let detail =
                    "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.invalid(&name, &device.name, detail);
            }
            Some(_) => {}
        }
        if device.device_path.is_empty() {
            errors.required(&at, "");
        }
        if paths.contains(device.device_path.as_str()) {
            errors.invalid(&at, &device.device_path, "must be unique");
        }
        if device.device_path.split('/').any(|part| part == "..") {
            errors.invalid(&at, &device.device_path, "can not contain backsteps ('..')");
        } else {
            paths.insert(device.device_path.as_str());
        }
        if mounts.iter().any(|mount| mount.name == device.name) {
            errors.invalid(&name, &device.name, "must not already exist in volumeMounts");
        }
        if mounts.iter().any(|mount| mount.mount_path == device.device_path) {
            let detail = "must not already exist as a path in volumeMounts";
            errors.invalid(&at, &device.device_path, detail);
        }
    }
}

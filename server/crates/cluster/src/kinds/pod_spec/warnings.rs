//! What is accepted and probably not meant.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec};

use crate::{
    quantity::Quantity,
    validation::{Path, names},
};

/// The warnings about a spec.
pub(crate) fn warnings(spec: &PodSpec, path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    if spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        found.push(format!(
            "{}: must be >= 0; negative values are invalid and will be treated as 1",
            path.child("terminationGracePeriodSeconds")
        ));
    }
    for (i, volume) in spec.volumes.iter().flatten().enumerate() {
        let at = path.child("volumes").index(i);
        for (field, is_set, since) in [
            ("gitRepo", volume.git_repo.is_some(), "deprecated in v1.11, and disabled by default in v1.33+"),
            (
                "glusterfs",
                volume.glusterfs.is_some(),
                "deprecated in v1.25, this feature will be completely removed in a future Kubernetes release",
            ),
            ("rbd", volume.rbd.is_some(), "deprecated in v1.28, non-functional in v1.31+"),
            ("cephfs", volume.cephfs.is_some(), "deprecated in v1.28, non-functional in v1.31+"),
            ("scaleIO", volume.scale_io.is_some(), "deprecated in v1.16, non-functional in v1.22+"),
            ("flocker", volume.flocker.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
            ("storageos", volume.storageos.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
            ("quobyte", volume.quobyte.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
            (
                "photonPersistentDisk",
                volume.photon_persistent_disk.is_some(),
                "deprecated in v1.11, non-functional in v1.16+",
            ),
        ] {
            if is_set {
                found.push(format!("{}: {since}", at.child(field)));
            }
        }
    }
    duplicate_aliases(spec, path, &mut found);
    for (i, secret) in spec.image_pull_secrets.iter().flatten().enumerate() {
        if secret.name.is_empty() {
            found.push(format!(
                "{}: invalid empty name {:?}",
                path.child("imagePullSecrets").index(i).child("name"),
                secret.name
            ));
        }
    }
    let mut ports = Ports::default();
    let init = spec.init_containers.iter().flatten().enumerate();
    for (i, container) in init {
        of_container(container, &path.child("initContainers").index(i), &mut ports, &mut found);
    }
    for (i, container) in spec.containers.iter().enumerate() {
        of_container(container, &path.child("containers").index(i), &mut ports, &mut found);
    }
    found
}

fn duplicate_aliases(spec: &PodSpec, path: &Path, found: &mut Vec<String>) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, alias) in spec.host_aliases.iter().flatten().enumerate() {
        if let Some(first) = seen.insert(&alias.ip, i) {
            let list = path.child("hostAliases");
            found.push(format!(
                "{}: duplicate ip {:?} with {}",
                list.index(i).child("ip"),
                alias.ip,
                list.index(first).child("ip")
            ));
        }
    }
}

/// Where a port was declared first, over all containers.
#[derive(Default)]
struct Ports {
    /// By protocol, number, and number and address on the host.
    by_number: BTreeMap<(String, i32, i32, String), String>,
    by_name: BTreeMap<String, String>,
}

fn of_container(container: &Container, path: &Path, ports: &mut Ports, found: &mut Vec<String>) {
    fractional_bytes(container, path, found);
    let mut variables: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for (i, variable) in container.env.iter().flatten().enumerate() {
        let at = path.child("env").index(i);
        let value = variable.value.as_deref();
        if !names::env_var_name(&variable.name).is_empty() {
            continue;
        }
        if let Some(before) = variables.insert(&variable.name, value) {
            // A variable that builds on its earlier definition means it.
            let own = format!("$({})", variable.name);
            if !value.is_some_and(|v| v.contains(&own)) {
                let _ = before;
                found.push(format!(
                    "{at}: hides previous definition of {:?}, which may be dropped when using apply",
                    variable.name
                ));
            }
        }
    }
    for (i, port) in container.ports.iter().flatten().enumerate() {
        let at = path.child("ports").index(i).to_string();
        let key = (
            port.protocol.clone().unwrap_or_default(),
            port.container_port,
            port.host_port.unwrap_or(0),
            port.host_ip.clone().unwrap_or_default(),
        );
        match ports.by_number.get(&key) {
            Some(first) => found.push(format!("{at}: duplicate port definition with {first}")),
            None => {
                ports.by_number.insert(key, at.clone());
            }
        }
        let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) else { continue };
        match ports.by_name.get(name) {
            Some(first) => found.push(format!(
                "{at}: duplicate port name {name:?} with {first}, services and probes that select ports by name will use {first}"
            )),
            None => {
                ports.by_name.insert(name.to_owned(), at);
            }
        }
    }
}

fn fractional_bytes(container: &Container, path: &Path, found: &mut Vec<String>) {
    let Some(resources) = &container.resources else { return };
    for (field, amounts) in [("requests", &resources.requests), ("limits", &resources.limits)] {
        for name in ["memory", "ephemeral-storage"] {
            let Some(amount) = amounts.as_ref().and_then(|a| a.get(name)).and_then(Quantity::of) else {
                continue;
            };
            if amount.milli_value() % 1000 != 0 {
                found.push(format!(
                    "{}: fractional byte value \"{amount}\" is invalid, must be an integer",
                    path.child("resources").child(field).key(name)
                ));
            }
        }
    }
}

//! A container for the runtime, from its definition and the objects that it refers to.

pub(crate) mod env;
pub(crate) mod expand;
pub(crate) mod field;
pub(crate) mod security;
pub(crate) mod services;

use std::{cell::Cell, collections::BTreeMap};

use k8s_openapi::api::core::v1::{Container, VolumeMount};
use podlab_node::{ContainerConfig, ContainerId, LogLimits, Mount, Resources, Volume};

use self::{env::Variables, expand::expand, field::Surroundings};
use super::{
    pod::{Group, Manifest, Place, is_sidecar},
    sources::Sources,
    volumes::PodVolume,
};
use crate::{go_text, pod_resources, quantity::Quantity};

/// What a container is made with beside its definition.
pub(crate) struct Parts<'a> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) sources: &'a dyn Sources,
    pub(crate) volumes: &'a BTreeMap<String, PodVolume>,
    /// The directory that holds the Pod's `/etc/hosts`.
    pub(crate) hosts: Option<Volume>,
    /// The image's user.
    pub(crate) image_user: &'a str,
    /// The container whose processes this one joins.
    pub(crate) target: Option<ContainerId>,
}

/// The name of the file in [`Parts::hosts`].
pub(crate) const HOSTS_FILE: &str = "etc-hosts";

/// Works out the runtime's configuration of a container.
///
/// # Errors
///
/// What is missing or forbidden, in the kubelet's words (`CreateContainerConfigError`).
pub(crate) fn config(
    parts: &Parts<'_>,
    place: Place,
    container: &Container,
) -> Result<ContainerConfig, String> {
    let variables = env::variables(parts.manifest, container, parts.surroundings, parts.sources)?;
    let security = security::security(parts.manifest, container, parts.image_user)?;
    let expanded = |words: &Option<Vec<String>>| -> Vec<String> {
        let words = words.iter().flatten();
        words.map(|word| expand(word, |name| variables.get(name).map(str::to_owned))).collect()
    };
    let tty = container.tty == Some(true);
    let path =
        container.termination_message_path.clone().unwrap_or_else(|| "/dev/termination-log".to_owned());
    Ok(ContainerConfig {
        name: container.name.clone(),
        image: container.image.clone().unwrap_or_default(),
        command: expanded(&container.command),
        args: expanded(&container.args),
        working_dir: container.working_dir.clone().filter(|dir| !dir.is_empty()),
        mounts: mounts(parts, container, &variables)?,
        env: variables.into_list(),
        security,
        resources: resources(container),
        oom_score_adj: oom_score_adj(parts, container),
        stdin: container.stdin == Some(true),
        stdin_once: container.stdin_once == Some(true),
        tty,
        termination_message_path: (place.group != Group::Ephemeral || !path.is_empty()).then_some(path),
        join_pids_of: parts.target.clone(),
        stop_signal: stop_signal(container),
        log: LogLimits::default(),
    })
}

fn stop_signal(container: &Container) -> Option<podlab_node::Signal> {
    container.lifecycle.as_ref()?.stop_signal.as_deref().and_then(podlab_node::Signal::parse)
}

/// What a container may use, for the runtime.
pub(crate) fn resources(container: &Container) -> Resources {
    let spec = container.resources.clone().unwrap_or_default();
    let limits = pod_resources::amounts(spec.limits.as_ref());
    let requests = pod_resources::amounts(spec.requests.as_ref());
    let millis = |quantity: &Quantity| u64::try_from(quantity.milli_value()).ok();
    Resources {
        cpu_limit_millis: limits.get("cpu").and_then(millis),
        cpu_request_millis: requests.get("cpu").and_then(millis),
        memory_limit_bytes: limits.get("memory").and_then(|quantity| u64::try_from(quantity.value()).ok()),
    }
}

/// How willingly the kernel kills a container, by the Pod's quality of service: Burstable ones by the part of the node's
/// memory that they request
/// (<https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#node-out-of-memory-behavior>).
fn oom_score_adj(parts: &Parts<'_>, container: &Container) -> i16 {
    match pod_resources::qos_class(parts.manifest.spec()) {
        "Guaranteed" => -997,
        "BestEffort" => 1000,
        _ => {
            let bytes = |amounts: &pod_resources::Amounts| amounts.get("memory").map_or(0, |q| q.value());
            let requested = |container: &Container| {
                let resources = container.resources.as_ref();
                bytes(&pod_resources::amounts(resources.and_then(|resources| resources.requests.as_ref())))
            };
            // A sidecar is killed no sooner than the containers that it serves.
            let served = parts.manifest.regular().iter().map(requested).min().unwrap_or_default();
            let least = if is_sidecar(container) { served } else { 0 };
            let requested = requested(container).max(least);
            let node = bytes(&parts.surroundings.allocatable).max(1);
            i16::try_from((1000 - requested.saturating_mul(1000) / node).clamp(3, 999)).unwrap_or(999)
        }
    }
}

fn mounts(parts: &Parts<'_>, container: &Container, variables: &Variables) -> Result<Vec<Mount>, String> {
    let mut mounts = Vec::new();
    for mount in container.volume_mounts.iter().flatten() {
        let volume = parts.volumes.get(&mount.name).ok_or_else(|| {
            format!("cannot find volume \"{}\" to mount into container \"{}\"", mount.name, container.name)
        })?;
        mounts.push(Mount {
            volume: volume.volume.clone(),
            sub_path: sub_path(mount, variables)?,
            path: mount.mount_path.clone(),
            read_only: mount.read_only == Some(true),
        });
    }
    let own = container.volume_mounts.iter().flatten().any(|mount| mount.mount_path == "/etc/hosts");
    if let Some(volume) = parts.hosts.clone().filter(|_| !own) {
        let (sub_path, path) = (Some(HOSTS_FILE.to_owned()), "/etc/hosts".to_owned());
        mounts.push(Mount { volume, sub_path, path, read_only: false });
    }
    Ok(mounts)
}

fn sub_path(mount: &VolumeMount, variables: &Variables) -> Result<Option<String>, String> {
    let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let Some(expression) = named(&mount.sub_path_expr) else { return Ok(named(&mount.sub_path)) };
    let missing = Cell::new(false);
    let path = expand(&expression, |name| {
        let value = variables.get(name).map(str::to_owned);
        missing.set(missing.get() || value.is_none());
        value
    });
    if missing.get() {
        return Err(format!("missing value for {}", go_text::quote(&expression)));
    }
    Ok(Some(path))
}

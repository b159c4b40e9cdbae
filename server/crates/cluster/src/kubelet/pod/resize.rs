//! Resizing in place: what the node has given to the Pod's containers reaches those that run.
//!
//! Whether the node can give what the Pod asks for is decided outside ([`Pending`] says why it has not); a
//! [`Manifest`] holds what was given.

use k8s_openapi::api::core::v1::{Container, ResourceRequirements};
use serde_json::{Value, json};

use super::{
    event::PodEvent,
    machine::{PodMachine, Step},
    manifest::{Manifest, Place, is_sidecar},
    runtime::Instance,
    task::Task,
};
use crate::pod_resources::{self, Amounts};

/// Why a Pod does not have what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    /// `Deferred` or `Infeasible`.
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// A resize that has reached the Pod's manifest, but not all of its containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resizing {
    /// The manifest's generation.
    pub(crate) generation: Option<i64>,
    /// Why it does not get on.
    pub(crate) error: Option<String>,
}

/// What has to be done so that a running container has what it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    InPlace,
    Restart,
}

/// Compares what a running instance has with what its container was given.
pub(super) fn change(container: &Container, instance: &Instance) -> Change {
    let (now, wanted) = (resizable(instance.resources.as_ref()), resizable(container.resources.as_ref()));
    if now == wanted {
        return Change::None;
    }
    let changed = |name: &str| now.0.get(name) != wanted.0.get(name) || now.1.get(name) != wanted.1.get(name);
    let restart = container
        .resize_policy
        .iter()
        .flatten()
        .any(|policy| policy.restart_policy == "RestartContainer" && changed(&policy.resource_name));
    if restart { Change::Restart } else { Change::InPlace }
}

/// Requests and limits of what can be changed in place.
pub(crate) fn resizable(resources: Option<&ResourceRequirements>) -> (Amounts, Amounts) {
    let of = |field| {
        let mut amounts = pod_resources::amounts(field);
        amounts.retain(|name, _| matches!(name.as_str(), "cpu" | "memory"));
        amounts
    };
    (
        of(resources.and_then(|resources| resources.requests.as_ref())),
        of(resources.and_then(|resources| resources.limits.as_ref())),
    )
}

/// What a resize is about, as its events say it.
pub(crate) fn summary<'a>(
    init: impl IntoIterator<Item = &'a Container>,
    regular: impl IntoIterator<Item = &'a Container>,
    generation: Option<i64>,
    error: Option<&str>,
) -> String {
    let of = |container: &Container| json!({ "name": container.name, "resources": container.resources.clone().unwrap_or_default() });
    let init: Vec<Value> = init.into_iter().filter(|container| is_sidecar(container)).map(of).collect();
    let regular: Vec<Value> = regular.into_iter().map(of).collect();
    // In the order of the kubelet's own structure.
    let mut parts = Vec::new();
    for (name, list) in [("initContainers", init), ("containers", regular)] {
        if !list.is_empty() {
            parts.push(format!("\"{name}\":{}", Value::from(list)));
        }
    }
    parts.push(format!("\"generation\":{}", generation.unwrap_or_default()));
    parts.extend(error.map(|error| format!("\"error\":{}", Value::from(error))));
    format!("{{{}}}", parts.join(","))
}

fn given(manifest: &Manifest, error: Option<&str>) -> String {
    summary(manifest.init(), manifest.regular(), manifest.generation(), error)
}

impl PodMachine {
    /// Finds out whether a resize has begun, has ended, or has to wait, and says so.
    pub(super) fn look_at_resize(&mut self) {
        if let Some(pending) = self.manifest.pending()
            && self.pending_told.as_ref() != Some(pending)
        {
            let reason = if pending.reason == "Deferred" { "ResizeDeferred" } else { "ResizeInfeasible" };
            let message = format!("Pod resize {}: {}", pending.reason, self.manifest.pending_summary());
            self.pending_told = Some(pending.clone());
            self.tell([PodEvent::warning(reason, message)]);
        } else if self.manifest.pending().is_none() {
            self.pending_told = None;
        }
        let going_on = self.runtime.running().any(|instance| {
            let container = self.manifest.by_name(&instance.name).map(|(_, container)| container);
            container.is_some_and(|container| change(container, instance) != Change::None)
        });
        match (&self.resizing, going_on) {
            (None, true) => {
                let message = format!("Pod resize started: {}", given(&self.manifest, None));
                self.resizing = Some(Resizing { generation: self.manifest.generation(), error: None });
                self.tell([PodEvent::normal("ResizeStarted", message)]);
            }
            (Some(_), false) => {
                let message = format!("Pod resize completed: {}", given(&self.manifest, None));
                self.resizing = None;
                self.tell([PodEvent::normal("ResizeCompleted", message)]);
            }
            _ => {}
        }
    }

    pub(super) fn begin_resize(&mut self, place: Place, instance: String) -> Step {
        let task = self.run(Task::UpdateResources { place, instance: instance.clone() });
        Step::Resize(task, place, instance)
    }

    /// Takes the outcome of giving an instance what its container was given.
    pub(super) fn resized(&mut self, place: Place, id: &str, result: Result<(), String>) {
        match result {
            Ok(()) => {
                let resources =
                    self.manifest.container(place).and_then(|container| container.resources.clone());
                if let Some(instance) = self.runtime.by_id_mut(id) {
                    instance.resources = resources;
                }
                if let Some(resizing) = &mut self.resizing {
                    resizing.error = None;
                }
                self.dirty = true;
            }
            Err(error) => {
                self.failures.push(None);
                let Some(resizing) = &mut self.resizing else { return };
                if resizing.error.as_ref() != Some(&error) {
                    resizing.error = Some(error.clone());
                    self.dirty = true;
                    let message = format!("Pod resize error: {}", given(&self.manifest, Some(&error)));
                    self.tell([PodEvent::warning("ResizeError", message)]);
                }
            }
        }
    }
}

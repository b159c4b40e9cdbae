//! What may change of a Pod.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Container, Pod, PodSpec},
    apimachinery::pkg::api::resource::Quantity,
};
use serde_json::{Value, json};

use crate::{
    go_struct::difference,
    kinds::pod_spec::{self, Part},
    pod_resources,
    validation::{ErrorList, Path, names},
};

const FIXED: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// Puts back everything but the ephemeral containers, of which the old ones stay.
pub(super) fn keep_all_but_ephemeral(object: &mut Value, old: &Value) {
    let wanted = object.pointer("/spec/ephemeralContainers").cloned();
    *object = old.clone();
    if let (Some(wanted), Some(spec)) = (wanted, object.get_mut("spec").and_then(Value::as_object_mut)) {
        spec.insert("ephemeralContainers".into(), wanted);
    }
}

/// Puts back everything but what the containers request and may use.
pub(super) fn keep_all_but_resources(object: &mut Value, old: &Value) {
    let mut kept = old.clone();
    for list in ["containers", "initContainers"] {
        let wanted = object.pointer(&format!("/spec/{list}")).and_then(Value::as_array).cloned();
        let wanted = wanted.unwrap_or_default();
        let own = kept.pointer_mut(&format!("/spec/{list}")).and_then(Value::as_array_mut);
        for container in own.into_iter().flatten() {
            let Some(wanted) = wanted.iter().find(|wanted| wanted.get("name") == container.get("name"))
            else {
                continue;
            };
            for field in ["resources", "resizePolicy"] {
                if let (Some(value), Some(container)) = (wanted.get(field), container.as_object_mut()) {
                    container.insert(field.into(), value.clone());
                }
            }
        }
    }
    *object = kept;
}

/// A changed Pod, through one of its subresources or as a whole.
pub(super) fn validate(subresource: &str, new: &Pod, old: &Pod, errors: &mut ErrorList) {
    let none = PodSpec::default();
    let (spec, before) = (new.spec.as_ref().unwrap_or(&none), old.spec.as_ref().unwrap_or(&none));
    let path = Path::new("spec");
    match subresource {
        "status" => {}
        "ephemeralcontainers" => {
            pod_spec::validate(spec, Part::Pod, &path, errors);
            ephemeral(spec, before, &path.child("ephemeralContainers"), errors);
        }
        "resize" => {
            pod_spec::validate(spec, Part::Pod, &path, errors);
            resize(spec, before, &path, errors);
        }
        _ => whole(spec, before, &path, errors),
    }
}

/// What a resize may do: give other amounts of CPU and memory, without changing the Pod's quality of service.
fn resize(new: &PodSpec, old: &PodSpec, path: &Path, errors: &mut ErrorList) {
    if old.os.as_ref().is_some_and(|os| os.name == "windows") {
        return errors.forbidden(&Path::root(), "windows pods cannot be resized");
    }
    let class = pod_resources::qos_class(new);
    if class != pod_resources::qos_class(old) {
        errors.invalid(path, class, "Pod QOS Class may not change as a result of resizing");
    }
    let mut other = false;
    for (index, (new, old)) in new.containers.iter().zip(&old.containers).enumerate() {
        other |= amounts(new, old, &path.child("containers").index(index), errors);
    }
    let [init, before] = [new, old].map(|spec| spec.init_containers.as_deref().unwrap_or_default());
    for (index, (new, old)) in init.iter().zip(before).enumerate() {
        let path = path.child("initContainers").index(index);
        if new.restart_policy.as_deref() == Some("Always") {
            other |= amounts(new, old, &path, errors);
        } else if new.resources != old.resources {
            let detail = "resources for non-sidecar init containers are immutable";
            errors.forbidden(&path.child("resources"), detail);
        }
    }
    if other {
        errors.forbidden(path, "only cpu and memory resources are mutable");
    }
}

/// The amounts of one container. Returns whether others than CPU and memory have changed.
fn amounts(new: &Container, old: &Container, path: &Path, errors: &mut ErrorList) -> bool {
    let path = path.child("resources");
    let (new, old) = (new.resources.clone().unwrap_or_default(), old.resources.clone().unwrap_or_default());
    let mut other = new.claims != old.claims;
    for (field, new, old) in [("limits", new.limits, old.limits), ("requests", new.requests, old.requests)] {
        let (new, old) = (new.unwrap_or_default(), old.unwrap_or_default());
        let resizable = |name: &str| matches!(name, "cpu" | "memory");
        if old.keys().any(|name| resizable(name) && !new.contains_key(name)) {
            errors.forbidden(&path.child(field), &format!("resource {field} cannot be removed"));
        }
        let fixed = |amounts: &BTreeMap<String, Quantity>| {
            amounts.iter().filter(|(name, _)| !resizable(name)).map(|(n, a)| (n.clone(), a.clone())).collect()
        };
        let (new, old): (BTreeMap<_, _>, BTreeMap<_, _>) = (fixed(&new), fixed(&old));
        other |= new != old;
    }
    other
}

fn ephemeral(new: &PodSpec, old: &PodSpec, path: &Path, errors: &mut ErrorList) {
    let list = new.ephemeral_containers.as_deref().unwrap_or_default();
    for container in old.ephemeral_containers.iter().flatten() {
        match list.iter().find(|c| c.name == container.name) {
            None => {
                let detail =
                    format!("existing ephemeral containers {:?} may not be removed\n", container.name);
                errors.forbidden(path, &detail);
            }
            Some(now) if now != container => {
                let detail =
                    format!("existing ephemeral containers {:?} may not be changed\n", container.name);
                errors.forbidden(path, &detail);
            }
            Some(_) => {}
        }
    }
}

fn whole(spec: &PodSpec, before: &PodSpec, path: &Path, errors: &mut ErrorList) {
    pod_spec::validate(spec, Part::Pod, path, errors);
    let lists: [(&str, &[Container], &[Container]); 2] = [
        ("containers", &spec.containers, &before.containers),
        (
            "initContainers",
            spec.init_containers.as_deref().unwrap_or_default(),
            before.init_containers.as_deref().unwrap_or_default(),
        ),
    ];
    for (field, new, old) in lists {
        if !pod_spec::validate_image_updates(new, old, &path.child(field), errors) {
            return;
        }
    }
    let at = path.child("activeDeadlineSeconds");
    match (spec.active_deadline_seconds, before.active_deadline_seconds) {
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            return errors.invalid(&at, new, &names::in_range(0, i32::MAX.into()));
        }
        (Some(new), Some(old)) if old < new => {
            return errors.invalid(&at, new, "must be less than or equal to previous value");
        }
        (None, Some(_)) => {
            errors.invalid(&at, Value::Null, "must not update from a positive integer to nil value");
        }
        _ => {}
    }
    pod_spec::only_added_tolerations(
        spec.tolerations.as_deref().unwrap_or_default(),
        before.tolerations.as_deref().unwrap_or_default(),
        &path.child("tolerations"),
        errors,
    );
    pod_spec::only_deleted_gates(
        spec.scheduling_gates.as_deref().unwrap_or_default(),
        before.scheduling_gates.as_deref().unwrap_or_default(),
        &path.child("schedulingGates"),
        errors,
    );
    let munged = with_what_may_change(spec, before);
    if munged != *before {
        let changed = difference("api.core.v1.PodSpec", &json!(before), &json!(munged));
        errors.forbidden(path, &format!("{FIXED}\n{changed}"));
    }
}

/// The new spec with the old values where a change is allowed: what differs then may not.
fn with_what_may_change(new: &PodSpec, old: &PodSpec) -> PodSpec {
    let mut munged = new.clone();
    for (container, before) in munged.containers.iter_mut().zip(&old.containers) {
        container.image.clone_from(&before.image);
    }
    let before = old.init_containers.iter().flatten();
    for (container, before) in munged.init_containers.iter_mut().flatten().zip(before) {
        container.image.clone_from(&before.image);
    }
    munged.active_deadline_seconds = old.active_deadline_seconds;
    munged.scheduling_gates.clone_from(&old.scheduling_gates);
    munged.tolerations.clone_from(&old.tolerations);
    if old.termination_grace_period_seconds.is_some_and(|s| s < 0)
        && munged.termination_grace_period_seconds == Some(1)
    {
        munged.termination_grace_period_seconds = old.termination_grace_period_seconds;
    }
    if old.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty()) {
        gated(&mut munged, old);
    }
    munged
}

/// A Pod that waits for its gates may still be given more conditions on its node.
fn gated(munged: &mut PodSpec, old: &PodSpec) {
    let before = old.node_selector.clone().unwrap_or_default();
    let kept = |(key, value): (&String, &String)| {
        munged.node_selector.as_ref().and_then(|s| s.get(key)) == Some(value)
    };
    if before.iter().all(kept) {
        munged.node_selector.clone_from(&old.node_selector);
    }
    let required = |spec: &PodSpec| {
        spec.affinity
            .as_ref()
            .and_then(|a| a.node_affinity.as_ref())
            .and_then(|a| a.required_during_scheduling_ignored_during_execution.clone())
    };
    if required(old).is_none() {
        munged.affinity.clone_from(&old.affinity);
    }
}

//! Templates of Pods.

use k8s_openapi::{
    api::core::v1::{PodSpec, PodTemplateSpec},
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use serde_json::{Map, Value};

use crate::{
    kinds::{
        defaults::{object, set_object},
        pod_spec::{self, Part},
    },
    label_selector,
    object::parse,
    validation::{ErrorList, Path, metadata},
};

/// Fills in the template in a spec.
pub(super) fn set_defaults(spec: &mut Map<String, Value>) {
    set_object(spec, "template");
    let Some(template) = object(spec, "template") else { return };
    set_object(template, "spec");
    if let Some(spec) = object(template, "spec") {
        pod_spec::defaults::set_defaults(spec, Part::Template);
    }
}

/// The rules for a template by itself.
pub(super) fn validate(template: &PodTemplateSpec, path: &Path, errors: &mut ErrorList) {
    validate_metadata(template, path, errors);
    let none = Default::default();
    validate_spec(template.spec.as_ref().unwrap_or(&none), path, errors);
}

/// The rules for the spec of the template at a path.
pub(super) fn validate_spec(spec: &PodSpec, path: &Path, errors: &mut ErrorList) {
    pod_spec::validate(spec, Part::Template, &path.child("spec"), errors);
    if spec.ephemeral_containers.as_ref().is_some_and(|list| !list.is_empty()) {
        errors.forbidden(
            &path.child("spec").child("ephemeralContainers"),
            "ephemeral containers not allowed in pod template",
        );
    }
}

/// The rules for a template's labels and annotations.
pub(super) fn validate_metadata(template: &PodTemplateSpec, path: &Path, errors: &mut ErrorList) {
    let Some(metadata) = &template.metadata else { return };
    metadata::labels(metadata.labels.iter().flatten(), &path.child("labels"), errors);
    metadata::annotations(metadata.annotations.iter().flatten(), &path.child("annotations"), errors);
}

/// A selector has to select the Pods that the template makes.
pub(super) fn validate_selected(
    template: &PodTemplateSpec,
    selector: Option<&LabelSelector>,
    path: &Path,
    errors: &mut ErrorList,
) {
    let labels = template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    let selects_all = selector.is_some_and(|selector| *selector == LabelSelector::default());
    if !selects_all && !label_selector::selects(selector, labels) {
        not_selected(template, path, errors);
    }
}

/// The error for a template that its own selector does not select.
pub(super) fn not_selected(template: &PodTemplateSpec, path: &Path, errors: &mut ErrorList) {
    let labels = template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    errors.invalid(
        &path.child("metadata").child("labels"),
        labels,
        "`selector` does not match template `labels`",
    );
}

/// Pods of these kinds run for ever; `kind` is the one that the message names.
pub(super) fn validate_endless(template: &PodTemplateSpec, kind: &str, path: &Path, errors: &mut ErrorList) {
    let Some(spec) = &template.spec else { return };
    let path = path.child("spec");
    match spec.restart_policy.as_deref() {
        Some("Always") => {}
        other => {
            let policy = other.unwrap_or_default();
            errors.not_supported(&path.child("restartPolicy"), policy, &["Always"]);
        }
    }
    if spec.active_deadline_seconds.is_some() {
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.forbidden(&path.child("activeDeadlineSeconds"), &detail);
    }
}

/// The warnings about the template at a pointer of an object, if it is new or changed.
pub(super) fn warnings(object: &Value, old: Option<&Value>, pointer: &str, path: &Path) -> Vec<String> {
    let template = object.pointer(pointer);
    if old.is_some_and(|old| old.pointer(pointer) == template) {
        return Vec::new();
    }
    let spec = template.and_then(|template| template.get("spec"));
    spec.and_then(|spec| parse(spec).ok())
        .map(|spec| pod_spec::warnings(&spec, &path.child("spec")))
        .unwrap_or_default()
}

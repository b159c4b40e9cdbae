//! From client-side to server-side apply: `kubectl apply` keeps what it applied in an annotation, and
//! `kubectl apply --server-side` may take over what stands there.
//!
//! Source: `lastAppliedManager` and `lastAppliedUpdater` of `k8s.io/apimachinery/pkg/util/managedfields`.

use serde_json::Value;

use super::{compare::compare, fieldset::FieldSet, typed::field_set};
use crate::{
    object::{metadata_mut, object_at},
    schema::Type,
};

/// The manager of `kubectl apply --server-side`, the only one that this concerns.
pub(super) const MANAGER: &str = "kubectl";

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The fields that client-side apply set and nobody has changed since.
pub(super) fn still_as_applied(live: &Value, of: &Type) -> FieldSet {
    let none = FieldSet::default();
    let Some(text) = annotation(live) else { return none };
    let Ok(applied) = serde_json::from_str::<Value>(text) else { return none };
    if applied.get("apiVersion") != live.get("apiVersion") {
        return none;
    }
    let Ok(set) = field_set(&applied, of) else { return none };
    let changed = compare(&applied, live, of);
    set.difference(&changed.modified).difference(&changed.added).difference(&changed.removed)
}

/// Puts what is applied into the annotation of the merged object, if the live one has it.
pub(super) fn keep_up(live: &Value, applied: &Value, merged: &mut Value) {
    if annotation(live).is_none() {
        return;
    }
    let mut applied = applied.clone();
    if let Some(annotations) = applied.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(ANNOTATION);
    }
    let mut metadata = Value::Object(std::mem::take(metadata_mut(merged)));
    object_at(&mut metadata, "annotations").insert(ANNOTATION.into(), format!("{applied}\n").into());
    if let Value::Object(metadata) = metadata {
        *metadata_mut(merged) = metadata;
    }
}

fn annotation(object: &Value) -> Option<&str> {
    object.get("metadata")?.get("annotations")?.get(ANNOTATION)?.as_str()
}

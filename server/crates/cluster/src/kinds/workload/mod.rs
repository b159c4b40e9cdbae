//! The kinds that make Pods from a template, a kind a file.

pub(crate) mod cron_job;
pub(crate) mod daemon_set;
pub(crate) mod deployment;
pub(crate) mod job;
mod job_policies;
pub(crate) mod replica_set;
pub(crate) mod replication_controller;
pub(crate) mod stateful_set;

mod rolling;
mod template;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Map, Value};

use crate::{
    kinds::{cells, pod_spec},
    object::object_at,
    resource::columns::Column,
    validation::{ErrorList, Path},
};

/// The template's containers and images, and the selector, for `-o wide`.
const WIDE: [Column; 3] =
    [Column::text("Containers").wide(), Column::text("Images").wide(), Column::text("Selector").wide()];

/// The cells of [`WIDE`].
fn wide(object: &Value) -> [Value; 3] {
    let [names, images] = cells::containers(object, "/spec/template/spec/containers");
    [names, images, cells::selector(object.pointer("/spec/selector"))]
}

/// The spec of an object, made where it is missing.
fn spec(object: &mut Value) -> &mut Map<String, Value> {
    object_at(object, "spec")
}

/// A selector that has to select something.
fn validate_selector(selector: Option<&LabelSelector>, empty: &str, path: &Path, errors: &mut ErrorList) {
    let Some(selector) = selector else { return errors.required(path, "") };
    pod_spec::label_selector(selector, path, errors);
    let is_empty = |count: Option<usize>| count.unwrap_or(0) == 0;
    if is_empty(selector.match_labels.as_ref().map(|labels| labels.len()))
        && is_empty(selector.match_expressions.as_ref().map(Vec::len))
    {
        errors.invalid(path, selector, empty);
    }
}

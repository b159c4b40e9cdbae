//! ReplicationControllers.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ReplicationController;
use serde_json::{Value, json};

use super::{replica_set, spec, template};
use crate::{
    kinds::{cells, defaults::set},
    label_selector,
    object::{metadata_mut, parse},
    resource::{
        Context, Generation, Strategy,
        columns::{self, Column},
    },
    status::Result,
    validation::{ErrorList, Path},
};

#[derive(Debug)]
pub(crate) struct ReplicationControllerStrategy;

impl Strategy for ReplicationControllerStrategy {
    /// The template's labels are the selector and the controller's own labels, where these are not given.
    fn set_defaults(&self, object: &mut Value) {
        let labels = object.pointer("/spec/template/metadata/labels").cloned();
        if let Some(labels) = labels {
            set(spec(object), "selector", labels.clone());
            set(metadata_mut(object), "labels", labels);
        }
        let spec = spec(object);
        set(spec, "replicas", 1);
        template::set_defaults(spec);
    }

    fn generation(&self) -> Generation {
        Generation::OfSpec
    }

    fn has_status(&self) -> bool {
        true
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        object["status"] = json!({ "replicas": 0 });
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let spec = parse::<ReplicationController>(object)?.spec.unwrap_or_default();
        let path = Path::new("spec");
        errors.not_negative(&path.child("minReadySeconds"), spec.min_ready_seconds.unwrap_or(0));
        let selector = spec.selector.filter(|selector| !selector.is_empty());
        if selector.is_none() {
            errors.required(&path.child("selector"), "");
        }
        errors.not_negative(&path.child("replicas"), spec.replicas.unwrap_or(0));
        let at = path.child("template");
        let Some(of) = spec.template else {
            errors.required(&at, "");
            return Ok(());
        };
        let labels = of.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
        if selector.is_some() && !label_selector::has_all(selector.as_ref(), labels) {
            template::not_selected(&of, &at, errors);
        }
        template::validate(&of, &at, errors);
        template::validate_endless(&of, "ReplicationController", &at, errors);
        Ok(())
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        template::warnings(object, old, "/spec/template", &Path::new("spec").child("template"))
    }

    fn selectable(&self, object: &Value, field: &str) -> Option<String> {
        (field == "status.replicas").then(|| cells::number(object, "/status/replicas").to_string())
    }

    fn columns(&self) -> &'static [Column] {
        &replica_set::COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let [names, images] = cells::containers(object, "/spec/template/spec/containers");
        vec![
            cells::name(object),
            cells::number(object, "/spec/replicas"),
            cells::number(object, "/status/replicas"),
            cells::number(object, "/status/readyReplicas"),
            cells::age(object, now),
            names,
            images,
            json!(columns::labels(object.pointer("/spec/selector"))),
        ]
    }
}

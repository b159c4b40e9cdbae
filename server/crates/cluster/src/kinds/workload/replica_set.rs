//! ReplicaSets.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::ReplicaSet;
use serde_json::{Value, json};

use super::{WIDE, spec, template, validate_selector, wide};
use crate::{
    kinds::{cells, defaults::set},
    object::parse,
    resource::{Context, Generation, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path},
};

#[derive(Debug)]
pub(crate) struct ReplicaSetStrategy;

pub(super) static COLUMNS: [Column; 8] = [
    Column::NAME,
    Column::integer("Desired"),
    Column::integer("Current"),
    Column::integer("Ready"),
    Column::AGE,
    WIDE[0],
    WIDE[1],
    WIDE[2],
];

impl Strategy for ReplicaSetStrategy {
    fn set_defaults(&self, object: &mut Value) {
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
        let spec = parse::<ReplicaSet>(object)?.spec;
        let path = Path::new("spec");
        errors.not_negative(&path.child("replicas"), spec.replicas.unwrap_or(0));
        errors.not_negative(&path.child("minReadySeconds"), spec.min_ready_seconds.unwrap_or(0));
        let selector = object.pointer("/spec/selector").map(|_| &spec.selector);
        validate_selector(
            selector,
            "empty selector is invalid for deployment",
            &path.child("selector"),
            errors,
        );
        let at = path.child("template");
        let of = spec.template.unwrap_or_default();
        template::validate_selected(&of, selector, &at, errors);
        template::validate(&of, &at, errors);
        template::validate_endless(&of, "ReplicaSet", &at, errors);
        Ok(())
    }

    fn validate_change(&self, object: &Value, old: &Value, errors: &mut ErrorList) -> Result<()> {
        errors.immutable(&Path::new("spec").child("selector"), object, old, "/spec/selector");
        Ok(())
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        template::warnings(object, old, "/spec/template", &Path::new("spec").child("template"))
    }

    fn selectable(&self, object: &Value, field: &str) -> Option<String> {
        (field == "status.replicas").then(|| cells::number(object, "/status/replicas").to_string())
    }

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let [names, images, selector] = wide(object);
        vec![
            cells::name(object),
            cells::number(object, "/spec/replicas"),
            cells::number(object, "/status/replicas"),
            cells::number(object, "/status/readyReplicas"),
            cells::age(object, now),
            names,
            images,
            selector,
        ]
    }
}

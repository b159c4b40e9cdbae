//! DaemonSets.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetUpdateStrategy};
use serde_json::{Value, json};

use super::{WIDE, rolling, spec, template, wide};
use crate::{
    kinds::{
        cells,
        defaults::{object, set, set_object},
        pod_spec,
    },
    object::parse,
    resource::{
        Context, Generation, Strategy,
        columns::{self, Column},
    },
    status::Result,
    validation::{ErrorList, Path},
};

#[derive(Debug)]
pub(crate) struct DaemonSetStrategy;

impl Strategy for DaemonSetStrategy {
    fn set_defaults(&self, object_: &mut Value) {
        let spec = spec(object_);
        set_object(spec, "updateStrategy");
        if let Some(strategy) = object(spec, "updateStrategy") {
            set(strategy, "type", "RollingUpdate");
            if strategy.get("type") == Some(&json!("RollingUpdate")) {
                set_object(strategy, "rollingUpdate");
                if let Some(rolling) = object(strategy, "rollingUpdate") {
                    set(rolling, "maxUnavailable", 1);
                    set(rolling, "maxSurge", 0);
                }
            }
        }
        set(spec, "revisionHistoryLimit", 10);
        template::set_defaults(spec);
    }

    fn generation(&self) -> Generation {
        Generation::OfSpec
    }

    fn has_status(&self) -> bool {
        true
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        object["status"] = json!({
            "currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0,
        });
        crate::object::metadata_mut(object)
            .entry("annotations")
            .or_insert_with(|| json!({}))
            .as_object_mut()
            .map(|map| map.entry("deprecated.daemonset.template.generation").or_insert_with(|| json!("1")));
        Ok(())
    }

    /// A changed template counts up in an annotation, which the oldest clients read.
    fn prepare_update(&self, _cx: Context<'_>, object: &mut Value, old: &Value) -> Result<()> {
        let changed = object.pointer("/spec/template") != old.pointer("/spec/template");
        let key = "deprecated.daemonset.template.generation";
        let before =
            old.pointer("/metadata/annotations").and_then(|map| map.get(key)).and_then(Value::as_str);
        let count = before.and_then(|count| count.parse::<i64>().ok()).unwrap_or(0) + i64::from(changed);
        let annotations =
            crate::object::metadata_mut(object).entry("annotations").or_insert_with(|| json!({}));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(key.into(), json!(count.to_string()));
        }
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let spec = parse::<DaemonSet>(object)?.spec;
        let path = Path::new("spec");
        let selector = object.pointer("/spec/selector").map(|_| &spec.selector);
        if let Some(selector) = selector {
            pod_spec::label_selector(selector, &path.child("selector"), errors);
        }
        let at = path.child("template");
        template::validate_selected(&spec.template, selector, &at, errors);
        if selector.is_some_and(|selector| *selector == Default::default()) {
            let detail = "empty selector is invalid for daemonset";
            errors.invalid(&path.child("selector"), &spec.selector, detail);
        }
        template::validate(&spec.template, &at, errors);
        template::validate_endless(&spec.template, "DaemonSet", &at, errors);
        errors.not_negative(&path.child("minReadySeconds"), spec.min_ready_seconds.unwrap_or(0));
        if let Some(strategy) = &spec.update_strategy {
            validate_strategy(strategy, &path.child("updateStrategy"), errors);
        }
        errors.not_negative(&path.child("revisionHistoryLimit"), spec.revision_history_limit.unwrap_or(0));
        Ok(())
    }

    fn validate_change(&self, object: &Value, old: &Value, errors: &mut ErrorList) -> Result<()> {
        errors.immutable(&Path::new("spec").child("selector"), object, old, "/spec/selector");
        Ok(())
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        template::warnings(object, old, "/spec/template", &Path::new("spec").child("template"))
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 11] = [
            Column::NAME,
            Column::integer("Desired"),
            Column::integer("Current"),
            Column::integer("Ready"),
            Column::integer("Up-to-date"),
            Column::integer("Available"),
            Column::text("Node Selector"),
            Column::AGE,
            WIDE[0],
            WIDE[1],
            WIDE[2],
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let number = |pointer| cells::number(object, pointer);
        let [names, images, selector] = wide(object);
        vec![
            cells::name(object),
            number("/status/desiredNumberScheduled"),
            number("/status/currentNumberScheduled"),
            number("/status/numberReady"),
            number("/status/updatedNumberScheduled"),
            number("/status/numberAvailable"),
            json!(columns::labels(object.pointer("/spec/template/spec/nodeSelector"))),
            cells::age(object, now),
            names,
            images,
            selector,
        ]
    }
}

fn validate_strategy(strategy: &DaemonSetUpdateStrategy, path: &Path, errors: &mut ErrorList) {
    let at = path.child("rollingUpdate");
    match (strategy.type_.as_deref().unwrap_or_default(), &strategy.rolling_update) {
        ("OnDelete", _) => {}
        ("RollingUpdate", None) => errors.required(&at, ""),
        ("RollingUpdate", Some(rolling)) => {
            let (unavailable, surge) = (rolling.max_unavailable.as_ref(), rolling.max_surge.as_ref());
            rolling::validate(unavailable, &at.child("maxUnavailable"), errors);
            rolling::validate_at_most_all(unavailable, &at.child("maxUnavailable"), errors);
            rolling::validate(surge, &at.child("maxSurge"), errors);
            rolling::validate_at_most_all(surge, &at.child("maxSurge"), errors);
            match (rolling::number(unavailable) != 0, rolling::number(surge) != 0) {
                (true, true) => {
                    let detail = "may not be set when maxUnavailable is non-zero";
                    errors.invalid(&at.child("maxSurge"), surge, detail);
                }
                (false, false) => {
                    errors.required(&at.child("maxUnavailable"), "cannot be 0 when maxSurge is 0");
                }
                _ => {}
            }
        }
        (other, _) => {
            errors.not_supported(&path.child("type"), other, &["RollingUpdate", "OnDelete"]);
        }
    }
}

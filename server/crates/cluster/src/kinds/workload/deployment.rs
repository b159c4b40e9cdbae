//! Deployments.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy as Rollout};
use serde_json::{Value, json};

use super::{WIDE, rolling, spec, template, validate_selector, wide};
use crate::{
    kinds::{
        cells,
        defaults::{object, set, set_object},
    },
    object::parse,
    resource::{Context, Generation, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path},
};

#[derive(Debug)]
pub(crate) struct DeploymentStrategy;

impl Strategy for DeploymentStrategy {
    fn set_defaults(&self, object_: &mut Value) {
        let spec = spec(object_);
        set(spec, "replicas", 1);
        set_object(spec, "strategy");
        if let Some(strategy) = object(spec, "strategy") {
            set(strategy, "type", "RollingUpdate");
            if strategy.get("type") == Some(&json!("RollingUpdate")) {
                set_object(strategy, "rollingUpdate");
                if let Some(rolling) = object(strategy, "rollingUpdate") {
                    set(rolling, "maxUnavailable", "25%");
                    set(rolling, "maxSurge", "25%");
                }
            }
        }
        set(spec, "revisionHistoryLimit", 10);
        set(spec, "progressDeadlineSeconds", 600);
        template::set_defaults(spec);
    }

    fn generation(&self) -> Generation {
        Generation::OfSpec
    }

    fn has_status(&self) -> bool {
        true
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        object["status"] = json!({});
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let deployment: Deployment = parse(object)?;
        let selects = object.pointer("/spec/selector").is_some();
        validate(&deployment.spec, selects, &Path::new("spec"), errors);
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
        static COLUMNS: [Column; 8] = [
            Column::NAME,
            Column::text("Ready"),
            Column::integer("Up-to-date"),
            Column::integer("Available"),
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
            json!(format!("{}/{}", number("/status/readyReplicas"), number("/spec/replicas"))),
            number("/status/updatedReplicas"),
            number("/status/availableReplicas"),
            cells::age(object, now),
            names,
            images,
            selector,
        ]
    }
}

fn validate(spec: &DeploymentSpec, selects: bool, path: &Path, errors: &mut ErrorList) {
    errors.not_negative(&path.child("replicas"), spec.replicas.unwrap_or(0));
    let selector = selects.then_some(&spec.selector);
    validate_selector(selector, "empty selector is invalid for deployment", &path.child("selector"), errors);
    let at = path.child("template");
    template::validate_selected(&spec.template, selector, &at, errors);
    template::validate(&spec.template, &at, errors);
    template::validate_endless(&spec.template, "ReplicaSet", &at, errors);
    if let Some(strategy) = &spec.strategy {
        validate_strategy(strategy, &path.child("strategy"), errors);
    }
    let ready = spec.min_ready_seconds.unwrap_or(0);
    errors.not_negative(&path.child("minReadySeconds"), ready);
    errors.not_negative(&path.child("revisionHistoryLimit"), spec.revision_history_limit.unwrap_or(0));
    if let Some(deadline) = spec.progress_deadline_seconds {
        let at = path.child("progressDeadlineSeconds");
        errors.not_negative(&at, deadline);
        if deadline <= ready {
            errors.invalid(&at, deadline, "must be greater than minReadySeconds");
        }
    }
}

fn validate_strategy(strategy: &Rollout, path: &Path, errors: &mut ErrorList) {
    let at = path.child("rollingUpdate");
    match (strategy.type_.as_deref().unwrap_or_default(), &strategy.rolling_update) {
        ("Recreate", None) => {}
        ("Recreate", Some(_)) => {
            errors.forbidden(&at, "may not be specified when strategy `type` is 'Recreate'");
        }
        ("RollingUpdate", None) => errors.required(&at, "this should be defaulted and never be nil"),
        ("RollingUpdate", Some(rolling)) => {
            let (unavailable, surge) = (rolling.max_unavailable.as_ref(), rolling.max_surge.as_ref());
            rolling::validate(unavailable, &at.child("maxUnavailable"), errors);
            rolling::validate(surge, &at.child("maxSurge"), errors);
            if rolling::number(unavailable) == 0 && rolling::number(surge) == 0 {
                let detail = "may not be 0 when `maxSurge` is 0";
                errors.invalid(&at.child("maxUnavailable"), unavailable, detail);
            }
            rolling::validate_at_most_all(unavailable, &at.child("maxUnavailable"), errors);
        }
        (other, _) => {
            errors.not_supported(&path.child("type"), other, &["Recreate", "RollingUpdate"]);
        }
    }
}

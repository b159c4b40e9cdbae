//! PodDisruptionBudgets.

use jiff::Timestamp;
use k8s_openapi::{api::policy::v1::PodDisruptionBudget, apimachinery::pkg::util::intstr::IntOrString};
use serde_json::{Value, json};

use crate::{
    kinds::{cells, pod_spec},
    object::parse,
    resource::{Context, Generation, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path, names},
};

#[derive(Debug)]
pub(crate) struct DisruptionBudgetStrategy;

impl Strategy for DisruptionBudgetStrategy {
    fn generation(&self) -> Generation {
        Generation::OfSpec
    }

    fn has_status(&self) -> bool {
        true
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        object["status"] = json!({
            "currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0,
        });
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let spec = parse::<PodDisruptionBudget>(object)?.spec.unwrap_or_default();
        let path = Path::new("spec");
        if spec.min_available.is_some() && spec.max_unavailable.is_some() {
            let detail = "minAvailable and maxUnavailable cannot be both set";
            errors.invalid_struct(&path, "api.policy.v1.PodDisruptionBudgetSpec", &spec, detail);
        }
        for (field, value) in
            [("minAvailable", &spec.min_available), ("maxUnavailable", &spec.max_unavailable)]
        {
            match value {
                Some(IntOrString::Int(number)) => errors.not_negative(&path.child(field), *number),
                Some(IntOrString::String(text)) => {
                    let wrong = names::percent(text);
                    errors.invalid_each(&path.child(field), text, &wrong);
                    let percent = text.strip_suffix('%').and_then(|number| number.parse::<u64>().ok());
                    if wrong.is_empty() && percent.is_none_or(|percent| percent > 100) {
                        errors.invalid(&path.child(field), text, "must not be greater than 100%");
                    }
                }
                None => {}
            }
        }
        if let Some(selector) = &spec.selector {
            pod_spec::label_selector(selector, &path.child("selector"), errors);
        }
        if let Some(policy) = spec.unhealthy_pod_eviction_policy.as_deref()
            && !matches!(policy, "AlwaysAllow" | "IfHealthyBudget")
        {
            let known = ["AlwaysAllow", "IfHealthyBudget"];
            errors.not_supported(&path.child("unhealthyPodEvictionPolicy"), policy, &known);
        }
        Ok(())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 5] = [
            Column::NAME,
            Column::text("Min Available"),
            Column::text("Max Unavailable"),
            Column::integer("Allowed Disruptions"),
            Column::AGE,
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let amount = |pointer| match object.pointer(pointer) {
            Some(Value::String(text)) => json!(text),
            Some(number) => json!(number.to_string()),
            None => json!("N/A"),
        };
        vec![
            cells::name(object),
            amount("/spec/minAvailable"),
            amount("/spec/maxUnavailable"),
            cells::number(object, "/status/disruptionsAllowed"),
            cells::age(object, now),
        ]
    }
}

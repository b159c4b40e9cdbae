//! ResourceQuotas.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ResourceQuota;
use serde_json::{Value, json};

use crate::{
    kinds::{cells, pod_spec},
    object::{parse, text_at},
    resource::{Context, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path},
};

#[derive(Debug)]
pub(crate) struct ResourceQuotaStrategy;

const SCOPES: [&str; 7] = [
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];

impl Strategy for ResourceQuotaStrategy {
    fn has_status(&self) -> bool {
        true
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        object["status"] = json!({});
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let spec = parse::<ResourceQuota>(object)?.spec.unwrap_or_default();
        let path = Path::new("spec");
        for (name, amount) in spec.hard.iter().flatten() {
            pod_spec::validate_amount(name, amount, &path.child("hard").key(name), errors);
        }
        for (i, scope) in spec.scopes.iter().flatten().enumerate() {
            if !SCOPES.contains(&scope.as_str()) {
                errors.not_supported(&path.child("scopes").index(i), scope, &SCOPES);
            }
        }
        Ok(())
    }

    fn validate_change(&self, object: &Value, old: &Value, errors: &mut ErrorList) -> Result<()> {
        errors.immutable(&Path::new("spec").child("scopes"), object, old, "/spec/scopes");
        Ok(())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 4] =
            [Column::NAME, Column::text("Request"), Column::text("Limit"), Column::AGE];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let hard = object.pointer("/status/hard").and_then(Value::as_object);
        let used = |name: &str| {
            let used = object.pointer("/status/used").and_then(|used| used.get(name)).and_then(Value::as_str);
            used.unwrap_or("0").to_owned()
        };
        let (mut requests, mut limits) = (Vec::new(), Vec::new());
        for (name, amount) in hard.into_iter().flatten() {
            let text = format!("{name}: {}/{}", used(name), amount.as_str().unwrap_or_default());
            if name.starts_with("limits") { limits.push(text) } else { requests.push(text) }
        }
        vec![
            json!(text_at(object, "/metadata/name")),
            json!(requests.join(", ")),
            json!(limits.join(", ")),
            cells::age(object, now),
        ]
    }
}

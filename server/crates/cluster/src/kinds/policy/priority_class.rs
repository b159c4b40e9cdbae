//! PriorityClasses.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    kinds::{cells, defaults::set},
    object::{metadata_str, text_at},
    resource::{Context, Generation, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path},
};

#[derive(Debug)]
pub(crate) struct PriorityClassStrategy;

/// The highest value that is not the system's own.
const HIGHEST: i64 = 1_000_000_000;

impl Strategy for PriorityClassStrategy {
    fn set_defaults(&self, object: &mut Value) {
        if let Some(root) = object.as_object_mut() {
            set(root, "preemptionPolicy", "PreemptLowerPriority");
        }
    }

    fn generation(&self) -> Generation {
        Generation::OfAll
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let name = metadata_str(object, "name");
        if name.starts_with("system-") {
            if !matches!(name, "system-node-critical" | "system-cluster-critical") {
                errors.forbidden(
                    &Path::new("metadata").child("name"),
                    "priority class names with 'system-' prefix are reserved for system use only. error: ",
                );
            }
        } else if cells::number(object, "/value").as_i64().is_some_and(|value| value > HIGHEST) {
            let detail = format!("maximum allowed value of a user defined priority is {HIGHEST}");
            errors.forbidden(&Path::new("value"), &detail);
        }
        let policy = text_at(object, "/preemptionPolicy");
        if !matches!(policy, "PreemptLowerPriority" | "Never") {
            errors.not_supported(&Path::new("preemptionPolicy"), policy, &["PreemptLowerPriority", "Never"]);
        }
        Ok(())
    }

    fn validate_change(&self, object: &Value, old: &Value, errors: &mut ErrorList) -> Result<()> {
        if cells::number(object, "/value") != cells::number(old, "/value") {
            errors.forbidden(&Path::new("value"), "may not be changed in an update.");
        }
        errors.immutable(&Path::new("preemptionPolicy"), object, old, "/preemptionPolicy");
        Ok(())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 5] = [
            Column::NAME,
            Column::integer("Value"),
            Column { kind: "boolean", ..Column::text("Global-Default") },
            Column::AGE,
            Column::text("PreemptionPolicy"),
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![
            cells::name(object),
            cells::number(object, "/value"),
            json!(object.get("globalDefault").and_then(Value::as_bool).unwrap_or(false)),
            cells::age(object, now),
            cells::text(object, "/preemptionPolicy"),
        ]
    }
}

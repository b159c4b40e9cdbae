//! ConfigMaps.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells;
use crate::{
    resource::{Context, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path, names},
};

/// All values of one ConfigMap or Secret together, in bytes.
pub(super) const SIZE: usize = 1024 * 1024;

#[derive(Debug)]
pub(crate) struct ConfigMapStrategy;

impl Strategy for ConfigMapStrategy {
    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let mut size = 0;
        for (field, other) in [("data", "binaryData"), ("binaryData", "data")] {
            let path = Path::new(field);
            for (key, value) in object.get(field).and_then(Value::as_object).into_iter().flatten() {
                errors.invalid_each(&path.key(key), key, &names::config_key(key));
                if object.get(other).and_then(|o| o.get(key)).is_some() {
                    let detail = format!("duplicate of key present in {other}");
                    errors.invalid(&path.key(key), key, &detail);
                }
                size += value.as_str().map_or(0, str::len);
            }
        }
        if size > SIZE {
            errors.too_long(&Path::unnamed(), SIZE);
        }
        Ok(())
    }

    fn validate_update(
        &self,
        cx: Context<'_>,
        object: &Value,
        old: &Value,
        errors: &mut ErrorList,
    ) -> Result<()> {
        if old.get("immutable") == Some(&Value::Bool(true)) {
            let fixed = "field is immutable when `immutable` is set";
            for field in ["immutable", "data", "binaryData"] {
                if object.get(field) != old.get(field) {
                    errors.forbidden(&Path::new(field), fixed);
                }
            }
        }
        self.validate(cx, object, errors)
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 3] = [Column::NAME, Column::text("Data"), Column::AGE];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let count =
            |field: &str| object.get(field).and_then(Value::as_object).map_or(0, serde_json::Map::len);
        vec![cells::name(object), json!(count("data") + count("binaryData")), cells::age(object, now)]
    }
}

//! ServiceAccounts.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells;
use crate::resource::{Strategy, columns::Column};

#[derive(Debug)]
pub(crate) struct ServiceAccountStrategy;

impl Strategy for ServiceAccountStrategy {
    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 3] = [Column::NAME, Column::text("Secrets").wide(), Column::AGE];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let secrets = object.get("secrets").and_then(Value::as_array).map_or(0, Vec::len);
        vec![cells::name(object), json!(secrets), cells::age(object, now)]
    }
}

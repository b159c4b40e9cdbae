//! Namespaces.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells;
use crate::{
    admission::pod_security,
    bootstrap,
    object::{metadata_mut, metadata_str, object_at},
    resource::{Context, Strategy, columns::Column},
    status::Result,
    store::Writer,
    validation::{ErrorList, metadata::NameRule},
};

/// The label that every namespace has with its own name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

#[derive(Debug)]
pub(crate) struct NamespaceStrategy;

impl Strategy for NamespaceStrategy {
    fn name_rule(&self) -> NameRule {
        NameRule::Label
    }

    fn has_status(&self) -> bool {
        true
    }

    fn set_defaults(&self, object: &mut Value) {
        let name = metadata_str(object, "name").to_owned();
        if !name.is_empty() {
            let labels = metadata_mut(object).entry("labels").or_insert_with(|| json!({}));
            if let Value::Object(labels) = labels {
                labels.insert(NAME_LABEL.into(), json!(name));
            }
        }
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        let spec = object_at(object, "spec");
        spec.insert("finalizers".into(), json!(["kubernetes"]));
        object["status"] = json!({ "phase": "Active" });
        self.set_defaults(object);
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        pod_security::validate_labels(object, errors);
        Ok(())
    }

    fn prepare_update(&self, cx: Context<'_>, object: &mut Value, old: &Value) -> Result<()> {
        if cx.request.subresource != "finalize" {
            object["spec"] = old.get("spec").cloned().unwrap_or_default();
        }
        Ok(())
    }

    fn created(&self, cx: Context<'_>, writer: &Writer<'_>, object: &Value) {
        bootstrap::furnish_namespace(cx.server, writer, metadata_str(object, "name"));
    }

    fn selectable(&self, object: &Value, field: &str) -> Option<String> {
        (field == "status.phase").then(|| crate::object::text_at(object, "/status/phase").to_owned())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 3] = [Column::NAME, Column::text("Status"), Column::AGE];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![cells::name(object), cells::text(object, "/status/phase"), cells::age(object, now)]
    }
}

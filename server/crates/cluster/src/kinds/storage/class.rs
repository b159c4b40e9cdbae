//! StorageClasses.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    kinds::{cells, defaults::set},
    object::text_at,
    resource::{Context, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path, names},
};

#[derive(Debug)]
pub(crate) struct ClassStrategy;

const POLICIES: [&str; 2] = ["Delete", "Retain"];
const BINDING_MODES: [&str; 2] = ["Immediate", "WaitForFirstConsumer"];

impl Strategy for ClassStrategy {
    fn set_defaults(&self, object: &mut Value) {
        if let Some(root) = object.as_object_mut() {
            set(root, "reclaimPolicy", "Delete");
            set(root, "volumeBindingMode", "Immediate");
        }
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        match text_at(object, "/provisioner") {
            "" => errors.required(&Path::new("provisioner"), ""),
            name => {
                let lower = name.to_lowercase();
                errors.invalid_each(&Path::new("provisioner"), name, &names::qualified_name(&lower));
            }
        }
        let policy = text_at(object, "/reclaimPolicy");
        if !POLICIES.contains(&policy) {
            errors.not_supported(&Path::new("reclaimPolicy"), policy, &POLICIES);
        }
        let mode = text_at(object, "/volumeBindingMode");
        if !BINDING_MODES.contains(&mode) {
            errors.not_supported(&Path::new("volumeBindingMode"), mode, &BINDING_MODES);
        }
        Ok(())
    }

    fn validate_change(&self, object: &Value, old: &Value, errors: &mut ErrorList) -> Result<()> {
        for field in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
            if object.get(field) != old.get(field) {
                errors.forbidden(&Path::new(field), &format!("updates to {field} are forbidden."));
            }
        }
        Ok(())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 6] = [
            Column::NAME,
            Column::text("Provisioner"),
            Column::text("ReclaimPolicy"),
            Column::text("VolumeBindingMode"),
            Column::text("AllowVolumeExpansion"),
            Column::AGE,
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let annotations = object.pointer("/metadata/annotations");
        let mark = annotations.and_then(|a| a.get("storageclass.kubernetes.io/is-default-class"));
        let name = text_at(object, "/metadata/name");
        let expands = object.get("allowVolumeExpansion").and_then(Value::as_bool);
        vec![
            if mark.is_some_and(|mark| mark == "true") {
                json!(format!("{name} (default)"))
            } else {
                json!(name)
            },
            cells::text(object, "/provisioner"),
            cells::text(object, "/reclaimPolicy"),
            cells::text(object, "/volumeBindingMode"),
            json!(expands.map_or("<unset>".to_owned(), |expands| expands.to_string())),
            cells::age(object, now),
        ]
    }
}

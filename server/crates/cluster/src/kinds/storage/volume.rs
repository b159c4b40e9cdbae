//! PersistentVolumes.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::PersistentVolume;
use serde_json::{Value, json};

use super::{access_modes, validate_access_modes, validate_volume_mode};
use crate::{
    kinds::{
        cells,
        defaults::{object, set},
        pod_spec,
    },
    object::{object_at, parse, text_at},
    resource::{Context, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path},
};

#[derive(Debug)]
pub(crate) struct VolumeStrategy;

/// The fields of a spec that are no source of the volume's data.
const NO_SOURCES: [&str; 9] = [
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

const POLICIES: [&str; 3] = ["Delete", "Recycle", "Retain"];

impl Strategy for VolumeStrategy {
    fn set_defaults(&self, object_: &mut Value) {
        let spec = object_at(object_, "spec");
        set(spec, "persistentVolumeReclaimPolicy", "Retain");
        set(spec, "volumeMode", "Filesystem");
        if let Some(path) = object(spec, "hostPath")
            && !path.contains_key("type")
        {
            path.insert("type".into(), json!(""));
        }
        set(object_at(object_, "status"), "phase", "Pending");
    }

    fn has_status(&self) -> bool {
        true
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        object["status"] = json!({ "phase": "Pending" });
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let spec = parse::<PersistentVolume>(object)?.spec.unwrap_or_default();
        let path = Path::new("spec");
        let modes = spec.access_modes.as_deref().unwrap_or_default();
        validate_access_modes(modes, &path.child("accessModes"), errors);
        let given = spec.capacity;
        let capacity = given.clone().unwrap_or_default();
        let at = path.child("capacity");
        if capacity.is_empty() {
            errors.required(&at, "");
        }
        if !capacity.contains_key("storage") || capacity.len() > 1 {
            errors.not_supported(&at, given, &["storage"]);
        }
        let fields = object.get("spec").and_then(Value::as_object);
        let mut sources =
            fields.into_iter().flatten().map(|(key, _)| key.as_str()).filter(|k| !NO_SOURCES.contains(k));
        if sources.next().is_none() {
            errors.required(&path, "must specify a volume type");
        }
        for extra in sources {
            errors.forbidden(&path.child(extra), "may not specify more than 1 volume type");
        }
        if spec.host_path.is_some() {
            pod_spec::host_path(spec.host_path.as_ref(), &path.child("hostPath"), errors);
        }
        let policy = spec.persistent_volume_reclaim_policy.as_deref().unwrap_or_default();
        if !POLICIES.contains(&policy) {
            errors.not_supported(&path.child("persistentVolumeReclaimPolicy"), policy, &POLICIES);
        }
        validate_volume_mode(spec.volume_mode.as_deref(), &path.child("volumeMode"), errors);
        Ok(())
    }

    fn validate_change(&self, object: &Value, old: &Value, errors: &mut ErrorList) -> Result<()> {
        let source = |value: &Value| {
            let mut spec = value.get("spec").and_then(Value::as_object).cloned().unwrap_or_default();
            NO_SOURCES.into_iter().for_each(|field| {
                spec.remove(field);
            });
            spec
        };
        let path = Path::new("spec");
        if source(object) != source(old) {
            errors.forbidden(
                &path.child("persistentvolumesource"),
                "spec.persistentvolumesource is immutable after creation",
            );
        }
        errors.immutable(&path.child("volumeMode"), object, old, "/spec/volumeMode");
        Ok(())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 11] = [
            Column::NAME,
            Column::text("Capacity"),
            Column::text("Access Modes"),
            Column::text("Reclaim Policy"),
            Column::text("Status"),
            Column::text("Claim"),
            Column::text("StorageClass"),
            Column::text("VolumeAttributesClass"),
            Column::text("Reason"),
            Column::AGE,
            Column::text("VolumeMode").wide(),
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let claim =
            match (text_at(object, "/spec/claimRef/namespace"), text_at(object, "/spec/claimRef/name")) {
                (_, "") => String::new(),
                (namespace, name) => format!("{namespace}/{name}"),
            };
        let deleting = object.pointer("/metadata/deletionTimestamp").is_some();
        let phase = if deleting { json!("Terminating") } else { cells::text(object, "/status/phase") };
        let class = object.pointer("/spec/volumeAttributesClassName").and_then(Value::as_str);
        vec![
            cells::name(object),
            cells::text(object, "/spec/capacity/storage"),
            access_modes(object.pointer("/spec/accessModes")),
            cells::text(object, "/spec/persistentVolumeReclaimPolicy"),
            phase,
            json!(claim),
            cells::text(object, "/spec/storageClassName"),
            json!(class.unwrap_or("<unset>")),
            cells::text(object, "/status/reason"),
            cells::age(object, now),
            match text_at(object, "/spec/volumeMode") {
                "" => json!("<unset>"),
                mode => json!(mode),
            },
        ]
    }
}

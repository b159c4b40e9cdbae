//! PersistentVolumeClaims.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec};
use serde_json::{Value, json};

use super::{access_modes, validate_access_modes, validate_volume_mode};
use crate::{
    go_struct::difference,
    kinds::{cells, defaults::set, pod_spec},
    object::{object_at, parse, text_at},
    quantity::Quantity,
    resource::{Context, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path, names},
};

const FIXED: &str = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

#[derive(Debug)]
pub(crate) struct ClaimStrategy;

impl Strategy for ClaimStrategy {
    fn set_defaults(&self, object: &mut Value) {
        set(object_at(object, "spec"), "volumeMode", "Filesystem");
        set(object_at(object, "status"), "phase", "Pending");
    }

    fn has_status(&self) -> bool {
        true
    }

    fn prepare_create(&self, cx: Context<'_>, object: &mut Value) -> Result<()> {
        object["status"] = json!({ "phase": "Pending" });
        // A claim that names no class gets the cluster's default one; one that names "" gets none.
        if object.pointer("/spec/storageClassName").is_none()
            && let Some(name) = default_class(cx)
        {
            object_at(object, "spec").insert("storageClassName".into(), json!(name));
        }
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let claim: PersistentVolumeClaim = parse(object)?;
        validate_spec(&claim.spec.unwrap_or_default(), &Path::new("spec"), errors);
        Ok(())
    }

    fn validate_change(&self, object: &Value, old: &Value, errors: &mut ErrorList) -> Result<()> {
        let (new, before): (PersistentVolumeClaim, PersistentVolumeClaim) = (parse(object)?, parse(old)?);
        let (new, before) = (new.spec.unwrap_or_default(), before.spec.unwrap_or_default());
        let path = Path::new("spec");
        let fixed = |spec: &PersistentVolumeClaimSpec| {
            let mut spec = spec.clone();
            spec.resources.get_or_insert_default().requests = None;
            spec.volume_attributes_class_name = None;
            spec
        };
        let mut munged = fixed(&new);
        // The volume's name is set once, by the binder; so may the class be, once there is a default one.
        if before.volume_name.as_deref().unwrap_or_default().is_empty() {
            munged.volume_name.clone_from(&before.volume_name);
        }
        if before.storage_class_name.is_none() {
            munged.storage_class_name = None;
        }
        let changed = |from: &PersistentVolumeClaimSpec, to: &PersistentVolumeClaimSpec| {
            let changed = difference("api.core.v1.PersistentVolumeClaimSpec", &json!(from), &json!(to));
            format!("{FIXED}\n{changed}")
        };
        if munged != fixed(&before) {
            let mut shown = munged.clone();
            shown.resources.clone_from(&before.resources);
            shown.volume_attributes_class_name.clone_from(&before.volume_attributes_class_name);
            errors.forbidden(&path, &changed(&before, &shown));
        }
        let size = |spec: &PersistentVolumeClaimSpec| {
            spec.resources.as_ref()?.requests.as_ref()?.get("storage").and_then(Quantity::of)
        };
        let bound = text_at(old, "/status/phase") == "Bound";
        if let (Some(now), Some(was)) = (size(&new), size(&before)) {
            let at = path.child("resources").child("requests").child("storage");
            if now.value() < was.value() && bound {
                errors.forbidden(&at, "field can not be less than status.capacity");
            } else if now != was && !bound {
                errors.forbidden(&path, &changed(&before, &new));
            }
        }
        Ok(())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 9] = [
            Column::NAME,
            Column::text("Status"),
            Column::text("Volume"),
            Column::text("Capacity"),
            Column::text("Access Modes"),
            Column::text("StorageClass"),
            Column::text("VolumeAttributesClass"),
            Column::AGE,
            Column::text("VolumeMode").wide(),
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let deleting = object.pointer("/metadata/deletionTimestamp").is_some();
        let phase = if deleting { json!("Terminating") } else { cells::text(object, "/status/phase") };
        let bound = !text_at(object, "/spec/volumeName").is_empty();
        let when_bound = |value: Value| if bound { value } else { json!("") };
        let class =
            object.pointer("/spec/volumeAttributesClassName").and_then(Value::as_str).unwrap_or("<unset>");
        vec![
            cells::name(object),
            phase,
            cells::text(object, "/spec/volumeName"),
            when_bound(cells::text(object, "/status/capacity/storage")),
            when_bound(access_modes(object.pointer("/status/accessModes"))),
            cells::text(object, "/spec/storageClassName"),
            json!(class),
            cells::age(object, now),
            match text_at(object, "/spec/volumeMode") {
                "" => json!("<unset>"),
                mode => json!(mode),
            },
        ]
    }
}

/// The rules for a claim's spec, here and in templates.
pub(crate) fn validate_spec(spec: &PersistentVolumeClaimSpec, path: &Path, errors: &mut ErrorList) {
    if let Some(selector) = &spec.selector {
        pod_spec::label_selector(selector, &path.child("selector"), errors);
    }
    let modes = spec.access_modes.as_deref().unwrap_or_default();
    validate_access_modes(modes, &path.child("accessModes"), errors);
    let requests = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    match requests.and_then(|requests| requests.get("storage")) {
        None => errors.required(&path.child("resources").key("storage"), ""),
        Some(amount) => {
            let at = path.child("resources").child("requests").key("storage");
            if Quantity::of(amount).is_none_or(|amount| amount.value() <= 0) {
                errors.invalid(&at, &amount.0, "must be greater than zero");
            }
        }
    }
    if let Some(name) = spec.storage_class_name.as_deref().filter(|name| !name.is_empty()) {
        errors.invalid_each(&path.child("storageClassName"), name, &names::dns_subdomain(name));
    }
    validate_volume_mode(spec.volume_mode.as_deref(), &path.child("volumeMode"), errors);
}

/// The newest class that is marked as the default one.
fn default_class(cx: Context<'_>) -> Option<String> {
    const MARKS: [&str; 2] =
        ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
    let classes = cx.server.store.list("storageclasses.storage.k8s.io", "");
    let marked = classes.objects.iter().filter(|class| {
        let annotations = class.value().pointer("/metadata/annotations");
        let is_true = |mark: &str| annotations.and_then(|a| a.get(mark)).is_some_and(|v| v == "true");
        MARKS.into_iter().any(is_true)
    });
    marked
        .max_by_key(|class| text_at(class.value(), "/metadata/creationTimestamp").to_owned())
        .map(|class| class.name().to_owned())
}

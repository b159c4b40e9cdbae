//! StatefulSets.

use jiff::Timestamp;
use k8s_openapi::{
    api::{
        apps::v1::{StatefulSet, StatefulSetSpec},
        core::v1::{PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Volume},
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use serde_json::{Value, json};

use super::{WIDE, rolling, spec, template, validate_selector};
use crate::{
    kinds::{
        cells,
        defaults::{object, objects, set, set_object},
        storage::claim,
    },
    object::parse,
    resource::{Context, Generation, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path, metadata, names},
};

#[derive(Debug)]
pub(crate) struct StatefulSetStrategy;

const FIXED: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

impl Strategy for StatefulSetStrategy {
    fn set_defaults(&self, object_: &mut Value) {
        let spec = spec(object_);
        set(spec, "podManagementPolicy", "OrderedReady");
        set_object(spec, "updateStrategy");
        if let Some(strategy) = object(spec, "updateStrategy") {
            set(strategy, "type", "RollingUpdate");
            if strategy.get("type") == Some(&json!("RollingUpdate")) {
                set_object(strategy, "rollingUpdate");
                if let Some(rolling) = object(strategy, "rollingUpdate") {
                    set(rolling, "partition", 0);
                }
            }
        }
        set_object(spec, "persistentVolumeClaimRetentionPolicy");
        if let Some(policy) = object(spec, "persistentVolumeClaimRetentionPolicy") {
            set(policy, "whenDeleted", "Retain");
            set(policy, "whenScaled", "Retain");
        }
        set(spec, "replicas", 1);
        set(spec, "revisionHistoryLimit", 10);
        for claim in objects(spec, "volumeClaimTemplates") {
            set(claim, "apiVersion", "v1");
            set(claim, "kind", "PersistentVolumeClaim");
            if let Some(spec) = object(claim, "spec") {
                set(spec, "volumeMode", "Filesystem");
            }
            claim.insert("status".into(), json!({ "phase": "Pending" }));
        }
        template::set_defaults(spec);
    }

    fn generation(&self) -> Generation {
        Generation::OfSpec
    }

    fn has_status(&self) -> bool {
        true
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        object["status"] = json!({ "availableReplicas": 0, "replicas": 0 });
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let spec = parse::<StatefulSet>(object)?.spec;
        let path = Path::new("spec");
        let selector = object.pointer("/spec/selector").map(|_| &spec.selector);
        validate(&spec, selector, &path, errors);
        validate_service_name(&spec, &path, errors);
        validate_pods(&spec, &path, errors);
        validate_claims(&spec, &path, errors);
        Ok(())
    }

    /// What was taken before there were rules for it may stay as it is.
    fn validate_update(
        &self,
        cx: Context<'_>,
        object: &Value,
        old: &Value,
        errors: &mut ErrorList,
    ) -> Result<()> {
        if cx.request.subresource == "status" {
            return Ok(());
        }
        let (spec, before) = (parse::<StatefulSet>(object)?.spec, parse::<StatefulSet>(old)?.spec);
        let path = Path::new("spec");
        let selector = object.pointer("/spec/selector").map(|_| &spec.selector);
        validate(&spec, selector, &path, errors);
        if spec.service_name != before.service_name {
            validate_service_name(&spec, &path, errors);
        }
        if spec.template != before.template {
            validate_pods(&spec, &path, errors);
        }
        self.validate_change(object, old, errors)
    }

    fn validate_change(&self, object: &Value, old: &Value, errors: &mut ErrorList) -> Result<()> {
        let fixed = |value: &Value| {
            let mut spec = value.get("spec").and_then(Value::as_object).cloned().unwrap_or_default();
            for field in [
                "replicas",
                "ordinals",
                "template",
                "updateStrategy",
                "revisionHistoryLimit",
                "persistentVolumeClaimRetentionPolicy",
                "minReadySeconds",
            ] {
                spec.remove(field);
            }
            spec
        };
        if fixed(object) != fixed(old) {
            errors.forbidden(&Path::new("spec"), FIXED);
        }
        Ok(())
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        template::warnings(object, old, "/spec/template", &Path::new("spec").child("template"))
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 5] = [Column::NAME, Column::text("Ready"), Column::AGE, WIDE[0], WIDE[1]];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let number = |pointer| cells::number(object, pointer);
        let [names, images] = cells::containers(object, "/spec/template/spec/containers");
        vec![
            cells::name(object),
            json!(format!("{}/{}", number("/status/readyReplicas"), number("/spec/replicas"))),
            cells::age(object, now),
            names,
            images,
        ]
    }
}

fn validate(spec: &StatefulSetSpec, selector: Option<&LabelSelector>, path: &Path, errors: &mut ErrorList) {
    let at = path.child("podManagementPolicy");
    match spec.pod_management_policy.as_deref().unwrap_or_default() {
        "OrderedReady" | "Parallel" => {}
        "" => errors.required(&at, ""),
        other => errors.invalid(&at, other, "must be 'OrderedReady' or 'Parallel'"),
    }
    let at = path.child("updateStrategy");
    let strategy = spec.update_strategy.clone().unwrap_or_default();
    match (strategy.type_.as_deref().unwrap_or_default(), &strategy.rolling_update) {
        ("", _) => errors.required(&at, ""),
        ("OnDelete", Some(rolling)) => {
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            let of = "api.apps.v1.RollingUpdateStatefulSetStrategy";
            errors.invalid_struct(&at.child("rollingUpdate"), of, rolling, detail);
        }
        ("OnDelete", None) => {}
        ("RollingUpdate", rolling) => {
            let rolling = rolling.clone().unwrap_or_default();
            let at = at.child("rollingUpdate");
            errors.not_negative(&at.child("partition"), rolling.partition.unwrap_or(0));
            rolling::validate(rolling.max_unavailable.as_ref(), &at.child("maxUnavailable"), errors);
        }
        _ => {
            let detail = "must be 'RollingUpdate' or 'OnDelete'";
            errors.invalid_struct(&at, "api.apps.v1.StatefulSetUpdateStrategy", &strategy, detail);
        }
    }
    if let Some(policy) = &spec.persistent_volume_claim_retention_policy {
        let at = path.child("persistentVolumeClaimRetentionPolicy");
        for (field, value) in [("whenDeleted", &policy.when_deleted), ("whenScaled", &policy.when_scaled)] {
            let value = value.as_deref().unwrap_or_default();
            if !matches!(value, "Retain" | "Delete") {
                errors.not_supported(&at.child(field), value, &["Retain", "Delete"]);
            }
        }
    }
    errors.not_negative(&path.child("replicas"), spec.replicas.unwrap_or(0));
    errors.not_negative(&path.child("minReadySeconds"), spec.min_ready_seconds.unwrap_or(0));
    if let Some(start) = spec.ordinals.as_ref().and_then(|ordinals| ordinals.start) {
        errors.not_negative(&path.child("ordinals").child("start"), start);
    }
    validate_selector(selector, "empty selector is invalid for statefulset", &path.child("selector"), errors);
    let at = path.child("template");
    template::validate_selected(&spec.template, selector, &at, errors);
    template::validate_metadata(&spec.template, &at, errors);
    let pod = spec.template.spec.clone().unwrap_or_default();
    if pod.restart_policy.as_deref() != Some("Always") {
        let policy = pod.restart_policy.unwrap_or_default();
        errors.not_supported(&at.child("spec").child("restartPolicy"), policy, &["Always"]);
    }
    if pod.active_deadline_seconds.is_some() {
        let at = at.child("spec").child("activeDeadlineSeconds");
        errors.forbidden(&at, "activeDeadlineSeconds in StatefulSet is not Supported");
    }
}

/// The name becomes the subdomain of each Pod.
fn validate_service_name(spec: &StatefulSetSpec, path: &Path, errors: &mut ErrorList) {
    if let Some(name) = spec.service_name.as_deref().filter(|name| !name.is_empty()) {
        errors.invalid_each(&path.child("serviceName"), name, &names::dns_label(name));
    }
}

/// The rules for the template's Pods, whose volumes are complete only with the claims that are made for each of them.
fn validate_pods(spec: &StatefulSetSpec, path: &Path, errors: &mut ErrorList) {
    let mut pod = spec.template.spec.clone().unwrap_or_default();
    let names: Vec<&str> = claims(spec).filter_map(|claim| claim.metadata.name.as_deref()).collect();
    let volumes = pod.volumes.get_or_insert_default();
    volumes.retain(|volume| !names.contains(&volume.name.as_str()));
    volumes.extend(names.into_iter().map(|name| Volume {
        name: name.to_owned(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: name.to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    }));
    template::validate_spec(&pod, &path.child("template"), errors);
}

fn validate_claims(spec: &StatefulSetSpec, path: &Path, errors: &mut ErrorList) {
    for (index, claim) in claims(spec).enumerate() {
        let at = path.child("volumeClaimTemplates").index(index);
        metadata::labels(claim.metadata.labels.iter().flatten(), &at.child("labels"), errors);
        metadata::annotations(claim.metadata.annotations.iter().flatten(), &at.child("annotations"), errors);
        let none = Default::default();
        claim::validate_spec(claim.spec.as_ref().unwrap_or(&none), &at.child("spec"), errors);
    }
}

fn claims(spec: &StatefulSetSpec) -> impl Iterator<Item = &PersistentVolumeClaim> {
    spec.volume_claim_templates.iter().flatten()
}

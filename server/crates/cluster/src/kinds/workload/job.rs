//! Jobs.

use jiff::Timestamp;
use k8s_openapi::api::{
    batch::v1::{Job, JobSpec},
    core::v1::{Affinity, PodTemplateSpec},
};
use serde_json::{Map, Value, json};

use super::{WIDE, job_policies, spec, template, wide};
use crate::{
    kinds::{cells, defaults::set, pod_spec},
    label_selector,
    object::{metadata_mut, metadata_str, object_at, parse, text_at},
    resource::{
        Context, Generation, Strategy,
        columns::{self, Column},
    },
    status::Result,
    validation::{ErrorList, Path, names},
};

#[derive(Debug)]
pub(crate) struct JobStrategy;

/// The most Pods that an indexed Job may have side by side.
const INDEXED_PARALLELISM: i32 = 100_000;

/// What a Job's selector selects.
const UID_LABEL: &str = "batch.kubernetes.io/controller-uid";

impl Strategy for JobStrategy {
    fn set_defaults(&self, object: &mut Value) {
        set_spec_defaults(spec(object));
        let spec = spec(object);
        if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
            spec.insert("completions".into(), json!(1));
        }
        set(spec, "parallelism", 1);
        let by_index = spec.contains_key("backoffLimitPerIndex");
        set(spec, "backoffLimit", if by_index { i32::MAX } else { 6 });
        set(spec, "completionMode", "NonIndexed");
        set(spec, "suspend", false);
        set(spec, "manualSelector", false);
        let policy = if spec.contains_key("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
        set(spec, "podReplacementPolicy", policy);
        if let Some(policy) = spec.get_mut("podFailurePolicy") {
            job_policies::set_failure_defaults(policy);
        }
    }

    fn generation(&self) -> Generation {
        Generation::OfSpec
    }

    fn has_status(&self) -> bool {
        true
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        if object.pointer("/spec/manualSelector") != Some(&json!(true)) {
            generate_selector(object);
        }
        let labels = object.pointer("/spec/template/metadata/labels").cloned();
        if let Some(labels) = labels {
            let metadata = metadata_mut(object);
            if metadata.get("labels").and_then(Value::as_object).is_none_or(Map::is_empty) {
                metadata.insert("labels".into(), labels);
            }
        }
        object["status"] = json!({});
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let job: Job = parse(object)?;
        let path = Path::new("spec");
        let spec = job.spec.unwrap_or_default();
        validate_generated_selector(object, &spec, &path, errors);
        validate_spec(&spec, &path, errors);
        match &spec.selector {
            None => errors.required(&path.child("selector"), ""),
            Some(selector) => {
                pod_spec::label_selector(selector, &path.child("selector"), errors);
                let labels = spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
                if !label_selector::selects(Some(selector), labels) {
                    template::not_selected(&spec.template, &path.child("template"), errors);
                }
            }
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
        if cx.request.subresource == "status" {
            return Ok(());
        }
        let path = Path::new("spec");
        let (job, before): (Job, Job) = (parse(object)?, parse(old)?);
        let (spec, before) = (job.spec.unwrap_or_default(), before.spec.unwrap_or_default());
        validate_spec(&spec, &path, errors);
        let indexed = spec.completion_mode.as_deref() == Some("Indexed");
        if !(indexed && spec.completions == spec.parallelism) {
            errors.immutable(&path.child("completions"), object, old, "/spec/completions");
        }
        errors.immutable(&path.child("selector"), object, old, "/spec/selector");
        let may_be = if is_at_rest(old) {
            with_changes_at_rest(&before.template, &spec.template)
        } else {
            before.template
        };
        if spec.template != may_be {
            let of = "api.core.v1.PodTemplateSpec";
            errors.invalid_struct(&path.child("template"), of, &spec.template, "field is immutable");
        }
        errors.immutable(&path.child("completionMode"), object, old, "/spec/completionMode");
        let (at, of) = (path.child("podFailurePolicy"), "api.batch.v1.PodFailurePolicy");
        errors.immutable_struct(&at, of, &spec.pod_failure_policy, &before.pod_failure_policy);
        errors.immutable(&path.child("backoffLimitPerIndex"), object, old, "/spec/backoffLimitPerIndex");
        errors.immutable(&path.child("managedBy"), object, old, "/spec/managedBy");
        let (at, of) = (path.child("successPolicy"), "api.batch.v1.SuccessPolicy");
        errors.immutable_struct(&at, of, &spec.success_policy, &before.success_policy);
        Ok(())
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        template::warnings(object, old, "/spec/template", &Path::new("spec").child("template"))
    }

    fn selectable(&self, object: &Value, field: &str) -> Option<String> {
        (field == "status.successful").then(|| cells::number(object, "/status/succeeded").to_string())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 8] = [
            Column::NAME,
            Column::text("Status"),
            Column::text("Completions"),
            Column::text("Duration"),
            Column::AGE,
            WIDE[0],
            WIDE[1],
            WIDE[2],
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let number = |pointer| cells::number(object, pointer);
        let done = number("/status/succeeded");
        let completions = match (object.pointer("/spec/completions"), number("/spec/parallelism").as_i64()) {
            (Some(wanted), _) => format!("{done}/{wanted}"),
            (None, Some(parallelism)) if parallelism > 1 => format!("{done}/1 of {parallelism}"),
            _ => format!("{done}/1"),
        };
        let [names, images, selector] = wide(object);
        vec![
            cells::name(object),
            json!(state(object)),
            json!(completions),
            json!(duration(object, now)),
            cells::age(object, now),
            names,
            images,
            selector,
        ]
    }
}

/// What a Job and the template of a CronJob's Jobs have alike.
pub(super) fn set_spec_defaults(spec: &mut Map<String, Value>) {
    template::set_defaults(spec);
}

/// Labels that only this Job's Pods have, and the selector of one of them.
fn generate_selector(object: &mut Value) {
    let (uid, name) = (metadata_str(object, "uid").to_owned(), metadata_str(object, "name").to_owned());
    let Some(template) = object_at(object, "spec").get_mut("template") else { return };
    let labels = metadata_mut(template).entry("labels").or_insert_with(|| json!({}));
    if let Some(labels) = labels.as_object_mut() {
        for (key, value) in [
            ("controller-uid", &uid),
            (UID_LABEL, &uid),
            ("job-name", &name),
            ("batch.kubernetes.io/job-name", &name),
        ] {
            labels.insert(key.into(), json!(value));
        }
    }
    let selector = object_at(object, "spec").entry("selector").or_insert_with(|| json!({}));
    object_at(selector, "matchLabels").insert(UID_LABEL.into(), json!(uid));
}

/// A selector that nobody may choose has to select what the Job's own Pods are labelled with, and nothing else.
fn validate_generated_selector(object: &Value, spec: &JobSpec, path: &Path, errors: &mut ErrorList) {
    let Some(selector) = spec.selector.as_ref().filter(|_| spec.manual_selector != Some(true)) else {
        return;
    };
    let (uid, name) = (metadata_str(object, "uid"), metadata_str(object, "name"));
    let own = [(UID_LABEL, uid), ("batch.kubernetes.io/job-name", name)];
    let own = own.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    if !label_selector::selects(Some(selector), Some(&own)) {
        errors.invalid(&path.child("selector"), selector, "`selector` not auto-generated");
    }
}

/// Whether a Job is suspended and none of its Pods has been started since.
fn is_at_rest(job: &Value) -> bool {
    job.pointer("/spec/suspend") == Some(&json!(true)) && text_at(job, "/status/startTime").is_empty()
}

/// A template with what may change while its Job rests: where its Pods go, and how much they get
/// ("Mutable Scheduling Directives", "Mutable Pod resources", in the Kubernetes documentation on Jobs).
fn with_changes_at_rest(template: &PodTemplateSpec, new: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    if let (Some(metadata), Some(new)) = (&mut template.metadata, &new.metadata) {
        metadata.labels.clone_from(&new.labels);
        metadata.annotations.clone_from(&new.annotations);
    }
    let (Some(spec), Some(new)) = (&mut template.spec, &new.spec) else { return template };
    spec.node_selector.clone_from(&new.node_selector);
    spec.tolerations.clone_from(&new.tolerations);
    spec.scheduling_gates.clone_from(&new.scheduling_gates);
    let mut affinity = spec.affinity.take().unwrap_or_default();
    affinity.node_affinity = new.affinity.as_ref().and_then(|affinity| affinity.node_affinity.clone());
    spec.affinity = (new.affinity.is_some() || affinity != Affinity::default()).then_some(affinity);
    let all = spec.containers.iter_mut().zip(&new.containers);
    let first = spec.init_containers.iter_mut().flatten().zip(new.init_containers.iter().flatten());
    for (container, new) in all.chain(first) {
        container.resources.clone_from(&new.resources);
    }
    template
}

/// The rules for the spec of a Job, here and in CronJobs.
pub(super) fn validate_spec(spec: &JobSpec, path: &Path, errors: &mut ErrorList) {
    for (field, number) in [
        ("parallelism", spec.parallelism.map(i64::from)),
        ("completions", spec.completions.map(i64::from)),
        ("activeDeadlineSeconds", spec.active_deadline_seconds),
        ("backoffLimit", spec.backoff_limit.map(i64::from)),
        ("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished.map(i64::from)),
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.map(i64::from)),
        ("maxFailedIndexes", spec.max_failed_indexes.map(i64::from)),
    ] {
        errors.not_negative(&path.child(field), number.unwrap_or(0));
    }
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        errors.required(&path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
    }
    if let Some(manager) = spec.managed_by.as_deref() {
        validate_manager(manager, &path.child("managedBy"), errors);
    }
    let indexed = match spec.completion_mode.as_deref() {
        None | Some("NonIndexed") => false,
        Some("Indexed") => true,
        Some(other) => {
            errors.not_supported(&path.child("completionMode"), other, &["NonIndexed", "Indexed"]);
            false
        }
    };
    if indexed {
        if spec.completions.is_none() {
            let detail = "when completion mode is Indexed";
            errors.required(&path.child("completions"), detail);
        }
        if spec.parallelism.is_some_and(|number| number > INDEXED_PARALLELISM) {
            let detail = format!(
                "must be less than or equal to {INDEXED_PARALLELISM} when completion mode is Indexed"
            );
            errors.invalid(&path.child("parallelism"), spec.parallelism, &detail);
        }
    } else {
        for (field, number) in [
            ("backoffLimitPerIndex", spec.backoff_limit_per_index),
            ("maxFailedIndexes", spec.max_failed_indexes),
        ] {
            if let Some(number) = number {
                errors.invalid(&path.child(field), number, "requires indexed completion mode");
            }
        }
    }
    job_policies::validate(spec, path, errors);
    let known: &[&str] = match spec.pod_failure_policy {
        Some(_) => &["Failed"],
        None => &["Failed", "TerminatingOrFailed"],
    };
    if let Some(policy) = spec.pod_replacement_policy.as_deref().filter(|policy| !known.contains(policy)) {
        errors.not_supported(&path.child("podReplacementPolicy"), policy, known);
    }
    let at = path.child("template");
    template::validate(&spec.template, &at, errors);
    let at = at.child("spec").child("restartPolicy");
    let policy = spec.template.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
    match policy.unwrap_or_default() {
        "OnFailure" if spec.pod_failure_policy.is_some() => {
            errors.invalid(&at, policy, "only \"Never\" is supported when podFailurePolicy is specified");
        }
        "OnFailure" | "Never" => {}
        "Always" => errors.required(&at, "valid values: \"OnFailure\", \"Never\""),
        other => errors.not_supported(&at, other, &["OnFailure", "Never"]),
    }
}

/// The controller that looks after a Job: a path behind somebody's domain.
fn validate_manager(manager: &str, path: &Path, errors: &mut ErrorList) {
    match manager.split_once('/') {
        _ if manager.is_empty() => errors.required(path, ""),
        Some((host, rest)) if !host.is_empty() && !rest.is_empty() => {
            errors.invalid_each(path, host, &names::dns_subdomain(host));
        }
        _ => errors.invalid(path, manager, "must be a domain-prefixed path (such as \"acme.io/foo\")"),
    }
}

/// What `kubectl get jobs` says of a Job.
fn state(object: &Value) -> &'static str {
    let list = object.pointer("/status/conditions").and_then(Value::as_array);
    let is_true = |kind: &str| {
        list.into_iter()
            .flatten()
            .any(|condition| text_at(condition, "/type") == kind && text_at(condition, "/status") == "True")
    };
    match object.pointer("/metadata/deletionTimestamp") {
        _ if is_true("Complete") => "Complete",
        _ if is_true("Failed") => "Failed",
        Some(_) => "Terminating",
        _ if is_true("Suspended") => "Suspended",
        _ if is_true("FailureTarget") => "FailureTarget",
        _ if is_true("SuccessCriteriaMet") => "SuccessCriteriaMet",
        _ => "Running",
    }
}

/// How long a Job has run, or ran.
fn duration(object: &Value, now: Timestamp) -> String {
    let at = |pointer| text_at(object, pointer).parse::<Timestamp>().ok();
    let Some(start) = at("/status/startTime") else { return String::new() };
    let end = at("/status/completionTime").unwrap_or(now);
    columns::duration(end.duration_since(start).as_secs())
}

//! ResourceQuotas.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaSpec};
use serde_json::{Value, json};

use crate::{
    kinds::{cells, pod_spec},
    object::{parse, text_at},
    quota,
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

const ONLY_EXISTS: &str = "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

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
            let at = path.child("hard").key(name);
            pod_spec::resource_name(name, &at, errors);
            if !name.contains('/') && !quota::STANDARD.contains(&name.as_str()) {
                errors.invalid(&at, name, "must be a standard resource for quota");
            }
            pod_spec::validate_amount(name, amount, &at, errors);
        }
        validate_scopes(&spec, &path.child("scopes"), errors);
        validate_selector(&spec, &path.child("scopeSelector").child("matchExpressions"), errors);
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

fn validate_scopes(spec: &ResourceQuotaSpec, path: &Path, errors: &mut ErrorList) {
    let scopes = spec.scopes.as_deref().unwrap_or_default();
    for scope in scopes {
        if !SCOPES.contains(&scope.as_str()) {
            errors.invalid(path, scopes, "unsupported scope");
        }
        for _ in unfit(spec, scope) {
            errors.invalid(path, scopes, "unsupported scope applied to resource");
        }
    }
    for _ in conflicts(scopes.iter().map(String::as_str)) {
        errors.invalid(path, scopes, "conflicting scopes");
    }
}

fn validate_selector(spec: &ResourceQuotaSpec, path: &Path, errors: &mut ErrorList) {
    let Some(selector) = &spec.scope_selector else { return };
    let requirements = selector.match_expressions.as_deref().unwrap_or_default();
    for requirement in requirements {
        let (scope, operator) = (requirement.scope_name.as_str(), requirement.operator.as_str());
        if !SCOPES.contains(&scope) {
            errors.invalid(&path.child("scopeName"), scope, "unsupported scope");
        }
        for _ in unfit(spec, scope) {
            errors.invalid(path, selector, "unsupported scope applied to resource");
        }
        if SCOPES.contains(&scope)
            && !matches!(scope, "PriorityClass" | "VolumeAttributesClass")
            && operator != "Exists"
        {
            errors.invalid(&path.child("operator"), operator, ONLY_EXISTS);
        }
        let values = requirement.values.as_deref().unwrap_or_default();
        match operator {
            "In" | "NotIn" if values.is_empty() => errors.required(
                &path.child("values"),
                "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
            ),
            "Exists" | "DoesNotExist" if !values.is_empty() => errors.invalid(
                &path.child("values"),
                values,
                "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
            ),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            _ => errors.invalid(&path.child("operator"), operator, "not a valid selector operator"),
        }
    }
    for _ in conflicts(requirements.iter().map(|requirement| requirement.scope_name.as_str())) {
        errors.invalid(path, &spec.scopes, "conflicting scopes");
    }
}

/// The resources of a quota that a scope says nothing of.
fn unfit<'s>(spec: &'s ResourceQuotaSpec, scope: &'s str) -> impl Iterator<Item = &'s String> {
    let fits = move |name: &str| match scope {
        "BestEffort" => name == "pods",
        "VolumeAttributesClass" => matches!(name, "persistentvolumeclaims" | "requests.storage"),
        scope if SCOPES.contains(&scope) => name == "pods" || quota::COMPUTE.contains(&name),
        _ => true,
    };
    let names = spec.hard.iter().flat_map(|hard| hard.keys());
    names.filter(move |name| quota::STANDARD.contains(&name.as_str()) && !fits(name))
}

/// The pairs of scopes that nothing can be in together.
fn conflicts<'s>(scopes: impl Iterator<Item = &'s str>) -> impl Iterator<Item = [&'static str; 2]> {
    let scopes: Vec<&str> = scopes.collect();
    let pairs = [["BestEffort", "NotBestEffort"], ["NotTerminating", "Terminating"]];
    pairs.into_iter().filter(move |pair| pair.iter().all(|scope| scopes.contains(scope)))
}

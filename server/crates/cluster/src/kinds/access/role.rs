//! Roles and ClusterRoles.

use k8s_openapi::api::rbac::v1::PolicyRule;
use serde_json::Value;

use crate::{
    object::parse,
    resource::{Context, Strategy},
    status::Result,
    validation::{ErrorList, Path, metadata::NameRule},
};

/// Of a namespace, or of the whole cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoleStrategy {
    Namespace,
    Cluster,
}

impl Strategy for RoleStrategy {
    fn name_rule(&self) -> NameRule {
        NameRule::PathSegment
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let rules: Vec<PolicyRule> =
            object.get("rules").map(parse::<Option<_>>).transpose()?.flatten().unwrap_or_default();
        for (i, rule) in rules.iter().enumerate() {
            validate_rule(rule, *self, &Path::new("rules").index(i), errors);
        }
        Ok(())
    }
}

fn validate_rule(rule: &PolicyRule, of: RoleStrategy, path: &Path, errors: &mut ErrorList) {
    let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    if rule.verbs.is_empty() {
        errors.required(&path.child("verbs"), "verbs must contain at least one value");
    }
    if some(&rule.non_resource_urls) {
        let at = path.child("nonResourceURLs");
        if of == RoleStrategy::Namespace {
            let detail = "namespaced rules cannot apply to non-resource URLs";
            errors.invalid(&at, &rule.non_resource_urls, detail);
        }
        if some(&rule.api_groups) || some(&rule.resources) || some(&rule.resource_names) {
            let detail = "rules cannot apply to both regular resources and non-resource URLs";
            errors.invalid(&at, &rule.non_resource_urls, detail);
        }
        return;
    }
    if !some(&rule.api_groups) {
        errors.required(&path.child("apiGroups"), "resource rules must supply at least one api group");
    }
    if !some(&rule.resources) {
        errors.required(&path.child("resources"), "resource rules must supply at least one resource");
    }
}

//! Roles and ClusterRoles.

use k8s_openapi::api::rbac::v1::PolicyRule;
use serde_json::Value;

use crate::{
    access::escalation::{self, Grant},
    object::{parse, text_at},
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

    fn prepare_create(&self, cx: Context<'_>, object: &mut Value) -> Result<()> {
        self.check_grant(cx, object)
    }

    fn prepare_update(&self, cx: Context<'_>, object: &mut Value, old: &Value) -> Result<()> {
        if object.get("rules") == old.get("rules") { Ok(()) } else { self.check_grant(cx, object) }
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

impl RoleStrategy {
    /// Where its objects are in the API.
    fn resource(self) -> &'static str {
        if self == Self::Namespace { "roles" } else { "clusterroles" }
    }

    /// Only those who hold the rules may give them to a role.
    fn check_grant(self, cx: Context<'_>, object: &Value) -> Result<()> {
        let rules = object.get("rules").map(parse::<Option<Vec<PolicyRule>>>).transpose()?.flatten();
        let name = text_at(object, "/metadata/name");
        let grant = Grant {
            resource: self.resource(),
            namespace: text_at(object, "/metadata/namespace"),
            name,
            verb: "escalate",
            role_resource: self.resource(),
            role: name,
        };
        escalation::check(cx.server, &cx.request.caller, &grant, rules.as_deref().unwrap_or_default())
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

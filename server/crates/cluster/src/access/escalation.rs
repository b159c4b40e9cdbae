//! Nobody grants what they do not have: who writes a role, or binds one, must hold all its rules, unless they may
//! `escalate` or `bind`.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping>.

use std::collections::BTreeMap;

use k8s_openapi::api::rbac::v1::PolicyRule;

use super::{Action, decide, rbac};
use crate::{
    caller::Caller,
    go_text,
    server::Server,
    status::{Result, Status},
};

const GROUP: &str = "rbac.authorization.k8s.io";

/// A role or a binding that somebody writes.
pub(crate) struct Grant<'g> {
    /// `roles`, `rolebindings`, ...
    pub(crate) resource: &'g str,
    pub(crate) namespace: &'g str,
    pub(crate) name: &'g str,
    /// The verb that makes the check needless, on this role.
    pub(crate) verb: &'g str,
    pub(crate) role_resource: &'g str,
    pub(crate) role: &'g str,
}

/// Refuses a grant of rules that the caller does not hold.
///
/// # Errors
///
/// 403 with the rules that are missing.
pub(crate) fn check(server: &Server, caller: &Caller, grant: &Grant<'_>, rules: &[PolicyRule]) -> Result<()> {
    let action = Action {
        verb: grant.verb.to_owned(),
        group: GROUP.to_owned(),
        resource: grant.role_resource.to_owned(),
        namespace: grant.namespace.to_owned(),
        name: grant.role.to_owned(),
        ..Action::default()
    };
    if decide(server, caller, &action).allowed {
        return Ok(());
    }
    let held = rbac::rules_of(&server.store, caller, grant.namespace);
    let missing: Vec<PolicyRule> = rules
        .iter()
        .flat_map(broken_down)
        .filter(|rule| !held.iter().any(|held| covers(held, rule)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<String> = compacted(missing).iter().map(shown).collect();
    lines.sort();
    lines.dedup();
    let groups: Vec<String> = caller.groups.iter().map(|group| go_text::quote(group)).collect();
    let why = format!(
        "user {:?} (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}",
        caller.name,
        groups.join(" "),
        lines.join("\n")
    );
    Err(Status::forbidden(GROUP, grant.resource, grant.name, &why))
}

fn list(of: &Option<Vec<String>>) -> &[String] {
    of.as_deref().unwrap_or_default()
}

/// Rules of one verb each on one resource of one group, by one name at most.
fn broken_down(rule: &PolicyRule) -> Vec<PolicyRule> {
    let mut simple = Vec::new();
    for verb in &rule.verbs {
        for url in list(&rule.non_resource_urls) {
            simple.push(PolicyRule {
                non_resource_urls: Some(vec![url.clone()]),
                verbs: vec![verb.clone()],
                ..PolicyRule::default()
            });
        }
        for group in list(&rule.api_groups) {
            for resource in list(&rule.resources) {
                let of = |name: Option<&String>| PolicyRule {
                    api_groups: Some(vec![group.clone()]),
                    resources: Some(vec![resource.clone()]),
                    resource_names: name.map(|name| vec![name.clone()]),
                    verbs: vec![verb.clone()],
                    ..PolicyRule::default()
                };
                match list(&rule.resource_names) {
                    [] => simple.push(of(None)),
                    names => simple.extend(names.iter().map(|name| of(Some(name)))),
                }
            }
        }
    }
    simple
}

/// Whether what somebody holds covers a simple rule.
fn covers(held: &PolicyRule, wanted: &PolicyRule) -> bool {
    let all = |held: &[String], wanted: &[String]| {
        wanted.iter().all(|wanted| held.iter().any(|held| held == "*" || held == wanted))
    };
    let names = list(&held.resource_names);
    let resources = list(&wanted.resources).iter().all(|wanted| {
        let of_any = wanted.split_once('/').map(|(_, below)| format!("*/{below}"));
        list(&held.resources)
            .iter()
            .any(|held| held == "*" || held == wanted || of_any.as_ref().is_some_and(|any| any == held))
    });
    let urls = list(&wanted.non_resource_urls).iter().all(|wanted| {
        list(&held.non_resource_urls).iter().any(|held| {
            held == wanted || held.strip_suffix('*').is_some_and(|prefix| wanted.starts_with(prefix))
        })
    });
    all(&held.verbs, &wanted.verbs)
        && all(list(&held.api_groups), list(&wanted.api_groups))
        && resources
        && urls
        && (names.is_empty() || (wanted.resource_names.is_some() && all(names, list(&wanted.resource_names))))
}

/// Simple rules of the same resource as one, with all their verbs.
fn compacted(rules: Vec<PolicyRule>) -> Vec<PolicyRule> {
    let mut by_resource: BTreeMap<(Vec<String>, Vec<String>), PolicyRule> = BTreeMap::new();
    let mut compact = Vec::new();
    for rule in rules {
        if rule.resource_names.is_some() || rule.non_resource_urls.is_some() {
            compact.push(rule);
            continue;
        }
        let key = (list(&rule.api_groups).to_vec(), list(&rule.resources).to_vec());
        match by_resource.get_mut(&key) {
            Some(known) => known.verbs.extend(rule.verbs),
            None => {
                by_resource.insert(key, rule);
            }
        }
    }
    compact.extend(by_resource.into_values());
    compact
}

/// `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`.
fn shown(rule: &PolicyRule) -> String {
    let parts = [
        ("APIGroups", list(&rule.api_groups)),
        ("Resources", list(&rule.resources)),
        ("NonResourceURLs", list(&rule.non_resource_urls)),
        ("ResourceNames", list(&rule.resource_names)),
        ("Verbs", &rule.verbs),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, values)| {
            format!("{name}:{}", go_text::list(values.iter().map(|value| go_text::quote(value))))
        })
        .collect();
    format!("{{{}}}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(rule: serde_json::Value) -> PolicyRule {
        serde_json::from_value(rule).unwrap()
    }

    #[test]
    fn wider_rules_cover_narrower_ones() {
        let pods =
            rule(json!({ "apiGroups": [""], "resources": ["pods", "*/log"], "verbs": ["get", "list"] }));
        let wanted = |resource: &str, verb: &str| {
            broken_down(&rule(json!({ "apiGroups": [""], "resources": [resource], "verbs": [verb] })))
                .remove(0)
        };
        assert!(covers(&pods, &wanted("pods", "get")));
        assert!(covers(&pods, &wanted("pods/log", "get")));
        assert!(!covers(&pods, &wanted("pods", "delete")));
        assert!(!covers(&pods, &wanted("*", "get")));
        let named =
            rule(json!({ "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"], "verbs": ["*"] }));
        assert!(!covers(&named, &wanted("pods", "get")));
    }

    #[test]
    fn what_is_missing_is_shown_by_resource() {
        let wanted = rule(json!({ "apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"] }));
        let all = compacted(broken_down(&wanted));
        assert_eq!(
            all.iter().map(shown).collect::<Vec<_>>(),
            ["{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}"]
        );
    }
}

//! What Roles and their bindings allow.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>.

use std::sync::Arc;

use k8s_openapi::api::rbac::v1::PolicyRule;
use serde_json::Value;

use super::Action;
use crate::{
    caller::Caller,
    object::{Object, parse, text_at},
    store::Store,
};

const GROUP: &str = "rbac.authorization.k8s.io";

/// The rules that hold for somebody, each with the sentence that says why.
fn each_rule(
    store: &Store,
    caller: &Caller,
    namespace: &str,
    mut visit: impl FnMut(&PolicyRule, &dyn Fn() -> String) -> bool,
) {
    let mut look = |bindings: Vec<Arc<Object>>, kind: &str| -> bool {
        for binding in bindings {
            let Some(subject) = subject(binding.value(), caller, binding.namespace()) else { continue };
            let role = text_at(binding.value(), "/roleRef/name");
            let role_kind = text_at(binding.value(), "/roleRef/kind");
            let own = if role_kind == "Role" { binding.namespace() } else { "" };
            let name = match binding.namespace() {
                "" => binding.name().to_owned(),
                namespace => format!("{}/{namespace}", binding.name()),
            };
            let why = || format!("RBAC: allowed by {kind} {name:?} of {role_kind} {role:?} to {subject}");
            for rule in rules(store, role_kind, own, role) {
                if !visit(&rule, &why) {
                    return false;
                }
            }
        }
        true
    };
    let cluster_wide = store.list(&format!("clusterrolebindings.{GROUP}"), "").objects;
    if look(cluster_wide, "ClusterRoleBinding") && !namespace.is_empty() {
        look(store.list(&format!("rolebindings.{GROUP}"), namespace).objects, "RoleBinding");
    }
}

/// The sentence that says what allows an action; nothing if nothing does.
pub(super) fn allowed_by(store: &Store, caller: &Caller, action: &Action) -> Option<String> {
    let mut found = None;
    each_rule(store, caller, &action.namespace, |rule, why| {
        if allows(rule, action) {
            found = Some(why());
        }
        found.is_none()
    });
    found
}

/// All rules that hold for somebody in a namespace.
pub(crate) fn rules_of(store: &Store, caller: &Caller, namespace: &str) -> Vec<PolicyRule> {
    let mut all: Vec<PolicyRule> = Vec::new();
    each_rule(store, caller, namespace, |rule, _| {
        if !all.contains(rule) {
            all.push(rule.clone());
        }
        true
    });
    all
}

/// The rules of a role; none where there is no such role.
pub(crate) fn rules(store: &Store, kind: &str, namespace: &str, name: &str) -> Vec<PolicyRule> {
    let table = if kind == "Role" { "roles" } else { "clusterroles" };
    let role = store.get(&format!("{table}.{GROUP}"), namespace, name);
    let rules = role.as_ref().and_then(|role| role.value().get("rules"));
    rules.and_then(|rules| parse::<Option<Vec<PolicyRule>>>(rules).ok().flatten()).unwrap_or_default()
}

/// The subject of a binding that somebody is.
fn subject(binding: &Value, caller: &Caller, own_namespace: &str) -> Option<String> {
    let subjects = binding.get("subjects").and_then(Value::as_array)?;
    subjects.iter().find_map(|subject| {
        let (kind, name) = (text_at(subject, "/kind"), text_at(subject, "/name"));
        match kind {
            "User" => (name == caller.name).then(|| format!("User {name:?}")),
            "Group" => caller.groups.iter().any(|group| group == name).then(|| format!("Group {name:?}")),
            "ServiceAccount" => {
                let namespace = match text_at(subject, "/namespace") {
                    "" => own_namespace,
                    namespace => namespace,
                };
                let full = format!("system:serviceaccount:{namespace}:{name}");
                (full == caller.name).then(|| format!("ServiceAccount \"{name}/{namespace}\""))
            }
            _ => None,
        }
    })
}

fn allows(rule: &PolicyRule, action: &Action) -> bool {
    let has = |list: &[String], wanted: &str| list.iter().any(|item| item == "*" || item == wanted);
    let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    if !has(&rule.verbs, &action.verb) {
        return false;
    }
    if action.resource.is_empty() {
        let paths = list(&rule.non_resource_urls);
        return paths.iter().any(|path| match path.strip_suffix('*') {
            Some(prefix) => action.path.starts_with(prefix),
            None => *path == action.path,
        });
    }
    let of_any = format!("*/{}", action.subresource);
    let names = list(&rule.resource_names);
    has(&list(&rule.api_groups), &action.group)
        && list(&rule.resources).iter().any(|resource| {
            resource == "*"
                || *resource == action.whole_resource()
                || (!action.subresource.is_empty() && *resource == of_any)
        })
        && (names.is_empty() || names.contains(&action.name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(rule: Value) -> PolicyRule {
        serde_json::from_value(rule).unwrap()
    }

    fn action(verb: &str, resource: &str, subresource: &str, name: &str) -> Action {
        Action {
            verb: verb.into(),
            resource: resource.into(),
            subresource: subresource.into(),
            name: name.into(),
            ..Action::default()
        }
    }

    #[test]
    fn a_rule_allows_its_verbs_on_its_resources_by_name_if_it_names_any() {
        let pods =
            rule(json!({"apiGroups": [""], "resources": ["pods", "*/scale"], "verbs": ["get", "list"]}));
        assert!(allows(&pods, &action("get", "pods", "", "a")));
        assert!(!allows(&pods, &action("get", "pods", "log", "a")));
        assert!(!allows(&pods, &action("delete", "pods", "", "a")));
        assert!(allows(&pods, &action("get", "replicationcontrollers", "scale", "a")));
        let one =
            rule(json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"], "resourceNames": ["a"]}));
        assert!(allows(&one, &action("delete", "pods", "", "a")));
        assert!(!allows(&one, &action("list", "pods", "", "")));
    }

    #[test]
    fn paths_are_allowed_by_prefix() {
        let rule = rule(json!({"nonResourceURLs": ["/healthz/*", "/version"], "verbs": ["get"]}));
        let at = |path: &str| Action { verb: "get".into(), path: path.into(), ..Action::default() };
        assert!(allows(&rule, &at("/healthz/ping")));
        assert!(allows(&rule, &at("/version")));
        assert!(!allows(&rule, &at("/version/x")));
    }
}

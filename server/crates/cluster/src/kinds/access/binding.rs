//! RoleBindings and ClusterRoleBindings.

use jiff::Timestamp;
use k8s_openapi::api::rbac::v1::{RoleRef, Subject};
use serde_json::{Value, json};

use super::role::RoleStrategy;
use crate::{
    access::{
        escalation::{self, Grant},
        rbac,
    },
    kinds::{
        cells,
        defaults::{object, objects, set, text},
    },
    object::{parse, text_at},
    resource::{Context, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path, metadata::NameRule, names},
};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Of a namespace, or of the whole cluster.
#[derive(Debug)]
pub(crate) struct BindingStrategy(pub(crate) RoleStrategy);

impl Strategy for BindingStrategy {
    fn set_defaults(&self, object_: &mut Value) {
        let Some(root) = object_.as_object_mut() else { return };
        if let Some(role) = object(root, "roleRef") {
            set(role, "apiGroup", GROUP);
        }
        for subject in objects(root, "subjects") {
            if matches!(text(subject, "kind"), "User" | "Group") {
                set(subject, "apiGroup", GROUP);
            }
        }
    }

    fn name_rule(&self) -> NameRule {
        NameRule::PathSegment
    }

    fn prepare_create(&self, cx: Context<'_>, object: &mut Value) -> Result<()> {
        self.check_grant(cx, object)
    }

    fn prepare_update(&self, cx: Context<'_>, object: &mut Value, old: &Value) -> Result<()> {
        let same = |key: &str| object.get(key) == old.get(key);
        if same("subjects") && same("roleRef") { Ok(()) } else { self.check_grant(cx, object) }
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let role: RoleRef = object.get("roleRef").map(parse).transpose()?.unwrap_or_default();
        let path = Path::new("roleRef");
        let group = role.api_group.as_deref().unwrap_or_default();
        if group != GROUP {
            errors.not_supported(&path.child("apiGroup"), group, &[GROUP]);
        }
        let kinds: &[&str] =
            if self.0 == RoleStrategy::Namespace { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
        if !kinds.contains(&role.kind.as_str()) {
            errors.not_supported(&path.child("kind"), &role.kind, kinds);
        }
        if role.name.is_empty() {
            errors.required(&path.child("name"), "");
        } else {
            errors.invalid_each(&path.child("name"), &role.name, &names::path_segment(&role.name));
        }
        let subjects = object.get("subjects").map(parse::<Option<Vec<Subject>>>).transpose()?.flatten();
        for (i, subject) in subjects.iter().flatten().enumerate() {
            self.validate_subject(subject, &Path::new("subjects").index(i), errors);
        }
        Ok(())
    }

    fn validate_change(&self, object: &Value, old: &Value, errors: &mut ErrorList) -> Result<()> {
        if object.get("roleRef") != old.get("roleRef") {
            let (path, role) = (Path::new("roleRef"), object.get("roleRef"));
            errors.invalid_struct(&path, "api.rbac.v1.RoleRef", role, "cannot change roleRef");
        }
        Ok(())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 6] = [
            Column::NAME,
            Column::text("Role"),
            Column::AGE,
            Column::text("Users").wide(),
            Column::text("Groups").wide(),
            Column::text("ServiceAccounts").wide(),
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let of = |kind: &str| {
            let subjects = object.get("subjects").and_then(Value::as_array).into_iter().flatten();
            let of_kind = subjects.filter(|subject| text_at(subject, "/kind") == kind);
            let names: Vec<String> = of_kind
                .map(|subject| match (kind, text_at(subject, "/namespace"), text_at(subject, "/name")) {
                    ("ServiceAccount", namespace, name) if !namespace.is_empty() => {
                        format!("{namespace}/{name}")
                    }
                    (.., name) => name.to_owned(),
                })
                .collect();
            json!(names.join(", "))
        };
        let role = format!("{}/{}", text_at(object, "/roleRef/kind"), text_at(object, "/roleRef/name"));
        vec![
            cells::name(object),
            json!(role),
            cells::age(object, now),
            of("User"),
            of("Group"),
            of("ServiceAccount"),
        ]
    }
}

impl BindingStrategy {
    /// Only those who hold a role's rules may bind it.
    fn check_grant(&self, cx: Context<'_>, object: &Value) -> Result<()> {
        let namespace = text_at(object, "/metadata/namespace");
        let (kind, role) = (text_at(object, "/roleRef/kind"), text_at(object, "/roleRef/name"));
        let own = self.0 == RoleStrategy::Namespace;
        let grant = Grant {
            resource: if own { "rolebindings" } else { "clusterrolebindings" },
            namespace,
            name: text_at(object, "/metadata/name"),
            verb: "bind",
            role_resource: if kind == "Role" { "roles" } else { "clusterroles" },
            role,
        };
        let at = if kind == "Role" { namespace } else { "" };
        let rules = rbac::rules(&cx.server.store, kind, at, role);
        escalation::check(cx.server, &cx.request.caller, &grant, &rules)
    }

    fn validate_subject(&self, subject: &Subject, path: &Path, errors: &mut ErrorList) {
        let group = subject.api_group.as_deref().unwrap_or_default();
        if subject.name.is_empty() {
            errors.required(&path.child("name"), "");
        }
        match subject.kind.as_str() {
            "ServiceAccount" => {
                if !subject.name.is_empty() {
                    let wrong = names::dns_subdomain(&subject.name);
                    errors.invalid_each(&path.child("name"), &subject.name, &wrong);
                }
                if !group.is_empty() {
                    errors.not_supported(&path.child("apiGroup"), group, &[""]);
                }
                if subject.namespace.as_deref().unwrap_or_default().is_empty() {
                    errors.required(&path.child("namespace"), "");
                }
            }
            "User" | "Group" => {
                if group != GROUP {
                    errors.not_supported(&path.child("apiGroup"), group, &[GROUP]);
                }
            }
            other => errors.not_supported(&path.child("kind"), other, &["ServiceAccount", "User", "Group"]),
        }
    }
}

//! The ClusterRoles and ClusterRoleBindings that every cluster has: those for people, and what every user may ask.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings>.

use serde_json::{Value, json};

const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "delete", "deletecollection", "patch", "update"];

/// What belongs to the people who work in a namespace, by API group. Secrets and Roles come on top.
const WORK: [(&str, &[&str]); 7] = [
    (
        "",
        &[
            "configmaps",
            "endpoints",
            "events",
            "persistentvolumeclaims",
            "pods",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "serviceaccounts",
            "services",
        ],
    ),
    (
        "apps",
        &[
            "daemonsets",
            "deployments",
            "deployments/rollback",
            "deployments/scale",
            "replicasets",
            "replicasets/scale",
            "statefulsets",
            "statefulsets/scale",
        ],
    ),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("batch", &["cronjobs", "jobs"]),
    ("networking.k8s.io", &["ingresses", "networkpolicies"]),
    ("policy", &["poddisruptionbudgets"]),
    ("coordination.k8s.io", &["leases"]),
];

/// What people may see besides: how things are, and how much there is.
const SEEN: [(&str, &[&str]); 4] = [
    (
        "",
        &[
            "bindings",
            "limitranges",
            "namespaces",
            "namespaces/status",
            "persistentvolumeclaims/status",
            "pods/log",
            "pods/status",
            "replicationcontrollers/status",
            "resourcequotas",
            "resourcequotas/status",
            "services/status",
        ],
    ),
    (
        "apps",
        &[
            "controllerrevisions",
            "daemonsets/status",
            "deployments/status",
            "replicasets/status",
            "statefulsets/status",
        ],
    ),
    ("batch", &["cronjobs/status", "jobs/status"]),
    ("discovery.k8s.io", &["endpointslices"]),
];

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({ "apiGroups": [group], "resources": resources, "verbs": verbs })
}

fn view() -> Vec<Value> {
    WORK.iter().chain(&SEEN).map(|(group, resources)| rule(group, resources, &READ)).collect()
}

fn edit() -> Vec<Value> {
    const REACH: [&str; 4] = ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy"];
    let mut rules = view();
    rules.extend(WORK.iter().map(|(group, resources)| rule(group, resources, &WRITE)));
    rules.push(rule("", &["secrets"], &[&READ[..], &WRITE[..]].concat()));
    rules.push(rule("", &[&REACH[..], &["services/proxy"]].concat(), &[&READ[..], &WRITE[..]].concat()));
    rules.push(rule("", &["pods/eviction", "serviceaccounts/token"], &["create"]));
    rules.push(rule("", &["pods/ephemeralcontainers", "pods/resize"], &["get", "patch", "update"]));
    rules.push(rule("", &["serviceaccounts"], &["impersonate"]));
    rules.push(rule("metrics.k8s.io", &["pods", "nodes"], &READ));
    rules
}

fn admin() -> Vec<Value> {
    let mut rules = edit();
    let all = [&READ[..], &WRITE[..]].concat();
    rules.push(rule("rbac.authorization.k8s.io", &["rolebindings", "roles"], &all));
    rules.push(rule("authorization.k8s.io", &["localsubjectaccessreviews"], &["create"]));
    rules
}

fn role(name: &str, labels: Value, rules: Vec<Value>) -> Value {
    let mut labels = labels;
    labels["kubernetes.io/bootstrapping"] = json!("rbac-defaults");
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {
            "name": name, "labels": labels,
            "annotations": { "rbac.authorization.kubernetes.io/autoupdate": "true" },
        },
        "rules": rules,
    })
}

fn binding(name: &str, groups: &[&str]) -> Value {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let subject = |group: &&str| json!({ "apiGroup": GROUP, "kind": "Group", "name": group });
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {
            "name": name, "labels": { "kubernetes.io/bootstrapping": "rbac-defaults" },
            "annotations": { "rbac.authorization.kubernetes.io/autoupdate": "true" },
        },
        "roleRef": { "apiGroup": GROUP, "kind": "ClusterRole", "name": name },
        "subjects": groups.iter().map(subject).collect::<Vec<_>>(),
    })
}

/// All of them.
pub(crate) fn objects() -> Vec<Value> {
    let aggregate = |to: &str| json!({ format!("rbac.authorization.k8s.io/aggregate-to-{to}"): "true" });
    let paths = |paths: &[&str]| json!({ "nonResourceURLs": paths, "verbs": ["get"] });
    let reviews =
        rule("authorization.k8s.io", &["selfsubjectaccessreviews", "selfsubjectrulesreviews"], &["create"]);
    let who = rule("authentication.k8s.io", &["selfsubjectreviews"], &["create"]);
    let everything = json!({ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] });
    let every_path = json!({ "nonResourceURLs": ["*"], "verbs": ["*"] });
    let public = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
    let discovery = [
        "/api",
        "/api/*",
        "/apis",
        "/apis/*",
        "/healthz",
        "/livez",
        "/openapi",
        "/openapi/*",
        "/readyz",
        "/version",
        "/version/",
    ];
    vec![
        role("cluster-admin", json!({}), vec![everything, every_path]),
        role("admin", json!({}), admin()),
        role("edit", aggregate("admin"), edit()),
        role("view", aggregate("edit"), view()),
        role("system:basic-user", json!({}), vec![reviews, who]),
        role("system:discovery", json!({}), vec![paths(&discovery)]),
        role("system:public-info-viewer", json!({}), vec![paths(&public)]),
        binding("cluster-admin", &["system:masters"]),
        binding("system:basic-user", &["system:authenticated"]),
        binding("system:discovery", &["system:authenticated"]),
        binding("system:public-info-viewer", &["system:authenticated", "system:unauthenticated"]),
    ]
}

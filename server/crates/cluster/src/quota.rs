//! What the objects of a namespace use of a quota.
//!
//! Source: <https://kubernetes.io/docs/concepts/policy/resource-quotas/>.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{PodSpec, ResourceQuota, ResourceQuotaSpec};
use serde_json::{Value, json};

use crate::{
    object::{Object, parse, text_at},
    pod_resources::{self, Amounts},
    quantity::Quantity,
    resource::Registry,
    server::Server,
    store::{Store, Writer},
};

/// What a quota can name of the Pods' processor and memory.
pub(crate) const COMPUTE: [&str; 6] =
    ["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];

/// The plain names that a quota can limit.
pub(crate) const STANDARD: [&str; 19] = [
    "configmaps",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];

/// What one object uses.
pub(crate) fn of_object(storage: &str, object: &Value) -> Amounts {
    let mut used = Amounts::new();
    let one = Quantity::whole(1);
    used.insert(counted(storage), one);
    match storage {
        "pods" => {
            if !is_running(object) {
                return used;
            }
            used.insert("pods".into(), one);
            let spec: PodSpec = object.get("spec").and_then(|spec| parse(spec).ok()).unwrap_or_default();
            for (name, amount) in pod_resources::requests(&spec) {
                if matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") {
                    used.insert(name.clone(), amount);
                }
                used.insert(format!("requests.{name}"), amount);
            }
            for (name, amount) in pod_resources::limits(&spec) {
                used.insert(format!("limits.{name}"), amount);
            }
        }
        "services" => {
            used.insert("services".into(), one);
            let ports = object.pointer("/spec/ports").and_then(Value::as_array).map_or(0, Vec::len);
            let ports = Quantity::whole(i64::try_from(ports).unwrap_or(i64::MAX));
            let kind = text_at(object, "/spec/type");
            if matches!(kind, "NodePort" | "LoadBalancer") {
                used.insert("services.nodeports".into(), ports);
            }
            if kind == "LoadBalancer" {
                used.insert("services.loadbalancers".into(), one);
            }
        }
        "persistentvolumeclaims" => {
            used.insert("persistentvolumeclaims".into(), one);
            let size = text_at(object, "/spec/resources/requests/storage").parse::<Quantity>().ok();
            let class = text_at(object, "/spec/storageClassName");
            let of_class = format!("{class}.storageclass.storage.k8s.io/");
            if !class.is_empty() {
                used.insert(format!("{of_class}persistentvolumeclaims"), one);
            }
            if let Some(size) = size {
                used.insert("requests.storage".into(), size);
                if !class.is_empty() {
                    used.insert(format!("{of_class}requests.storage"), size);
                }
            }
        }
        "configmaps" | "secrets" | "replicationcontrollers" | "resourcequotas" => {
            used.insert(storage.to_owned(), one);
        }
        _ => {}
    }
    used
}

/// `count/pods`, `count/deployments.apps`.
fn counted(storage: &str) -> String {
    format!("count/{storage}")
}

/// Pods that have ended use nothing but their place in the store.
fn is_running(pod: &Value) -> bool {
    !matches!(text_at(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// Whether a quota counts an object.
pub(crate) fn concerns(quota: &ResourceQuotaSpec, storage: &str, object: &Value) -> bool {
    let named = quota.scopes.iter().flatten().map(|scope| (scope.as_str(), "Exists", Vec::new()));
    let selected =
        quota.scope_selector.iter().flat_map(|selector| selector.match_expressions.iter().flatten());
    let selected =
        selected.map(|e| (e.scope_name.as_str(), e.operator.as_str(), e.values.clone().unwrap_or_default()));
    let mut scopes = named.chain(selected).peekable();
    if scopes.peek().is_none() {
        return true;
    }
    storage == "pods" && scopes.all(|(scope, operator, values)| in_scope(object, scope, operator, &values))
}

fn in_scope(pod: &Value, scope: &str, operator: &str, values: &[String]) -> bool {
    let best_effort = || {
        let spec: PodSpec = pod.get("spec").and_then(|spec| parse(spec).ok()).unwrap_or_default();
        pod_resources::qos_class(&spec) == "BestEffort"
    };
    let ends = pod.pointer("/spec/activeDeadlineSeconds").is_some();
    match scope {
        "Terminating" => ends,
        "NotTerminating" => !ends,
        "BestEffort" => best_effort(),
        "NotBestEffort" => !best_effort(),
        "CrossNamespacePodAffinity" => has_cross_namespace_affinity(pod),
        "PriorityClass" => {
            let class = text_at(pod, "/spec/priorityClassName");
            match operator {
                "In" => values.iter().any(|value| value == class),
                "NotIn" => !values.iter().any(|value| value == class),
                "DoesNotExist" => class.is_empty(),
                _ => !class.is_empty(),
            }
        }
        _ => true,
    }
}

/// Whether a Pod wants to be near, or away from, Pods of other namespaces.
fn has_cross_namespace_affinity(pod: &Value) -> bool {
    let spec: PodSpec = pod.get("spec").and_then(|spec| parse(spec).ok()).unwrap_or_default();
    let affinity = spec.affinity.unwrap_or_default();
    let (near, away) =
        (affinity.pod_affinity.unwrap_or_default(), affinity.pod_anti_affinity.unwrap_or_default());
    let required = [
        near.required_during_scheduling_ignored_during_execution,
        away.required_during_scheduling_ignored_during_execution,
    ];
    let preferred = [
        near.preferred_during_scheduling_ignored_during_execution,
        away.preferred_during_scheduling_ignored_during_execution,
    ];
    let preferred = preferred.into_iter().flatten().flatten().map(|weighted| weighted.pod_affinity_term);
    let mut terms = required.into_iter().flatten().flatten().chain(preferred);
    terms.any(|term| {
        term.namespace_selector.is_some() || term.namespaces.is_some_and(|names| !names.is_empty())
    })
}

/// What the objects of a namespace use of what a quota limits.
pub(crate) fn used(store: &Store, namespace: &str, quota: &ResourceQuotaSpec) -> Amounts {
    let mut sum: Amounts =
        quota.hard.iter().flatten().map(|(name, _)| (name.clone(), Quantity::default())).collect();
    let kinds = Registry::builtin().all().iter().filter(|kind| kind.namespaced && kind.verbs.has("list"));
    let mut storages: BTreeSet<String> = kinds.map(|kind| kind.storage.to_string()).collect();
    storages.retain(|storage| is_limited(&sum, storage));
    // Objects of any kind can be counted, those of custom ones too.
    storages.extend(sum.keys().filter_map(|name| name.strip_prefix("count/")).map(str::to_owned));
    for storage in &storages {
        for object in &store.list(storage, namespace).objects {
            add(&mut sum, quota, storage, object);
        }
    }
    sum
}

fn add(sum: &mut Amounts, quota: &ResourceQuotaSpec, storage: &str, object: &Object) {
    if !concerns(quota, storage, object.value()) {
        return;
    }
    for (name, amount) in of_object(storage, object.value()) {
        if let Some(sum) = sum.get_mut(&name) {
            *sum += amount;
        }
    }
}

/// Whether any of these names speaks of a kind.
fn is_limited(names: &Amounts, storage: &str) -> bool {
    names.keys().any(|name| match storage {
        "pods" => {
            name == "pods"
                || name.starts_with("limits.")
                || name.starts_with("requests.")
                || COMPUTE.contains(&name.as_str())
                || name == "ephemeral-storage"
                || *name == counted(storage)
        }
        "services" => name.starts_with("services") || *name == counted(storage),
        "persistentvolumeclaims" => {
            name.contains("storage") || name.contains("persistentvolumeclaims") || *name == counted(storage)
        }
        _ => name == storage || *name == counted(storage),
    })
}

/// Brings the status of a namespace's quotas up to date after an object of a kind was written or removed.
pub(crate) fn keep_up(server: &Server, writer: &Writer<'_>, namespace: &str, storage: &str) {
    if namespace.is_empty() || storage == "events" {
        return;
    }
    for stored in server.store.list("resourcequotas", namespace).objects {
        let Ok(quota) = stored.parse::<ResourceQuota>() else { continue };
        let Some(spec) = quota.spec else { continue };
        let hard = pod_resources::amounts(spec.hard.as_ref());
        if storage != "resourcequotas" && !is_limited(&hard, storage) {
            continue;
        }
        let used = used(&server.store, namespace, &spec);
        let mut object = stored.value().clone();
        object["status"] = json!({ "hard": spec.hard, "used": pod_resources::to_api(&used) });
        if object != *stored.value() {
            let (owners, now) = (stored.managed().to_vec(), server.env.clock.uptime());
            if let Err(error) = writer.put("resourcequotas", object, owners, now) {
                tracing::debug!(%error, "a quota's status is not up to date");
            }
        }
    }
}

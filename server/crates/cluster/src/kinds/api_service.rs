//! APIServices: which versions of groups there are, worked out from what the API serves.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells;
use crate::{
    resource::{Strategy, columns::Column},
    server::Server,
};

/// The group of the APIServices themselves, which the server that serves the others does not register.
const OWN_GROUP: &str = "apiregistration.k8s.io";

/// The priority of a group among groups, and that of its first version; those of custom resources are 1000 and 100.
const PRIORITIES: [(&str, i32); 22] = [
    ("", 18_000),
    ("admissionregistration.k8s.io", 16_700),
    ("apiextensions.k8s.io", 16_700),
    ("apps", 17_800),
    ("authentication.k8s.io", 17_700),
    ("authorization.k8s.io", 17_600),
    ("autoscaling", 17_500),
    ("batch", 17_400),
    ("certificates.k8s.io", 17_300),
    ("coordination.k8s.io", 16_500),
    ("discovery.k8s.io", 16_200),
    ("events.k8s.io", 17_750),
    ("flowcontrol.apiserver.k8s.io", 16_100),
    ("metrics.k8s.io", 100),
    ("networking.k8s.io", 17_200),
    ("node.k8s.io", 16_300),
    ("policy", 17_100),
    ("rbac.authorization.k8s.io", 17_000),
    ("resource.k8s.io", 15_900),
    ("scheduling.k8s.io", 16_600),
    ("storage.k8s.io", 16_800),
    ("storagemigration.k8s.io", 15_800),
];

/// APIServices: worked out, never stored.
#[derive(Debug)]
pub(crate) struct ApiServiceStrategy;

impl Strategy for ApiServiceStrategy {
    fn computed(&self, server: &Server) -> Option<Vec<Value>> {
        let since = server.store.get("namespaces", "", "kube-system");
        let since =
            since.and_then(|namespace| namespace.value().pointer("/metadata/creationTimestamp").cloned());
        let mut served: Vec<(String, String)> = Vec::new();
        for resource in server.resources().iter().filter(|resource| resource.group != OWN_GROUP) {
            let version = (resource.group.to_string(), resource.version.to_string());
            if !served.contains(&version) {
                served.push(version);
            }
        }
        let mut services: Vec<Value> =
            served.iter().map(|(group, version)| service(group, version, since.as_ref())).collect();
        services.sort_by(|a, b| a["metadata"]["name"].as_str().cmp(&b["metadata"]["name"].as_str()));
        Some(services)
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 4] =
            [Column::NAME, Column::text("Service"), Column::text("Available"), Column::AGE];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let available = cells::text(object, "/status/conditions/0/status");
        vec![cells::name(object), json!("Local"), available, cells::age(object, now)]
    }
}

fn service(group: &str, version: &str, since: Option<&Value>) -> Value {
    let known = PRIORITIES.iter().find(|(name, _)| *name == group);
    let (labels, group_priority, version_priority) = match known {
        Some((_, priority)) => ("onstart", *priority, 15),
        None => ("true", 1000, 100),
    };
    json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {
            "name": format!("{version}.{group}"), "creationTimestamp": since,
            "labels": { "kube-aggregator.kubernetes.io/automanaged": labels },
        },
        "spec": {
            "group": group, "groupPriorityMinimum": group_priority, "version": version,
            "versionPriority": version_priority,
        },
        "status": { "conditions": [{
            "lastTransitionTime": since, "message": "Local APIServices are always available",
            "reason": "Local", "status": "True", "type": "Available",
        }] },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_its_priority_and_one_that_somebody_added_another() {
        let apps = service("apps", "v1", None);
        assert_eq!(apps["metadata"]["name"], "v1.apps");
        assert_eq!(
            (&apps["spec"]["groupPriorityMinimum"], &apps["spec"]["versionPriority"]),
            (&json!(17_800), &json!(15))
        );
        assert_eq!(service("", "v1", None)["metadata"]["name"], "v1.");
        assert_eq!(service("lab.dev", "v1", None)["spec"]["groupPriorityMinimum"], 1000);
    }
}

//! What an autoscaler scales.

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, ReplicaSet, StatefulSet},
        autoscaling::v2::CrossVersionObjectReference,
        core::v1::ReplicationController,
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use serde_json::json;

use crate::{Client, client::Patch, status::Result};

/// A workload with a size.
pub(super) struct Target {
    kind: Kind,
    name: String,
    pub(super) replicas: i32,
    pub(super) selector: LabelSelector,
}

#[derive(Clone, Copy)]
enum Kind {
    Deployment,
    ReplicaSet,
    StatefulSet,
    ReplicationController,
}

/// Finds it, or says why there is none.
pub(super) fn find(
    client: &Client,
    namespace: &str,
    wanted: &CrossVersionObjectReference,
) -> Result<std::result::Result<Target, String>> {
    let name = &wanted.name;
    let target = |kind, replicas: Option<i32>, selector: LabelSelector| Target {
        kind,
        name: name.clone(),
        replicas: replicas.unwrap_or(1),
        selector,
    };
    let (plural, found) = match wanted.kind.as_str() {
        "Deployment" => (
            "deployments.apps",
            client
                .namespaced::<Deployment>(namespace)
                .get_opt(name)?
                .map(|found| target(Kind::Deployment, found.spec.replicas, found.spec.selector)),
        ),
        "ReplicaSet" => (
            "replicasets.apps",
            client
                .namespaced::<ReplicaSet>(namespace)
                .get_opt(name)?
                .map(|found| target(Kind::ReplicaSet, found.spec.replicas, found.spec.selector)),
        ),
        "StatefulSet" => (
            "statefulsets.apps",
            client
                .namespaced::<StatefulSet>(namespace)
                .get_opt(name)?
                .map(|found| target(Kind::StatefulSet, found.spec.replicas, found.spec.selector)),
        ),
        "ReplicationController" => (
            "replicationcontrollers",
            client.namespaced::<ReplicationController>(namespace).get_opt(name)?.map(|found| {
                let spec = found.spec.unwrap_or_default();
                let selector = LabelSelector { match_labels: spec.selector, match_expressions: None };
                target(Kind::ReplicationController, spec.replicas, selector)
            }),
        ),
        kind => {
            let group = wanted.api_version.as_deref().unwrap_or_default();
            return Ok(Err(format!("no matches for kind \"{kind}\" in group \"{group}\"")));
        }
    };
    Ok(found.ok_or_else(|| format!("{plural} \"{name}\" not found")))
}

/// Gives it another size.
pub(super) fn scale(client: &Client, namespace: &str, target: &Target, replicas: i32) -> Result<()> {
    let patch = Patch::Merge(json!({ "spec": { "replicas": replicas } }));
    let name = &target.name;
    match target.kind {
        Kind::Deployment => client.namespaced::<Deployment>(namespace).patch(name, "", &patch).map(drop),
        Kind::ReplicaSet => client.namespaced::<ReplicaSet>(namespace).patch(name, "", &patch).map(drop),
        Kind::StatefulSet => client.namespaced::<StatefulSet>(namespace).patch(name, "", &patch).map(drop),
        Kind::ReplicationController => {
            client.namespaced::<ReplicationController>(namespace).patch(name, "", &patch).map(drop)
        }
    }
}

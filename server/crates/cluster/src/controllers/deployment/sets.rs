//! The ReplicaSets of a Deployment: which is the new one, what they are called, what they remember.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, ReplicaSet, ReplicaSetSpec},
        core::v1::PodTemplateSpec,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use serde_json::json;

use super::numbers;
use crate::{
    Client,
    client::{Patch, Selection},
    controllers::pods,
    go_struct,
    label_selector::selects,
    rng::safe_encoded,
    schema::TypeRef,
    status::Result,
};

/// Distinguishes the Pods of one template from those of others.
pub(super) const HASH: &str = "pod-template-hash";

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub(super) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
pub(super) const MOST: &str = "deployment.kubernetes.io/max-replicas";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const ROLLBACK: &str = "deprecated.deployment.rollback.to";

/// The ReplicaSets of a Deployment, oldest first. Those that it selects and nobody controls are taken over.
pub(super) fn of(client: &Client, deployment: &Deployment) -> Result<Vec<ReplicaSet>> {
    let namespace = deployment.metadata.namespace.as_deref().unwrap_or_default();
    let api = client.namespaced::<ReplicaSet>(namespace);
    let selector = Some(&deployment.spec.selector);
    let mut sets = Vec::new();
    for set in api.list(&Selection::default())? {
        match pods::controller_of(&set.metadata) {
            Some(owner) if Some(&owner.uid) == deployment.metadata.uid.as_ref() => sets.push(set),
            Some(_) => {}
            None if deployment.metadata.deletion_timestamp.is_none()
                && selects(selector, set.metadata.labels.as_ref()) =>
            {
                let owners = [pods::controlled_by(deployment)];
                let patch = serde_json::json!({ "metadata": { "ownerReferences": owners } });
                let name = set.metadata.name.unwrap_or_default();
                sets.push(api.patch(&name, "", &Patch::Merge(patch))?);
            }
            None => {}
        }
    }
    sets.sort_by_key(|set| {
        (set.metadata.creation_timestamp.as_ref().map(|time| time.0), set.metadata.name.clone())
    });
    Ok(sets)
}

/// The ReplicaSet that has the Deployment's template now.
pub(super) fn position_of_new(spec: &DeploymentSpec, sets: &[ReplicaSet]) -> Option<usize> {
    sets.iter().position(|set| {
        let template = set.spec.template.clone();
        template.is_some_and(|template| without_hash(template) == without_hash(spec.template.clone()))
    })
}

fn without_hash(mut template: PodTemplateSpec) -> PodTemplateSpec {
    if let Some(metadata) = &mut template.metadata
        && let Some(labels) = &mut metadata.labels
    {
        labels.remove(HASH);
        if labels.is_empty() {
            metadata.labels = None;
        }
    }
    template
}

/// A ReplicaSet for the Deployment's template.
pub(super) fn new(
    deployment: &Deployment,
    spec: &DeploymentSpec,
    replicas: i32,
    revision: i64,
) -> ReplicaSet {
    let name = deployment.metadata.name.clone().unwrap_or_default();
    let collisions = deployment.status.as_ref().and_then(|status| status.collision_count);
    let hash = hash(&spec.template, collisions);
    let mut template = spec.template.clone();
    let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
    labels.insert(HASH.to_owned(), hash.clone());
    let mut selector = spec.selector.clone();
    selector.match_labels.get_or_insert_default().insert(HASH.to_owned(), hash.clone());
    let mut annotations = inherited(deployment);
    annotations.insert(REVISION.to_owned(), revision.to_string());
    annotations.extend(scale_annotations(spec));
    ReplicaSet {
        metadata: ObjectMeta {
            name: Some(format!("{name}-{hash}")),
            namespace: deployment.metadata.namespace.clone(),
            labels: template.metadata.as_ref().and_then(|metadata| metadata.labels.clone()),
            annotations: Some(annotations),
            owner_references: Some(vec![pods::controlled_by(deployment)]),
            ..ObjectMeta::default()
        },
        spec: ReplicaSetSpec {
            replicas: Some(replicas),
            min_ready_seconds: spec.min_ready_seconds,
            selector,
            template: Some(template),
        },
        status: None,
    }
}

/// The Deployment's annotations, as its ReplicaSets carry them.
pub(super) fn inherited(deployment: &Deployment) -> BTreeMap<String, String> {
    let own = [LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED, MOST, ROLLBACK];
    let mut annotations = deployment.metadata.annotations.clone().unwrap_or_default();
    annotations.retain(|key, _| !own.contains(&key.as_str()));
    annotations
}

/// What a ReplicaSet remembers of the Deployment's size.
pub(super) fn scale_annotations(spec: &DeploymentSpec) -> [(String, String); 2] {
    let wanted = spec.replicas.unwrap_or(1);
    [
        (DESIRED.to_owned(), wanted.to_string()),
        (MOST.to_owned(), wanted.saturating_add(numbers::bounds(spec).surge).to_string()),
    ]
}

/// Gives the new ReplicaSet the revision that comes after all others'; the one that it had goes into its history.
pub(super) fn set_revision(set: &mut ReplicaSet, revision: i64) -> bool {
    let before = revision_of(set);
    if before >= revision {
        return false;
    }
    let annotations = set.metadata.annotations.get_or_insert_default();
    if before > 0 {
        let history = annotations.get(REVISION_HISTORY).filter(|history| !history.is_empty());
        let history = match history {
            Some(history) => format!("{history},{before}"),
            None => before.to_string(),
        };
        annotations.insert(REVISION_HISTORY.to_owned(), history);
    }
    annotations.insert(REVISION.to_owned(), revision.to_string());
    true
}

pub(super) fn revision_of(set: &ReplicaSet) -> i64 {
    let annotations = set.metadata.annotations.as_ref();
    annotations.and_then(|all| all.get(REVISION)).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// What the Deployment wanted when the ReplicaSet was scaled last.
pub(super) fn desired_of(set: &ReplicaSet) -> Option<i32> {
    set.metadata.annotations.as_ref()?.get(DESIRED)?.parse().ok()
}

/// A template's hash in the letters of generated names.
pub(in crate::controllers) fn hash(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    let Some(of) = TypeRef::builtin("api.core.v1.PodTemplateSpec") else { return String::new() };
    let mut more = Vec::new();
    if let Some(collisions) = collisions {
        // Go writes four bytes into a buffer of eight.
        more.extend(i64::from(collisions.cast_unsigned()).to_le_bytes());
    }
    safe_encoded(go_struct::hash(&of, &json!(template), &more))
}

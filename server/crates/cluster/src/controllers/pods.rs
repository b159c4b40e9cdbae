//! The Pods of a workload: whose they are, how they stand, which go first, and new ones from a template.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use k8s_openapi::{
    Metadata, Resource,
    api::core::v1::{Pod, PodTemplateSpec},
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference},
};
use serde_json::json;

use super::{
    Key,
    changes::{Change, Object},
};
use crate::{
    Client, DeleteOptions, Preconditions,
    client::{Patch, Selection},
    kinds::pod::DELETION_COST,
    label_selector::selects,
    status::Result,
};

/// The owner that controls an object.
pub(super) fn controller_of(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    metadata.owner_references.iter().flatten().find(|owner| owner.controller == Some(true))
}

/// A reference to the owner that controls an object.
pub(super) fn controlled_by<K: Resource + Metadata<Ty = ObjectMeta>>(owner: &K) -> OwnerReference {
    let metadata = owner.metadata();
    OwnerReference {
        api_version: K::API_VERSION.to_owned(),
        kind: K::KIND.to_owned(),
        name: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// The object of kind `K` that controls what a change is about, as its key.
pub(super) fn owner_key<K: Resource>(metadata: &ObjectMeta) -> Option<Key> {
    let owner = controller_of(metadata).filter(|owner| owner.kind == K::KIND)?;
    let same_group = owner.api_version.split('/').next() == K::API_VERSION.split('/').next();
    same_group.then(|| Key::new(metadata.namespace.as_deref().unwrap_or_default(), &owner.name))
}

/// The key of an object.
pub(super) fn key_of(metadata: &ObjectMeta) -> Key {
    Key::new(metadata.namespace.as_deref().unwrap_or_default(), metadata.name.as_deref().unwrap_or_default())
}

/// The workloads of kind `K` that a change of a Pod may matter to: the one that controls it or, if none does, those that
/// could take it over.
pub(super) fn concerned_by_pod<K: crate::client::Kind>(
    client: &Client,
    change: &Change,
    selector: impl Fn(&K) -> Option<LabelSelector>,
) -> Vec<Key> {
    let Object::Pod(pod) = &change.object else { return Vec::new() };
    if controller_of(&pod.metadata).is_some() {
        return owner_key::<K>(&pod.metadata).into_iter().collect();
    }
    if change.gone {
        return Vec::new();
    }
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let all = client.namespaced::<K>(namespace).list(&Selection::default()).unwrap_or_default();
    let could =
        all.into_iter().filter(|workload| selects(selector(workload).as_ref(), pod.metadata.labels.as_ref()));
    could.map(|workload| key_of(workload.metadata())).collect()
}

/// The Pods of a workload. Pods that it selects and that nobody controls are taken over; those that it controls and no
/// longer selects are let go.
pub(super) fn claim<K: Resource + Metadata<Ty = ObjectMeta>>(
    client: &Client,
    owner: &K,
    selector: Option<&LabelSelector>,
) -> Result<Vec<Pod>> {
    let metadata = owner.metadata();
    let pods = client.namespaced::<Pod>(metadata.namespace.as_deref().unwrap_or_default());
    let ending = metadata.deletion_timestamp.is_some();
    let mut claimed = Vec::new();
    for pod in pods.list(&Selection::default())? {
        let matches = selects(selector, pod.metadata.labels.as_ref());
        let name = pod.metadata.name.clone().unwrap_or_default();
        match controller_of(&pod.metadata) {
            Some(other) if Some(&other.uid) != metadata.uid.as_ref() => {}
            Some(_) if matches => claimed.push(pod),
            Some(_) if ending => {}
            Some(own) => {
                let others =
                    pod.metadata.owner_references.iter().flatten().filter(|owner| owner.uid != own.uid);
                let left: Vec<_> = others.collect();
                let left = (!left.is_empty()).then_some(left);
                pods.patch(&name, "", &Patch::Merge(json!({ "metadata": { "ownerReferences": left } })))?;
            }
            None if matches && !ending && pod.metadata.deletion_timestamp.is_none() => {
                let mut owners = pod.metadata.owner_references.clone().unwrap_or_default();
                owners.push(controlled_by(owner));
                let patch = json!({ "metadata": { "uid": pod.metadata.uid, "ownerReferences": owners } });
                claimed.push(pods.patch(&name, "", &Patch::Merge(patch))?);
            }
            None => {}
        }
    }
    Ok(claimed)
}

/// A Pod from a template, controlled by its workload. It has no name yet.
pub(super) fn from_template<K: Resource + Metadata<Ty = ObjectMeta>>(
    template: &PodTemplateSpec,
    owner: &K,
) -> Pod {
    let wanted = template.metadata.clone().unwrap_or_default();
    Pod {
        metadata: ObjectMeta {
            labels: wanted.labels,
            annotations: wanted.annotations,
            finalizers: wanted.finalizers,
            namespace: owner.metadata().namespace.clone(),
            owner_references: Some(vec![controlled_by(owner)]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}

/// Deletes a Pod, and only this one of its name; one that is gone is no error.
pub(super) fn delete(client: &Client, pod: &Pod) -> Result<()> {
    let pods = client.namespaced::<Pod>(pod.metadata.namespace.as_deref().unwrap_or_default());
    let meant = Preconditions { uid: pod.metadata.uid.clone(), resource_version: None };
    let options = DeleteOptions { preconditions: Some(meant), ..DeleteOptions::default() };
    match pods.delete(pod.metadata.name.as_deref().unwrap_or_default(), &options) {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

pub(super) fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

/// Neither ended nor ending.
pub(super) fn is_active(pod: &Pod) -> bool {
    !has_ended(pod) && pod.metadata.deletion_timestamp.is_none()
}

pub(super) fn has_ended(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// Since when a Pod is ready, if it is.
pub(super) fn ready_since(pod: &Pod) -> Option<Timestamp> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let ready =
        conditions.iter().find(|condition| condition.type_ == "Ready" && condition.status == "True")?;
    Some(ready.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0))
}

pub(super) fn is_ready(pod: &Pod) -> bool {
    ready_since(pod).is_some()
}

/// Whether a Pod has been ready for long enough; if not yet, how much longer it takes.
pub(super) fn is_available(pod: &Pod, min_ready_seconds: i32, now: Timestamp) -> (bool, Option<Duration>) {
    let Some(since) = ready_since(pod) else { return (false, None) };
    let wanted = Duration::from_secs(u64::try_from(min_ready_seconds).unwrap_or_default());
    let ready_for = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    match wanted.checked_sub(ready_for).filter(|left| !left.is_zero()) {
        Some(left) => (false, Some(left)),
        None => (true, None),
    }
}

/// How often the containers of a Pod were restarted, at most.
pub(super) fn restarts(pod: &Pod) -> i32 {
    let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    statuses.map(|status| status.restart_count).max().unwrap_or_default()
}

/// Pods in the order in which they are given up: those first that do the least.
pub(super) fn in_order_of_deletion(mut pods: Vec<Pod>) -> Vec<Pod> {
    let node = |pod: &Pod| pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_default();
    let mut on_node: BTreeMap<String, usize> = BTreeMap::new();
    for pod in &pods {
        *on_node.entry(node(pod)).or_default() += 1;
    }
    let cost = |pod: &Pod| -> i32 {
        let annotations = pod.metadata.annotations.as_ref();
        annotations
            .and_then(|all| all.get(DELETION_COST))
            .and_then(|text| text.parse().ok())
            .unwrap_or_default()
    };
    let liveliness = |pod: &Pod| match phase(pod) {
        "Pending" => 0,
        "Running" => 2,
        _ => 1,
    };
    let created = |pod: &Pod| pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
    pods.sort_by_cached_key(|pod| {
        let home = node(pod);
        let neighbours = on_node.get(&home).copied().unwrap_or_default();
        (
            !home.is_empty(),
            liveliness(pod),
            is_ready(pod),
            cost(pod),
            Reverse(neighbours),
            Reverse(ready_since(pod)),
            Reverse(restarts(pod)),
            Reverse(created(pod)),
            pod.metadata.name.clone(),
        )
    });
    pods
}

/// A number for a field that is left out where it is nothing.
pub(super) fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// The same, as a field.
pub(super) fn unless_zero(number: i32) -> Option<i32> {
    (number != 0).then_some(number)
}

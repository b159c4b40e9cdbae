//! Persistent volumes: a Pod waits for its claims, and goes where their volumes are.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};

use super::{Rejection, VOLUMES, selects_node};
use crate::scheduler::snapshot::{NodeInfo, Snapshot, namespace, spec};

/// A claim that does not exist or is not bound, where it should be by now.
pub(super) fn before(snapshot: &Snapshot, pod: &Pod) -> Option<String> {
    for (name, ephemeral) in claim_names(pod) {
        let key = (namespace(pod).to_owned(), name.clone());
        let Some(claim) = snapshot.claims.get(&key) else {
            if ephemeral {
                let message = "waiting for ephemeral volume controller to create the persistentvolumeclaim";
                return Some(format!("{message} \"{name}\""));
            }
            return Some(format!("persistentvolumeclaim \"{name}\" not found"));
        };
        if claim.metadata.deletion_timestamp.is_some() {
            return Some(format!("persistentvolumeclaim \"{name}\" is being deleted"));
        }
    }
    let unbound = claims(snapshot, pod).any(|claim| !is_bound(claim) && !is_late(snapshot, claim));
    unbound.then(|| "pod has unbound immediate PersistentVolumeClaims".to_owned())
}

/// A volume that the node cannot reach.
pub(super) fn out_of_reach(snapshot: &Snapshot, node: &NodeInfo, pod: &Pod) -> Option<Rejection> {
    let far = claims(snapshot, pod).filter(|claim| is_bound(claim)).any(|claim| {
        let name = claim.spec.as_ref().and_then(|spec| spec.volume_name.as_ref());
        let volume = name.and_then(|name| snapshot.volumes.get(name));
        volume.is_some_and(|volume| !is_near(volume, node))
    });
    if far {
        return Some(Rejection::new("node(s) didn't match PersistentVolume's node affinity", false, VOLUMES));
    }
    None
}

/// Whether a node can reach a volume.
fn is_near(volume: &PersistentVolume, node: &NodeInfo) -> bool {
    let affinity = volume.spec.as_ref().and_then(|spec| spec.node_affinity.as_ref());
    let required = affinity.and_then(|affinity| affinity.required.as_ref());
    required.is_none_or(|selector| selects_node(selector, node))
}

fn claims<'s>(snapshot: &'s Snapshot, pod: &Pod) -> impl Iterator<Item = &'s PersistentVolumeClaim> {
    let namespace = namespace(pod).to_owned();
    claim_names(pod).into_iter().filter_map(move |(name, _)| snapshot.claims.get(&(namespace.clone(), name)))
}

/// The claims that a Pod names, and those that are made for it.
fn claim_names(pod: &Pod) -> Vec<(String, bool)> {
    let own = pod.metadata.name.as_deref().unwrap_or_default();
    let volumes = spec(pod).volumes.iter().flatten();
    volumes
        .filter_map(|volume| match &volume.persistent_volume_claim {
            Some(source) => Some((source.claim_name.clone(), false)),
            None => volume.ephemeral.as_ref().map(|_| (format!("{own}-{}", volume.name), true)),
        })
        .collect()
}

fn is_bound(claim: &PersistentVolumeClaim) -> bool {
    claim.spec.as_ref().is_some_and(|spec| spec.volume_name.as_deref().is_some_and(|name| !name.is_empty()))
}

fn is_late(snapshot: &Snapshot, claim: &PersistentVolumeClaim) -> bool {
    let class = claim.spec.as_ref().and_then(|spec| spec.storage_class_name.as_ref());
    class.is_some_and(|class| snapshot.late_binding.contains(class))
}

//! Writes a Pod's status to the API, leaving alone what others own in it.

use k8s_openapi::api::core::v1::{Pod, PodStatus};

use super::pod::{Manifest, is_own_condition};
use crate::Client;

/// How often a write is tried that others' writes get in the way of.
const ATTEMPTS: usize = 5;

/// Writes a status, unless the Pod is gone or another of its name has taken its place.
pub(super) fn write(client: &Client, manifest: &Manifest, status: &PodStatus) {
    let pods = client.namespaced::<Pod>(manifest.namespace());
    for _ in 0..ATTEMPTS {
        let Ok(mut pod) = pods.get(manifest.name()) else { return };
        if pod.metadata.uid.as_deref() != Some(manifest.uid()) {
            return;
        }
        let merged = merge(pod.status.take().unwrap_or_default(), status);
        pod.status = Some(merged);
        match pods.update_status(&pod) {
            Ok(_) => return,
            Err(error) if error.is_conflict() => {}
            Err(error) if error.is_not_found() => return,
            Err(error) => {
                tracing::warn!(%error, pod = manifest.name(), "a pod's status could not be written");
                return;
            }
        }
    }
}

/// The kubelet's status, with the conditions of others as the API has them now.
fn merge(api: PodStatus, own: &PodStatus) -> PodStatus {
    let foreign = api.conditions.into_iter().flatten().filter(|c| !is_own_condition(&c.type_));
    let mut conditions: Vec<_> = foreign.collect();
    let mine = own.conditions.iter().flatten();
    conditions.extend(mine.filter(|c| is_own_condition(&c.type_)).cloned());
    PodStatus {
        conditions: Some(conditions),
        nominated_node_name: api.nominated_node_name,
        resource_claim_statuses: api.resource_claim_statuses,
        ..own.clone()
    }
}

//! Claims and volumes that are in use stay until they are not: their finalizers.

use k8s_openapi::{
    api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{Storage, api_of, claims_of};
use crate::{Client, client::Selection, controllers::pods, status::Result};

const CLAIM: &str = "kubernetes.io/pvc-protection";
const VOLUME: &str = "kubernetes.io/pv-protection";

impl Storage {
    /// Gives a claim its finalizer, or takes it when the last Pod that uses it is gone. `None` for a claim that ends.
    pub(super) fn protect_claim(
        client: &Client,
        mut claim: PersistentVolumeClaim,
    ) -> Result<Option<PersistentVolumeClaim>> {
        if claim.metadata.deletion_timestamp.is_none() {
            if protect(&mut claim.metadata, CLAIM) {
                claim = api_of(client, &claim).update(&claim)?;
            }
            return Ok(Some(claim));
        }
        let key = pods::key_of(&claim.metadata);
        let all = client.namespaced::<Pod>(&key.namespace).list(&Selection::default())?;
        let used = all.iter().any(|pod| !pods::has_ended(pod) && claims_of(pod).contains(&key));
        if !used && release(&mut claim.metadata, CLAIM) {
            api_of(client, &claim).update(&claim)?;
        }
        Ok(None)
    }

    /// The same for a volume, which a claim uses.
    pub(super) fn protect_volume(
        client: &Client,
        mut volume: PersistentVolume,
    ) -> Result<Option<PersistentVolume>> {
        if volume.metadata.deletion_timestamp.is_none() {
            if protect(&mut volume.metadata, VOLUME) {
                volume = client.all::<PersistentVolume>().update(&volume)?;
            }
            return Ok(Some(volume));
        }
        let bound = volume.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Bound"));
        let used = match super::claim_key(&volume).filter(|_| bound) {
            Some(key) => {
                client.namespaced::<PersistentVolumeClaim>(&key.namespace).get_opt(&key.name)?.is_some()
            }
            None => false,
        };
        if !used && release(&mut volume.metadata, VOLUME) {
            client.all::<PersistentVolume>().update(&volume)?;
        }
        Ok(None)
    }
}

fn protect(metadata: &mut ObjectMeta, finalizer: &str) -> bool {
    let finalizers = metadata.finalizers.get_or_insert_default();
    let missing = !finalizers.iter().any(|known| known == finalizer);
    if missing {
        finalizers.push(finalizer.to_owned());
    }
    missing
}

fn release(metadata: &mut ObjectMeta, finalizer: &str) -> bool {
    let Some(finalizers) = &mut metadata.finalizers else { return false };
    let before = finalizers.len();
    finalizers.retain(|known| known != finalizer);
    finalizers.len() < before
}

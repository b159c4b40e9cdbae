//! A volume by itself: free, kept for a claim, or left by one.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};

use super::{PROVISIONED_BY, Storage, bind::write_volume_phase, claim_key};
use crate::{Client, DeleteOptions, status::Result};

impl Storage {
    pub(super) fn look_after_volume(&self, client: &Client, volume: PersistentVolume) -> Result<()> {
        let Some(mut volume) = Self::protect_volume(client, volume)? else { return Ok(()) };
        let spec = volume.spec.clone().unwrap_or_default();
        let Some(owner) = &spec.claim_ref else {
            return write_volume_phase(client, &mut volume, "Available");
        };
        let claim = match claim_key(&volume) {
            Some(key) => client.namespaced::<PersistentVolumeClaim>(&key.namespace).get_opt(&key.name)?,
            None => None,
        };
        let Some(uid) = owner.uid.as_deref().filter(|uid| !uid.is_empty()) else {
            // Kept for a claim that may come.
            return write_volume_phase(client, &mut volume, "Available");
        };
        if claim.is_some_and(|claim| claim.metadata.uid.as_deref() == Some(uid)) {
            return write_volume_phase(client, &mut volume, "Bound");
        }
        write_volume_phase(client, &mut volume, "Released")?;
        if spec.persistent_volume_reclaim_policy.as_deref() == Some("Delete") {
            let annotations = volume.metadata.annotations.as_ref();
            if annotations.is_some_and(|all| all.contains_key(PROVISIONED_BY)) {
                let name = volume.metadata.name.as_deref().unwrap_or_default();
                return client.all::<PersistentVolume>().delete(name, &DeleteOptions::default());
            }
            let message = "error getting deleter volume plugin for volume: no volume plugin matched";
            self.tell(&volume, true, "VolumeFailedDelete", message);
            return write_volume_phase(client, &mut volume, "Failed");
        }
        Ok(())
    }
}

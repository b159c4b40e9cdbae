//! A claim that asks for more than it has gets it: a directory has no size of its own.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};

use super::{PROVISIONED_BY, Storage, api_of};
use crate::{Client, quantity::Quantity, status::Result};

impl Storage {
    /// Brings the sizes of a bound claim and its volume to what the claim asks for, if podlab made the volume.
    pub(super) fn expand(
        &self,
        client: &Client,
        claim: PersistentVolumeClaim,
        volume: &PersistentVolume,
    ) -> Result<()> {
        let made = volume.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(PROVISIONED_BY));
        let wanted = claim.spec.as_ref().and_then(|spec| spec.resources.as_ref()?.requests.clone());
        let wanted = wanted.unwrap_or_default().remove("storage");
        let has = claim.status.as_ref().and_then(|status| status.capacity.as_ref()?.get("storage"));
        let (Some(wanted), Some(has), true) = (wanted, has, made) else { return Ok(()) };
        if Quantity::of(&wanted) <= Quantity::of(has) {
            return Ok(());
        }
        let name = volume.metadata.name.as_deref().unwrap_or_default();
        self.tell(&claim, false, "Resizing", &format!("External resizer is resizing volume {name}"));
        let mut volume = volume.clone();
        let capacity = &mut volume.spec.get_or_insert_default().capacity;
        capacity.get_or_insert_default().insert("storage".to_owned(), wanted.clone());
        client.all::<PersistentVolume>().update(&volume)?;
        let mut grown = claim.clone();
        let capacity = &mut grown.status.get_or_insert_default().capacity;
        capacity.get_or_insert_default().insert("storage".to_owned(), wanted);
        api_of(client, &grown).update_status(&grown)?;
        self.tell(&claim, false, "VolumeResizeSuccessful", "Resize volume succeeded");
        Ok(())
    }
}

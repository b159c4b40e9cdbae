//! A claim and its volume.

use std::sync::PoisonError;

use k8s_openapi::{
    Metadata,
    api::{
        core::v1::{
            ObjectReference, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec,
            PersistentVolumeClaimStatus, PersistentVolumeSpec, PersistentVolumeStatus,
        },
        storage::v1::StorageClass,
    },
    apimachinery::pkg::api::resource::Quantity as ApiQuantity,
};

use super::{BY_CONTROLLER, COMPLETED, Storage, annotate, api_of, phase, pods};
use crate::{
    Client, client::Selection, kubelet::seconds, label_selector::selects, quantity::Quantity, status::Result,
};

/// Marks the class of claims that name none.
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

impl Storage {
    pub(super) fn look_after_claim(&self, client: &Client, claim: PersistentVolumeClaim) -> Result<()> {
        let Some(claim) = Self::protect_claim(client, claim)? else { return Ok(()) };
        let spec = claim.spec.clone().unwrap_or_default();
        match spec.volume_name.as_deref().filter(|name| !name.is_empty()) {
            Some(volume) => self.keep_bound(client, claim.clone(), volume),
            None => self.find_volume(client, claim, &spec),
        }
    }

    /// A claim that names its volume.
    fn keep_bound(&self, client: &Client, claim: PersistentVolumeClaim, name: &str) -> Result<()> {
        let Some(volume) = client.all::<PersistentVolume>().get_opt(name)? else {
            return match phase(&claim) {
                "Bound" => {
                    let message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
                    self.tell(&claim, true, "ClaimLost", message);
                    write_phase(client, claim, "Lost")
                }
                "Lost" => Ok(()),
                _ => write_phase(client, claim, "Pending"),
            };
        };
        let owner = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
        match owner {
            None => bind(client, claim, volume),
            Some(owner) if is_of(owner, &claim) => {
                self.told
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(&pods::key_of(&claim.metadata));
                self.expand(client, claim.clone(), &volume)?;
                let claim = api_of(client, &claim).get(claim.metadata.name.as_deref().unwrap_or_default())?;
                let volume = client.all::<PersistentVolume>().get(name)?;
                bind(client, claim, volume)
            }
            Some(owner) if phase(&claim) == "Bound" => {
                let other = owner.name.as_deref().unwrap_or_default();
                let message = format!(
                    "Two claims are bound to the same volume, this one is bound incorrectly; the volume is {other}'s"
                );
                self.tell(&claim, true, "ClaimMisbound", &message);
                write_phase(client, claim, "Lost")
            }
            Some(_) => {
                let message = format!("volume \"{name}\" already bound to a different claim.");
                self.tell(&claim, true, "FailedBinding", &message);
                write_phase(client, claim, "Pending")
            }
        }
    }

    /// A claim that any volume will do for.
    fn find_volume(
        &self,
        client: &Client,
        mut claim: PersistentVolumeClaim,
        spec: &PersistentVolumeClaimSpec,
    ) -> Result<()> {
        let classes = client.all::<StorageClass>().list(&Selection::default())?;
        let mut class_name = spec.storage_class_name.clone();
        if class_name.is_none()
            && let Some(default) = default_class(&classes)
        {
            class_name.clone_from(&default.metadata.name);
            claim.spec.get_or_insert_default().storage_class_name.clone_from(&class_name);
            claim = api_of(client, &claim).update(&claim)?;
        }
        let class_name = class_name.unwrap_or_default();
        let volumes = client.all::<PersistentVolume>().list(&Selection::default())?;
        if let Some(volume) = best(&volumes, &claim, spec, &class_name) {
            return bind(client, claim, volume.clone());
        }
        if class_name.is_empty() {
            let message = "no persistent volumes available for this claim and no storage class is set";
            self.tell_waiting(client, &claim, false, "FailedBinding", message);
            return write_phase(client, claim, "Pending");
        }
        let class = classes.iter().find(|class| class.metadata.name.as_ref() == Some(&class_name));
        let Some(class) = class else {
            let message = format!("storageclass.storage.k8s.io \"{class_name}\" not found");
            self.tell_waiting(client, &claim, true, "ProvisioningFailed", &message);
            return write_phase(client, claim, "Pending");
        };
        self.provision(client, claim, spec, class)
    }
}

/// The class of claims that name none: the newest of those that say so.
fn default_class(classes: &[StorageClass]) -> Option<&StorageClass> {
    let says_so = |class: &&StorageClass| {
        let annotations = class.metadata.annotations.as_ref();
        annotations.and_then(|all| all.get(DEFAULT_CLASS)).is_some_and(|value| value == "true")
    };
    classes.iter().filter(says_so).max_by_key(|class| {
        (class.metadata.creation_timestamp.as_ref().map(|time| time.0), class.metadata.name.clone())
    })
}

fn is_of(owner: &ObjectReference, claim: &PersistentVolumeClaim) -> bool {
    let (metadata, named) = (&claim.metadata, |text: &Option<String>| text.clone().filter(|t| !t.is_empty()));
    owner.name == metadata.name
        && owner.namespace == metadata.namespace
        && named(&owner.uid).is_none_or(|uid| Some(uid) == metadata.uid)
}

fn size(amounts: Option<&std::collections::BTreeMap<String, ApiQuantity>>) -> i64 {
    let storage = amounts.and_then(|amounts| amounts.get("storage"));
    storage.and_then(Quantity::of).map_or(0, Quantity::value)
}

/// The volume for a claim: one that was kept for it, or the smallest that is large enough.
fn best<'v>(
    volumes: &'v [PersistentVolume],
    claim: &PersistentVolumeClaim,
    spec: &PersistentVolumeClaimSpec,
    class: &str,
) -> Option<&'v PersistentVolume> {
    let wanted = size(spec.resources.as_ref().and_then(|resources| resources.requests.as_ref()));
    let fits = |volume: &&PersistentVolume| {
        let Some(own) = volume.spec.as_ref() else { return false };
        let free = own.claim_ref.as_ref().is_none_or(|owner| is_of(owner, claim));
        let modes = own.access_modes.clone().unwrap_or_default();
        let mode = |of: &Option<String>| of.clone().unwrap_or_else(|| "Filesystem".to_owned());
        free && volume.metadata.deletion_timestamp.is_none()
            && own.storage_class_name.as_deref().unwrap_or_default() == class
            && size(own.capacity.as_ref()) >= wanted
            && spec.access_modes.iter().flatten().all(|mode| modes.contains(mode))
            && mode(&own.volume_mode) == mode(&spec.volume_mode)
            && (spec.selector.is_none() || selects(spec.selector.as_ref(), volume.metadata.labels.as_ref()))
    };
    volumes.iter().filter(fits).min_by_key(|volume| {
        let own = volume.spec.as_ref();
        let kept = own.is_some_and(|own| own.claim_ref.is_some());
        (!kept, size(own.and_then(|own| own.capacity.as_ref())), volume.metadata.name.clone())
    })
}

/// Makes a claim and a volume each other's.
pub(super) fn bind(
    client: &Client,
    mut claim: PersistentVolumeClaim,
    mut volume: PersistentVolume,
) -> Result<()> {
    let metadata = claim.metadata();
    let reference = ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("PersistentVolumeClaim".to_owned()),
        namespace: metadata.namespace.clone(),
        name: metadata.name.clone(),
        uid: metadata.uid.clone(),
        resource_version: metadata.resource_version.clone(),
        field_path: None,
    };
    let volumes = client.all::<PersistentVolume>();
    let spec: &mut PersistentVolumeSpec = volume.spec.get_or_insert_default();
    let bound = spec.claim_ref.as_ref().is_some_and(|owner| owner.uid == reference.uid);
    if !bound {
        if spec.claim_ref.is_none() {
            annotate(&mut volume.metadata, BY_CONTROLLER, "yes");
        }
        volume.spec.get_or_insert_default().claim_ref = Some(reference);
        volume = volumes.update(&volume)?;
    }
    write_volume_phase(client, &mut volume, "Bound")?;
    let name = volume.metadata.name.clone();
    let completed = claim.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(COMPLETED));
    if !completed {
        let spec = claim.spec.get_or_insert_default();
        if spec.volume_name.as_deref().is_none_or(str::is_empty) {
            spec.volume_name.clone_from(&name);
            annotate(&mut claim.metadata, BY_CONTROLLER, "yes");
        }
        annotate(&mut claim.metadata, COMPLETED, "yes");
        claim = api_of(client, &claim).update(&claim)?;
    }
    let own = volume.spec.unwrap_or_default();
    let status = PersistentVolumeClaimStatus {
        phase: Some("Bound".to_owned()),
        access_modes: own.access_modes,
        capacity: own.capacity,
        ..claim.status.clone().unwrap_or_default()
    };
    write_status(client, claim, status)
}

/// Writes a volume's phase, if it is another one.
pub(super) fn write_volume_phase(client: &Client, volume: &mut PersistentVolume, phase: &str) -> Result<()> {
    let before = volume.status.as_ref().and_then(|status| status.phase.as_deref());
    if before != Some(phase) {
        volume.status = Some(PersistentVolumeStatus {
            phase: Some(phase.to_owned()),
            last_phase_transition_time: Some(seconds(client.now())),
            ..PersistentVolumeStatus::default()
        });
        *volume = client.all::<PersistentVolume>().update_status(volume)?;
    }
    Ok(())
}

/// Writes the phase of a claim that is not bound.
pub(super) fn write_phase(client: &Client, claim: PersistentVolumeClaim, phase: &str) -> Result<()> {
    let status = PersistentVolumeClaimStatus {
        phase: Some(phase.to_owned()),
        ..claim.status.clone().unwrap_or_default()
    };
    write_status(client, claim, status)
}

fn write_status(
    client: &Client,
    mut claim: PersistentVolumeClaim,
    status: PersistentVolumeClaimStatus,
) -> Result<()> {
    if claim.status.as_ref() != Some(&status) {
        claim.status = Some(status);
        api_of(client, &claim).update_status(&claim)?;
    }
    Ok(())
}

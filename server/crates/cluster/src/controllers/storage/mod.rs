//! Persistent volumes: claims find volumes, or get new ones from their storage class; both stay while they are in use. See
//! "Persistent Volumes" in Kubernetes' documentation.

mod bind;
mod expand;
mod protection;
mod provision;
mod reclaim;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::{
    Metadata,
    api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    pods,
};
use crate::{
    Client,
    client::{Api, Kind, Selection},
    events::{Recorder, Reference},
    kubelet::after,
    status::Result,
};

/// On claims and volumes that found each other through this controller, not by their author's hand.
const BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";

/// On claims that have found their volume.
const COMPLETED: &str = "pv.kubernetes.io/bind-completed";

/// How often the real controller looks at claims that wait.
const RESYNC: Duration = Duration::from_secs(15);

/// On volumes that were made for a claim: by whom.
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";

/// Binds claims to volumes, makes volumes, and reclaims them.
pub(super) struct Storage {
    recorder: Recorder,
    /// When each claim was last told why it waits.
    told: Mutex<BTreeMap<Key, Timestamp>>,
}

impl Storage {
    pub(super) fn new(client: &Client) -> Self {
        Self {
            recorder: Recorder::new(client.clone(), "persistentvolume-controller", None),
            told: Mutex::default(),
        }
    }

    /// Says why a claim waits, as often as the real controller looks at it.
    fn tell_waiting(
        &self,
        client: &Client,
        claim: &PersistentVolumeClaim,
        warning: bool,
        reason: &str,
        message: &str,
    ) {
        let now = client.now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let last = told.get(&pods::key_of(&claim.metadata));
        if last.is_some_and(|last| after(*last, RESYNC) > now) {
            return;
        }
        told.insert(pods::key_of(&claim.metadata), now);
        drop(told);
        self.tell(claim, warning, reason, message);
    }

    fn tell<K: Kind>(&self, object: &K, warning: bool, reason: &str, message: &str) {
        self.recorder.record(&Reference::to(object), warning, reason, message);
    }
}

impl Controller for Storage {
    fn name(&self) -> &'static str {
        "persistent-volume-binder"
    }

    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::PersistentVolumeClaim(claim) => {
                let volume = claim.spec.as_ref().and_then(|spec| spec.volume_name.clone());
                let volume = volume.filter(|name| !name.is_empty()).map(|name| Key::new("", &name));
                volume.into_iter().chain([pods::key_of(&claim.metadata)]).collect()
            }
            Object::PersistentVolume(volume) => {
                let mut keys = waiting_claims(client);
                keys.push(pods::key_of(&volume.metadata));
                keys.extend(claim_key(volume));
                keys
            }
            Object::StorageClass(_) => waiting_claims(client),
            Object::Pod(pod) => claims_of(pod),
            _ => Vec::new(),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        if key.namespace.is_empty() {
            if let Some(volume) = client.all::<PersistentVolume>().get_opt(&key.name)? {
                self.look_after_volume(client, volume)?;
            }
        } else if let Some(claim) = client.namespaced(&key.namespace).get_opt(&key.name)? {
            self.look_after_claim(client, claim)?;
            if self.told.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key) {
                return Ok(Again::After(RESYNC));
            }
        } else {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        }
        Ok(Again::Never)
    }
}

/// The claims that have no volume.
fn waiting_claims(client: &Client) -> Vec<Key> {
    let all = client.all::<PersistentVolumeClaim>().list(&Selection::default()).unwrap_or_default();
    let waits = |claim: &&PersistentVolumeClaim| phase(claim) != "Bound";
    all.iter().filter(waits).map(|claim| pods::key_of(&claim.metadata)).collect()
}

/// The claim that a volume belongs to.
fn claim_key(volume: &PersistentVolume) -> Option<Key> {
    let claim = volume.spec.as_ref()?.claim_ref.as_ref()?;
    Some(Key::new(claim.namespace.as_deref()?, claim.name.as_deref()?))
}

/// The claims that a Pod uses.
fn claims_of(pod: &Pod) -> Vec<Key> {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let claims = volumes.filter_map(|volume| match &volume.persistent_volume_claim {
        Some(source) => Some(source.claim_name.clone()),
        None => volume.ephemeral.as_ref().map(|_| format!("{name}-{}", volume.name)),
    });
    claims.map(|claim| Key::new(namespace, &claim)).collect()
}

fn phase(claim: &PersistentVolumeClaim) -> &str {
    claim.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("Pending")
}

fn annotate(metadata: &mut ObjectMeta, key: &str, value: &str) {
    metadata.annotations.get_or_insert_default().insert(key.to_owned(), value.to_owned());
}

fn api_of<K: Kind>(client: &Client, object: &K) -> Api<K> {
    client.namespaced(Metadata::metadata(object).namespace.as_deref().unwrap_or_default())
}

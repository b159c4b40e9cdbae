//! New volumes for claims. podlab plays the part of the provisioner, whatever its name: the volume is a directory that the
//! node keeps.

use k8s_openapi::{
    api::{
        core::v1::{
            CSIPersistentVolumeSource, Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm,
            PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeSpec, Pod,
            VolumeNodeAffinity,
        },
        storage::v1::StorageClass,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{PROVISIONED_BY, Storage, annotate, api_of, bind, claims_of, phase};
use crate::{Client, client::Selection, controllers::pods, status::Result};

/// Provisioners that never make anything: their volumes are made by hand.
const BY_HAND: &str = "kubernetes.io/no-provisioner";

impl Storage {
    pub(super) fn provision(
        &self,
        client: &Client,
        mut claim: PersistentVolumeClaim,
        spec: &PersistentVolumeClaimSpec,
        class: &StorageClass,
    ) -> Result<()> {
        let waits = class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer");
        let consumer = if waits { consumer(client, &claim)? } else { None };
        let Some(node) = (if waits { consumer } else { first_node(client)? }) else {
            if waits {
                let message = "waiting for first consumer to be created before binding";
                self.tell_waiting(client, &claim, false, "WaitForFirstConsumer", message);
            }
            return bind::write_phase(client, claim, "Pending");
        };
        if class.provisioner == BY_HAND {
            return bind::write_phase(client, claim, "Pending");
        }
        let provisioner = &class.provisioner;
        if phase(&claim) != "Bound" {
            let message = format!(
                "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the \
                 system administrator. If volume creation is delayed, please verify that the provisioner is running and \
                 correctly registered."
            );
            self.tell(&claim, false, "ExternalProvisioning", &message);
            annotate(&mut claim.metadata, "volume.kubernetes.io/storage-provisioner", provisioner);
            annotate(&mut claim.metadata, "volume.beta.kubernetes.io/storage-provisioner", provisioner);
            claim = api_of(client, &claim).update(&claim)?;
        }
        let volume = client.all::<PersistentVolume>().create(&new_volume(&claim, spec, class, &node))?;
        let name = volume.metadata.name.clone().unwrap_or_default();
        let message = format!("Successfully provisioned volume {name}");
        self.tell(&claim, false, "ProvisioningSucceeded", &message);
        bind::bind(client, claim, volume)
    }
}

/// The node of the first Pod that uses the claim, once it has one.
fn consumer(client: &Client, claim: &PersistentVolumeClaim) -> Result<Option<String>> {
    let key = pods::key_of(&claim.metadata);
    let all = client.namespaced::<Pod>(&key.namespace).list(&Selection::default())?;
    let mut users = all.into_iter().filter(|pod| claims_of(pod).contains(&key));
    Ok(users.find_map(|pod| pod.spec?.node_name.filter(|name| !name.is_empty())))
}

fn first_node(client: &Client) -> Result<Option<String>> {
    Ok(client
        .all::<Node>()
        .list(&Selection::default())?
        .into_iter()
        .next()
        .and_then(|node| node.metadata.name))
}

fn new_volume(
    claim: &PersistentVolumeClaim,
    spec: &PersistentVolumeClaimSpec,
    class: &StorageClass,
    node: &str,
) -> PersistentVolume {
    let name = format!("pvc-{}", claim.metadata.uid.as_deref().unwrap_or_default());
    let requests = spec.resources.as_ref().and_then(|resources| resources.requests.clone());
    let here = NodeSelectorRequirement {
        key: "kubernetes.io/hostname".to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![node.to_owned()]),
    };
    let term = NodeSelectorTerm { match_expressions: Some(vec![here]), match_fields: None };
    let mut metadata = ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() };
    annotate(&mut metadata, PROVISIONED_BY, &class.provisioner);
    PersistentVolume {
        metadata,
        spec: Some(PersistentVolumeSpec {
            access_modes: spec.access_modes.clone(),
            capacity: requests,
            csi: Some(CSIPersistentVolumeSource {
                driver: class.provisioner.clone(),
                volume_handle: name,
                ..CSIPersistentVolumeSource::default()
            }),
            mount_options: class.mount_options.clone(),
            node_affinity: Some(VolumeNodeAffinity {
                required: Some(NodeSelector { node_selector_terms: vec![term] }),
            }),
            persistent_volume_reclaim_policy: Some(
                class.reclaim_policy.clone().unwrap_or_else(|| "Delete".to_owned()),
            ),
            storage_class_name: class.metadata.name.clone(),
            volume_mode: Some(spec.volume_mode.clone().unwrap_or_else(|| "Filesystem".to_owned())),
            ..PersistentVolumeSpec::default()
        }),
        status: None,
    }
}

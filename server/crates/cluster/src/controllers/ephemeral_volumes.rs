//! Claims for the ephemeral volumes of Pods: each Pod gets its own, which goes with it. See "Ephemeral Volumes" in
//! Kubernetes' documentation.

use k8s_openapi::{
    api::core::v1::{PersistentVolumeClaim, Pod},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    pods,
};
use crate::{
    Client,
    events::{Recorder, Reference},
    status::Result,
};

pub(super) struct EphemeralVolumes {
    recorder: Recorder,
}

impl EphemeralVolumes {
    pub(super) fn new(client: &Client) -> Self {
        Self { recorder: Recorder::new(client.clone(), "ephemeral_volume", None) }
    }
}

impl Controller for EphemeralVolumes {
    fn name(&self) -> &'static str {
        "ephemeral-volume-controller"
    }

    fn concerns(&self, _: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::Pod(pod) if !change.gone && wanted(pod).next().is_some() => {
                vec![pods::key_of(&pod.metadata)]
            }
            _ => Vec::new(),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let pod = client.namespaced::<Pod>(&key.namespace).get_opt(&key.name)?;
        let Some(pod) = pod.filter(pods::is_active) else { return Ok(Again::Never) };
        let claims = client.namespaced::<PersistentVolumeClaim>(&key.namespace);
        for claim in wanted(&pod) {
            let name = claim.metadata.name.clone().unwrap_or_default();
            // One of somebody else's: the Pod waits, and the scheduler says so.
            if claims.get_opt(&name)?.is_some() {
                continue;
            }
            if let Err(error) = claims.create(&claim) {
                let message = format!("ephemeral volume {name}: {error}");
                self.recorder.record(&Reference::to(&pod), true, "EphemeralVolumeCreationFailed", &message);
                return Err(error);
            }
        }
        Ok(Again::Never)
    }
}

/// The claims that a Pod's volumes ask for.
fn wanted(pod: &Pod) -> impl Iterator<Item = PersistentVolumeClaim> {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    volumes.filter_map(|volume| {
        let template = volume.ephemeral.as_ref()?.volume_claim_template.clone()?;
        let metadata = template.metadata.unwrap_or_default();
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        Some(PersistentVolumeClaim {
            metadata: ObjectMeta {
                name: Some(format!("{name}-{}", volume.name)),
                labels: metadata.labels,
                annotations: metadata.annotations,
                owner_references: Some(vec![pods::controlled_by(pod)]),
                ..ObjectMeta::default()
            },
            spec: Some(template.spec),
            status: None,
        })
    })
}

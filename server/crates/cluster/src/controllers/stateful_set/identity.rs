//! What makes a Pod of a StatefulSet that very one: its name, its labels, its claims.

use k8s_openapi::{
    api::{
        apps::v1::{StatefulSet, StatefulSetSpec},
        core::v1::{PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, PodTemplateSpec, Volume},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::controllers::{pods, revisions};

const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The ordinal in a Pod's name; `None` for a Pod that is not of this set.
pub(super) fn ordinal(set: &str, pod: &Pod) -> Option<i32> {
    let text = pod.metadata.name.as_deref()?.strip_prefix(set)?.strip_prefix('-')?;
    let number: i32 = text.parse().ok()?;
    (number >= 0 && number.to_string() == text).then_some(number)
}

/// The Pod with this ordinal.
pub(super) fn pod(
    set: &StatefulSet,
    spec: &StatefulSetSpec,
    template: &PodTemplateSpec,
    ordinal: i32,
    revision: &str,
) -> Pod {
    let name = format!("{}-{ordinal}", set.metadata.name.as_deref().unwrap_or_default());
    let mut pod = pods::from_template(template, set);
    pod.metadata.name = Some(name.clone());
    pod.metadata.labels.get_or_insert_default().extend([
        (POD_NAME.to_owned(), name.clone()),
        (POD_INDEX.to_owned(), ordinal.to_string()),
        (revisions::OF_POD.to_owned(), revision.to_owned()),
    ]);
    let pod_spec = pod.spec.get_or_insert_default();
    pod_spec.hostname = Some(name.clone());
    pod_spec.subdomain = spec.service_name.clone().filter(|service| !service.is_empty());
    let volumes = pod_spec.volumes.get_or_insert_default();
    for template in spec.volume_claim_templates.iter().flatten() {
        let volume = template.metadata.name.clone().unwrap_or_default();
        volumes.retain(|other| other.name != volume);
        let claim_name = claim_name(template, &name);
        let source = PersistentVolumeClaimVolumeSource { claim_name, read_only: None };
        volumes.push(Volume { name: volume, persistent_volume_claim: Some(source), ..Volume::default() });
    }
    pod
}

fn claim_name(template: &PersistentVolumeClaim, pod: &str) -> String {
    format!("{}-{pod}", template.metadata.name.as_deref().unwrap_or_default())
}

/// Whether claims go with the set, or with the Pods that a smaller number leaves out.
pub(super) fn forgets_claims(spec: &StatefulSetSpec, when_scaled: bool) -> bool {
    let policy = spec.persistent_volume_claim_retention_policy.as_ref();
    let chosen = policy.and_then(|policy| {
        if when_scaled { policy.when_scaled.as_deref() } else { policy.when_deleted.as_deref() }
    });
    chosen == Some("Delete")
}

/// The claims of a Pod.
pub(super) fn claims<'a>(
    set: &'a StatefulSet,
    spec: &'a StatefulSetSpec,
    pod: &Pod,
) -> impl Iterator<Item = PersistentVolumeClaim> + 'a {
    let pod = pod.metadata.name.clone().unwrap_or_default();
    spec.volume_claim_templates.iter().flatten().map(move |template| {
        let mut labels = template.metadata.labels.clone().unwrap_or_default();
        labels.extend(spec.selector.match_labels.clone().unwrap_or_default());
        let goes_with_set = forgets_claims(spec, false).then(|| vec![pods::controlled_by(set)]);
        PersistentVolumeClaim {
            metadata: ObjectMeta {
                name: Some(claim_name(template, &pod)),
                namespace: set.metadata.namespace.clone(),
                labels: Some(labels).filter(|labels| !labels.is_empty()),
                annotations: template.metadata.annotations.clone(),
                owner_references: goes_with_set,
                ..ObjectMeta::default()
            },
            spec: template.spec.clone(),
            status: None,
        }
    })
}

//! Which Rust types stand for the kinds of a group and version.

use k8s_openapi::{
    api::{
        admissionregistration::v1 as admissionregistration,
        apps::v1 as apps,
        authentication::v1 as authentication,
        authorization::v1 as authorization,
        autoscaling::{v1 as autoscaling_v1, v2 as autoscaling_v2},
        batch::v1 as batch,
        certificates::v1 as certificates,
        coordination::v1 as coordination,
        core::v1 as core,
        discovery::v1 as discovery,
        events::v1 as events,
        flowcontrol::v1 as flowcontrol,
        networking::v1 as networking,
        node::v1 as node,
        policy::v1 as policy,
        rbac::v1 as rbac,
        resource::v1 as resource,
        scheduling::v1 as scheduling,
        storage::v1 as storage,
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1 as apiextensions,
    apimachinery::pkg::apis::meta::v1 as meta,
    kube_aggregator::pkg::apis::apiregistration::v1 as apiregistration,
    schemars::SchemaGenerator,
};

macro_rules! add {
    ($generator:expr; $($module:ident { $($kind:ident)* })*) => {
        {$($( let _ = $generator.subschema_for::<$module::$kind>(); )*)*}
    };
}

/// Adds the definitions of a group and version.
pub(super) fn add(group: &str, version: &str, to: &mut SchemaGenerator) {
    add!(to; meta { DeleteOptions ListMeta ObjectMeta Status });
    match (group, version) {
        ("", "v1") => add!(to; core {
            Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume
            PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount
        } autoscaling_v1 { Scale } policy { Eviction } authentication { TokenRequest }),
        ("apps", "v1") => add!(to; apps { ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet }
            autoscaling_v1 { Scale }),
        ("batch", "v1") => add!(to; batch { CronJob Job }),
        ("autoscaling", "v1") => add!(to; autoscaling_v1 { HorizontalPodAutoscaler Scale }),
        ("autoscaling", "v2") => add!(to; autoscaling_v2 { HorizontalPodAutoscaler }),
        ("policy", "v1") => add!(to; policy { Eviction PodDisruptionBudget }),
        ("networking.k8s.io", "v1") => {
            add!(to; networking { IPAddress Ingress IngressClass NetworkPolicy ServiceCIDR });
        }
        ("rbac.authorization.k8s.io", "v1") => {
            add!(to; rbac { ClusterRole ClusterRoleBinding Role RoleBinding });
        }
        ("storage.k8s.io", "v1") => add!(to; storage {
            CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass
        }),
        ("events.k8s.io", "v1") => add!(to; events { Event }),
        ("authentication.k8s.io", "v1") => {
            add!(to; authentication { SelfSubjectReview TokenRequest TokenReview });
        }
        ("authorization.k8s.io", "v1") => add!(to; authorization {
            LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview
        }),
        ("certificates.k8s.io", "v1") => add!(to; certificates { CertificateSigningRequest }),
        ("admissionregistration.k8s.io", "v1") => add!(to; admissionregistration {
            MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration
            ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration
        }),
        ("apiextensions.k8s.io", "v1") => add!(to; apiextensions { CustomResourceDefinition }),
        ("apiregistration.k8s.io", "v1") => add!(to; apiregistration { APIService }),
        ("scheduling.k8s.io", "v1") => add!(to; scheduling { PriorityClass }),
        ("coordination.k8s.io", "v1") => add!(to; coordination { Lease }),
        ("node.k8s.io", "v1") => add!(to; node { RuntimeClass }),
        ("discovery.k8s.io", "v1") => add!(to; discovery { EndpointSlice }),
        ("resource.k8s.io", "v1") => {
            add!(to; resource { DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice });
        }
        ("flowcontrol.apiserver.k8s.io", "v1") => {
            add!(to; flowcontrol { FlowSchema PriorityLevelConfiguration });
        }
        _ => {}
    }
}

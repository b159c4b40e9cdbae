//! The resources that every cluster has from the start, in the order of discovery.

mod row;

use self::row::{PROXY, READ_WRITE, Row};
use super::{Generation, Resource, Verbs};
use crate::custom::DefinitionStrategy;
use crate::kinds::{
    access::{binding::BindingStrategy, role::RoleStrategy},
    api_service::ApiServiceStrategy,
    autoscaler::AutoscalerStrategy,
    certificate_signing_request::CertificateSigningRequestStrategy,
    config_map::ConfigMapStrategy,
    endpoints::{EndpointSliceStrategy, EndpointsStrategy},
    event::EventStrategy,
    namespace::NamespaceStrategy,
    networking::{
        ingress::{IngressClassStrategy, IngressStrategy},
        network_policy::NetworkPolicyStrategy,
    },
    node::NodeStrategy,
    pod::PodStrategy,
    policy::{
        disruption_budget::DisruptionBudgetStrategy, limit_range::LimitRangeStrategy,
        priority_class::PriorityClassStrategy, resource_quota::ResourceQuotaStrategy,
    },
    secret::SecretStrategy,
    service::ServiceStrategy,
    service_account::ServiceAccountStrategy,
    storage::{claim::ClaimStrategy, class::ClassStrategy, volume::VolumeStrategy},
    tables::{
        ComponentStatusStrategy, ControllerRevisionStrategy, LeaseStrategy, PodTemplateStrategy,
        RuntimeClassStrategy,
    },
    workload::{
        cron_job::CronJobStrategy, daemon_set::DaemonSetStrategy, deployment::DeploymentStrategy,
        job::JobStrategy, replica_set::ReplicaSetStrategy,
        replication_controller::ReplicationControllerStrategy, stateful_set::StatefulSetStrategy,
    },
};
use crate::metrics::{NodeMetrics, PodMetrics};

pub(super) fn resources() -> Vec<Resource> {
    let groups =
        [core(), registration(), workloads(), access(), networking(), storage(), control(), devices()];
    groups.into_iter().flatten().map(|row| row.0).collect()
}

fn core() -> Vec<Row> {
    vec![
        Row::core("Binding", "bindings").verbs(Verbs::CreateOnly),
        Row::core("ComponentStatus", "componentstatuses")
            .short("cs")
            .cluster_wide()
            .verbs(Verbs::ReadOnly)
            .strategy(ComponentStatusStrategy),
        Row::core("ConfigMap", "configmaps").short("cm").strategy(ConfigMapStrategy),
        Row::core("Endpoints", "endpoints").short("ep").strategy(EndpointsStrategy),
        Row::core("Event", "events").short("ev").strategy(EventStrategy),
        Row::core("LimitRange", "limitranges").short("limits").strategy(LimitRangeStrategy),
        Row::core("Namespace", "namespaces")
            .short("ns")
            .cluster_wide()
            .verbs(Verbs::NoDeleteCollection)
            .strategy(NamespaceStrategy)
            .sub("finalize", &["update"])
            .status(),
        Row::core("Node", "nodes")
            .short("no")
            .cluster_wide()
            .strategy(NodeStrategy)
            .sub_of("proxy", "", "", "NodeProxyOptions", PROXY)
            .status(),
        Row::core("PersistentVolumeClaim", "persistentvolumeclaims")
            .short("pvc")
            .strategy(ClaimStrategy)
            .status(),
        Row::core("PersistentVolume", "persistentvolumes")
            .short("pv")
            .cluster_wide()
            .strategy(VolumeStrategy)
            .status(),
        Row::core("Pod", "pods")
            .short("po")
            .in_all()
            .strategy(PodStrategy)
            .sub_of("attach", "", "", "PodAttachOptions", &["create", "get"])
            .sub_of("binding", "", "", "Binding", &["create"])
            .sub("ephemeralcontainers", READ_WRITE)
            .sub_of("eviction", "policy", "v1", "Eviction", &["create"])
            .sub_of("exec", "", "", "PodExecOptions", &["create", "get"])
            .sub("log", &["get"])
            .sub_of("portforward", "", "", "PodPortForwardOptions", &["create", "get"])
            .sub_of("proxy", "", "", "PodProxyOptions", PROXY)
            .sub("resize", READ_WRITE)
            .status(),
        Row::core("PodTemplate", "podtemplates").strategy(PodTemplateStrategy),
        Row::core("ReplicationController", "replicationcontrollers")
            .short("rc")
            .in_all()
            .strategy(ReplicationControllerStrategy)
            .scale()
            .status(),
        Row::core("ResourceQuota", "resourcequotas").short("quota").strategy(ResourceQuotaStrategy).status(),
        Row::core("Secret", "secrets").strategy(SecretStrategy),
        Row::core("ServiceAccount", "serviceaccounts").short("sa").strategy(ServiceAccountStrategy).sub_of(
            "token",
            "authentication.k8s.io",
            "v1",
            "TokenRequest",
            &["create"],
        ),
        Row::core("Service", "services")
            .short("svc")
            .in_all()
            .strategy(ServiceStrategy)
            .sub_of("proxy", "", "", "ServiceProxyOptions", PROXY)
            .status(),
    ]
}

fn registration() -> Vec<Row> {
    vec![
        Row::new("apiregistration.k8s.io", "v1", "APIService", "apiservices")
            .cluster_wide()
            .in_category("api-extensions")
            .verbs(Verbs::ReadOnly)
            .strategy(ApiServiceStrategy),
    ]
}

fn workloads() -> Vec<Row> {
    vec![
        Row::new("apps", "v1", "ControllerRevision", "controllerrevisions")
            .strategy(ControllerRevisionStrategy),
        Row::new("apps", "v1", "DaemonSet", "daemonsets")
            .short("ds")
            .in_all()
            .strategy(DaemonSetStrategy)
            .status(),
        Row::new("apps", "v1", "Deployment", "deployments")
            .short("deploy")
            .in_all()
            .strategy(DeploymentStrategy)
            .scale()
            .status(),
        Row::new("apps", "v1", "ReplicaSet", "replicasets")
            .short("rs")
            .in_all()
            .strategy(ReplicaSetStrategy)
            .scale()
            .status(),
        Row::new("apps", "v1", "StatefulSet", "statefulsets")
            .short("sts")
            .in_all()
            .strategy(StatefulSetStrategy)
            .scale()
            .status(),
        Row::new("events.k8s.io", "v1", "Event", "events")
            .short("ev")
            .stored_as("events")
            .strategy(EventStrategy),
    ]
}

fn access() -> Vec<Row> {
    let review =
        |group, kind, plural| Row::new(group, "v1", kind, plural).cluster_wide().verbs(Verbs::CreateOnly);
    const AUTHN: &str = "authentication.k8s.io";
    const AUTHZ: &str = "authorization.k8s.io";
    vec![
        review(AUTHN, "SelfSubjectReview", "selfsubjectreviews"),
        review(AUTHN, "TokenReview", "tokenreviews"),
        Row::new(AUTHZ, "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews")
            .verbs(Verbs::CreateOnly),
        review(AUTHZ, "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
        review(AUTHZ, "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
        review(AUTHZ, "SubjectAccessReview", "subjectaccessreviews"),
        Row::new("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
            .short("hpa")
            .in_all()
            .strategy(AutoscalerStrategy::V2)
            .status(),
        Row::new("autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
            .short("hpa")
            .in_all()
            .strategy(AutoscalerStrategy::V1)
            .status(),
        Row::new("batch", "v1", "CronJob", "cronjobs")
            .short("cj")
            .in_all()
            .strategy(CronJobStrategy)
            .status(),
        Row::new("batch", "v1", "Job", "jobs").in_all().strategy(JobStrategy).status(),
        Row::new("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests")
            .short("csr")
            .cluster_wide()
            .strategy(CertificateSigningRequestStrategy)
            .sub("approval", READ_WRITE)
            .status(),
    ]
}

fn networking() -> Vec<Row> {
    const GROUP: &str = "networking.k8s.io";
    vec![
        Row::new(GROUP, "v1", "IngressClass", "ingressclasses").cluster_wide().strategy(IngressClassStrategy),
        Row::new(GROUP, "v1", "Ingress", "ingresses").short("ing").strategy(IngressStrategy).status(),
        Row::new(GROUP, "v1", "IPAddress", "ipaddresses").short("ip").cluster_wide(),
        Row::new(GROUP, "v1", "NetworkPolicy", "networkpolicies")
            .short("netpol")
            .strategy(NetworkPolicyStrategy),
        Row::new(GROUP, "v1", "ServiceCIDR", "servicecidrs")
            .cluster_wide()
            .plain(Generation::None, true)
            .status(),
        Row::new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
            .short("pdb")
            .strategy(DisruptionBudgetStrategy)
            .status(),
        Row::new("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings")
            .cluster_wide()
            .strategy(BindingStrategy(RoleStrategy::Cluster)),
        Row::new("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles")
            .cluster_wide()
            .strategy(RoleStrategy::Cluster),
        Row::new("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings")
            .strategy(BindingStrategy(RoleStrategy::Namespace)),
        Row::new("rbac.authorization.k8s.io", "v1", "Role", "roles").strategy(RoleStrategy::Namespace),
    ]
}

fn storage() -> Vec<Row> {
    const GROUP: &str = "storage.k8s.io";
    vec![
        Row::new(GROUP, "v1", "CSIDriver", "csidrivers").cluster_wide(),
        Row::new(GROUP, "v1", "CSINode", "csinodes").cluster_wide(),
        Row::new(GROUP, "v1", "CSIStorageCapacity", "csistoragecapacities"),
        Row::new(GROUP, "v1", "StorageClass", "storageclasses")
            .short("sc")
            .cluster_wide()
            .strategy(ClassStrategy),
        Row::new(GROUP, "v1", "VolumeAttachment", "volumeattachments")
            .cluster_wide()
            .plain(Generation::None, true)
            .status(),
        Row::new(GROUP, "v1", "VolumeAttributesClass", "volumeattributesclasses").short("vac").cluster_wide(),
    ]
}

fn control() -> Vec<Row> {
    const ADMISSION: &str = "admissionregistration.k8s.io";
    let admission = |kind, plural| {
        Row::new(ADMISSION, "v1", kind, plural)
            .cluster_wide()
            .in_category("api-extensions")
            .plain(Generation::OfAll, false)
    };
    vec![
        admission("MutatingAdmissionPolicy", "mutatingadmissionpolicies"),
        admission("MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings"),
        admission("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
        admission("ValidatingAdmissionPolicy", "validatingadmissionpolicies")
            .plain(Generation::OfSpec, true)
            .status(),
        admission("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
        admission("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
        Row::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions")
            .short("crd")
            .short("crds")
            .cluster_wide()
            .in_category("api-extensions")
            .strategy(DefinitionStrategy)
            .status(),
        Row::new("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses")
            .short("pc")
            .cluster_wide()
            .strategy(PriorityClassStrategy),
        Row::new("coordination.k8s.io", "v1", "Lease", "leases").strategy(LeaseStrategy),
        Row::new("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses")
            .cluster_wide()
            .strategy(RuntimeClassStrategy),
        Row::new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices").strategy(EndpointSliceStrategy),
        Row::new("metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes")
            .cluster_wide()
            .verbs(Verbs::ReadOnly)
            .strategy(NodeMetrics),
        Row::new("metrics.k8s.io", "v1beta1", "PodMetrics", "pods")
            .verbs(Verbs::ReadOnly)
            .strategy(PodMetrics),
    ]
}

fn devices() -> Vec<Row> {
    const GROUP: &str = "resource.k8s.io";
    const FLOW: &str = "flowcontrol.apiserver.k8s.io";
    vec![
        Row::new(GROUP, "v1", "DeviceClass", "deviceclasses").cluster_wide().plain(Generation::OfSpec, false),
        Row::new(GROUP, "v1", "ResourceClaim", "resourceclaims").plain(Generation::None, true).status(),
        Row::new(GROUP, "v1", "ResourceClaimTemplate", "resourceclaimtemplates"),
        Row::new(GROUP, "v1", "ResourceSlice", "resourceslices")
            .cluster_wide()
            .plain(Generation::OfSpec, false),
        Row::new(FLOW, "v1", "FlowSchema", "flowschemas")
            .cluster_wide()
            .plain(Generation::OfSpec, true)
            .status(),
        Row::new(FLOW, "v1", "PriorityLevelConfiguration", "prioritylevelconfigurations")
            .cluster_wide()
            .plain(Generation::OfSpec, true)
            .status(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_schema() {
        for resource in resources() {
            // What is only ever read needs none.
            if resource.verbs != Verbs::ReadOnly {
                assert!(resource.schema().is_some(), "{} {}", resource.group, resource.kind);
            }
        }
    }
}

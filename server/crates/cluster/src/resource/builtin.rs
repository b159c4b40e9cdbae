//! The resources that every cluster has from the start, in the order of discovery.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use super::{Generation, Plain, Resource, Schema, Strategy, Subresource, Verbs};
use crate::kinds::{
    config_map::ConfigMapStrategy,
    endpoints::{EndpointSliceStrategy, EndpointsStrategy},
    event::EventStrategy,
    namespace::NamespaceStrategy,
    node::NodeStrategy,
    pod::PodStrategy,
    secret::SecretStrategy,
    service::ServiceStrategy,
    service_account::ServiceAccountStrategy,
    workload::{
        cron_job::CronJobStrategy, daemon_set::DaemonSetStrategy, deployment::DeploymentStrategy,
        job::JobStrategy, replica_set::ReplicaSetStrategy,
        replication_controller::ReplicationControllerStrategy, stateful_set::StatefulSetStrategy,
    },
};
use crate::metrics::{NodeMetrics, PodMetrics};

const READ_WRITE: &[&str] = &["get", "patch", "update"];
const PROXY: &[&str] = &["create", "delete", "get", "patch", "update"];

/// A row of the table while it is written.
struct Row(Resource);

/// Where the types of a group are defined, as their OpenAPI names say.
fn package(group: &str) -> &str {
    match group {
        "" => "core",
        "apiextensions.k8s.io" => "",
        group => group.split('.').next().unwrap_or(group),
    }
}

impl Row {
    fn new(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Self {
        let storage =
            if group.is_empty() { Cow::Borrowed(plural) } else { Cow::Owned(format!("{plural}.{group}")) };
        let schema = match group {
            "apiextensions.k8s.io" => {
                format!("apiextensions-apiserver.pkg.apis.apiextensions.{version}.{kind}")
            }
            "apiregistration.k8s.io" => {
                format!("kube-aggregator.pkg.apis.apiregistration.{version}.{kind}")
            }
            group => format!("api.{}.{version}.{kind}", package(group)),
        };
        Self(Resource {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            plural: plural.into(),
            singular: kind.to_lowercase().into(),
            namespaced: true,
            short_names: Vec::new(),
            categories: Vec::new(),
            verbs: Verbs::All,
            subresources: Vec::new(),
            storage,
            schema: Schema::Named(schema.into(), OnceLock::new()),
            strategy: Arc::new(Plain::default()),
        })
    }

    fn core(kind: &'static str, plural: &'static str) -> Self {
        Self::new("", "v1", kind, plural)
    }

    fn cluster_wide(mut self) -> Self {
        self.0.namespaced = false;
        self
    }

    fn short(mut self, name: &'static str) -> Self {
        self.0.short_names.push(name.into());
        self
    }

    fn in_category(mut self, name: &'static str) -> Self {
        self.0.categories.push(name.into());
        self
    }

    fn in_all(self) -> Self {
        self.in_category("all")
    }

    fn stored_as(mut self, storage: &'static str) -> Self {
        self.0.storage = storage.into();
        self
    }

    fn verbs(mut self, verbs: Verbs) -> Self {
        self.0.verbs = verbs;
        self
    }

    fn strategy(mut self, strategy: impl Strategy) -> Self {
        self.0.strategy = Arc::new(strategy);
        self
    }

    fn plain(self, generation: Generation, has_status: bool) -> Self {
        self.strategy(Plain { generation: Some(generation), has_status })
    }

    /// A subresource of the resource's own kind.
    fn sub(self, name: &'static str, verbs: &'static [&'static str]) -> Self {
        self.sub_of(name, "", "", "", verbs)
    }

    /// A subresource of another kind.
    fn sub_of(
        mut self,
        name: &'static str,
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        verbs: &'static [&'static str],
    ) -> Self {
        self.0.subresources.push(Subresource { name, group, version, kind, verbs });
        self
    }

    fn status(self) -> Self {
        self.sub("status", READ_WRITE)
    }

    fn scale(self) -> Self {
        self.sub_of("scale", "autoscaling", "v1", "Scale", READ_WRITE)
    }
}

pub(super) fn resources() -> Vec<Resource> {
    let groups =
        [core(), registration(), workloads(), access(), networking(), storage(), control(), devices()];
    groups.into_iter().flatten().map(|row| row.0).collect()
}

fn core() -> Vec<Row> {
    vec![
        Row::core("Binding", "bindings").verbs(Verbs::CreateOnly),
        Row::core("ComponentStatus", "componentstatuses").short("cs").cluster_wide().verbs(Verbs::ReadOnly),
        Row::core("ConfigMap", "configmaps").short("cm").strategy(ConfigMapStrategy),
        Row::core("Endpoints", "endpoints").short("ep").strategy(EndpointsStrategy),
        Row::core("Event", "events").short("ev").strategy(EventStrategy),
        Row::core("LimitRange", "limitranges").short("limits"),
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
            .plain(Generation::None, true)
            .status(),
        Row::core("PersistentVolume", "persistentvolumes")
            .short("pv")
            .cluster_wide()
            .plain(Generation::None, true)
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
        Row::core("PodTemplate", "podtemplates"),
        Row::core("ReplicationController", "replicationcontrollers")
            .short("rc")
            .in_all()
            .strategy(ReplicationControllerStrategy)
            .scale()
            .status(),
        Row::core("ResourceQuota", "resourcequotas").short("quota").plain(Generation::None, true).status(),
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
            .plain(Generation::None, true)
            .status(),
    ]
}

fn workloads() -> Vec<Row> {
    vec![
        Row::new("apps", "v1", "ControllerRevision", "controllerrevisions"),
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
            .plain(Generation::None, true)
            .status(),
        Row::new("autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
            .short("hpa")
            .in_all()
            .plain(Generation::None, true)
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
            .plain(Generation::None, true)
            .sub("approval", READ_WRITE)
            .status(),
    ]
}

fn networking() -> Vec<Row> {
    const GROUP: &str = "networking.k8s.io";
    vec![
        Row::new(GROUP, "v1", "IngressClass", "ingressclasses")
            .cluster_wide()
            .plain(Generation::OfSpec, false),
        Row::new(GROUP, "v1", "Ingress", "ingresses").short("ing").plain(Generation::OfSpec, true).status(),
        Row::new(GROUP, "v1", "IPAddress", "ipaddresses").short("ip").cluster_wide(),
        Row::new(GROUP, "v1", "NetworkPolicy", "networkpolicies")
            .short("netpol")
            .plain(Generation::OfSpec, false),
        Row::new(GROUP, "v1", "ServiceCIDR", "servicecidrs")
            .cluster_wide()
            .plain(Generation::None, true)
            .status(),
        Row::new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
            .short("pdb")
            .plain(Generation::OfSpec, true)
            .status(),
        Row::new("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings")
            .cluster_wide(),
        Row::new("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles").cluster_wide(),
        Row::new("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
        Row::new("rbac.authorization.k8s.io", "v1", "Role", "roles"),
    ]
}

fn storage() -> Vec<Row> {
    const GROUP: &str = "storage.k8s.io";
    vec![
        Row::new(GROUP, "v1", "CSIDriver", "csidrivers").cluster_wide(),
        Row::new(GROUP, "v1", "CSINode", "csinodes").cluster_wide(),
        Row::new(GROUP, "v1", "CSIStorageCapacity", "csistoragecapacities"),
        Row::new(GROUP, "v1", "StorageClass", "storageclasses").short("sc").cluster_wide(),
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
            .plain(Generation::OfSpec, true)
            .status(),
        Row::new("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses")
            .short("pc")
            .cluster_wide()
            .plain(Generation::OfAll, false),
        Row::new("coordination.k8s.io", "v1", "Lease", "leases"),
        Row::new("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses").cluster_wide(),
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

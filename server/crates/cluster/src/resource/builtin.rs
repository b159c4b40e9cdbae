//! The resources that every cluster has from the start, in the order of discovery.

use std::{borrow::Cow, sync::Arc};

use super::{Plain, Resource};

struct Row(Resource);

impl Row {
    fn new(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Self {
        let storage =
            if group.is_empty() { Cow::Borrowed(plural) } else { Cow::Owned(format!("{plural}.{group}")) };
        Self(Resource {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            plural: plural.into(),
            singular: kind.to_lowercase().into(),
            namespaced: true,
            short_names: Vec::new(),
            categories: Vec::new(),
            storage,
            strategy: Arc::new(Plain),
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

    fn in_all(mut self) -> Self {
        self.0.categories.push("all".into());
        self
    }

    fn stored_as(mut self, storage: &'static str) -> Self {
        self.0.storage = storage.into();
        self
    }
}

pub(super) fn resources() -> Vec<Resource> {
    let rows = [
        Row::core("ConfigMap", "configmaps").short("cm"),
        Row::core("Endpoints", "endpoints").short("ep"),
        Row::core("Event", "events").short("ev"),
        Row::core("LimitRange", "limitranges").short("limits"),
        Row::core("Namespace", "namespaces").short("ns").cluster_wide(),
        Row::core("Node", "nodes").short("no").cluster_wide(),
        Row::core("PersistentVolumeClaim", "persistentvolumeclaims").short("pvc"),
        Row::core("PersistentVolume", "persistentvolumes").short("pv").cluster_wide(),
        Row::core("Pod", "pods").short("po").in_all(),
        Row::core("PodTemplate", "podtemplates"),
        Row::core("ReplicationController", "replicationcontrollers").short("rc").in_all(),
        Row::core("ResourceQuota", "resourcequotas").short("quota"),
        Row::core("Secret", "secrets"),
        Row::core("ServiceAccount", "serviceaccounts").short("sa"),
        Row::core("Service", "services").short("svc").in_all(),
        Row::new("events.k8s.io", "v1", "Event", "events").short("ev").stored_as("events"),
        Row::new("apps", "v1", "ControllerRevision", "controllerrevisions"),
        Row::new("apps", "v1", "DaemonSet", "daemonsets").short("ds").in_all(),
        Row::new("apps", "v1", "Deployment", "deployments").short("deploy").in_all(),
        Row::new("apps", "v1", "ReplicaSet", "replicasets").short("rs").in_all(),
        Row::new("apps", "v1", "StatefulSet", "statefulsets").short("sts").in_all(),
        Row::new("batch", "v1", "CronJob", "cronjobs").short("cj").in_all(),
        Row::new("batch", "v1", "Job", "jobs").in_all(),
        Row::new("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
            .short("hpa")
            .in_all(),
        Row::new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets").short("pdb"),
        Row::new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
        Row::new("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses").short("pc").cluster_wide(),
        Row::new("storage.k8s.io", "v1", "StorageClass", "storageclasses").short("sc").cluster_wide(),
        Row::new("coordination.k8s.io", "v1", "Lease", "leases"),
        Row::new("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies").short("netpol"),
    ];
    rows.into_iter().map(|row| row.0).collect()
}

//! The kinds of objects that Kubernetes brings along: where they live in the API, and which of them a namespace holds.

use kube::{
    Client, Discovery,
    api::ApiResource,
    core::GroupVersionKind,
    discovery::{Scope, oneshot},
};
use podlab_exercises::spelling;

/// A built-in kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Its name, such as `Pod`.
    pub(crate) name: &'static str,
    /// Its group and version as manifests write them, such as `apps/v1`.
    pub(crate) api_version: &'static str,
    /// Its name in URLs, such as `pods`.
    plural: &'static str,
    /// Whether its objects live in namespaces.
    pub(crate) namespaced: bool,
}

const fn namespaced(name: &'static str, api_version: &'static str, plural: &'static str) -> Kind {
    Kind { name, api_version, plural, namespaced: true }
}

const fn cluster_wide(name: &'static str, api_version: &'static str, plural: &'static str) -> Kind {
    Kind { name, api_version, plural, namespaced: false }
}

/// The kinds that manifests of a course name.
const KINDS: &[Kind] = &[
    namespaced("Pod", "v1", "pods"),
    namespaced("Service", "v1", "services"),
    namespaced("ConfigMap", "v1", "configmaps"),
    namespaced("Secret", "v1", "secrets"),
    namespaced("Endpoints", "v1", "endpoints"),
    namespaced("Event", "v1", "events"),
    namespaced("ServiceAccount", "v1", "serviceaccounts"),
    namespaced("PersistentVolumeClaim", "v1", "persistentvolumeclaims"),
    namespaced("ReplicationController", "v1", "replicationcontrollers"),
    namespaced("ResourceQuota", "v1", "resourcequotas"),
    namespaced("LimitRange", "v1", "limitranges"),
    namespaced("PodTemplate", "v1", "podtemplates"),
    namespaced("Deployment", "apps/v1", "deployments"),
    namespaced("ReplicaSet", "apps/v1", "replicasets"),
    namespaced("StatefulSet", "apps/v1", "statefulsets"),
    namespaced("DaemonSet", "apps/v1", "daemonsets"),
    namespaced("Job", "batch/v1", "jobs"),
    namespaced("CronJob", "batch/v1", "cronjobs"),
    namespaced("EndpointSlice", "discovery.k8s.io/v1", "endpointslices"),
    namespaced("Ingress", "networking.k8s.io/v1", "ingresses"),
    namespaced("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies"),
    namespaced("Role", "rbac.authorization.k8s.io/v1", "roles"),
    namespaced("RoleBinding", "rbac.authorization.k8s.io/v1", "rolebindings"),
    namespaced("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets"),
    namespaced("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers"),
    namespaced("Lease", "coordination.k8s.io/v1", "leases"),
    cluster_wide("Namespace", "v1", "namespaces"),
    cluster_wide("Node", "v1", "nodes"),
    cluster_wide("PersistentVolume", "v1", "persistentvolumes"),
    cluster_wide("ClusterRole", "rbac.authorization.k8s.io/v1", "clusterroles"),
    cluster_wide("ClusterRoleBinding", "rbac.authorization.k8s.io/v1", "clusterrolebindings"),
    cluster_wide("PriorityClass", "scheduling.k8s.io/v1", "priorityclasses"),
    cluster_wide("StorageClass", "storage.k8s.io/v1", "storageclasses"),
    cluster_wide("CustomResourceDefinition", "apiextensions.k8s.io/v1", "customresourcedefinitions"),
];

impl Kind {
    /// The built-in kind of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        KINDS.iter().copied().find(|kind| kind.name == name)
    }

    /// The built-in kind whose name is nearest to what was written.
    pub(crate) fn nearest(name: &str) -> Option<Self> {
        spelling::nearest(name, KINDS.iter().map(|kind| kind.name)).and_then(Self::named)
    }

    /// Where its objects are in the API.
    pub(crate) fn resource(self) -> ApiResource {
        let (group, version) = self.api_version.split_once('/').unwrap_or(("", self.api_version));
        ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: self.api_version.to_owned(),
            kind: self.name.to_owned(),
            plural: self.plural.to_owned(),
        }
    }
}

/// Where the objects of a kind are in the API, whether it is built in or an extension of this cluster; `None` where the
/// cluster does not know it, or has it outside of namespaces.
pub(crate) async fn resource(
    client: &Client,
    api_version: Option<&str>,
    name: &str,
) -> Result<Option<ApiResource>, kube::Error> {
    if let Some(kind) = Kind::named(name)
        && api_version.is_none_or(|wanted| wanted == kind.api_version)
    {
        return Ok(kind.namespaced.then(|| kind.resource()));
    }
    let found = match api_version {
        Some(api_version) => {
            let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
            match oneshot::pinned_kind(client, &GroupVersionKind::gvk(group, version, name)).await {
                Ok(found) => Some(found),
                Err(kube::Error::Api(_) | kube::Error::Discovery(_)) => None,
                Err(error) => return Err(error),
            }
        }
        None => {
            let discovery = Discovery::new(client.clone()).run().await?;
            let kinds = discovery.groups().flat_map(kube::discovery::ApiGroup::recommended_resources);
            kinds.into_iter().find(|(resource, _)| resource.kind == name)
        }
    };
    Ok(found
        .filter(|(_, capabilities)| capabilities.scope == Scope::Namespaced)
        .map(|(resource, _)| resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_there_once() {
        for kind in KINDS {
            assert_eq!(KINDS.iter().filter(|other| other.name == kind.name).count(), 1, "{}", kind.name);
        }
    }

    #[test]
    fn misspelt_kinds_are_recognised() {
        for (written, meant) in
            [("pod", "Pod"), ("Pods", "Pod"), ("Configmap", "ConfigMap"), ("Deploymnt", "Deployment")]
        {
            assert_eq!(Kind::nearest(written).map(|kind| kind.name), Some(meant));
        }
        assert_eq!(Kind::nearest("Widget"), None);
    }
}

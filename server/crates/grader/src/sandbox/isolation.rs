//! What keeps a sandbox on a shared cluster from its neighbours: bounds on what it may use, and no way in from other
//! namespaces. Pod Security comes with the namespace's labels.

use k8s_openapi::api::{
    core::v1::{LimitRange, Node, ResourceQuota},
    networking::v1::NetworkPolicy,
};
use kube::{
    Api, Client, Resource,
    api::{ListParams, Patch, PatchParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::error::GraderError;

/// Walls in a namespace.
pub(super) async fn wall_in(client: &Client, namespace: &str) -> Result<(), GraderError> {
    apply::<ResourceQuota>(client, namespace, quota()).await?;
    apply::<LimitRange>(client, namespace, limits()).await?;
    apply::<NetworkPolicy>(client, namespace, policy(&pod_networks(client).await)).await
}

async fn apply<K>(client: &Client, namespace: &str, object: Value) -> Result<(), GraderError>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + Serialize
        + std::fmt::Debug,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let mut object = object;
    object["apiVersion"] = json!(K::api_version(&()));
    object["kind"] = json!(K::kind(&()));
    object["metadata"] = json!({"name": "podlab"});
    api.patch("podlab", &PatchParams::apply("podlab").force(), &Patch::Apply(&object))
        .await
        .map(|_| ())
        .map_err(GraderError::cluster("walling in the sandbox"))
}

/// As much as the largest exercise needs, a few times over.
fn quota() -> Value {
    json!({"spec": {"hard": {
        "pods": "20",
        "services": "20",
        "services.loadbalancers": "0",
        "configmaps": "50",
        "secrets": "50",
        "persistentvolumeclaims": "5",
        "requests.cpu": "4",
        "requests.memory": "4Gi",
        "limits.cpu": "16",
        "limits.memory": "16Gi",
        "requests.storage": "5Gi",
        "requests.ephemeral-storage": "5Gi",
    }}})
}

/// What a container gets that does not say what it needs; with the quota, one that says too much is refused.
fn limits() -> Value {
    json!({"spec": {"limits": [{
        "type": "Container",
        "defaultRequest": {"cpu": "20m", "memory": "32Mi", "ephemeral-storage": "64Mi"},
        "default": {"cpu": "1", "memory": "1Gi", "ephemeral-storage": "1Gi"},
    }]}})
}

/// Lets in what comes from the sandbox itself, and from the nodes (the API server's proxy, through which checks ask,
/// and the kubelet's probes), where their addresses can be told from those of Pods.
fn policy(pod_networks: &[String]) -> Value {
    let mut from = vec![json!({"podSelector": {}})];
    if !pod_networks.is_empty() {
        let (v6, v4): (Vec<&String>, Vec<&String>) =
            pod_networks.iter().partition(|network| network.contains(':'));
        from.push(json!({"ipBlock": {"cidr": "0.0.0.0/0", "except": v4}}));
        if !v6.is_empty() {
            from.push(json!({"ipBlock": {"cidr": "::/0", "except": v6}}));
        }
    }
    json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": from}]}})
}

/// The networks that Pods get their addresses from; none where the cluster does not say or podlab may not ask.
async fn pod_networks(client: &Client) -> Vec<String> {
    let nodes = Api::<Node>::all(client.clone()).list(&ListParams::default()).await;
    let nodes = nodes.map(|nodes| nodes.items).unwrap_or_default();
    let specs = nodes.into_iter().filter_map(|node| node.spec);
    specs.flat_map(|spec| spec.pod_cidrs.unwrap_or_else(|| spec.pod_cidr.into_iter().collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_let_in_where_they_can_be_told_from_pods() {
        let open = policy(&["10.244.0.0/24".to_owned(), "fd00::/64".to_owned()]);
        let from = &open["spec"]["ingress"][0]["from"];
        assert_eq!(from[1]["ipBlock"], json!({"cidr": "0.0.0.0/0", "except": ["10.244.0.0/24"]}));
        assert_eq!(from[2]["ipBlock"], json!({"cidr": "::/0", "except": ["fd00::/64"]}));
        assert_eq!(policy(&[])["spec"]["ingress"][0]["from"], json!([{"podSelector": {}}]));
    }

    #[test]
    fn what_is_applied_is_what_the_api_knows() {
        let quota: ResourceQuota = serde_json::from_value(quota()).unwrap();
        assert!(quota.spec.unwrap().hard.unwrap().contains_key("pods"));
        let limits: LimitRange = serde_json::from_value(limits()).unwrap();
        assert_eq!(limits.spec.unwrap().limits[0].type_, "Container");
        let policy: NetworkPolicy = serde_json::from_value(policy(&[])).unwrap();
        assert_eq!(policy.spec.unwrap().policy_types.unwrap(), ["Ingress"]);
    }
}

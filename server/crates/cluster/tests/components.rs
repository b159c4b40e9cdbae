//! The components of a cluster at work, on a clock that jumps.

mod support;

use k8s_openapi::api::{
    core::v1::{ConfigMap, Endpoints, Event, Namespace, Node, Pod, Service, ServiceAccount},
    discovery::v1::EndpointSlice,
};
use podlab_cluster::{Client, DeleteOptions, client::Selection};
use serde_json::json;
use support::{object, run};

async fn settle(client: &Client) {
    client.sleep(std::time::Duration::from_secs(1)).await;
}

#[test]
fn a_namespace_gets_its_service_account_and_its_root_certificate() {
    run(async |client| {
        client.all::<Namespace>().create(&object(json!({"metadata": {"name": "lab"}}))).unwrap();
        settle(&client).await;
        for namespace in ["default", "kube-system", "lab"] {
            client.namespaced::<ServiceAccount>(namespace).get("default").unwrap();
            let map = client.namespaced::<ConfigMap>(namespace).get("kube-root-ca.crt").unwrap();
            assert!(map.data.unwrap()["ca.crt"].starts_with("-----BEGIN CERTIFICATE-----"));
        }
        client.namespaced::<ServiceAccount>("lab").delete("default", &Default::default()).unwrap();
        settle(&client).await;
        client.namespaced::<ServiceAccount>("lab").get("default").unwrap();
    });
}

#[test]
fn the_node_is_registered_and_a_pod_is_bound_to_it() {
    run(async |client| {
        settle(&client).await;
        let node = client.all::<Node>().get("node1").unwrap();
        let ready =
            node.status.unwrap().conditions.unwrap().into_iter().find(|c| c.type_ == "Ready").unwrap();
        assert_eq!((ready.status.as_str(), ready.reason.as_deref()), ("True", Some("KubeletReady")));
        let pods = client.namespaced::<Pod>("default");
        pods.create(&object(json!({"metadata": {"name": "p"}, "spec": {"containers": [
            {"name": "c", "image": "busybox", "command": ["sleep", "1000"]}]}})))
            .unwrap();
        settle(&client).await;
        let pod = pods.get("p").unwrap();
        assert_eq!(pod.spec.unwrap().node_name.as_deref(), Some("node1"));
        let events = client.namespaced::<Event>("default").list(&Selection::default()).unwrap();
        let scheduled = events.iter().find(|event| event.reason.as_deref() == Some("Scheduled")).unwrap();
        assert_eq!(scheduled.message.as_deref(), Some("Successfully assigned default/p to node1"));
        assert_eq!(scheduled.action.as_deref(), Some("Binding"));
    });
}

#[test]
fn a_service_gets_endpoints_and_a_slice() {
    run(async |client| {
        settle(&client).await;
        client
            .namespaced::<Service>("default")
            .create(&object(json!({"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {
                "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}})))
            .unwrap();
        settle(&client).await;
        let endpoints = client.namespaced::<Endpoints>("default").get("web").unwrap();
        assert_eq!(
            endpoints.metadata.labels.unwrap()["endpoints.kubernetes.io/managed-by"],
            "endpoint-controller"
        );
        let slices = client.namespaced::<EndpointSlice>("default").list(&Selection::default()).unwrap();
        let slice =
            slices.iter().find(|slice| slice.metadata.generate_name.as_deref() == Some("web-")).unwrap();
        assert_eq!(slice.metadata.labels.as_ref().unwrap()["kubernetes.io/service-name"], "web");
        assert_eq!(slice.endpoints.as_deref().unwrap_or_default(), []);
    });
}

fn owned(name: &str, owner: &ConfigMap, blocks: bool) -> ConfigMap {
    object(json!({"metadata": {"name": name, "ownerReferences": [{
        "apiVersion": "v1", "kind": "ConfigMap", "name": owner.metadata.name, "uid": owner.metadata.uid,
        "blockOwnerDeletion": blocks}]}}))
}

#[test]
fn what_an_object_owned_goes_with_it() {
    run(async |client| {
        let maps = client.namespaced::<ConfigMap>("default");
        let owner = maps.create(&object(json!({"metadata": {"name": "owner"}}))).unwrap();
        let child = maps.create(&owned("child", &owner, false)).unwrap();
        maps.create(&owned("grandchild", &child, false)).unwrap();
        maps.delete("owner", &Default::default()).unwrap();
        settle(&client).await;
        for name in ["child", "grandchild"] {
            assert!(maps.get_opt(name).unwrap().is_none(), "{name}");
        }
    });
}

#[test]
fn an_owner_may_go_last_or_leave_orphans() {
    run(async |client| {
        let maps = client.namespaced::<ConfigMap>("default");
        for (policy, child_stays) in [("Foreground", false), ("Orphan", true)] {
            let owner = maps.create(&object(json!({"metadata": {"name": "owner"}}))).unwrap();
            maps.create(&owned("child", &owner, true)).unwrap();
            let options = DeleteOptions { propagation_policy: Some(policy.into()), ..Default::default() };
            maps.delete("owner", &options).unwrap();
            settle(&client).await;
            assert!(maps.get_opt("owner").unwrap().is_none(), "{policy}");
            let child = maps.get_opt("child").unwrap();
            assert_eq!(child.is_some(), child_stays, "{policy}");
            assert!(child.is_none_or(|child| child.metadata.owner_references.is_none()));
        }
    });
}

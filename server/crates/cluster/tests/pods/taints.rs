//! Pods that have to leave their node.

use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

use crate::lab::{Lab, run, seconds};

async fn taint(lab: &Lab, taints: Value) {
    let nodes: Api<Node> = Api::all(lab.client.clone());
    let change = Patch::Merge(json!({"spec": {"taints": taints}}));
    nodes.patch("node1", &PatchParams::default(), &change).await.unwrap();
}

async fn pod(lab: &Lab, name: &str, tolerations: Value) {
    let sleep = json!({"name": "c", "image": "busybox", "command": ["sleep", "3600"]});
    let spec = json!({"terminationGracePeriodSeconds": 1, "containers": [sleep], "tolerations": tolerations});
    lab.pod(name, spec).await;
    lab.until_ready(name).await;
}

#[test]
fn a_no_execute_taint_evicts_at_once_later_or_never_as_pods_tolerate_it() {
    run(async |lab| {
        let tolerates = |seconds: Value| json!([{"key": "k", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}]);
        pod(&lab, "plain", json!([])).await;
        pod(&lab, "patient", tolerates(json!(20))).await;
        pod(&lab, "lucky", tolerates(json!(60))).await;
        pod(&lab, "immune", tolerates(Value::Null)).await;
        taint(&lab, json!([{"key": "k", "effect": "NoExecute"}])).await;
        seconds(5).await;
        let left = async || {
            let all = lab.pods.list(&Default::default()).await.unwrap();
            all.items.into_iter().filter_map(|pod| pod.metadata.name).collect::<Vec<_>>()
        };
        assert_eq!(left().await, ["immune", "lucky", "patient"]);
        seconds(25).await;
        assert_eq!(left().await, ["immune", "lucky"]);
        taint(&lab, Value::Null).await;
        seconds(60).await;
        assert_eq!(left().await, ["immune", "lucky"]);
        let marked = "Normal TaintManagerEviction: Marking for deletion Pod default/plain".to_owned();
        assert!(lab.events("plain").await.contains(&marked));
        let spared = "Normal TaintManagerEviction: Cancelling deletion of Pod default/lucky".to_owned();
        assert!(lab.events("lucky").await.contains(&spared));
    });
}

//! Resources that change while a Pod runs, and Pods that a node has no room for.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::lab::{Lab, condition, container, run, seconds};

async fn resize(lab: &Lab, pod: &str, container: &str, resources: Value) {
    let change = json!({"spec": {"containers": [{"name": container, "resources": resources}]}});
    let (parameters, change) = (PatchParams::default(), Patch::Strategic(change));
    lab.pods.patch_subresource("resize", pod, &parameters, &change).await.unwrap();
}

fn cpu(amount: &str) -> Value {
    json!({"requests": {"cpu": amount}, "limits": {"cpu": amount}})
}

async fn sleeper(lab: &Lab, name: &str, resources: Value) {
    let sleep =
        json!({"name": "c", "image": "busybox", "command": ["sleep", "3600"], "resources": resources});
    lab.pod(name, json!({"terminationGracePeriodSeconds": 1, "containers": [sleep]})).await;
}

#[test]
fn a_resize_reaches_the_container_without_a_restart() {
    run(async |lab| {
        let memory = |amount: &str| json!({"requests": {"memory": amount}, "limits": {"memory": amount}});
        for name in ["p", "other"] {
            sleeper(&lab, name, memory("6Mi")).await;
            lab.until_ready(name).await;
        }
        resize(&lab, "p", "c", memory("32Mi")).await;
        seconds(1).await;
        let needs_some = "head -c 3500000 /dev/zero | tail | wc -c";
        assert_eq!(lab.sh("p", "c", needs_some).await, (0, "3500000\n".to_owned()));
        lab.sh("other", "c", needs_some).await;
        let killed = |pod: &Pod| container(pod, "c")["lastState"]["terminated"]["reason"] == "OOMKilled";
        lab.until("other", killed).await;
        let pod = lab.get("p").await;
        let status = container(&pod, "c");
        assert_eq!(status["resources"]["limits"]["memory"], "32Mi");
        assert_eq!(status["allocatedResources"]["memory"], "32Mi");
        assert_eq!(status["restartCount"], 0);
        assert_eq!(condition(&pod, "PodResizeInProgress").0, "", "it is over");
        let told = lab.events("p").await;
        assert!(
            told.iter().any(|event| event.starts_with("Normal ResizeCompleted: Pod resize completed: {"))
        );
    });
}

#[test]
fn a_resize_waits_until_others_make_room_or_for_ever() {
    run(async |lab| {
        // The node has four processors.
        sleeper(&lab, "small", cpu("500m")).await;
        sleeper(&lab, "large", cpu("3200m")).await;
        lab.until_ready("small").await;
        lab.until_ready("large").await;
        resize(&lab, "small", "c", cpu("1")).await;
        seconds(1).await;
        let pod = lab.get("small").await;
        assert_eq!(condition(&pod, "PodResizePending"), ("True".into(), "Deferred".into()));
        assert_eq!(container(&pod, "c")["resources"]["limits"]["cpu"], "500m");
        assert_eq!(container(&pod, "c")["allocatedResources"]["cpu"], "500m");
        lab.delete("large", &DeleteParams::default()).await;
        lab.until_gone("large").await;
        seconds(1).await;
        let pod = lab.get("small").await;
        assert_eq!(condition(&pod, "PodResizePending").0, "");
        assert_eq!(container(&pod, "c")["resources"]["limits"]["cpu"], "1");
        resize(&lab, "small", "c", cpu("5")).await;
        seconds(1).await;
        let pod = lab.get("small").await;
        assert_eq!(condition(&pod, "PodResizePending"), ("True".into(), "Infeasible".into()));
        let told = lab.events("small").await;
        let infeasible = "Warning ResizeInfeasible: Pod resize Infeasible: {\"containers\":[{\"name\":\"c\",\
            \"resources\":{\"limits\":{\"cpu\":\"5\"},\"requests\":{\"cpu\":\"5\"}}}],\"generation\":3,\
            \"error\":\"Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000\"}";
        assert!(told.iter().any(|event| event == infeasible), "{told:#?}");
    });
}

#[test]
fn a_pod_that_was_sent_to_a_full_node_by_hand_is_rejected() {
    run(async |lab| {
        let sleep =
            json!({"name": "c", "image": "busybox", "command": ["sleep", "3600"], "resources": cpu("5")});
        lab.pod("p", json!({"nodeName": "node1", "containers": [sleep]})).await;
        let pod: Pod = lab.until_phase("p", "Failed").await;
        let status = pod.status.unwrap();
        assert_eq!(status.reason.as_deref(), Some("OutOfcpu"));
        let why = "Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 4000";
        assert_eq!(status.message, Some(format!("Pod was rejected: {why}")));
        assert!(lab.events("p").await.contains(&format!("Warning OutOfcpu: {why}")));
        lab.delete("p", &DeleteParams::default()).await;
        lab.until_gone("p").await;
    });
}

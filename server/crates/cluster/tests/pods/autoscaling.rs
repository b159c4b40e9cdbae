//! Autoscalers, by what containers really use.

use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v2::HorizontalPodAutoscaler};
use podlab_cluster::{Config, NodeConfig};
use serde_json::json;

use crate::lab::{run, seconds, with};

#[test]
fn an_autoscaler_shows_what_idle_pods_use_and_goes_down_to_its_least() {
    run(async |lab| {
        let sleep = json!({"name": "c", "image": "busybox", "command": ["sleep", "3600"],
            "resources": {"requests": {"cpu": "100m"}}});
        lab.create::<Deployment>(json!({"metadata": {"name": "web"}, "spec": {"replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [sleep]}}}}))
            .await;
        seconds(10).await;
        lab.create::<HorizontalPodAutoscaler>(json!({"metadata": {"name": "web"}, "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 1, "maxReplicas": 5, "metrics": [{"type": "Resource", "resource": {
                "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}]}}))
            .await;
        seconds(60).await;
        let status = async || {
            let scaler = lab.api::<HorizontalPodAutoscaler>().get("web").await.unwrap();
            scaler.status.unwrap()
        };
        let seen = status().await;
        let metrics = seen.current_metrics.unwrap();
        let used = &metrics[0].resource.as_ref().unwrap().current;
        assert_eq!(used.average_utilization, Some(0), "nothing is a figure as well");
        assert_eq!(seen.desired_replicas, 3, "not before five minutes are over");
        seconds(330).await;
        assert_eq!(status().await.desired_replicas, 1);
        let deployment = lab.api::<Deployment>().get("web").await.unwrap();
        assert_eq!(deployment.spec.replicas, Some(1));
    });
}

#[test]
fn an_autoscaler_adds_pods_no_faster_than_its_behavior_lets_it() {
    // A slow processor is as busy as a fast one.
    let node = NodeConfig { burst_steps: 2_000, busy_steps_per_second: 2_000, ..NodeConfig::default() };
    with(Config { nodes: vec![node], ..Config::default() }, async |lab| {
        let busy = json!({"name": "c", "image": "busybox", "command": ["sh", "-c", "while :; do :; done"],
            "resources": {"requests": {"cpu": "50m"}, "limits": {"cpu": "100m"}}});
        lab.create::<Deployment>(json!({"metadata": {"name": "web"}, "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [busy]}}}}))
            .await;
        seconds(30).await;
        lab.create::<HorizontalPodAutoscaler>(json!({"metadata": {"name": "web"}, "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "maxReplicas": 5, "metrics": [{"type": "Resource", "resource": {
                "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}],
            "behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}}}}))
            .await;
        seconds(10).await;
        let scaler = async || lab.api::<HorizontalPodAutoscaler>().get("web").await.unwrap().status.unwrap();
        assert_eq!(scaler().await.conditions, None, "it is looked at every 15 seconds");
        seconds(20).await;
        let status = scaler().await;
        assert_eq!(status.desired_replicas, 2);
        let limited = status.conditions.unwrap().into_iter().find(|c| c.type_ == "ScalingLimited").unwrap();
        assert_eq!((limited.status.as_str(), limited.reason.as_deref()), ("True", Some("ScaleUpLimit")));
        seconds(30).await;
        assert_eq!(scaler().await.desired_replicas, 2, "one a minute");
        seconds(35).await;
        assert_eq!(scaler().await.desired_replicas, 3);
        let above = "reason: cpu resource utilization (percentage of request) above target";
        assert_eq!(
            lab.events("web").await.into_iter().filter(|event| event.contains("Rescale")).collect::<Vec<_>>(),
            [2, 3].map(|size| format!("Normal SuccessfulRescale: New size: {size}; {above}"))
        );
    });
}

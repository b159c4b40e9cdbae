//! Autoscalers, by what containers really use.

use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v2::HorizontalPodAutoscaler};
use serde_json::json;

use crate::lab::{run, seconds};

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

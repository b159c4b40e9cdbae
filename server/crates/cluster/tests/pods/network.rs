//! Who reaches whom.

use k8s_openapi::api::{
    core::v1::{PersistentVolumeClaim, Service},
    networking::v1::NetworkPolicy,
};
use kube::api::DeleteParams;
use serde_json::{Value, json};

use crate::lab::{Lab, run, seconds};

fn sleeper() -> Value {
    json!({"terminationGracePeriodSeconds": 0,
        "containers": [{"name": "c", "image": "busybox", "command": ["sleep", "1000000"]}]})
}

/// Whether a Pod gets a page from the Service `web`.
async fn reaches(lab: &Lab, from: &str) -> bool {
    let (code, said) = lab.sh(from, "c", "wget -qO- -T 3 web").await;
    assert!(code == 0 || said.contains("timed out"), "{said}");
    code == 0
}

#[test]
fn a_network_policy_lets_in_whom_it_names() {
    run(async |lab| {
        let web = json!({"containers": [{"name": "c", "image": "nginx", "ports": [{"containerPort": 80}],
            "readinessProbe": {"httpGet": {"path": "/", "port": 80}}}]});
        lab.pod("web", web).await;
        lab.create::<Service>(
            json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}),
        )
        .await;
        for name in ["friend", "stranger"] {
            lab.pod(name, sleeper()).await;
            lab.until_ready(name).await;
        }
        lab.until_ready("web").await;
        assert!(reaches(&lab, "friend").await && reaches(&lab, "stranger").await);
        lab.create::<NetworkPolicy>(json!({"metadata": {"name": "p"}, "spec": {
            "podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "friend"}}}], "ports": [{"port": 80}]}]}}))
            .await;
        seconds(1).await;
        assert!(reaches(&lab, "friend").await);
        assert!(!reaches(&lab, "stranger").await);
        // Its node still probes it.
        seconds(60).await;
        lab.until_ready("web").await;
        lab.api::<NetworkPolicy>().delete("p", &DeleteParams::default()).await.unwrap();
        seconds(1).await;
        assert!(reaches(&lab, "stranger").await);
    });
}

#[test]
fn who_may_not_send_cannot_ask_for_names_either() {
    run(async |lab| {
        lab.pod("mute", sleeper()).await;
        lab.until_ready("mute").await;
        assert_eq!(lab.sh("mute", "c", "nslookup kubernetes.default.svc.cluster.local").await.0, 0);
        let policy = |egress: Value| json!({"metadata": {"name": "p"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": egress}});
        lab.create::<NetworkPolicy>(policy(json!([]))).await;
        seconds(1).await;
        assert_ne!(lab.sh("mute", "c", "nslookup kubernetes.default.svc.cluster.local").await.0, 0);
        lab.api::<NetworkPolicy>().delete("p", &DeleteParams::default()).await.unwrap();
        let dns = json!([{"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}], "ports": [{"protocol": "UDP", "port": 53}]}]);
        lab.create::<NetworkPolicy>(policy(dns)).await;
        seconds(1).await;
        assert_eq!(lab.sh("mute", "c", "nslookup kubernetes.default.svc.cluster.local").await.0, 0);
    });
}

#[test]
fn an_ephemeral_volume_comes_and_goes_with_its_pod() {
    run(async |lab| {
        let mut spec = sleeper();
        spec["volumes"] = json!([{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}}]);
        spec["containers"][0]["volumeMounts"] = json!([{"name": "scratch", "mountPath": "/scratch"}]);
        lab.pod("p", spec).await;
        lab.until_ready("p").await;
        let claims = lab.api::<PersistentVolumeClaim>();
        let claim = claims.get("p-scratch").await.unwrap();
        assert_eq!(claim.metadata.owner_references.unwrap()[0].name, "p");
        assert_eq!(claim.status.unwrap().phase.as_deref(), Some("Bound"));
        assert_eq!(lab.sh("p", "c", "echo x > /scratch/x && cat /scratch/x").await, (0, "x\n".to_owned()));
        lab.delete("p", &DeleteParams::default()).await;
        lab.until_gone("p").await;
        seconds(2).await;
        assert!(claims.get_opt("p-scratch").await.unwrap().is_none());
    });
}

//! What containers of a Pod share, and what they are made from.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::lab::{condition, container, run, seconds};

#[test]
fn two_containers_share_an_empty_dir() {
    run(async |lab| {
        lab.pod(
            "mc1",
            json!({"volumes": [{"name": "html", "emptyDir": {}}], "containers": [
                {"name": "first", "image": "busybox", "command": ["sh", "-c", "while true; do cat /in/page 2>/dev/null && break; sleep 1; done; sleep 1000"],
                 "volumeMounts": [{"name": "html", "mountPath": "/in", "readOnly": true}]},
                {"name": "second", "image": "busybox", "command": ["sh", "-c", "date >> /html/page; while true; do sleep 5; date >> /html/page; done"],
                 "volumeMounts": [{"name": "html", "mountPath": "/html"}]}]}),
        )
        .await;
        let pod = lab.until_ready("mc1").await;
        let status = pod.status.as_ref().unwrap();
        assert_eq!(status.phase.as_deref(), Some("Running"));
        assert_eq!(status.pod_ip.as_deref(), Some("10.244.0.2"));
        for kind in ["PodReadyToStartContainers", "Initialized", "ContainersReady", "PodScheduled"] {
            assert_eq!(condition(&pod, kind).0, "True", "{kind}");
        }
        assert_eq!(container(&pod, "second")["started"], true);
        seconds(12).await;
        assert!(lab.logs("mc1", "first").await.contains("2026"));
        let (code, page) = lab.sh("mc1", "first", "cat /in/page").await;
        assert_eq!((code, page.lines().count()), (0, 3));
        let (code, error) = lab.sh("mc1", "first", "echo no > /in/page").await;
        assert_eq!((code, error.trim()), (1, "sh: can't create /in/page: Read-only file system"));
        assert_eq!(lab.feed("mc1", "second", "cd /html\nls\n").await, "page\n");
        let events = lab.events("mc1").await;
        assert_eq!(events[0], "Normal Scheduled: Successfully assigned default/mc1 to node1");
        assert_eq!(events[1], "Normal Pulling: Pulling image \"busybox\"");
        assert!(
            events[2].starts_with("Normal Pulled: Successfully pulled image \"busybox\" in "),
            "{}",
            events[2]
        );
        assert_eq!(events[3..5], ["Normal Created: Container created", "Normal Started: Container started"]);
    });
}

#[test]
fn config_maps_and_secrets_reach_containers_as_files_and_variables() {
    run(async |lab| {
        lab.create::<ConfigMap>(
            json!({"metadata": {"name": "conf"}, "data": {"a.conf": "one\n", "KEY": "value"}}),
        )
        .await;
        lab.create::<Secret>(json!({"metadata": {"name": "pass"}, "stringData": {"word": "hidden"}})).await;
        lab.pod(
            "p",
            json!({"volumes": [{"name": "conf", "configMap": {"name": "conf"}},
                    {"name": "pass", "secret": {"secretName": "pass"}},
                    {"name": "about", "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}],
                "containers": [{"name": "c", "image": "busybox", "command": ["sleep", "3600"],
                    "env": [{"name": "WORD", "valueFrom": {"secretKeyRef": {"name": "pass", "key": "word"}}},
                        {"name": "TWICE", "value": "$(WORD)-$(WORD)-$$(WORD)"},
                        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
                    "envFrom": [{"configMapRef": {"name": "conf"}, "prefix": "C_"}],
                    "volumeMounts": [{"name": "conf", "mountPath": "/etc/app/a.conf", "subPath": "a.conf"},
                        {"name": "conf", "mountPath": "/conf"},
                        {"name": "pass", "mountPath": "/pass"}, {"name": "about", "mountPath": "/about"}]}]}),
        )
        .await;
        lab.until_ready("p").await;
        let (_, out) = lab.sh("p", "c", "cat /etc/app/a.conf /conf/a.conf /pass/word; echo; cat /about/labels; echo; echo $WORD $TWICE $IP $C_KEY").await;
        assert_eq!(out, "one\none\nhidden\napp=\"p\"\nhidden hidden-hidden-$(WORD) 10.244.0.2 value\n");
        let change = json!({"data": {"a.conf": "two\n"}});
        lab.api::<ConfigMap>().patch("conf", &PatchParams::default(), &Patch::Merge(change)).await.unwrap();
        seconds(120).await;
        // A mount by subPath keeps what it was.
        assert_eq!(lab.sh("p", "c", "cat /etc/app/a.conf /conf/a.conf").await.1, "one\ntwo\n");
        let token = "/var/run/secrets/kubernetes.io/serviceaccount/token";
        assert!(lab.sh("p", "c", &format!("cat {token}")).await.1.starts_with("eyJ"));
    });
}

#[test]
fn what_is_missing_is_waited_for() {
    run(async |lab| {
        let wants =
            json!([{"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "later", "key": "KEY"}}}]);
        lab.pod("p", json!({"containers": [{"name": "c", "image": "busybox", "command": ["sleep", "3600"], "env": wants}]}))
            .await;
        let waits = |reason: &'static str| {
            move |pod: &k8s_openapi::api::core::v1::Pod| {
                pod.status.as_ref().unwrap().container_statuses.is_some()
                    && container(pod, "c")["state"]["waiting"]["reason"] == reason
            }
        };
        let pod = lab.until("p", waits("CreateContainerConfigError")).await;
        assert_eq!(container(&pod, "c")["state"]["waiting"]["message"], "configmap \"later\" not found");
        let events = lab.events("p").await;
        assert!(
            events.contains(&"Warning Failed: Error: configmap \"later\" not found".to_owned()),
            "{events:?}"
        );
        lab.create::<ConfigMap>(json!({"metadata": {"name": "later"}, "data": {"KEY": "value"}})).await;
        lab.until_ready("p").await;
        assert_eq!(lab.sh("p", "c", "echo $KEY").await.1, "value\n");
    });
}

#[test]
fn an_image_is_a_volume_to_read() {
    run(async |lab| {
        let mount =
            |path: &str, sub_path: &str| json!({"name": "web", "mountPath": path, "subPath": sub_path});
        lab.pod(
            "p",
            json!({"volumes": [{"name": "web", "image": {"reference": "nginx:1.25"}}], "containers": [
                {"name": "a", "image": "busybox:1.36", "command": ["sleep", "1000"],
                 "volumeMounts": [mount("/web", ""), mount("/conf", "etc/nginx")]},
                {"name": "b", "image": "busybox:1.36", "command": ["sleep", "1000"],
                 "volumeMounts": [mount("/web", "no/such")]}]}),
        )
        .await;
        seconds(10).await;
        let (code, said) = lab
            .sh("p", "a", "cat /web/etc/nginx/nginx.conf | cmp - /conf/nginx.conf; rm /web/etc/passwd")
            .await;
        assert_eq!((code, said.trim()), (1, "rm: can't remove '/web/etc/passwd': Read-only file system"));
        let pod = lab.get("p").await;
        let waiting = &container(&pod, "b")["state"]["waiting"];
        assert_eq!(waiting["reason"], "CreateContainerError");
        let why = waiting["message"].as_str().unwrap();
        assert!(why.contains("failed to mount image volume: subPath \"no/such\""), "{why}");
        let pulled = "Normal Pulled: Container image \"nginx:1.25\" already present on machine and can be accessed by the pod";
        assert_eq!(lab.events("p").await.iter().filter(|event| *event == pulled).count(), 1);
    });
}

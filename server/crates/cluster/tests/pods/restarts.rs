//! Exit codes, restart policies and back-off.

use serde_json::json;

use crate::lab::{condition, container, run, seconds};

#[test]
fn a_container_that_fails_is_started_again_later_and_later() {
    run(async |lab| {
        lab.pod(
            "p",
            json!({"containers": [
            {"name": "bad", "image": "busybox", "command": ["sh", "-c", "echo try; exit 3"]},
            {"name": "good", "image": "busybox", "command": ["sleep", "3600"]}]}),
        )
        .await;
        // At once, then after 10, 20, 40 seconds and so on.
        for (until, restarts) in [(5, 1), (14, 2), (36, 3), (78, 4), (160, 5)] {
            let pod = lab.until("p", |pod| container(pod, "bad")["restartCount"] == restarts).await;
            let age = pod.status.as_ref().unwrap().start_time.as_ref().unwrap().0;
            let ended = &container(&pod, "bad")["lastState"]["terminated"];
            assert_eq!((&ended["exitCode"], &ended["reason"]), (&json!(3), &json!("Error")));
            let finished: jiff::Timestamp = ended["finishedAt"].as_str().unwrap().parse().unwrap();
            let passed = finished.duration_since(age).as_secs();
            assert!(passed <= until, "restart {restarts} after an end at {passed} s");
        }
        let waits = |pod: &k8s_openapi::api::core::v1::Pod| {
            container(pod, "bad")["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        };
        let pod = lab.until("p", waits).await;
        assert_eq!(condition(&pod, "Ready"), ("False".into(), "ContainersNotReady".into()));
        assert_eq!(pod.status.unwrap().phase.as_deref(), Some("Running"));
    });
}

#[test]
fn the_restart_policy_decides_how_a_pod_ends() {
    run(async |lab| {
        let cases = [
            ("never-good", "Never", 0, "Succeeded", 0),
            ("never-bad", "Never", 3, "Failed", 0),
            ("failure-good", "OnFailure", 0, "Succeeded", 0),
        ];
        for (name, policy, code, phase, restarts) in cases {
            let script = format!("echo bye; exit {code}");
            lab.pod(
                name,
                json!({"restartPolicy": policy, "containers": [
                {"name": "c", "image": "busybox", "command": ["sh", "-c", script]}]}),
            )
            .await;
            let pod = lab.until_phase(name, phase).await;
            let status = container(&pod, "c");
            assert_eq!(status["state"]["terminated"]["exitCode"], code, "{name}");
            assert_eq!(status["restartCount"], restarts, "{name}");
            assert_eq!(lab.logs(name, "c").await, "bye\n");
            let reason = if code == 0 { "PodCompleted" } else { "PodFailed" };
            assert_eq!(condition(&pod, "Ready"), ("False".into(), reason.into()), "{name}");
        }
    });
}

#[test]
fn init_containers_run_one_after_the_other_before_the_others() {
    run(async |lab| {
        let step = |name: &str| {
            json!({"name": name, "image": "busybox",
            "command": ["sh", "-c", format!("echo {name} >> /work/log; sleep 2")],
            "volumeMounts": [{"name": "work", "mountPath": "/work"}]})
        };
        lab.pod("p", json!({"volumes": [{"name": "work", "emptyDir": {}}],
            "initContainers": [step("one"), step("two")],
            "containers": [{"name": "main", "image": "busybox", "command": ["sh", "-c", "cat /work/log; sleep 3600"],
                "volumeMounts": [{"name": "work", "mountPath": "/work"}]}]}))
            .await;
        seconds(1).await;
        assert_eq!(condition(&lab.get("p").await, "Initialized").0, "False");
        let pod = lab.until_ready("p").await;
        assert_eq!(container(&pod, "one")["state"]["terminated"]["reason"], "Completed");
        assert_eq!(lab.logs("p", "main").await, "one\ntwo\n");
    });
}

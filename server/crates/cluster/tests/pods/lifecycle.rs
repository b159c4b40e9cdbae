//! Probes, hooks, sidecars and the end of a Pod.

use kube::api::DeleteParams;
use serde_json::json;
use tokio::time::Instant;

use crate::lab::{container, is_ready, run, seconds};

#[test]
fn a_pod_that_ignores_the_signal_goes_after_its_grace_period() {
    run(async |lab| {
        for (name, script, least, most) in [
            ("deaf", "trap '' TERM; while true; do sleep 1; done", 10, 12),
            ("polite", "trap 'exit 0' TERM; while true; do sleep 1; done", 0, 3),
        ] {
            lab.pod(
                name,
                json!({"terminationGracePeriodSeconds": 10, "containers": [
                {"name": "c", "image": "busybox", "command": ["sh", "-c", script]}]}),
            )
            .await;
            lab.until_ready(name).await;
            let start = Instant::now();
            lab.delete(name, &DeleteParams::default()).await;
            lab.until_gone(name).await;
            let took = start.elapsed().as_secs();
            assert!((least..=most).contains(&took), "{name}: {took} s");
            let stopped = "Normal Killing: Stopping container c".to_owned();
            assert!(lab.events(name).await.contains(&stopped));
        }
    });
}

#[test]
fn readiness_follows_its_probe_and_liveness_restarts() {
    run(async |lab| {
        lab.pod("p", json!({"containers": [{"name": "c", "image": "busybox",
            "command": ["sh", "-c", "echo > /tmp/alive; sleep 3600"],
            "readinessProbe": {"exec": {"command": ["cat", "/tmp/ready"]}, "periodSeconds": 2},
            "livenessProbe": {"exec": {"command": ["cat", "/tmp/alive"]}, "periodSeconds": 5, "failureThreshold": 2}}],
            "terminationGracePeriodSeconds": 1}))
            .await;
        seconds(10).await;
        assert!(!is_ready(&lab.get("p").await));
        let events = lab.events("p").await;
        let unhealthy = "Warning Unhealthy: Readiness probe failed: cat: can't open '/tmp/ready': No such file or directory";
        assert!(events.iter().any(|event| event.starts_with(unhealthy)), "{events:#?}");
        lab.sh("p", "c", "echo > /tmp/ready").await;
        lab.until_ready("p").await;
        lab.sh("p", "c", "rm -f /tmp/alive || mv /tmp/alive /tmp/dead").await;
    });
}

#[test]
fn a_hook_runs_after_the_start_and_one_before_the_end() {
    run(async |lab| {
        lab.pod("p", json!({"volumes": [{"name": "work", "emptyDir": {}}], "containers": [
            {"name": "watcher", "image": "busybox", "command": ["sh", "-c", "trap '' TERM; while true; do sleep 1; cat /work/log; done"],
             "volumeMounts": [{"name": "work", "mountPath": "/work"}]},
            {"name": "c", "image": "busybox", "command": ["sh", "-c", "trap 'echo end >> /work/log; exit' TERM; while true; do sleep 1; done"],
             "volumeMounts": [{"name": "work", "mountPath": "/work"}],
             "lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "echo start >> /work/log"]}},
                 "preStop": {"exec": {"command": ["sh", "-c", "echo stop >> /work/log; sleep 3"]}}}}],
            "terminationGracePeriodSeconds": 8}))
            .await;
        lab.until_ready("p").await;
        lab.delete("p", &DeleteParams::default()).await;
        seconds(6).await;
        assert!(lab.logs("p", "watcher").await.ends_with("start\nstop\nend\n"));
        lab.until_gone("p").await;
    });
}

#[test]
fn sidecars_start_before_the_others_and_end_after_them() {
    run(async |lab| {
        let chatty = |name: &str, script: &str| {
            json!({"name": name, "image": "busybox",
            "command": ["sh", "-c", format!("echo {name} starts >> /work/log; {script}")],
            "volumeMounts": [{"name": "work", "mountPath": "/work"}]})
        };
        let waits = |name: &str| {
            format!("trap 'echo {name} ends >> /work/log; exit 0' TERM; while true; do sleep 1; done")
        };
        let mut sidecars = vec![chatty("one", &waits("one")), chatty("two", &waits("two"))];
        for sidecar in &mut sidecars {
            sidecar["restartPolicy"] = json!("Always");
        }
        lab.pod(
            "p",
            json!({"restartPolicy": "Never", "volumes": [{"name": "work", "emptyDir": {}}],
            "initContainers": sidecars,
            "containers": [chatty("main", "sleep 5; echo main ends >> /work/log")]}),
        )
        .await;
        let pod = lab.until_phase("p", "Succeeded").await;
        for name in ["one", "two"] {
            assert_eq!(container(&pod, name)["state"]["terminated"]["exitCode"], 0, "{name}");
        }
    });
}

//! What a container may do, as its processes see it.

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use crate::lab::{Lab, run};

async fn field(lab: &Lab, pod: &str, container: &str, field: &str) -> String {
    let (code, text) = lab.sh(pod, container, &format!("grep ^{field}: /proc/self/status")).await;
    assert_eq!(code, 0, "{text}");
    text.split_whitespace().nth(1).unwrap().to_owned()
}

async fn oom_score_adj(lab: &Lab, pod: &str, container: &str) -> i64 {
    lab.sh(pod, container, "cat /proc/self/oom_score_adj").await.1.trim().parse().unwrap()
}

fn sleeper(name: &str, more: Value) -> Value {
    let mut container = json!({"name": name, "image": "busybox", "command": ["sleep", "3600"]});
    container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    container
}

#[test]
fn processes_show_whether_privileges_may_grow_and_calls_are_filtered() {
    run(async |lab| {
        let strict = json!({"securityContext": {"allowPrivilegeEscalation": false}});
        let free = json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}});
        let privileged = json!({"securityContext": {"privileged": true}});
        let containers =
            [sleeper("strict", strict), sleeper("free", free), sleeper("privileged", privileged)];
        let pod = json!({"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": containers});
        lab.pod("p", pod).await;
        lab.until_ready("p").await;
        let mut seen = Vec::new();
        for container in ["strict", "free", "privileged"] {
            let privileges = field(&lab, "p", container, "NoNewPrivs").await;
            seen.push((container, privileges, field(&lab, "p", container, "Seccomp").await));
        }
        let row = |container, privileges: &str, seccomp: &str| {
            (container, privileges.to_owned(), seccomp.to_owned())
        };
        assert_eq!(seen, [row("strict", "1", "2"), row("free", "0", "0"), row("privileged", "0", "0")]);
    });
}

#[test]
fn the_kernel_kills_first_what_was_promised_least() {
    run(async |lab| {
        let memory = |amount: &str| json!({"resources": {"requests": {"memory": amount}}});
        let all = json!({"memory": "64Mi", "cpu": "100m"});
        let guaranteed = json!({"resources": {"requests": all, "limits": all}});
        lab.pod("guaranteed", json!({"containers": [sleeper("c", guaranteed)]})).await;
        lab.pod("best-effort", json!({"containers": [sleeper("c", json!({}))]})).await;
        let sidecar = sleeper("side", json!({"restartPolicy": "Always"}));
        lab.pod(
            "burstable",
            json!({"initContainers": [sidecar],
            "containers": [sleeper("more", memory("2Gi")), sleeper("less", memory("1Gi"))]}),
        )
        .await;
        for pod in ["guaranteed", "best-effort", "burstable"] {
            lab.until_ready(pod).await;
        }
        assert_eq!(oom_score_adj(&lab, "guaranteed", "c").await, -997);
        assert_eq!(oom_score_adj(&lab, "best-effort", "c").await, 1000);
        let [more, less, side] = [
            oom_score_adj(&lab, "burstable", "more").await,
            oom_score_adj(&lab, "burstable", "less").await,
            oom_score_adj(&lab, "burstable", "side").await,
        ];
        assert!(3 <= more && more < less && less < 999, "{more} {less}");
        assert_eq!(side, less, "a sidecar outlives what it serves");
    });
}

#[test]
fn who_is_attached_learns_of_the_end_but_of_no_exit_code() {
    run(async |lab| {
        let script = "sleep 5; echo bye; exit 3";
        lab.pod(
            "p",
            json!({"restartPolicy": "Never", "containers":
            [{"name": "c", "image": "busybox", "command": ["sh", "-c", script]}]}),
        )
        .await;
        lab.until("p", |pod: &Pod| crate::lab::is_ready(pod)).await;
        assert_eq!(lab.attached("p").await, ("bye\n".to_owned(), "Success".to_owned()));
    });
}

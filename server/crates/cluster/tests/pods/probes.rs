//! gRPC probes of a server that answers them, of one that knows another service, and of one that speaks something else.

use serde_json::{Value, json};

use crate::lab::{Lab, condition, run, seconds};

fn agnhost(name: &str, ports: [u16; 2], more: &[&str], probed: Value) -> Value {
    let [port, http] = ports.map(|port| port.to_string());
    let mut args = vec!["grpc-health-checking", "--port", &port, "--http-port", &http];
    args.extend(more);
    json!({"name": name, "image": "registry.k8s.io/e2e-test-images/agnhost:2.53", "args": args,
        "readinessProbe": {"grpc": probed, "periodSeconds": 5, "failureThreshold": 1}})
}

async fn unhealthy(lab: &Lab) -> Vec<String> {
    let all = lab.events("p").await;
    let failures = all.into_iter().filter_map(|event| {
        let (_, text) = event.split_once("probe failed: ")?;
        Some(text.split(" x").next().unwrap_or(text).to_owned())
    });
    failures.collect()
}

#[test]
fn a_server_is_ready_for_as_long_as_it_says_that_it_is_well() {
    run(async |lab| {
        let more = ["--service", "web", "--delay-unhealthy-sec", "30"];
        let server = agnhost("c", [5000, 8080], &more, json!({"port": 5000, "service": "web"}));
        lab.pod("p", json!({"containers": [server]})).await;
        lab.until_ready("p").await;
        assert_eq!(unhealthy(&lab).await, Vec::<String>::new());
        seconds(45).await;
        assert_eq!(condition(&lab.get("p").await, "Ready").0, "False");
        assert_eq!(unhealthy(&lab).await, ["service unhealthy (responded with \"NOT_SERVING\")"]);
    });
}

#[test]
fn a_service_that_nobody_knows_and_a_server_of_another_protocol_are_told_apart() {
    run(async |lab| {
        let other = agnhost("other", [5000, 8080], &[], json!({"port": 5000, "service": "x"}));
        let page = agnhost("page", [5001, 8081], &[], json!({"port": 8081}));
        lab.pod("p", json!({"containers": [other, page]})).await;
        seconds(20).await;
        let ip = lab.get("p").await.status.unwrap().pod_ip.unwrap();
        let mut seen = unhealthy(&lab).await;
        seen.sort();
        assert_eq!(
            seen,
            [
                "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service"
                    .to_owned(),
                format!(
                    "timeout: failed to connect service \"{ip}:8081\" within 1s: context deadline exceeded"
                ),
            ]
        );
    });
}

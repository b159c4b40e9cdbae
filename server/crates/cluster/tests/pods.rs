//! Pods from their manifests to running containers, through the API, as clients see it.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod support;
#[path = "support/in_process.rs"]
mod in_process;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, AttachParams, LogParams, PostParams};
use podlab_cluster::{Cluster, Config};
use podlab_node::Env;
use serde_json::json;
use support::object;
use tokio::io::AsyncReadExt;

fn run(test: impl AsyncFnOnce(kube::Client)) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let env = Env::on_current_runtime("2026-11-21T00:00:00Z".parse().unwrap(), 7);
        let cluster = Cluster::start(Config::default(), env);
        test(in_process::client(&cluster)).await;
        cluster.shutdown();
    });
}

#[test]
fn scratch() {
    run(async |client| {
        let pods: Api<Pod> = Api::default_namespaced(client);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        pods.create(&PostParams::default(), &object(json!({"metadata": {"name": "p"}, "spec": {"containers": [
            {"name": "c", "image": "busybox", "command": ["sh", "-c", "echo hello; while :; do :; done"]}]}})))
            .await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        let pod = pods.get("p").await.unwrap();
        println!("{}", serde_json::to_string_pretty(&pod).unwrap());
        let events: Api<k8s_openapi::api::core::v1::Event> = Api::default_namespaced(pods.clone().into_client());
        for event in events.list(&Default::default()).await.unwrap() {
            println!("{:?} {:?} {:?}", event.type_, event.reason, event.message);
        }
        println!("{}", pods.logs("p", &LogParams::default()).await.unwrap());
        let mut exec = pods.exec("p", ["sh", "-c", "echo in; exit 3"], &AttachParams::default().stderr(false)).await.unwrap();
        let mut out = String::new();
        exec.stdout().unwrap().read_to_string(&mut out).await.unwrap();
        println!("{out} {:?}", exec.take_status().unwrap().await);
    });
}

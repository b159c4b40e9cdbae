//! The API as its clients meet it: real clients over connections in process, and the recorded answers of a real one.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed step fails the test")]
#![expect(clippy::disallowed_methods, reason = "tests have a runtime, files and a clock of their own")]

mod agent;
mod answers;
mod custom_resources;
mod frames;
#[path = "../../src/golden.rs"]
mod golden;
mod hostile;
mod identity;
#[path = "../../../../src/clusters/in_process.rs"]
mod in_process;
mod proxy;
mod recordings;
mod refused;
mod streaming;

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use podlab_cluster::{Cluster, Config};
use podlab_node::Env;
use serde_json::json;

/// Runs a test on a cluster whose only kubelet is scripted, and which has a Pod `p` there with the containers `a`
/// and `b`.
fn run(test: impl AsyncFnOnce(Cluster)) {
    run_with(Config { nodes: Vec::new(), ..Config::default() }, test);
}

fn run_with(config: Config, test: impl AsyncFnOnce(Cluster)) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let env = Env::on_current_runtime("2026-11-21T00:00:00Z".parse().unwrap(), 7);
        let cluster = Cluster::start(config, env);
        let client = cluster.client("admin", "test");
        client.register_node_agent("scripted", Arc::new(agent::Scripted));
        let pods = client.namespaced::<Pod>("default");
        let pod = json!({"metadata": {"name": "p", "labels": {"app": "p"}}, "spec": {"nodeName": "scripted", "containers": [
            {"name": "a", "image": "busybox", "ports": [{"containerPort": 80}]}, {"name": "b", "image": "busybox"}]}});
        pods.create(&serde_json::from_value(pod).unwrap()).unwrap();
        let mut pod = pods.get("p").unwrap();
        let status = pod.status.get_or_insert_default();
        status.phase = Some("Running".to_owned());
        status.pod_ip = Some("10.244.0.9".to_owned());
        pods.update_status(&pod).unwrap();
        test(cluster.clone()).await;
        cluster.shutdown();
    });
}

/// A request through the router: the status, the headers, the body.
async fn request(
    cluster: &Cluster,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> (u16, http::HeaderMap, String) {
    let mut request = http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(axum::body::Body::from(body.as_ref().to_vec())).unwrap();
    let answer = tower::Service::call(&mut cluster.router(), request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
    (parts.status.as_u16(), parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
}

//! Clusters for tests: on a clock that jumps, without nodes, and with someone who plays the kubelet.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses a part of it; a failed step fails the test"
)]

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use podlab_cluster::{
    Client, Cluster, Config, DeleteOptions,
    client::{Event, Selection},
};
use podlab_node::Env;
use serde_json::{Value, json};

/// Runs a test on a cluster with this configuration.
pub(crate) fn with(config: Config, test: impl AsyncFnOnce(Client)) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let env = Env::on_current_runtime("2026-11-21T00:00:00Z".parse().unwrap(), 7);
        let cluster = Cluster::start(config, env);
        let client = cluster.client("admin", "test");
        test(client).await;
        cluster.shutdown();
    });
}

/// Runs a test on a cluster with its usual node.
pub(crate) fn run(test: impl AsyncFnOnce(Client)) {
    with(Config::default(), test);
}

/// Runs a test on a cluster without nodes, where every Pod becomes ready after a second and is gone a second after its
/// deletion.
pub(crate) fn run_without_nodes(test: impl AsyncFnOnce(Client)) {
    with(Config { nodes: Vec::new(), ..Config::default() }, async |client: Client| {
        client.spawn(play_kubelet(client.clone()));
        test(client).await;
    });
}

pub(crate) fn object<K: serde::de::DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

pub(crate) async fn seconds(client: &Client, seconds: u64) {
    client.sleep(Duration::from_secs(seconds)).await;
}

async fn play_kubelet(client: Client) {
    let mut watch = client.all::<Pod>().watch(Selection::default());
    while let Some(event) = watch.next().await {
        let pods = match event {
            Event::Restarted(pods) => pods,
            Event::Applied(pod) => vec![pod],
            Event::Deleted(_) => continue,
        };
        for pod in pods {
            let started = pod.status.as_ref().is_some_and(|status| status.start_time.is_some());
            let ending = pod.metadata.deletion_timestamp.is_some();
            if started && !ending {
                continue;
            }
            let client = client.clone();
            client.clone().spawn(async move {
                client.sleep(Duration::from_secs(1)).await;
                step(&client, &pod);
            });
        }
    }
}

fn step(client: &Client, pod: &Pod) {
    let api = client.namespaced::<Pod>(pod.metadata.namespace.as_deref().unwrap());
    let name = pod.metadata.name.as_deref().unwrap();
    let Ok(mut now) = api.get(name) else { return };
    if now.metadata.deletion_timestamp.is_some() {
        let options = DeleteOptions { grace_period_seconds: Some(0), ..DeleteOptions::default() };
        let _ = api.delete(name, &options);
    } else if now.status.as_ref().is_none_or(|status| status.start_time.is_none()) {
        now.status = Some(ready(client.now()));
        api.update_status(&now).unwrap();
    }
}

fn ready(now: Timestamp) -> k8s_openapi::api::core::v1::PodStatus {
    let now = now.round(jiff::Unit::Second).unwrap();
    object(json!({
        "phase": "Running", "startTime": now, "podIP": "10.244.0.9",
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": now}],
    }))
}

/// Gives a Pod an end, as its kubelet would.
pub(crate) fn end(client: &Client, pod: &Pod, exit_code: i32) {
    let api = client.namespaced::<Pod>(pod.metadata.namespace.as_deref().unwrap());
    let mut now = api.get(pod.metadata.name.as_deref().unwrap()).unwrap();
    let at = client.now().round(jiff::Unit::Second).unwrap();
    let container = &now.spec.as_ref().unwrap().containers[0].name;
    now.status = Some(object(json!({
        "phase": if exit_code == 0 { "Succeeded" } else { "Failed" }, "startTime": at,
        "containerStatuses": [{"name": container, "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": exit_code, "finishedAt": at}}}],
    })));
    api.update_status(&now).unwrap();
}

/// The messages of the events about an object, in the order in which they first happened.
pub(crate) fn messages(client: &Client, kind: &str, name: &str) -> Vec<String> {
    let all = client.namespaced::<k8s_openapi::api::core::v1::Event>("default").list(&Selection::default());
    let mut events: Vec<_> = all
        .unwrap()
        .into_iter()
        .filter(|event| {
            let about = &event.involved_object;
            about.kind.as_deref() == Some(kind) && about.name.as_deref() == Some(name)
        })
        .collect();
    events.sort_by_key(|event| event.metadata.name.clone());
    events.into_iter().filter_map(|event| event.message).collect()
}

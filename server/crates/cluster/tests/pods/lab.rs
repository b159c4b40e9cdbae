//! A cluster with one node, and what a person does with it.

use std::{fmt::Debug, time::Duration};

use k8s_openapi::api::core::v1::{Event, Pod};
use kube::{
    Resource,
    api::{Api, AttachParams, DeleteParams, ListParams, LogParams, PostParams},
};
use podlab_cluster::{Cluster, Config};
use podlab_node::Env;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::in_process;

/// Nothing takes longer than this, on the cluster's clock.
const PATIENCE: Duration = Duration::from_secs(1200);

pub(crate) struct Lab {
    pub(crate) client: kube::Client,
    pub(crate) pods: Api<Pod>,
}

/// Runs a test in a new cluster.
pub(crate) fn run(test: impl AsyncFnOnce(Lab)) {
    with(Config::default(), test);
}

/// Runs a test in a new cluster of this configuration.
pub(crate) fn with(config: Config, test: impl AsyncFnOnce(Lab)) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let env = Env::on_current_runtime("2026-11-21T00:00:00Z".parse().unwrap(), 7);
        let cluster = Cluster::start(config, env);
        let client = in_process::client(&cluster);
        seconds(1).await;
        test(Lab { pods: Api::default_namespaced(client.clone()), client }).await;
        cluster.shutdown();
    });
}

pub(crate) async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

pub(crate) fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

impl Lab {
    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::default_namespaced(self.client.clone())
    }

    pub(crate) async fn create<K>(&self, value: Value) -> K
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        self.api::<K>().create(&PostParams::default(), &object(value)).await.unwrap()
    }

    /// Creates a Pod with this definition.
    pub(crate) async fn pod(&self, name: &str, spec: Value) {
        let labels = serde_json::json!({ "app": name });
        self.create::<Pod>(
            serde_json::json!({ "metadata": { "name": name, "labels": labels }, "spec": spec }),
        )
        .await;
    }

    pub(crate) async fn get(&self, pod: &str) -> Pod {
        self.pods.get(pod).await.unwrap()
    }

    /// Waits until a Pod is as `wanted`.
    pub(crate) async fn until(&self, pod: &str, wanted: impl Fn(&Pod) -> bool) -> Pod {
        let start = tokio::time::Instant::now();
        loop {
            let now = self.get(pod).await;
            if wanted(&now) {
                return now;
            }
            let late = start.elapsed() > PATIENCE;
            assert!(!late, "{}", serde_json::to_string_pretty(&now.status).unwrap());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn until_ready(&self, pod: &str) -> Pod {
        self.until(pod, is_ready).await
    }

    pub(crate) async fn until_phase(&self, pod: &str, phase: &str) -> Pod {
        self.until(pod, |pod| pod.status.as_ref().unwrap().phase.as_deref() == Some(phase)).await
    }

    pub(crate) async fn until_gone(&self, pod: &str) {
        let start = tokio::time::Instant::now();
        while self.pods.get_opt(pod).await.unwrap().is_some() {
            assert!(start.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn delete(&self, pod: &str, parameters: &DeleteParams) {
        self.pods.delete(pod, parameters).await.unwrap();
    }

    pub(crate) async fn logs(&self, pod: &str, container: &str) -> String {
        let parameters = LogParams { container: Some(container.to_owned()), ..LogParams::default() };
        self.pods.logs(pod, &parameters).await.unwrap()
    }

    /// Runs a script in a container. Returns its exit code and all that it printed.
    pub(crate) async fn sh(&self, pod: &str, container: &str, script: &str) -> (i32, String) {
        let parameters = AttachParams::default().container(container).stderr(true);
        let mut process = self.pods.exec(pod, ["sh", "-c", script], &parameters).await.unwrap();
        let (mut out, mut errors) = (String::new(), String::new());
        let (mut stdout, mut stderr) = (process.stdout().unwrap(), process.stderr().unwrap());
        let (a, b) = tokio::join!(stdout.read_to_string(&mut out), stderr.read_to_string(&mut errors));
        a.unwrap();
        b.unwrap();
        let status = process.take_status().unwrap().await.unwrap();
        let code = status.details.and_then(|details| details.causes?.first()?.message.clone());
        (code.map_or(0, |code| code.parse().unwrap()), out + &errors)
    }

    /// Joins a Pod's process until it ends. Returns what it printed meanwhile, and the status of the session.
    pub(crate) async fn attached(&self, pod: &str) -> (String, String) {
        let parameters = AttachParams::default().stdout(true).stderr(false);
        let mut process = self.pods.attach(pod, &parameters).await.unwrap();
        let mut out = String::new();
        process.stdout().unwrap().read_to_string(&mut out).await.unwrap();
        let status = process.take_status().unwrap().await.unwrap();
        (out, status.status.unwrap_or_default())
    }

    /// Runs a script that is read from standard input.
    pub(crate) async fn feed(&self, pod: &str, container: &str, script: &str) -> String {
        let parameters = AttachParams::default().container(container).stdin(true).stderr(false);
        let mut process = self.pods.exec(pod, ["sh"], &parameters).await.unwrap();
        let mut stdin = process.stdin().unwrap();
        stdin.write_all(script.as_bytes()).await.unwrap();
        stdin.shutdown().await.unwrap();
        drop(stdin);
        let mut out = String::new();
        process.stdout().unwrap().read_to_string(&mut out).await.unwrap();
        out
    }

    /// What happened to an object: type, reason, message, how often, in the order in which it first happened.
    pub(crate) async fn events(&self, about: &str) -> Vec<String> {
        let all = self.api::<Event>().list(&ListParams::default()).await.unwrap();
        let mut events: Vec<Event> = all
            .items
            .into_iter()
            .filter(|event| event.involved_object.name.as_deref() == Some(about))
            .collect();
        events.sort_by_key(|event| event.metadata.name.clone());
        let line = |event: Event| {
            let count = event.count.filter(|count| *count > 1).map(|count| format!(" x{count}"));
            format!(
                "{} {}: {}{}",
                event.type_.unwrap(),
                event.reason.unwrap(),
                event.message.unwrap(),
                count.unwrap_or_default()
            )
        };
        events.into_iter().map(line).collect()
    }
}

pub(crate) fn is_ready(pod: &Pod) -> bool {
    condition(pod, "Ready").0 == "True"
}

/// A condition's status and reason.
pub(crate) fn condition(pod: &Pod, kind: &str) -> (String, String) {
    let mut conditions = pod.status.as_ref().unwrap().conditions.iter().flatten();
    let found = conditions.rfind(|condition| condition.type_ == kind);
    found.map(|found| (found.status.clone(), found.reason.clone().unwrap_or_default())).unwrap_or_default()
}

/// A container's status as JSON: easy to look into.
pub(crate) fn container(pod: &Pod, name: &str) -> Value {
    let status = pod.status.as_ref().unwrap();
    let all = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    let mut all = all.chain(status.ephemeral_container_statuses.iter().flatten());
    let found = all.rfind(|container| container.name == name).unwrap();
    serde_json::to_value(found).unwrap()
}

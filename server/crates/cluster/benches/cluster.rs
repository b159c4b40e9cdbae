//! What clusters cost: `cargo bench -p podlab-cluster --bench cluster` prints a figure a line. On one thread, in processor
//! time, so that what else runs on the machine does not count; nothing that is measured waits for a clock. Of rounds, the
//! best one counts.
#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the real clock and the real machine")]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that cannot go on has failed")]

use std::{fs, time::Duration};

use axum::body::Body;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use podlab_cluster::{
    Client, Cluster, Config, NodeConfig,
    client::{Event, Patch, Selection, Watch},
};
use podlab_node::Env;
use serde_json::{Value, json};
use tower::Service;

fn cluster(seed: u64) -> Cluster {
    // Without the moments that runtimes take elsewhere.
    let node = NodeConfig {
        sandbox_delay: Duration::ZERO,
        container_delay: Duration::ZERO,
        ..NodeConfig::default()
    };
    let config = Config { nodes: vec![node], ..Config::default() };
    Cluster::start(config, Env::on_current_runtime(Timestamp::now(), seed))
}

fn client(cluster: &Cluster) -> Client {
    cluster.client("admin", "bench")
}

/// Memory in use, in bytes.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// The processor time of this thread so far.
fn spent() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

/// Prints a figure beside its aim.
fn report(what: &str, figure: f64, unit: &str, aim: &str) {
    println!("{what:<56} {figure:>10.3} {unit:<12} aim: {aim}");
}

async fn many() {
    const COUNT: u32 = 1000;
    // What all share is made once.
    let first = cluster(0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (before, begun) = (resident(), spent());
    let clusters: Vec<Cluster> = (1..=COUNT).map(|seed| cluster(seed.into())).collect();
    let started = (spent() - begun).as_secs_f64() * 1e3 / f64::from(COUNT);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let each = resident().saturating_sub(before) as f64 / f64::from(COUNT) / 1e3;
    report("start of a cluster", started, "ms", "under 5");
    report("memory of each of 1,000 empty clusters", each, "kB", "under 300");
    clusters.iter().chain([&first]).for_each(Cluster::shutdown);
}

async fn send(router: &mut axum::Router, method: Method, path: &str, media: &str, body: String) -> u16 {
    let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, media);
    let answer = router.call(request.body(Body::from(body)).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    answer.into_body().collect().await.unwrap();
    status
}

async fn requests() {
    const ROUNDS: u32 = 5;
    const TURNS: u32 = 200;
    const OBJECTS: u32 = 50;
    let cluster = cluster(1);
    let mut router = cluster.router();
    let maps = "/api/v1/namespaces/default/configmaps";
    for index in 0..OBJECTS {
        let body = json!({ "metadata": { "name": format!("c{index}") }, "data": { "a": "b" } }).to_string();
        assert_eq!(send(&mut router, Method::POST, maps, "application/json", body).await, 201);
    }
    let mut best = 0.0_f64;
    for round in 0..ROUNDS {
        let begun = spent();
        for turn in 0..TURNS {
            let one = format!("{maps}/c{}", turn % OBJECTS);
            let change = json!({ "data": { "turn": format!("{round}.{turn}") } }).to_string();
            let merge = "application/merge-patch+json";
            assert_eq!(send(&mut router, Method::PATCH, &one, merge, change).await, 200);
            assert_eq!(send(&mut router, Method::GET, &one, "", String::new()).await, 200);
            assert_eq!(send(&mut router, Method::GET, maps, "", String::new()).await, 200);
        }
        best = best.max(f64::from(3 * TURNS) / (spent() - begun).as_secs_f64());
    }
    report("get, list of 50 and patch in turn", best, "requests/s", "2000 or more");
    cluster.shutdown();
}

async fn fan_out() {
    const WATCHERS: usize = 1000;
    const CHANGES: usize = 100;
    const PATIENCE: Duration = Duration::from_secs(60);
    let cluster = cluster(1);
    let maps = client(&cluster).namespaced::<ConfigMap>("default");
    maps.create(&serde_json::from_value(json!({ "metadata": { "name": "watched" } })).unwrap()).unwrap();
    let only = || Selection { name: Some("watched".to_owned()), ..Selection::default() };
    let mut watches: Vec<_> = (0..WATCHERS).map(|_| maps.watch(only())).collect();
    for watch in &mut watches {
        assert!(matches!(watch.next().await, Some(Event::Restarted(_))));
    }
    let follow = |mut watch: Watch<ConfigMap>| {
        tokio::spawn(async move {
            let mut heard = 0;
            let every = async {
                while heard < CHANGES && matches!(watch.next().await, Some(Event::Applied(_))) {
                    heard += 1;
                }
            };
            // Who lost an event would wait for ever.
            let _ = tokio::time::timeout(PATIENCE, every).await;
            heard
        })
    };
    let watchers: Vec<_> = watches.into_iter().map(follow).collect();
    let begun = spent();
    for index in 0..CHANGES {
        maps.patch("watched", "", &Patch::Merge(json!({ "data": { "a": index.to_string() } }))).unwrap();
        tokio::task::yield_now().await;
    }
    let mut lost = 0;
    for watcher in watchers {
        lost += CHANGES - watcher.await.unwrap();
    }
    let rate = (WATCHERS * CHANGES) as f64 / (spent() - begun).as_secs_f64();
    report("100 changes to 1,000 watchers", rate, "events/s", "-");
    report("  events lost", lost as f64, "", "0");
    cluster.shutdown();
}

fn pod(name: &str) -> Value {
    let container = |name: &str| json!({ "name": name, "image": "busybox", "imagePullPolicy": "IfNotPresent", "command": ["sleep", "1000"] });
    json!({ "metadata": { "name": name }, "spec": {
        "terminationGracePeriodSeconds": 0, "containers": [container("a"), container("b")] } })
}

async fn pods() {
    const COUNT: u32 = 50;
    let cluster = cluster(1);
    let pods = client(&cluster).namespaced::<Pod>("default");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (mut total, mut best) = (Duration::ZERO, Duration::MAX);
    for index in 0..=COUNT {
        let name = format!("p{index}");
        let mut watch = pods.watch(Selection { name: Some(name.clone()), ..Selection::default() });
        let begun = spent();
        pods.create(&serde_json::from_value(pod(&name)).unwrap()).unwrap();
        loop {
            let Some(Event::Applied(seen)) = watch.next().await else { continue };
            if seen.status.and_then(|status| status.phase).as_deref() == Some("Running") {
                break;
            }
        }
        // The first one finds nothing prepared.
        if index > 0 {
            total += spent() - begun;
            best = best.min(spent() - begun);
        }
        pods.delete(&name, &podlab_cluster::DeleteOptions::default()).unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let each = total.as_secs_f64() * 1e3 / f64::from(COUNT);
    report(
        "a Pod of two containers, from its creation to Running",
        best.as_secs_f64() * 1e3,
        "ms",
        "under 5",
    );
    report("  on average", each, "ms", "under 5");
    cluster.shutdown();
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        many().await;
        requests().await;
        fan_out().await;
        pods().await;
    });
}

//! A cluster from its start to its end, through the doors that components use.

use jiff::Timestamp;
use k8s_openapi::api::{
    core::v1::{ConfigMap, Namespace},
    discovery::v1::EndpointSlice,
    rbac::v1::ClusterRole,
};
use podlab_cluster::{
    Cluster, Config, DeleteOptions,
    client::{Event, Patch, Selection},
};
use podlab_node::Env;
use serde_json::json;

fn cluster() -> Cluster {
    Cluster::start(Config::default(), Env::on_current_runtime(Timestamp::UNIX_EPOCH, 1))
}

fn config_map(name: &str) -> ConfigMap {
    let mut object = ConfigMap::default();
    object.metadata.name = Some(name.into());
    object.metadata.labels = Some([("by".to_owned(), "test".to_owned())].into());
    object
}

#[tokio::test(start_paused = true)]
async fn a_new_cluster_has_its_namespaces() {
    let cluster = cluster();
    let namespaces = cluster.client("test", "test").all::<Namespace>().list(&Selection::default()).unwrap();
    let names: Vec<_> = namespaces.iter().filter_map(|n| n.metadata.name.as_deref()).collect();
    assert_eq!(names, ["default", "kube-node-lease", "kube-public", "kube-system"]);
}

#[tokio::test(start_paused = true)]
async fn an_api_server_on_loopback_is_not_the_pods_own_loopback() {
    let config = Config { advertise_address: "127.0.0.1:7443".into(), ..Config::default() };
    let cluster = Cluster::start(config, Env::on_current_runtime(Timestamp::UNIX_EPOCH, 1));
    let slices = cluster.client("test", "test").namespaced::<EndpointSlice>("default");
    let slice = slices.get("kubernetes").unwrap();
    assert_eq!(slice.endpoints.unwrap()[0].addresses, ["192.0.2.2"]);
    assert_eq!(slice.ports.unwrap()[0].port, Some(7443));
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_what_is_there_and_what_happens() {
    let cluster = cluster();
    let maps = cluster.client("test", "test").namespaced::<ConfigMap>("default");
    maps.create(&config_map("one")).unwrap();
    // The controllers write ConfigMaps too.
    let ours = Selection { labels: [("by".to_owned(), "test".to_owned())].into(), ..Selection::default() };
    let selection = Selection { name: Some("two".into()), ..Selection::default() };
    let (mut all, mut second) = (maps.watch(ours), maps.watch(selection));
    assert!(matches!(all.next().await, Some(Event::Restarted(objects)) if objects.len() == 1));
    assert!(matches!(second.next().await, Some(Event::Restarted(objects)) if objects.is_empty()));

    maps.create(&config_map("two")).unwrap();
    maps.patch("one", "", &Patch::Merge(json!({"data": {"key": "value"}}))).unwrap();
    maps.delete("two", &DeleteOptions::default()).unwrap();

    let name = |object: &ConfigMap| object.metadata.name.clone().unwrap();
    assert!(matches!(all.next().await, Some(Event::Applied(o)) if name(&o) == "two"));
    assert!(matches!(all.next().await, Some(Event::Applied(o)) if name(&o) == "one" && o.data.is_some()));
    assert!(matches!(all.next().await, Some(Event::Deleted(o)) if name(&o) == "two"));
    assert!(matches!(second.next().await, Some(Event::Applied(_))));
    assert!(matches!(second.next().await, Some(Event::Deleted(_))));
}

#[tokio::test(start_paused = true)]
async fn everything_ends_with_the_last_handle() {
    let cluster = cluster();
    let client = cluster.client("test", "test");
    let mut watch = client.all::<Namespace>().watch(Selection::default());
    watch.next().await.unwrap();
    drop(cluster);
    assert_eq!(watch.next().await, None);
    assert_eq!(client.all::<Namespace>().get("default").unwrap_err().code, 503);
}

/// They share the roles that all have; nobody can tell.
#[tokio::test(start_paused = true)]
async fn clusters_have_roles_of_their_own() {
    let clusters = ["2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"].map(|begun| {
        let now: Timestamp = begun.parse().unwrap();
        Cluster::start(Config::default(), Env::on_current_runtime(now, now.as_second().unsigned_abs()))
    });
    let view = |cluster: &Cluster| cluster.client("test", "test").all::<ClusterRole>().get("view").unwrap();
    let [first, second] = [view(&clusters[0]), view(&clusters[1])];
    assert_eq!(first.rules, second.rules);
    assert_eq!(first.metadata.labels, second.metadata.labels);
    assert_ne!(first.metadata.uid, second.metadata.uid);
    let since = |role: &ClusterRole| role.metadata.creation_timestamp.as_ref().unwrap().0.to_string();
    assert_eq!(
        (since(&first), since(&second)),
        ("2026-01-01T00:00:00Z".into(), "2026-02-02T00:00:00Z".into())
    );
    let roles = clusters[1].client("test", "test").all::<ClusterRole>();
    roles.patch("view", "", &Patch::Merge(json!({ "metadata": { "labels": { "a": "b" } } }))).unwrap();
    assert_eq!(roles.get("view").unwrap().metadata.labels.unwrap()["a"], "b");
    assert!(!view(&clusters[0]).metadata.labels.unwrap().contains_key("a"));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_watchers_miss_no_change() {
    const CHANGES: usize = 100;
    let cluster = cluster();
    let maps = cluster.client("test", "test").namespaced::<ConfigMap>("default");
    maps.create(&config_map("watched")).unwrap();
    let only = || Selection { name: Some("watched".to_owned()), ..Selection::default() };
    let mut watches: Vec<_> = (0..1000).map(|_| maps.watch(only())).collect();
    for watch in &mut watches {
        assert!(matches!(watch.next().await, Some(Event::Restarted(objects)) if objects.len() == 1));
    }
    let watchers = watches.into_iter().map(async |mut watch| {
        let mut heard = Vec::new();
        while heard.len() < CHANGES {
            match watch.next().await {
                Some(Event::Applied(map)) => heard.push(map.data.unwrap()["turn"].clone()),
                other => panic!("{other:?}"),
            }
        }
        heard
    });
    let turns: Vec<String> = (0..CHANGES).map(|turn| turn.to_string()).collect();
    let changes = async {
        for turn in &turns {
            maps.patch("watched", "", &Patch::Merge(json!({ "data": { "turn": turn } }))).unwrap();
            tokio::task::yield_now().await;
        }
    };
    let (heard, ()) = futures::join!(futures::future::join_all(watchers), changes);
    assert!(heard.iter().all(|heard| *heard == turns));
}

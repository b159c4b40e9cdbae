//! The objects of a sandbox, kept up to date by one watch a kind and shared by everything that looks at them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{StreamExt, future::join_all};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, ResourceExt,
    api::{ApiResource, DynamicObject},
    runtime::watcher,
};
use serde_json::Value;
use tokio::sync::watch;

use crate::{cluster::Cluster, error::explain};

/// How long to wait before a watch that failed is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The objects of one kind at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// The objects by name.
    pub(crate) objects: BTreeMap<String, Arc<Value>>,
    /// Whether all of them have been seen once.
    pub(crate) complete: bool,
    /// Why the API does not say, while it does not.
    pub(crate) trouble: Option<String>,
}

/// Objects of one kind as they change.
pub(crate) type Seen = watch::Receiver<Snapshot>;

/// A sandbox as the checks see it.
pub(crate) struct Scene<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) namespace: &'a str,
    kinds: Vec<(ApiResource, Seen)>,
    /// Objects that the API refused: kind and name.
    pub(crate) refused: &'a BTreeSet<(&'static str, String)>,
    /// The Pods that were waited for in vain.
    hopeless: Mutex<BTreeSet<String>>,
}

/// What keeps a scene up to date; it ends never and must run beside those who look at the scene.
pub(crate) struct Watches {
    watches: Vec<(Api<DynamicObject>, watch::Sender<Snapshot>)>,
    cluster: Cluster,
}

impl<'a> Scene<'a> {
    /// A scene of these kinds.
    pub(crate) fn open(
        cluster: &'a Cluster,
        namespace: &'a str,
        kinds: Vec<ApiResource>,
        refused: &'a BTreeSet<(&'static str, String)>,
    ) -> (Self, Watches) {
        let mut seen = Vec::new();
        let mut watches = Vec::new();
        for resource in kinds {
            let (sender, receiver) = watch::channel(Snapshot::default());
            watches.push((Api::namespaced_with(cluster.client.clone(), namespace, &resource), sender));
            seen.push((resource, receiver));
        }
        let scene = Self { cluster, namespace, kinds: seen, refused, hopeless: Mutex::default() };
        (scene, Watches { watches, cluster: cluster.clone() })
    }

    /// The objects of a kind as they change; `None` for one that the scene was not opened with.
    pub(crate) fn objects(&self, kind: &str) -> Option<Seen> {
        self.kinds.iter().find(|(resource, _)| resource.kind == kind).map(|(_, seen)| seen.clone())
    }

    /// Where the objects of a kind are in the API.
    pub(crate) fn resource(&self, kind: &str) -> Option<&ApiResource> {
        self.kinds.iter().map(|(resource, _)| resource).find(|resource| resource.kind == kind)
    }

    /// Gives up hope that a Pod will run.
    pub(crate) fn give_up(&self, pod: &str) {
        self.hopeless.lock().unwrap_or_else(PoisonError::into_inner).insert(pod.to_owned());
    }

    /// Whether a Pod was given up.
    pub(crate) fn is_hopeless(&self, pod: &str) -> bool {
        self.hopeless.lock().unwrap_or_else(PoisonError::into_inner).contains(pod)
    }
}

impl Snapshot {
    /// An object as a Pod.
    pub(crate) fn pod(&self, name: &str) -> Option<Pod> {
        self.objects.get(name).and_then(|object| pod(object))
    }
}

/// An object as a Pod, if it is one.
pub(crate) fn pod(object: &Value) -> Option<Pod> {
    serde_json::from_value(object.clone()).ok()
}

/// The objects once all of them have been seen.
pub(crate) async fn complete(seen: &mut Seen) -> Snapshot {
    let seen = seen.wait_for(|snapshot| snapshot.complete || snapshot.trouble.is_some()).await;
    match seen.map(|snapshot| snapshot.clone()).ok() {
        Some(snapshot) => snapshot,
        // The watches ended, which they do with the grading alone.
        None => std::future::pending().await,
    }
}

impl Watches {
    /// Follows all kinds.
    pub(crate) async fn run(self) {
        join_all(self.watches.into_iter().map(|(api, sender)| follow(api, sender, &self.cluster))).await;
    }
}

async fn follow(api: Api<DynamicObject>, sender: watch::Sender<Snapshot>, cluster: &Cluster) {
    let mut events = watcher(api, watcher::Config::default()).boxed();
    let mut listed = BTreeMap::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Init) => listed.clear(),
            Ok(watcher::Event::InitApply(object)) => {
                listed.extend(entry(&object));
            }
            Ok(watcher::Event::InitDone) => sender.send_modify(|snapshot| {
                *snapshot = Snapshot { objects: std::mem::take(&mut listed), complete: true, trouble: None };
            }),
            Ok(watcher::Event::Apply(object)) => sender.send_modify(|snapshot| {
                snapshot.objects.extend(entry(&object));
                snapshot.trouble = None;
            }),
            Ok(watcher::Event::Delete(object)) => sender.send_modify(|snapshot| {
                snapshot.objects.remove(&object.name_any());
                snapshot.trouble = None;
            }),
            Err(error) => {
                let words = words(&error);
                sender.send_modify(|snapshot| snapshot.trouble = Some(words));
                cluster.clock.sleep(AGAIN_AFTER).await;
            }
        }
    }
}

fn entry(object: &DynamicObject) -> Option<(String, Arc<Value>)> {
    Some((object.name_any(), Arc::new(serde_json::to_value(object).ok()?)))
}

fn words(error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => explain(error),
        other => other.to_string(),
    }
}

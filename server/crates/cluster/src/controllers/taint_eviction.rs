//! Pods that do not tolerate a `NoExecute` taint of their node go: at once, or when their toleration ends. See "Taints and
//! Tolerations" in Kubernetes' documentation.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod, Taint};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    pods,
};
use crate::{
    Client, DeleteOptions, Preconditions,
    client::Selection,
    events::{Recorder, Reference},
    kubelet::{after, seconds},
    scheduler::{set_condition, tolerates},
    status::Result,
};

/// The controller's name, also in its events.
const NAME: &str = "taint-eviction-controller";

/// The reason of its events.
const REASON: &str = "TaintManagerEviction";

pub(super) struct TaintEviction {
    recorder: Recorder,
    /// Since when Pods have had to go that may stay for a while; nothing in the API says so.
    since: Mutex<BTreeMap<Key, Timestamp>>,
}

/// What taints mean for a Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Stays,
    StaysFor(Duration),
    Goes,
}

/// What the taints of a Pod's node mean for it.
fn verdict(pod: &Pod, taints: &[Taint]) -> Verdict {
    let tolerations = pod.spec.as_ref().and_then(|spec| spec.tolerations.as_deref()).unwrap_or_default();
    let mut shortest: Option<i64> = None;
    for taint in taints.iter().filter(|taint| taint.effect == "NoExecute") {
        let Some(toleration) = tolerations.iter().find(|toleration| tolerates(toleration, taint)) else {
            return Verdict::Goes;
        };
        if let Some(seconds) = toleration.toleration_seconds {
            shortest = Some(shortest.map_or(seconds, |shortest| shortest.min(seconds)));
        }
    }
    match shortest {
        None => Verdict::Stays,
        Some(seconds) if seconds <= 0 => Verdict::Goes,
        Some(seconds) => Verdict::StaysFor(Duration::from_secs(seconds.unsigned_abs())),
    }
}

impl TaintEviction {
    pub(super) fn new(client: &Client) -> Self {
        Self { recorder: Recorder::new(client.clone(), NAME, None), since: Mutex::default() }
    }

    /// Since when the Pod has had to go, from now on if it did not before.
    fn since(&self, key: &Key, now: Timestamp) -> Timestamp {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        *since.entry(key.clone()).or_insert(now)
    }

    /// Nothing is planned for the Pod any more. Returns whether something was.
    fn forget(&self, key: &Key) -> bool {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).remove(key).is_some()
    }

    fn evict(&self, client: &Client, mut pod: Pod, key: &Key) -> Result<()> {
        let about = Reference::to(&pod);
        let message = format!("Marking for deletion Pod {}/{}", key.namespace, key.name);
        self.recorder.record(&about, false, REASON, &message);
        let (kind, reason) = ("DisruptionTarget", "DeletionByTaintManager");
        let why = "Taint manager: deleting due to NoExecute taint";
        let generation = pod.metadata.generation;
        let status = pod.status.get_or_insert_default();
        set_condition(status, kind, "True", reason, why, generation, &seconds(client.now()));
        let api = client.namespaced::<Pod>(&key.namespace);
        api.update_status(&pod)?;
        let meant = Preconditions { uid: pod.metadata.uid.clone(), resource_version: None };
        api.delete(&key.name, &DeleteOptions { preconditions: Some(meant), ..DeleteOptions::default() })?;
        Ok(())
    }
}

impl Controller for TaintEviction {
    fn name(&self) -> &'static str {
        NAME
    }

    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::Pod(pod) if pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some()) => {
                vec![pods::key_of(&pod.metadata)]
            }
            Object::Node(node) => {
                let on_it = Selection { node: node.metadata.name.clone(), ..Selection::default() };
                let pods = client.all::<Pod>().list(&on_it).unwrap_or_default();
                pods.iter().map(|pod| pods::key_of(&pod.metadata)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let pod = client.namespaced::<Pod>(&key.namespace).get_opt(&key.name)?;
        let Some(pod) = pod.filter(|pod| pod.metadata.deletion_timestamp.is_none()) else {
            self.forget(key);
            return Ok(Again::Never);
        };
        let name = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or_default();
        let node = client.all::<Node>().get_opt(name)?;
        let taints = node.and_then(|node| node.spec?.taints).unwrap_or_default();
        let now = client.now();
        match verdict(&pod, &taints) {
            Verdict::Stays => {
                if self.forget(key) {
                    let message = format!("Cancelling deletion of Pod {}/{}", key.namespace, key.name);
                    self.recorder.record(&Reference::to(&pod), false, REASON, &message);
                }
                Ok(Again::Never)
            }
            Verdict::StaysFor(time) => {
                let end = after(self.since(key, now), time);
                if end > now {
                    return Ok(Again::After(Duration::try_from(end.duration_since(now)).unwrap_or_default()));
                }
                self.evict(client, pod, key)?;
                Ok(Again::Never)
            }
            Verdict::Goes => {
                self.evict(client, pod, key)?;
                Ok(Again::Never)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(tolerations: serde_json::Value) -> Pod {
        serde_json::from_value(
            json!({"metadata": {}, "spec": {"containers": [], "tolerations": tolerations}}),
        )
        .unwrap()
    }

    fn taint(key: &str, effect: &str) -> Taint {
        Taint { key: key.into(), effect: effect.into(), ..Taint::default() }
    }

    #[test]
    fn only_taints_of_effect_no_execute_make_a_pod_go() {
        let none = pod(json!([]));
        assert_eq!(
            verdict(&none, &[taint("a", "NoSchedule"), taint("b", "PreferNoSchedule")]),
            Verdict::Stays
        );
        assert_eq!(verdict(&none, &[taint("a", "NoExecute")]), Verdict::Goes);
    }

    #[test]
    fn the_shortest_toleration_counts() {
        let pod = pod(json!([
            {"key": "a", "operator": "Exists", "tolerationSeconds": 60},
            {"key": "b", "operator": "Exists", "tolerationSeconds": 30},
            {"key": "c", "operator": "Exists"},
        ]));
        let [a, b, c] = ["a", "b", "c"].map(|key| taint(key, "NoExecute"));
        assert_eq!(verdict(&pod, std::slice::from_ref(&c)), Verdict::Stays);
        assert_eq!(verdict(&pod, &[a.clone(), c]), Verdict::StaysFor(Duration::from_secs(60)));
        assert_eq!(verdict(&pod, &[a, b]), Verdict::StaysFor(Duration::from_secs(30)));
    }
}

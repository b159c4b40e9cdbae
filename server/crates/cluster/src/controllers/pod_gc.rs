//! Pods of nodes that are not there: nobody would ever end them. See "Garbage collection of Pods" in Kubernetes' page on
//! the Pod lifecycle.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    pods,
};
use crate::{
    Client, DeleteOptions, Preconditions,
    client::Selection,
    kubelet::{after, seconds},
    scheduler::set_condition,
    status::Result,
};

/// How long a node may be missing. (The real one looks every 20 seconds, and again 40 seconds later.)
const QUARANTINE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct PodCollector {
    /// Since when the node of a Pod has been missing; nothing in the API says so.
    since: Mutex<BTreeMap<Key, Timestamp>>,
}

impl PodCollector {
    fn since(&self, key: &Key, now: Timestamp) -> Timestamp {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_insert(now)
    }

    fn forget(&self, key: &Key) {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

fn node_of(pod: &Pod) -> &str {
    pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or_default()
}

impl Controller for PodCollector {
    fn name(&self) -> &'static str {
        "pod-garbage-collector"
    }

    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::Pod(pod) => {
                let on_a_node = !change.gone && !node_of(pod).is_empty();
                on_a_node.then(|| pods::key_of(&pod.metadata)).into_iter().collect()
            }
            Object::Node(node) if change.gone => {
                let on_it = Selection { node: node.metadata.name.clone(), ..Selection::default() };
                let pods = client.all::<Pod>().list(&on_it).unwrap_or_default();
                pods.iter().map(|pod| pods::key_of(&pod.metadata)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let api = client.namespaced::<Pod>(&key.namespace);
        let lost = match api.get_opt(&key.name)? {
            Some(pod) if client.all::<Node>().get_opt(node_of(&pod))?.is_none() => pod,
            _ => {
                self.forget(key);
                return Ok(Again::Never);
            }
        };
        let now = client.now();
        let end = after(self.since(key, now), QUARANTINE);
        if end > now {
            return Ok(Again::After(Duration::try_from(end.duration_since(now)).unwrap_or_default()));
        }
        let mut pod = lost;
        let generation = pod.metadata.generation;
        let ended = pods::has_ended(&pod);
        let status = pod.status.get_or_insert_default();
        if !ended {
            status.phase = Some("Failed".to_owned());
        }
        let why = "PodGC: node no longer exists";
        set_condition(status, "DisruptionTarget", "True", "DeletionByPodGC", why, generation, &seconds(now));
        api.update_status(&pod)?;
        let meant = Preconditions { uid: pod.metadata.uid.clone(), resource_version: None };
        let options = DeleteOptions {
            preconditions: Some(meant),
            grace_period_seconds: Some(0),
            ..DeleteOptions::default()
        };
        api.delete(&key.name, &options)?;
        self.forget(key);
        Ok(Again::Never)
    }
}

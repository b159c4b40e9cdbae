//! The objects of one resource and the history of their changes.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::sync::watch;

use super::Expired;
use crate::object::Object;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

/// One write.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) kind: ChangeKind,
    /// The object after the write; for a removal its last state.
    pub(crate) object: Arc<Object>,
    /// The object before the write.
    pub(crate) previous: Option<Arc<Object>>,
    /// When, on the cluster's clock.
    at: Duration,
}

#[derive(Debug)]
pub(super) struct Table {
    objects: BTreeMap<Box<str>, Arc<Object>>,
    history: VecDeque<Change>,
    /// What the objects take in memory, in bytes...
    weight: usize,
    /// ...and what those of the history took.
    history_weight: usize,
    /// The revision of the last change that the history has lost.
    lost: u64,
    woken: watch::Sender<u64>,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
            history: VecDeque::new(),
            weight: 0,
            history_weight: 0,
            lost: 0,
            woken: watch::Sender::new(0),
        }
    }
}

/// `namespace/name`, in whose order lists are sent, as in etcd.
fn key(namespace: &str, name: &str) -> Box<str> {
    let mut key = String::with_capacity(namespace.len() + 1 + name.len());
    key.push_str(namespace);
    key.push('/');
    key.push_str(name);
    key.into()
}

fn is_in(object: &Object, namespace: &str) -> bool {
    namespace.is_empty() || object.namespace() == namespace
}

impl Table {
    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.objects.get(&key(namespace, name)).cloned()
    }

    pub(super) fn list(&self, namespace: &str) -> Vec<Arc<Object>> {
        if namespace.is_empty() {
            return self.objects.values().cloned().collect();
        }
        let from = key(namespace, "");
        self.objects
            .range(from.clone()..)
            .take_while(|(key, _)| key.starts_with(&*from))
            .map(|(_, object)| Arc::clone(object))
            .collect()
    }

    /// Today's objects with the changes after `revision` undone.
    pub(super) fn list_at(&self, namespace: &str, revision: u64) -> Result<Vec<Arc<Object>>, Expired> {
        if revision < self.lost {
            return Err(Expired { oldest: self.lost });
        }
        let mut undone: BTreeMap<Box<str>, Option<Arc<Object>>> = BTreeMap::new();
        for change in self.history.iter().rev().take_while(|c| c.revision > revision) {
            let key = key(change.object.namespace(), change.object.name());
            undone.insert(key, change.previous.clone());
        }
        let mut objects: BTreeMap<&str, &Arc<Object>> = self
            .objects
            .iter()
            .filter(|(_, object)| is_in(object, namespace))
            .map(|(key, object)| (&**key, object))
            .collect();
        for (key, before) in &undone {
            match before {
                Some(object) if is_in(object, namespace) => objects.insert(key, object),
                _ => objects.remove(&**key),
            };
        }
        Ok(objects.into_values().cloned().collect())
    }

    pub(super) fn put(&mut self, object: Arc<Object>, at: Duration) {
        self.weight += object.weight();
        let previous = self.objects.insert(key(object.namespace(), object.name()), Arc::clone(&object));
        self.weight -= previous.as_ref().map_or(0, |previous| previous.weight());
        let kind = if previous.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
        self.record(Change { revision: object.revision(), kind, object, previous, at });
    }

    fn record(&mut self, change: Change) {
        self.history_weight += change.object.weight();
        self.history.push_back(change);
    }

    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    pub(super) fn remove(
        &mut self,
        namespace: &str,
        name: &str,
        revision: u64,
        at: Duration,
    ) -> Option<Arc<Object>> {
        let previous = self.objects.remove(&key(namespace, name))?;
        self.weight -= previous.weight();
        let object = Arc::new(previous.at(revision));
        let change = Change {
            revision,
            kind: ChangeKind::Deleted,
            object: Arc::clone(&object),
            previous: Some(previous),
            at,
        };
        self.record(change);
        Some(object)
    }

    /// Drops what is too old or too much; the last change stays, however much it is.
    pub(super) fn trim(&mut self, length: usize, weight: usize, not_before: Duration) {
        while let Some(oldest) = self.history.front() {
            let fits = self.history.len() <= length && self.history_weight <= weight;
            if (fits || self.history.len() == 1) && oldest.at >= not_before {
                break;
            }
            self.lost = oldest.revision;
            self.history_weight -= oldest.object.weight();
            self.history.pop_front();
        }
    }

    pub(super) fn forget(&mut self, revision: u64) {
        self.history = VecDeque::new();
        self.history_weight = 0;
        self.lost = revision;
    }

    /// The changes after `revision`, oldest first, at most `limit` of them.
    pub(super) fn changes(&self, revision: u64, limit: usize) -> Result<Vec<Change>, Expired> {
        if revision < self.lost {
            return Err(Expired { oldest: self.lost });
        }
        let from = self.history.partition_point(|change| change.revision <= revision);
        Ok(self.history.range(from..).take(limit).cloned().collect())
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.woken.subscribe()
    }

    pub(super) fn wake(&self, revision: u64) {
        self.woken.send_replace(revision);
    }
}

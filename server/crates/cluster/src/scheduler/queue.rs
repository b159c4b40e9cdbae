//! Which Pod is scheduled next: the most important one, then the oldest. Those that did not fit wait until something has
//! changed, and a little longer each time.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use super::{filter::Change, snapshot::priority};
use crate::kubelet::after;

const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// Even if nothing has changed, a Pod is looked at again after this.
const FLUSH: Duration = Duration::from_secs(300);

/// The Pods that are not bound.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pods: BTreeMap<String, Entry>,
    arrivals: u64,
}

#[derive(Debug)]
struct Entry {
    pod: Pod,
    arrival: u64,
    attempts: u32,
    state: State,
    /// Which changes may let it fit.
    cured_by: BTreeSet<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To be tried now.
    Active,
    /// To be tried at this time.
    BackingOff(Timestamp),
    /// To be tried when something changes, but not before the first time, and at the second one in any case.
    Waiting(Timestamp, Timestamp),
}

impl Queue {
    /// A Pod is new, or has changed.
    pub(super) fn push(&mut self, pod: Pod) {
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        if let Some(entry) = self.pods.get_mut(&uid) {
            // What the scheduler itself writes into the status is no reason to try again.
            let changed = entry.pod.spec != pod.spec || entry.pod.metadata.labels != pod.metadata.labels;
            entry.pod = pod;
            if changed {
                entry.state = State::Active;
            }
            return;
        }
        self.arrivals += 1;
        let entry = Entry {
            pod,
            arrival: self.arrivals,
            attempts: 0,
            state: State::Active,
            cured_by: BTreeSet::new(),
        };
        self.pods.insert(uid, entry);
    }

    pub(super) fn remove(&mut self, uid: &str) {
        self.pods.remove(uid);
    }

    pub(super) fn clear(&mut self) {
        self.pods.clear();
    }

    /// Takes the next Pod. It has to come back with [`Queue::wait`] if it does not fit.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<Pod> {
        let due = |entry: &Entry| match entry.state {
            State::Active => true,
            State::BackingOff(at) | State::Waiting(_, at) => at <= now,
        };
        let next = self.pods.iter().filter(|(_, entry)| due(entry));
        let next = next.min_by_key(|(_, entry)| (-i64::from(priority(&entry.pod)), entry.arrival));
        let uid = next.map(|(uid, _)| uid.clone())?;
        let entry = self.pods.get_mut(&uid)?;
        entry.attempts += 1;
        entry.state = State::Waiting(now, after(now, FLUSH));
        Some(entry.pod.clone())
    }

    /// A Pod that was taken does not fit until something of `cured_by` has changed.
    pub(super) fn wait(&mut self, pod: &Pod, cured_by: BTreeSet<Change>, now: Timestamp) {
        let uid = pod.metadata.uid.as_deref().unwrap_or_default();
        if let Some(entry) = self.pods.get_mut(uid) {
            let doubled = FIRST_BACKOFF * 2_u32.saturating_pow(entry.attempts.saturating_sub(1).min(8));
            entry.state = State::Waiting(after(now, doubled.min(MAX_BACKOFF)), after(now, FLUSH));
            entry.cured_by = cured_by;
        }
    }

    /// Something has changed that may let Pods fit.
    pub(super) fn something_changed(&mut self, change: Change) {
        for entry in self.pods.values_mut().filter(|entry| entry.cured_by.contains(&change)) {
            if let State::Waiting(not_before, _) = entry.state {
                entry.state = State::BackingOff(not_before);
            }
        }
    }

    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        let of = |entry: &Entry| match entry.state {
            State::Active => None,
            State::BackingOff(at) | State::Waiting(_, at) => Some(at),
        };
        self.pods.values().filter_map(of).min()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(name: &str, priority: i32) -> Pod {
        let pod = json!({"metadata": {"name": name, "uid": name}, "spec": {"priority": priority, "containers": []}});
        serde_json::from_value(pod).unwrap()
    }

    fn name(pod: Option<Pod>) -> Option<String> {
        pod.and_then(|pod| pod.metadata.name)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn the_most_important_pod_is_first_and_then_the_oldest() {
        let mut queue = Queue::default();
        for (name, priority) in [("b", 0), ("a", 0), ("c", 5)] {
            queue.push(pod(name, priority));
        }
        let order: Vec<_> = (0..4).filter_map(|_| name(queue.pop(at(0)))).collect();
        assert_eq!(order, ["c", "b", "a"]);
    }

    #[test]
    fn a_pod_that_did_not_fit_waits_for_a_change_and_longer_each_time() {
        let mut queue = Queue::default();
        queue.push(pod("a", 0));
        let first = queue.pop(at(0)).unwrap();
        queue.wait(&first, [Change::PodWent].into(), at(0));
        queue.something_changed(Change::Claims);
        assert_eq!(name(queue.pop(at(100))), None, "nothing has changed that matters");
        queue.something_changed(Change::PodWent);
        assert_eq!(name(queue.pop(at(100))), Some("a".into()));
        queue.wait(&first, [Change::PodWent].into(), at(100));
        queue.something_changed(Change::PodWent);
        assert_eq!(queue.next_wake(), Some(at(102)));
        assert_eq!(name(queue.pop(at(101))), None);
        assert_eq!(name(queue.pop(at(102))), Some("a".into()));
    }
}

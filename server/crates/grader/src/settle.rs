//! Waits, by watch, until the Pods of a submission are what they will be: ready, or beyond hope.

use std::{collections::BTreeMap, time::Duration};

use crate::observe::{
    prospect::{PATIENCE, Prospect},
    scene::{Scene, Snapshot, pod},
};

/// Waits until every Pod of the sandbox, and at least those called `expected`, are settled, or `limit` is over. `tell`
/// is told of whom is waited for, whenever that changes.
pub(crate) async fn settle(
    expected: &[&str],
    limit: Duration,
    scene: &Scene<'_>,
    mut tell: impl FnMut(&str),
) {
    let Some(mut pods) = scene.objects("Pod") else {
        return;
    };
    let clock = &*scene.cluster.clock;
    let deadline = clock.uptime().saturating_add(limit);
    let mut patience = Patience::default();
    let mut told = String::new();
    loop {
        let now = clock.uptime();
        let waiting = patience.judge(&pods.borrow_and_update(), expected, now);
        let still: Vec<&str> = waiting.iter().map(|(name, _)| name.as_str()).collect();
        if still.is_empty() || now >= deadline {
            still.iter().for_each(|name| scene.give_up(name));
            patience.hopeless().for_each(|name| scene.give_up(name));
            return;
        }
        let words = format!(
            "Waiting for {} {} to be ready",
            if still.len() == 1 { "Pod" } else { "Pods" },
            still.join(", ")
        );
        if words != told {
            tell(&words);
            told = words;
        }
        let wake = waiting.iter().filter_map(|(_, until)| *until).fold(deadline, Duration::min);
        tokio::select! {
            _ = pods.changed() => {}
            () = clock.sleep_until(wake) => {}
        }
    }
}

/// Since when which Pods are stuck.
#[derive(Debug, Default)]
struct Patience {
    stuck_since: BTreeMap<String, Duration>,
    over: Vec<String>,
}

impl Patience {
    /// The Pods that are still waited for, each with the time at which patience with it ends.
    fn judge(
        &mut self,
        pods: &Snapshot,
        expected: &[&str],
        now: Duration,
    ) -> Vec<(String, Option<Duration>)> {
        // Before the first list is in, nothing is there yet.
        let missing = expected.iter().filter(|name| !pods.objects.contains_key(**name));
        let mut waiting: Vec<(String, Option<Duration>)> =
            missing.map(|name| ((*name).to_owned(), None)).collect();
        self.over.clear();
        for (name, object) in &pods.objects {
            let prospect = pod(object).as_ref().map_or(Prospect::Over, Prospect::of);
            if prospect != Prospect::Stuck {
                self.stuck_since.remove(name);
            }
            match prospect {
                Prospect::Ready => {}
                Prospect::Over => self.over.push(name.clone()),
                Prospect::Coming => waiting.push((name.clone(), None)),
                Prospect::Stuck => {
                    let until = *self.stuck_since.entry(name.clone()).or_insert(now) + PATIENCE;
                    if now >= until {
                        self.over.push(name.clone());
                    } else {
                        waiting.push((name.clone(), Some(until)));
                    }
                }
            }
        }
        waiting
    }

    fn hopeless(&self) -> impl Iterator<Item = &str> {
        self.over.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn snapshot(pods: &[(&str, Value)]) -> Snapshot {
        let pod = |(name, status): &(&str, Value)| {
            let pod = json!({"metadata": {"name": name}, "spec": {"containers": []}, "status": status});
            ((*name).to_owned(), Arc::new(pod))
        };
        Snapshot { objects: pods.iter().map(pod).collect(), complete: true, trouble: None }
    }

    fn names(waiting: &[(String, Option<Duration>)]) -> Vec<&str> {
        waiting.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn what_is_expected_is_waited_for_until_it_is_ready() {
        let mut patience = Patience::default();
        let now = Duration::ZERO;
        assert_eq!(names(&patience.judge(&Snapshot::default(), &["a"], now)), ["a"]);
        assert_eq!(names(&patience.judge(&snapshot(&[]), &["a"], now)), ["a"]);
        assert_eq!(names(&patience.judge(&snapshot(&[("a", json!({}))]), &["a"], now)), ["a"]);
        let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
        assert!(patience.judge(&snapshot(&[("a", ready)]), &["a"], now).is_empty());
    }

    #[test]
    fn patience_with_a_stuck_pod_ends() {
        let mut patience = Patience::default();
        let stuck =
            || snapshot(&[("a", json!({"conditions": [{"type": "PodScheduled", "status": "False"}]}))]);
        let start = Duration::from_secs(5);
        assert_eq!(patience.judge(&stuck(), &["a"], start), [("a".to_owned(), Some(start + PATIENCE))]);
        assert!(patience.judge(&stuck(), &["a"], start + PATIENCE).is_empty());
        assert_eq!(patience.hopeless().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn a_pod_that_gets_unstuck_is_given_its_time_anew() {
        let mut patience = Patience::default();
        let stuck =
            || snapshot(&[("a", json!({"conditions": [{"type": "PodScheduled", "status": "False"}]}))]);
        patience.judge(&stuck(), &[], Duration::ZERO);
        patience.judge(&snapshot(&[("a", json!({}))]), &[], Duration::from_secs(10));
        let waiting = patience.judge(&stuck(), &[], Duration::from_secs(30));
        assert_eq!(waiting, [("a".to_owned(), Some(Duration::from_secs(30) + PATIENCE))]);
    }
}

//! One probe of one container: its ticker and its counts.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStatus, Probe};

use super::{ProbeKind, ProbeOutcome, Verdict};
use crate::kubelet::pod::{backoff::after, status::instance_id};

#[derive(Clone, Debug)]
pub(super) struct Worker {
    kind: ProbeKind,
    period: Duration,
    initial_delay: Duration,
    failure_threshold: u32,
    success_threshold: u32,
    /// Ticks are at multiples of the period after this.
    ticker_from: Timestamp,
    /// Ticks up to here are spent.
    spent: Timestamp,
    /// A probe that does not wait for the tick.
    triggered: bool,
    in_flight: bool,
    /// The instance that the counts are about.
    instance: Option<String>,
    /// No more probes of this instance: it is about to be replaced, or has started up.
    on_hold: bool,
    /// The last result, and how many of that kind there were in a row.
    last: Option<(Verdict, u32)>,
    verdict: Option<Verdict>,
}

impl Worker {
    pub(super) fn new(kind: ProbeKind, probe: &Probe, now: Timestamp) -> Self {
        let seconds = |value: Option<i32>| Duration::from_secs(value.map_or(0, i32::unsigned_abs).into());
        let count =
            |value: Option<i32>, default| value.and_then(|v| u32::try_from(v).ok()).unwrap_or(default);
        Self {
            kind,
            period: seconds(probe.period_seconds.filter(|seconds| *seconds > 0).or(Some(10))),
            initial_delay: seconds(probe.initial_delay_seconds.filter(|seconds| *seconds > 0)),
            failure_threshold: count(probe.failure_threshold, 3),
            success_threshold: count(probe.success_threshold, 1),
            ticker_from: now,
            spent: now,
            triggered: false,
            in_flight: false,
            instance: None,
            on_hold: false,
            last: None,
            verdict: None,
        }
    }

    pub(super) fn verdict_of(&self, instance: &str) -> Option<Verdict> {
        self.verdict.filter(|_| self.instance.as_deref() == Some(instance))
    }

    pub(super) fn trigger(&mut self, now: Timestamp) {
        if !self.in_flight {
            self.triggered = true;
            self.ticker_from = now;
            self.spent = now;
        }
    }

    /// Starts a probe, if it is time for one: returns the instance to probe.
    pub(super) fn poll(&mut self, status: &ContainerStatus, now: Timestamp) -> Option<String> {
        if self.in_flight {
            return None;
        }
        let instance = instance_id(status)?;
        if self.instance.as_deref() != Some(instance) {
            self.instance = Some(instance.to_owned());
            (self.on_hold, self.last, self.verdict) = (false, None, None);
        }
        let from = self.wanted_from(status);
        let triggered = std::mem::take(&mut self.triggered) && from.is_some_and(|from| from <= now);
        let due = triggered || self.next_tick(status).is_some_and(|tick| tick <= now);
        if due || from.is_none_or(|from| from > now) {
            self.spent = now;
        }
        self.in_flight = due;
        due.then(|| instance.to_owned())
    }

    /// The next tick at which there is something to probe.
    pub(super) fn next_tick(&self, status: &ContainerStatus) -> Option<Timestamp> {
        if self.in_flight {
            return None;
        }
        let from = self.wanted_from(status)?;
        let next = self.tick_from(after(self.spent, Duration::from_nanos(1)));
        Some(if next < from { self.tick_from(from) } else { next })
    }

    /// From when on this container is to be probed; `None` if it is not, as it stands.
    fn wanted_from(&self, status: &ContainerStatus) -> Option<Timestamp> {
        let running = status.state.as_ref()?.running.as_ref()?;
        let held = self.on_hold && self.instance.as_deref() == instance_id(status);
        let started = status.started == Some(true);
        if held || started == (self.kind == ProbeKind::Startup) {
            return None;
        }
        // The status has whole seconds, and so has the comparison in the kubelet.
        let started_at = running.started_at.as_ref()?.0;
        Some(after(started_at, self.initial_delay))
    }

    /// The first tick at or after `time`.
    fn tick_from(&self, time: Timestamp) -> Timestamp {
        let period = self.period.as_nanos();
        let since = time.duration_since(self.ticker_from);
        let nanos = Duration::try_from(since).unwrap_or_default().as_nanos();
        let ticks = u32::try_from(nanos.div_ceil(period)).unwrap_or(u32::MAX);
        after(self.ticker_from, self.period.saturating_mul(ticks))
    }

    /// Takes the outcome of the probe in flight. Returns the verdict, if it is new.
    pub(super) fn record(&mut self, instance: &str, outcome: &ProbeOutcome) -> Option<Verdict> {
        self.in_flight = false;
        if self.instance.as_deref() != Some(instance) {
            return None;
        }
        let result = match outcome {
            ProbeOutcome::Success | ProbeOutcome::Warning(_) => Verdict::Success,
            ProbeOutcome::Failure(_) => Verdict::Failure,
            ProbeOutcome::Error(_) => return None,
        };
        let run = match self.last {
            Some((last, run)) if last == result => run.saturating_add(1),
            _ => 1,
        };
        self.last = Some((result, run));
        let threshold = match result {
            Verdict::Success => self.success_threshold,
            Verdict::Failure => self.failure_threshold,
        };
        if run < threshold {
            return None;
        }
        if self.kind == ProbeKind::Startup || (self.kind == ProbeKind::Liveness && result == Verdict::Failure)
        {
            self.on_hold = true;
            self.last = None;
        }
        let before = self.verdict.replace(result);
        let initial = match self.kind {
            ProbeKind::Startup => None,
            ProbeKind::Liveness => Some(Verdict::Success),
            ProbeKind::Readiness => Some(Verdict::Failure),
        };
        (before.or(initial) != Some(result)).then_some(result)
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::{
        api::core::v1::{ContainerState, ContainerStateRunning},
        apimachinery::pkg::apis::meta::v1::Time,
    };

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000_000 + millis).unwrap()
    }

    fn running(id: &str, since: i64, started: bool) -> ContainerStatus {
        let state = ContainerStateRunning { started_at: Some(Time(at(since))) };
        ContainerStatus {
            name: "c".into(),
            container_id: Some(format!("containerd://{id}")),
            started: Some(started),
            state: Some(ContainerState { running: Some(state), ..ContainerState::default() }),
            ..ContainerStatus::default()
        }
    }

    fn probe(period: i32, delay: i32, failures: i32) -> Probe {
        Probe {
            period_seconds: Some(period),
            initial_delay_seconds: Some(delay),
            failure_threshold: Some(failures),
            success_threshold: Some(1),
            ..Probe::default()
        }
    }

    #[test]
    fn liveness_keeps_to_the_ticks_since_the_pods_start_and_to_the_initial_delay() {
        let mut worker = Worker::new(ProbeKind::Liveness, &probe(2, 3, 3), at(200));
        let status = running("a", 1000, true);
        assert_eq!(worker.next_tick(&status), Some(at(4200)), "2.2 comes before 1 + 3 seconds");
        assert_eq!(worker.poll(&status, at(2200)), None);
        assert_eq!(worker.poll(&status, at(4200)), Some("a".into()));
        assert_eq!(worker.next_tick(&status), None, "one at a time");
        assert_eq!(worker.record("a", &ProbeOutcome::Success), None, "as it was presumed");
        assert_eq!(worker.next_tick(&status), Some(at(6200)));
    }

    #[test]
    fn a_probe_that_outlasts_its_period_is_followed_by_the_next_at_once_and_by_one_only() {
        let mut worker = Worker::new(ProbeKind::Readiness, &probe(1, 0, 3), at(0));
        let status = running("a", 0, true);
        assert!(worker.poll(&status, at(1000)).is_some());
        worker.record("a", &ProbeOutcome::Success);
        assert!(worker.poll(&status, at(4500)).is_some());
        worker.record("a", &ProbeOutcome::Success);
        assert_eq!(worker.next_tick(&status), Some(at(5000)));
    }

    #[test]
    fn the_verdict_changes_only_at_the_threshold() {
        let mut worker = Worker::new(ProbeKind::Liveness, &probe(1, 0, 3), at(0));
        let status = running("a", 0, true);
        let failure = ProbeOutcome::Failure("no".into());
        let mut verdicts = Vec::new();
        for second in 1..=3 {
            assert!(worker.poll(&status, at(second * 1000)).is_some());
            verdicts.push(worker.record("a", &failure));
        }
        assert_eq!(verdicts, [None, None, Some(Verdict::Failure)]);
        assert_eq!(worker.next_tick(&status), None, "on hold until there is a new instance");
        assert!(worker.next_tick(&running("b", 4000, true)).is_some());
    }

    #[test]
    fn readiness_waits_for_startup_and_can_be_asked_for_at_once() {
        let mut worker = Worker::new(ProbeKind::Readiness, &probe(10, 0, 3), at(0));
        assert_eq!(worker.next_tick(&running("a", 0, false)), None);
        worker.trigger(at(7300));
        assert_eq!(worker.poll(&running("a", 0, true), at(7300)), Some("a".into()));
        assert_eq!(worker.record("a", &ProbeOutcome::Success), Some(Verdict::Success));
        assert_eq!(worker.next_tick(&running("a", 0, true)), Some(at(17_300)), "the ticker was reset");
    }

    #[test]
    fn an_error_of_the_probe_itself_counts_for_nothing() {
        let mut worker = Worker::new(ProbeKind::Liveness, &probe(1, 0, 1), at(0));
        assert!(worker.poll(&running("a", 0, true), at(1000)).is_some());
        assert_eq!(worker.record("a", &ProbeOutcome::Error("exec failed".into())), None);
        assert_eq!(worker.verdict_of("a"), None);
    }
}

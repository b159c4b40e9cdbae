//! Delays between attempts that fail: 10 seconds, doubled each time up to 5 minutes.
//!
//! The kubelet keeps two of these for each Pod: one for restarts (CrashLoopBackOff) and one for image pulls
//! (ImagePullBackOff). See "Container restart policy" in Kubernetes' page on the Pod lifecycle.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

const INITIAL: Duration = Duration::from_secs(10);
const MAX: Duration = Duration::from_secs(300);

/// After this long without trouble a key starts from the beginning.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// The delays of one Pod's containers (or images).
#[derive(Clone, Debug, Default)]
pub(crate) struct Backoff {
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    delay: Duration,
    updated: Timestamp,
}

/// A delay that has not passed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delay {
    /// How long it is in all.
    pub(crate) length: Duration,
    /// When it ends.
    pub(crate) until: Timestamp,
}

impl Backoff {
    /// The delay that counts from `event` (a container's exit), if it has not passed at `now`.
    pub(crate) fn since(&self, key: &str, event: Timestamp, now: Timestamp) -> Option<Delay> {
        let entry = self.entries.get(key).filter(|entry| !entry.is_forgotten_at(event))?;
        Delay { length: entry.delay, until: after(event, entry.delay) }.unless_past(now)
    }

    /// The delay that counts from the last failure, if it has not passed at `now`.
    pub(crate) fn since_update(&self, key: &str, now: Timestamp) -> Option<Delay> {
        let entry = self.entries.get(key).filter(|entry| !entry.is_forgotten_at(now))?;
        Delay { length: entry.delay, until: after(entry.updated, entry.delay) }.unless_past(now)
    }

    /// The next attempt has to wait longer than the last one. `event` is what the attempt follows.
    pub(crate) fn extend(&mut self, key: &str, event: Timestamp, now: Timestamp) {
        let delay = match self.entries.get(key) {
            Some(entry) if !entry.is_forgotten_at(event) => (entry.delay * 2).min(MAX),
            _ => INITIAL,
        };
        self.entries.insert(key.to_owned(), Entry { delay, updated: now });
    }
}

impl Entry {
    fn is_forgotten_at(&self, event: Timestamp) -> bool {
        event.duration_since(self.updated) > FORGOTTEN_AFTER.try_into().unwrap_or_default()
    }
}

impl Delay {
    fn unless_past(self, now: Timestamp) -> Option<Self> {
        (now < self.until).then_some(self)
    }
}

/// `time` plus `duration`; the end of time where that is past it.
pub(crate) fn after(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    #[test]
    fn the_delay_doubles_up_to_five_minutes() {
        let mut backoff = Backoff::default();
        let mut now = 0;
        let mut lengths = Vec::new();
        assert_eq!(backoff.since("a", at(now), at(now)), None);
        for _ in 0..7 {
            backoff.extend("a", at(now), at(now));
            let delay = backoff.since("a", at(now), at(now)).unwrap();
            lengths.push(delay.length.as_secs());
            now += i64::try_from(delay.length.as_secs()).unwrap();
            assert_eq!(backoff.since("a", at(now) - delay.length, at(now)), None, "over at its end");
        }
        assert_eq!(lengths, [10, 20, 40, 80, 160, 300, 300]);
    }

    #[test]
    fn ten_quiet_minutes_start_it_from_the_beginning() {
        let mut backoff = Backoff::default();
        backoff.extend("a", at(0), at(0));
        backoff.extend("a", at(10), at(10));
        assert_eq!(backoff.since("a", at(611), at(611)), None);
        backoff.extend("a", at(611), at(611));
        assert_eq!(backoff.since("a", at(611), at(611)).unwrap().length, INITIAL);
    }
}

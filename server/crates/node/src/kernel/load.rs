//! The load averages of a machine (`/proc/loadavg`, `uptime`, `top`).
//!
//! Linux samples how many tasks can run every five seconds and lets each sample fade over 1, 5 and 15 minutes
//! (proc_loadavg(5)). Nothing here wakes up for that: what containers used is added up, and folded in when five
//! seconds or more have gone by, with the weight that so much time has.

use std::{fmt, time::Duration};

/// What fades after about as many seconds.
const SECONDS: [f64; 3] = [60.0, 300.0, 900.0];
/// How long use is added up before it is folded in.
const SAMPLE: Duration = Duration::from_secs(5);

/// The averages over 1, 5 and 15 minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Load(pub(crate) [f64; 3]);

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, five, fifteen] = self.0;
        write!(f, "{one:.2} {five:.2} {fifteen:.2}")
    }
}

/// Keeps the averages.
#[derive(Debug, Default)]
pub(super) struct Meter {
    load: Load,
    /// Processor time that was used since `folded`.
    nanos: u64,
    folded: Duration,
}

impl Meter {
    /// Processor time that a container used.
    pub(super) fn add(&mut self, nanos: u64, now: Duration) {
        self.fold(now);
        self.nanos += nanos;
    }

    /// The averages as they are now.
    pub(super) fn read(&mut self, now: Duration) -> Load {
        self.fold(now);
        self.load
    }

    fn fold(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.folded);
        if elapsed < SAMPLE {
            return;
        }
        let elapsed = elapsed.as_secs_f64();
        let running = Duration::from_nanos(self.nanos).as_secs_f64() / elapsed;
        for (average, seconds) in self.load.0.iter_mut().zip(SECONDS) {
            let kept = (-elapsed / seconds).exp();
            *average = *average * kept + running * (1.0 - kept);
        }
        self.nanos = 0;
        self.folded = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_core_is_a_load_of_one_that_fades_when_it_rests() {
        let mut meter = Meter::default();
        assert_eq!(meter.read(Duration::from_secs(100)).to_string(), "0.00 0.00 0.00");
        for second in 100..400 {
            meter.add(1_000_000_000, Duration::from_secs(second));
        }
        let [one, five, fifteen] = meter.read(Duration::from_secs(400)).0;
        assert!(one > 0.95 && one < 1.01 && five < one && fifteen < five, "{one} {five} {fifteen}");
        let later = meter.read(Duration::from_secs(400 + 600)).0;
        assert!(later[0] < 0.01 && later[2] > later[0], "{later:?}");
    }
}

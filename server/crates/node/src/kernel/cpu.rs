//! Processor time: counted in steps, handed out by a token bucket on the cluster's clock.
//!
//! A step is what an interpreter does at once: a simple command, an expansion, a kilobyte moved. Short bursts run as
//! fast as the machine can; what goes on and on gets a steady, small number of steps a second, so that an endless loop
//! lets time go on (on the fast clock) and costs its owner's share only (on the wall clock). To the container it
//! looks as if it used its processors all the while.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{host::Host, wait::lock};
use crate::env::seconds;

/// What one step counts as in a container's own figures, in nanoseconds.
const STEP_NANOS: u64 = 500;
/// How many seconds of its own speed a share can save up.
const BURST_SECONDS: u64 = 2;
/// After this long without use the burst is there again, although the steady pace would take longer.
const QUIET: Duration = Duration::from_millis(900);
/// Who has used less than this part of its burst does not rest where others have used up what all share.
const MODEST: i64 = 16;
/// How long one that has used up its share rests at least, so that it does not wake up for every step.
const REST: Duration = Duration::from_millis(10);

/// A share of the processors.
#[derive(Debug)]
pub(crate) struct Cpu {
    host: Arc<Host>,
    state: Mutex<State>,
    parent: Option<Arc<Cpu>>,
}

#[derive(Debug)]
struct State {
    /// Thousandths of a core.
    millis: u64,
    /// Whether that is a limit of its own, not what the machine has.
    limited: bool,
    /// What it is to get first, in thousandths of a core.
    request_millis: u64,
    /// Steps that may be taken at once; below zero one has to wait.
    tokens: i64,
    refilled: Duration,
    /// When it was last used.
    charged: Duration,
    used_nanos: u64,
    /// Up to when it counts as having used all of its share.
    busy_until: Duration,
    /// What of `used_nanos` came of steps since then.
    since_rest: u64,
    /// How often it had to rest, and for how long in all.
    rests: u64,
    rested: Duration,
    began: Duration,
}

impl State {
    /// Steps that a real machine would take in a second of this share.
    fn per_second(&self) -> u64 {
        self.millis * 1_000_000 / STEP_NANOS
    }

    /// Whole cores, at least one: a small share is slow by itself.
    fn cores(&self) -> u64 {
        (self.millis / 1000).max(1)
    }

    /// The most that can be saved up.
    fn burst(&self, host: &Host) -> i64 {
        let own = self.per_second().saturating_mul(BURST_SECONDS);
        i64::try_from(own.min(host.burst_steps.saturating_mul(self.cores()))).unwrap_or(i64::MAX)
    }

    /// Steps a second in the long run.
    fn pace(&self, host: &Host) -> f64 {
        let machine = host.steady_steps.saturating_mul(self.cores());
        (self.per_second().min(machine) as f64).max(100.0)
    }

    fn refill(&mut self, host: &Host, now: Duration) {
        let elapsed = now.saturating_sub(self.refilled);
        let gained = (elapsed.as_secs_f64() * self.pace(host)) as i64;
        if gained > 0 {
            self.tokens = self.tokens.saturating_add(gained).min(self.burst(host));
            self.refilled = now;
        }
    }
}

impl Cpu {
    /// A share of `millis` thousandths of a core, out of `parent`'s.
    pub(crate) fn new(host: &Arc<Host>, millis: u64, parent: Option<Arc<Self>>) -> Arc<Self> {
        let mut state = State {
            millis,
            limited: false,
            request_millis: 0,
            rests: 0,
            rested: Duration::ZERO,
            began: host.env.clock.uptime(),
            tokens: 0,
            refilled: host.env.clock.uptime(),
            charged: Duration::ZERO,
            used_nanos: 0,
            busy_until: Duration::ZERO,
            since_rest: 0,
        };
        state.tokens = state.burst(host);
        Arc::new(Self { host: Arc::clone(host), state: Mutex::new(state), parent })
    }

    /// Changes the share: a limit, and what it is to get first, in thousandths of a core.
    pub(crate) fn set_share(&self, limit: Option<u64>, request: Option<u64>) {
        let mut state = lock(&self.state);
        state.millis = limit.unwrap_or(self.host.cpu_millis);
        state.limited = limit.is_some();
        // The kubelet takes the limit for the request where there is none.
        state.request_millis = request.or(limit).unwrap_or(0);
        state.tokens = state.tokens.min(state.burst(&self.host));
    }

    /// Its own limit in thousandths of a core.
    pub(crate) fn limit_millis(&self) -> Option<u64> {
        let state = lock(&self.state);
        state.limited.then_some(state.millis)
    }

    /// What it is to get first, in thousandths of a core.
    pub(crate) fn request_millis(&self) -> u64 {
        lock(&self.state).request_millis
    }

    /// In how many periods of 0.1 s it could have run, in how many of them it had to rest, and how long.
    pub(crate) fn throttling(&self) -> (u64, u64, Duration) {
        let state = lock(&self.state);
        if !state.limited {
            return (0, 0, Duration::ZERO);
        }
        let periods = (self.host.env.clock.uptime().saturating_sub(state.began).as_millis() / 100) as u64;
        (periods, state.rests.min(periods), state.rested)
    }

    /// Processor time that was used, in nanoseconds.
    pub(crate) fn used_nanos(&self) -> u64 {
        lock(&self.state).used_nanos
    }

    /// Uses `steps`. Returns how long to rest first, if the share is used up.
    pub(crate) fn charge(&self, steps: u32) -> Option<Duration> {
        self.charge_at(steps, self.host.env.clock.uptime())
    }

    fn charge_at(&self, steps: u32, now: Duration) -> Option<Duration> {
        let (own, modest) = {
            let mut state = lock(&self.state);
            let used_before = state.used_nanos;
            let own_nanos = u64::from(steps) * STEP_NANOS;
            state.used_nanos += own_nanos;
            state.since_rest += own_nanos;
            if now.saturating_sub(state.charged) >= QUIET {
                state.tokens = state.burst(&self.host);
                state.refilled = now;
                state.since_rest = 0;
            }
            state.charged = now;
            state.refill(&self.host, now);
            state.tokens -= i64::from(steps);
            let wait = (state.tokens < 0).then(|| {
                let wait = seconds(-(state.tokens as f64) / state.pace(&self.host)).max(REST);
                // It has been running all that time, as far as it can tell; several processes have no more than the share.
                let from = now.max(state.busy_until);
                let until = now + wait;
                let share = until.saturating_sub(from).as_nanos() as u64 * state.millis / 1000;
                state.used_nanos += share.saturating_sub(state.since_rest);
                state.since_rest = state.since_rest.saturating_sub(share);
                state.busy_until = from.max(until);
                state.rests += 1;
                state.rested += wait;
                wait
            });
            // What has no share above it is the machine as a whole.
            if self.parent.is_some() {
                self.host.count_use(state.used_nanos - used_before);
            }
            let burst = state.burst(&self.host);
            (wait, state.tokens >= burst - burst / MODEST)
        };
        let above = self.parent.as_ref().and_then(|parent| parent.charge_at(steps, now));
        own.max(above.filter(|_| !modest))
    }
}

//! What a cluster and its nodes are handed instead of an operating system: a clock, a way to spawn tasks and
//! a seed. Nothing else in `node` and `cluster` reads a clock, starts a thread or asks for randomness.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use jiff::Timestamp;

/// The longest time that somebody may ask a program to wait, in seconds: some thirty years. It can be added to any date.
const LONGEST: f64 = 1e9;

/// A length of time in seconds that comes from outside: nothing for what is none, and no longer than anybody waits.
#[expect(clippy::disallowed_methods, reason = "the one place where its bounds are seen to")]
pub(crate) fn seconds(value: f64) -> Duration {
    // Not a number is no more than nothing.
    Duration::from_secs_f64(if value > 0.0 { value.min(LONGEST) } else { 0.0 })
}

/// A future on the heap that may move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Time as an input.
///
/// A clock has two faces: [`Clock::uptime`] counts from the clock's beginning and is what timers use;
/// [`Clock::now`] is the date that a container or an API object is shown.
pub trait Clock: Send + Sync + 'static {
    /// Time since the clock began; never goes back.
    fn uptime(&self) -> Duration;

    /// The date.
    fn now(&self) -> Timestamp;

    /// Completes when [`Clock::uptime`] has reached `deadline`.
    fn sleep_until(&self, deadline: Duration) -> BoxFuture<()>;
}

/// A way to run tasks beside the caller.
pub trait Spawner: Send + Sync + 'static {
    /// Runs `task` to its end; it is dropped where the runtime stops before.
    fn spawn(&self, task: BoxFuture<()>);
}

/// What a cluster or a node is given at its start. Cloning shares the clock and the spawner.
#[derive(Clone)]
pub struct Env {
    /// The clock that all timers and dates come from.
    pub clock: Arc<dyn Clock>,
    /// Where tasks run.
    pub spawner: Arc<dyn Spawner>,
    /// The seed of everything random that need not be secret (names' suffixes, addresses, `$RANDOM`): the same
    /// seed on a manual or fast clock gives the same run.
    pub seed: u64,
}

impl Env {
    /// Sleeps for `duration` on this environment's clock.
    pub fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        self.clock.sleep_until(self.clock.uptime().saturating_add(duration))
    }

    /// Runs `task` beside the caller.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawner.spawn(Box::pin(task));
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("uptime", &self.clock.uptime()).field("seed", &self.seed).finish()
    }
}

pub use on_tokio::{TokioClock, TokioSpawner};

mod on_tokio {
    //! The environment of a program that runs on tokio. Whoever composes the program makes one, on the runtime
    //! that it is for: an ordinary runtime gives wall time; one built with `start_paused` gives fast time (when no
    //! task can run, the clock moves to the next timer) or, with `tokio::time::advance`, manual time.
    #![expect(clippy::disallowed_methods, reason = "the one place where the clock that is handed in is made")]

    use super::{Arc, BoxFuture, Clock, Duration, Env, Spawner, Timestamp};

    /// A clock over `tokio::time`, which says the date `epoch` at its beginning.
    #[derive(Clone, Copy, Debug)]
    pub struct TokioClock {
        epoch: Timestamp,
        start: tokio::time::Instant,
    }

    impl TokioClock {
        /// A clock that begins now, and calls that moment `epoch`.
        pub fn new(epoch: Timestamp) -> Self {
            Self { epoch, start: tokio::time::Instant::now() }
        }
    }

    impl Clock for TokioClock {
        fn uptime(&self) -> Duration {
            self.start.elapsed()
        }

        fn now(&self) -> Timestamp {
            self.epoch.checked_add(self.uptime()).unwrap_or(Timestamp::MAX)
        }

        fn sleep_until(&self, deadline: Duration) -> BoxFuture<()> {
            match self.start.checked_add(deadline) {
                Some(at) => Box::pin(tokio::time::sleep_until(at)),
                None => Box::pin(std::future::pending()),
            }
        }
    }

    /// Spawns on the tokio runtime whose handle it holds.
    #[derive(Clone, Debug)]
    pub struct TokioSpawner(tokio::runtime::Handle);

    impl Spawner for TokioSpawner {
        fn spawn(&self, task: BoxFuture<()>) {
            self.0.spawn(task);
        }
    }

    impl Env {
        /// An environment on the current tokio runtime, whose date now is `epoch`.
        ///
        /// # Panics
        ///
        /// Outside a tokio runtime, as [`tokio::runtime::Handle::current`] does.
        pub fn on_current_runtime(epoch: Timestamp, seed: u64) -> Self {
            Self {
                clock: Arc::new(TokioClock::new(epoch)),
                spawner: Arc::new(TokioSpawner(tokio::runtime::Handle::current())),
                seed,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_from_outside_are_never_more_or_less_than_a_time_can_be() {
        assert_eq!(seconds(1.5), Duration::from_millis(1500));
        for none in [f64::NAN, f64::NEG_INFINITY, -1.0, 0.0] {
            assert_eq!(seconds(none), Duration::ZERO);
        }
        for long in [f64::INFINITY, 1e300] {
            assert_eq!(seconds(long), Duration::from_secs(1_000_000_000));
        }
    }
}

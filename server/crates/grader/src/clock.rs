//! Time as an input: the grader reads no clock of its own, so that the same code grades on a real cluster in real time
//! and in a sandbox whose clock runs as fast as there is nothing to do.

use std::{future::Future, pin::Pin, time::Duration};

/// A future on the heap that may move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The time of the cluster that is graded on.
pub trait Clock: Send + Sync {
    /// Time since the clock began; never goes back.
    fn uptime(&self) -> Duration;

    /// Completes when [`Clock::uptime`] has reached `deadline`.
    fn sleep_until(&self, deadline: Duration) -> BoxFuture<()>;
}

impl dyn Clock + '_ {
    /// Sleeps for `period`.
    pub(crate) async fn sleep(&self, period: Duration) {
        self.sleep_until(self.uptime().saturating_add(period)).await;
    }

    /// What `future` gives, or `None` when `period` is over first.
    pub(crate) async fn within<T>(&self, period: Duration, future: impl Future<Output = T>) -> Option<T> {
        let over = self.sleep_until(self.uptime().saturating_add(period));
        tokio::select! {
            biased;
            value = future => Some(value),
            () = over => None,
        }
    }
}

//! Wait queues: how a task that cannot go on is woken when a kernel object changes.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
};

/// Tasks that wait for one kernel object to change.
///
/// An object keeps its queue under the same lock as its state: a task looks at the state, finds that it must
/// wait and registers, all under the lock, so that no wake-up is lost. Whoever changes the state wakes all of them;
/// each looks again.
#[derive(Debug, Default)]
pub(crate) struct WaitQueue(Vec<Waker>);

impl WaitQueue {
    /// Has the task of `cx` woken at the next [`WaitQueue::wake`].
    pub(crate) fn register(&mut self, cx: &Context<'_>) {
        if !self.0.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.0.push(cx.waker().clone());
        }
    }

    /// Wakes every task that is registered, and forgets them.
    pub(crate) fn wake(&mut self) {
        for waker in self.0.drain(..) {
            waker.wake();
        }
        if self.0.capacity() > 4 {
            self.0 = Vec::new();
        }
    }
}

/// Locks `mutex`; what a panicking task left behind is still consistent, since no lock here is held across a call
/// that can panic half-way through a change.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

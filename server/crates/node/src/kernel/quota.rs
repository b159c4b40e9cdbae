//! Bounds on what is held: bytes of a volume, of a node's disk, of podlab's own memory.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

use super::wait::{WaitQueue, lock};

/// An amount that may be used, part of a larger one perhaps.
#[derive(Debug)]
pub(crate) struct Quota {
    limit: u64,
    used: AtomicU64,
    parent: Option<Arc<Quota>>,
    /// Tasks that wait for more to be used, and the least amount that one of them waits for.
    watchers: Mutex<WaitQueue>,
    watched: AtomicU64,
}

/// The quota is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QuotaExceeded;

impl Quota {
    /// An amount of `limit`, taken from `parent` as it is used.
    pub(crate) fn new(limit: u64, parent: Option<Arc<Self>>) -> Arc<Self> {
        Arc::new(Self {
            limit,
            used: AtomicU64::new(0),
            parent,
            watchers: Mutex::default(),
            watched: AtomicU64::new(u64::MAX),
        })
    }

    /// No room: for what holds nothing, such as `/proc`.
    pub(crate) fn none() -> Arc<Self> {
        static NONE: OnceLock<Arc<Quota>> = OnceLock::new();
        Arc::clone(NONE.get_or_init(|| Self::new(0, None)))
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// The least that is left here and in every quota above.
    pub(crate) fn left(&self) -> u64 {
        let own = self.limit.saturating_sub(self.used());
        self.parent.as_ref().map_or(own, |parent| own.min(parent.left()))
    }

    /// Uses `amount`, all of it or nothing.
    pub(crate) fn charge(&self, amount: u64) -> Result<(), QuotaExceeded> {
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(amount).filter(|sum| *sum <= self.limit)
        });
        let before = taken.map_err(|_| QuotaExceeded)?;
        if let Some(parent) = &self.parent
            && parent.charge(amount).is_err()
        {
            self.used.fetch_sub(amount, Ordering::Relaxed);
            return Err(QuotaExceeded);
        }
        self.tell(before + amount);
        Ok(())
    }

    /// Wakes those who wait for `used` to be more than it was.
    fn tell(&self, used: u64) {
        if used > self.watched.load(Ordering::Relaxed) {
            self.watched.store(u64::MAX, Ordering::Relaxed);
            lock(&self.watchers).wake();
        }
    }

    /// Uses `amount` even where that passes the limit: for what was already taken and turned out a little larger.
    pub(crate) fn charge_anyway(&self, amount: u64) {
        let before = self.used.fetch_add(amount, Ordering::Relaxed);
        self.tell(before + amount);
        if let Some(parent) = &self.parent {
            parent.charge_anyway(amount);
        }
    }

    /// Gives `amount` back.
    pub(crate) fn release(&self, amount: u64) {
        self.used.fetch_sub(amount, Ordering::Relaxed);
        if let Some(parent) = &self.parent {
            parent.release(amount);
        }
    }

    /// Completes when more than `amount` is used.
    pub(crate) async fn exceeds(&self, amount: u64) {
        poll_fn(|cx| {
            let mut watchers = lock(&self.watchers);
            self.watched.fetch_min(amount, Ordering::Relaxed);
            if self.used() > amount {
                return Poll::Ready(());
            }
            watchers.register(cx);
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Quota, QuotaExceeded};

    #[test]
    fn a_charge_counts_in_every_quota_above_or_in_none() {
        let disk = Quota::new(100, None);
        let volume = Quota::new(80, Some(disk.clone()));
        assert_eq!(disk.charge(50), Ok(()));
        assert_eq!(volume.charge(60), Err(QuotaExceeded));
        assert_eq!((volume.used(), disk.used()), (0, 50));
        assert_eq!(volume.charge(40), Ok(()));
        assert_eq!((volume.used(), disk.used()), (40, 90));
        volume.release(40);
        assert_eq!((volume.used(), disk.used()), (0, 50));
    }
}

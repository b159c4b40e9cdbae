//! Memory: what processes and in-memory volumes hold, against a limit that kills.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::wait::lock;

/// The memory of a container. What it counts is what real programs would hold, not what podlab does.
#[derive(Debug)]
pub(crate) struct Memory {
    used: AtomicU64,
    peak: AtomicU64,
    /// What of it is pages of files in memory.
    shared: AtomicU64,
    limit: Mutex<Option<u64>>,
    /// The limit was passed: the container is being killed for it.
    oom: AtomicBool,
}

/// The limit was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfMemory;

impl Memory {
    pub(crate) fn new(limit: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            shared: AtomicU64::new(0),
            limit: Mutex::new(limit),
            oom: AtomicBool::new(false),
        })
    }

    pub(crate) fn limit(&self) -> Option<u64> {
        *lock(&self.limit)
    }

    pub(crate) fn set_limit(&self, limit: Option<u64>) {
        *lock(&self.limit) = limit;
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// What of it is pages of files in memory.
    pub(crate) fn shared(&self) -> u64 {
        self.shared.load(Ordering::Relaxed)
    }

    /// Holds a file's pages.
    pub(crate) fn hold_pages(&self, bytes: u64) -> Result<(), OutOfMemory> {
        self.shared.fetch_add(bytes, Ordering::Relaxed);
        self.change(0, bytes)
    }

    /// Holds a file's pages no longer.
    pub(crate) fn release_pages(&self, bytes: u64) {
        self.shared.fetch_sub(bytes, Ordering::Relaxed);
        // Giving back cannot fail.
        let _ = self.change(bytes, 0);
    }

    /// The most that was ever used.
    pub(crate) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    /// Whether it was ever passed.
    pub(crate) fn was_exceeded(&self) -> bool {
        self.oom.load(Ordering::Relaxed)
    }

    /// Holds `change` bytes more (or less).
    pub(crate) fn change(&self, from: u64, to: u64) -> Result<(), OutOfMemory> {
        let used = if to >= from {
            self.used.fetch_add(to - from, Ordering::Relaxed) + (to - from)
        } else {
            let less = from - to;
            self.used.fetch_sub(less, Ordering::Relaxed).saturating_sub(less)
        };
        self.peak.fetch_max(used, Ordering::Relaxed);
        if to > from && self.limit().is_some_and(|limit| used > limit) {
            self.oom.store(true, Ordering::Relaxed);
            return Err(OutOfMemory);
        }
        Ok(())
    }
}

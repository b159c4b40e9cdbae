//! The ends of objects, for the garbage collector: what was removed, and whose deletion waits for it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::object::{Object, finalizers};

/// How many ends wait to be looked at.
const CAPACITY: usize = 4096;

/// The finalizers that stand for the garbage collector's own work.
pub(crate) const ORPHAN: &str = "orphan";
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

/// An object whose owned objects have to be looked at.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// Where it is, or was, stored.
    pub(crate) storage: Box<str>,
    pub(crate) object: Arc<Object>,
    /// Whether it is gone; otherwise its deletion waits for one of the collector's finalizers.
    pub(crate) gone: bool,
}

/// The ends that nobody has looked at yet.
#[derive(Debug, Default)]
pub(crate) struct Endings {
    waiting: Mutex<Waiting>,
    woken: Notify,
}

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) endings: VecDeque<Ending>,
    /// Some did not fit in: everything has to be looked at.
    pub(crate) missed: bool,
}

impl Endings {
    /// Takes note of an object that was removed.
    pub(super) fn removed(&self, storage: &str, object: &Arc<Object>) {
        self.push(Ending { storage: storage.into(), object: Arc::clone(object), gone: true });
    }

    /// Takes note of an object that was written, if its deletion waits for the collector.
    pub(super) fn written(&self, storage: &str, object: &Arc<Object>) {
        let waits = |finalizer: &str| matches!(finalizer, ORPHAN | FOREGROUND);
        if object.is_deleting() && finalizers(object.value()).any(waits) {
            self.push(Ending { storage: storage.into(), object: Arc::clone(object), gone: false });
        }
    }

    fn push(&self, ending: Ending) {
        let mut waiting = self.lock();
        if waiting.endings.len() < CAPACITY {
            waiting.endings.push_back(ending);
        } else {
            waiting.missed = true;
        }
        drop(waiting);
        self.woken.notify_one();
    }

    /// Waits until there is something, and takes all of it.
    pub(crate) async fn take(&self) -> Waiting {
        loop {
            let waiting = std::mem::take(&mut *self.lock());
            if waiting.missed || !waiting.endings.is_empty() {
                return waiting;
            }
            self.woken.notified().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

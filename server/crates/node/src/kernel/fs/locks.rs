//! Locks on whole files, for whoever asks for them (`flock(2)`): they keep nobody from reading or writing.

use std::{
    sync::atomic::Ordering,
    task::{Context, Poll},
};

use super::OpenFile;
use crate::kernel::wait::WaitQueue;

/// How a file is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileLock {
    /// By any number of open files.
    Shared,
    /// By one.
    Exclusive,
}

/// Who holds an inode's lock: open files, by their address.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    holders: Vec<usize>,
    exclusive: bool,
    waiting: WaitQueue,
}

impl Locks {
    /// Gives `owner` a lock, if nobody else's is in the way. A lock of another kind that it had is gone either way.
    fn take(&mut self, owner: usize, lock: FileLock) -> bool {
        let exclusive = lock == FileLock::Exclusive;
        if self.holders.contains(&owner) {
            if self.exclusive == exclusive {
                return true;
            }
            self.release(owner);
        }
        let free = self.holders.is_empty() || !(self.exclusive || exclusive);
        if free {
            self.holders.push(owner);
            self.exclusive = exclusive;
        }
        free
    }

    fn release(&mut self, owner: usize) {
        let before = self.holders.len();
        self.holders.retain(|holder| *holder != owner);
        if self.holders.len() < before {
            self.waiting.wake();
        }
    }
}

impl OpenFile {
    /// What locks are told apart by: file descriptors that were duplicated or inherited share their lock.
    fn owner(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Locks the file, waiting until others let it. What has no inode is nobody else's and always lets.
    pub(crate) fn poll_lock(&self, cx: &Context<'_>, lock: FileLock) -> Poll<()> {
        if self.locks(lock, |locks| locks.waiting.register(cx)) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Locks the file if nobody else's lock is in the way.
    pub(crate) fn try_lock(&self, lock: FileLock) -> bool {
        self.locks(lock, |_| {})
    }

    fn locks(&self, lock: FileLock, refused: impl FnOnce(&mut Locks)) -> bool {
        let Some(place) = self.place() else { return true };
        let mut state = place.inode.lock();
        let locks = state.locks.get_or_insert_default();
        let taken = locks.take(self.owner(), lock);
        if !taken {
            refused(locks);
        }
        self.locked.store(taken, Ordering::Relaxed);
        taken
    }

    /// Gives its lock up, if it has one.
    pub(crate) fn unlock(&self) {
        if !self.locked.swap(false, Ordering::Relaxed) {
            return;
        }
        let Some(place) = self.place() else { return };
        if let Some(locks) = &mut place.inode.lock().locks {
            locks.release(self.owner());
        }
    }
}

impl Drop for OpenFile {
    /// The last close gives the lock up.
    fn drop(&mut self) {
        self.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::{FileLock, Locks};

    #[test]
    fn many_share_a_lock_and_one_has_it_alone() {
        let mut locks = Locks::default();
        assert!(locks.take(1, FileLock::Shared));
        assert!(locks.take(2, FileLock::Shared));
        assert!(!locks.take(3, FileLock::Exclusive));
        locks.release(2);
        assert!(locks.take(1, FileLock::Exclusive), "its own shared lock is not in its way");
        assert!(!locks.take(2, FileLock::Shared));
        locks.release(2);
        assert!(!locks.take(2, FileLock::Shared), "only its holder gives a lock up");
        locks.release(1);
        assert!(locks.take(2, FileLock::Shared));
    }

    #[test]
    fn who_asks_for_more_and_does_not_get_it_has_lost_what_it_had() {
        let mut locks = Locks::default();
        assert!(locks.take(1, FileLock::Shared) && locks.take(2, FileLock::Shared));
        assert!(!locks.take(1, FileLock::Exclusive));
        locks.release(2);
        assert!(locks.take(3, FileLock::Exclusive));
    }
}

//! A file system: what its inodes are charged to and how `mount` and `df` show it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;

use crate::kernel::{errno::Errno, host::Host, quota::Quota};

/// What an inode takes in podlab's own memory, names and bookkeeping included.
pub(crate) const INODE_COST: u64 = 384;

/// The unit that space is given out in.
pub(crate) const BLOCK: u64 = 4096;

/// What kind of file system it is, by the name that `mount` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FsKind {
    /// A container's root: changes over a shared image.
    Overlay,
    /// The node's disk: emptyDir, hostPath, projected files.
    Ext4,
    /// Memory.
    Tmpfs,
    /// `/proc`.
    Proc,
    /// `/sys`.
    Sysfs,
    /// A control group.
    Cgroup2,
    /// `/dev/pts`.
    Devpts,
    /// `/dev/mqueue`.
    Mqueue,
}

impl FsKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Overlay => "overlay",
            Self::Ext4 => "ext4",
            Self::Tmpfs => "tmpfs",
            Self::Proc => "proc",
            Self::Sysfs => "sysfs",
            Self::Cgroup2 => "cgroup2",
            Self::Devpts => "devpts",
            Self::Mqueue => "mqueue",
        }
    }
}

/// A file system. Its inodes hold on to it.
#[derive(Debug)]
pub(crate) struct FileSystem {
    pub(crate) kind: FsKind,
    /// Its device number, unique on the node.
    pub(crate) device: u32,
    /// What it may hold, in bytes of blocks.
    pub(crate) space: Arc<Quota>,
    /// What it may take of podlab's own memory.
    pub(crate) budget: Arc<Quota>,
    /// When it was made.
    pub(crate) made: Timestamp,
    host: Arc<Host>,
    next_inode: AtomicU64,
    inodes: AtomicU64,
}

impl FileSystem {
    /// A file system without inodes, which holds up to what `space` allows.
    pub(crate) fn new(host: &Arc<Host>, kind: FsKind, space: Arc<Quota>) -> Arc<Self> {
        Self::made_at(host.env.clock.now(), host, kind, space)
    }

    /// One that was made at some time before.
    pub(crate) fn made_at(made: Timestamp, host: &Arc<Host>, kind: FsKind, space: Arc<Quota>) -> Arc<Self> {
        Arc::new(Self {
            kind,
            device: host.next_device(),
            space,
            budget: Arc::clone(&host.budget),
            made,
            host: Arc::clone(host),
            next_inode: AtomicU64::new(1),
            inodes: AtomicU64::new(0),
        })
    }

    /// The date.
    pub(crate) fn now(&self) -> Timestamp {
        self.host.env.clock.now()
    }

    /// How many inodes it has.
    pub(crate) fn inodes(&self) -> u64 {
        self.inodes.load(Ordering::Relaxed)
    }

    /// A number for a new inode, which is charged.
    pub(super) fn add_inode(&self) -> Result<u64, Errno> {
        self.budget.charge(INODE_COST).map_err(|_| Errno::ENOSPC)?;
        Ok(self.add_inode_anyway())
    }

    /// A number for an inode of an image, whose memory is charged to no one but still counted.
    pub(super) fn add_lower_inode(&self) -> u64 {
        self.budget.charge_anyway(INODE_COST);
        self.add_inode_anyway()
    }

    fn add_inode_anyway(&self) -> u64 {
        self.inodes.fetch_add(1, Ordering::Relaxed);
        self.next_inode.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn drop_inode(&self) {
        self.inodes.fetch_sub(1, Ordering::Relaxed);
        self.budget.release(INODE_COST);
    }
}

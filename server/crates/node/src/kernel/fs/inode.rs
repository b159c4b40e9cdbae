//! Inodes: files, directories and the rest, apart from their names.

use std::sync::{Arc, Mutex, MutexGuard, Weak};

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    BLOCK, Device, Directory, FileType, FsKind, TreeMeta, TreeNode, VirtualNode, data::FileData,
    filesystem::FileSystem, locks::Locks, pages::Pages,
};
use crate::kernel::{
    container::Container,
    creds::{Creds, cap},
    errno::Errno,
    fifo::Fifo,
    tty::Tty,
    wait::{WaitQueue, lock},
};

/// The largest file.
const MAX_FILE: u64 = 64 << 30;

/// A file, directory, link, fifo or device.
#[derive(Debug)]
pub(crate) struct Inode {
    /// The file system that it belongs to.
    pub(crate) fs: Arc<FileSystem>,
    /// Its number there.
    pub(crate) ino: u64,
    /// What it is: fixed for its life, and so known without a lock.
    pub(crate) file_type: FileType,
    state: Mutex<InodeState>,
}

/// What an inode holds. Only a rename holds the locks of two inodes at once: those of two directories.
#[derive(Debug)]
pub(crate) struct InodeState {
    pub(crate) mode: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Names that lead to it, for anything but a directory.
    pub(crate) links: u32,
    pub(crate) accessed: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) changed: Timestamp,
    pub(crate) kind: Kind,
    /// Blocks that are charged to the file system.
    blocks: u64,
    /// Tasks that wait for a write, a rename or a removal (`tail -f`).
    watchers: WaitQueue,
    /// Who locked it, where somebody ever did.
    pub(super) locks: Option<Box<Locks>>,
    /// Whose memory its blocks are, where it lies in memory.
    pages: Option<Box<Pages>>,
}

/// What an inode is.
#[derive(Debug)]
pub(crate) enum Kind {
    File(FileData),
    Dir(Directory),
    Link(Box<[u8]>),
    Fifo(Arc<Fifo>),
    Device(Device),
    Terminal(Arc<Tty>),
    /// What is made up as it is looked at, and the directory that it was found in with its name there.
    Virtual(Arc<dyn VirtualNode>, Option<(Arc<Inode>, Box<[u8]>)>),
}

/// What `stat(2)` tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    pub(crate) device: u32,
    pub(crate) ino: u64,
    pub(crate) file_type: FileType,
    /// Permission bits, with set-user-ID, set-group-ID and sticky.
    pub(crate) mode: u16,
    pub(crate) links: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Bytes.
    pub(crate) size: u64,
    /// Units of 512 bytes.
    pub(crate) blocks: u64,
    /// A device's major and minor number.
    pub(crate) rdev: (u32, u32),
    pub(crate) accessed: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) changed: Timestamp,
}

/// Times to set; `None` leaves one as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SetTimes {
    pub(crate) accessed: Option<Timestamp>,
    pub(crate) modified: Option<Timestamp>,
}

impl Inode {
    fn with(fs: &Arc<FileSystem>, ino: u64, kind: Kind, meta: TreeMeta, links: u32) -> Arc<Self> {
        let TreeMeta { mode, uid, gid, mtime } = meta;
        let state = InodeState {
            mode,
            uid,
            gid,
            links,
            accessed: mtime,
            modified: mtime,
            changed: mtime,
            kind,
            blocks: 0,
            watchers: WaitQueue::default(),
            locks: None,
            pages: None,
        };
        Arc::new(Self {
            fs: Arc::clone(fs),
            ino,
            file_type: state.kind.file_type(),
            state: Mutex::new(state),
        })
    }

    /// A new inode; `ENOSPC` where there is no room for one more.
    pub(crate) fn new(
        fs: &Arc<FileSystem>,
        kind: Kind,
        mode: u16,
        uid: u32,
        gid: u32,
    ) -> Result<Arc<Self>, Errno> {
        let ino = fs.add_inode()?;
        Ok(Self::with(fs, ino, kind, TreeMeta { mode, uid, gid, mtime: fs.now() }, 1))
    }

    /// A new inode that the node itself needs, whether there is room or not.
    pub(crate) fn new_uncharged(
        fs: &Arc<FileSystem>,
        kind: Kind,
        mode: u16,
        uid: u32,
        gid: u32,
    ) -> Arc<Self> {
        let ino = fs.add_lower_inode();
        Self::with(fs, ino, kind, TreeMeta { mode, uid, gid, mtime: fs.now() }, 1)
    }

    /// An inode for a node of an image.
    pub(crate) fn from_tree(fs: &Arc<FileSystem>, node: &TreeNode, parent: Weak<Self>) -> Arc<Self> {
        let (kind, meta, links) = match node {
            TreeNode::Dir(dir) => (Kind::Dir(Directory::new(parent, Some(Arc::clone(dir)))), dir.meta, 1),
            TreeNode::File(file) => (Kind::File(FileData::from_image(file)), file.meta, file.links),
            TreeNode::Link(link) => (Kind::Link(link.target.clone()), link.meta, 1),
            TreeNode::Device(meta, device) => (Kind::Device(*device), *meta, 1),
        };
        // What is there from the start of a file system in memory is as old as that, not as the image.
        let mtime = if matches!(fs.kind, FsKind::Tmpfs | FsKind::Devpts | FsKind::Mqueue) {
            fs.made
        } else {
            meta.mtime
        };
        Self::with(fs, fs.add_lower_inode(), kind, TreeMeta { mtime, ..meta }, links)
    }

    /// An inode that stands for a virtual node; `above` is where it was found, unless it is a root.
    pub(crate) fn from_virtual(
        fs: &Arc<FileSystem>,
        node: Arc<dyn VirtualNode>,
        above: Option<(Arc<Self>, Box<[u8]>)>,
    ) -> Arc<Self> {
        let stat = node.stat();
        let meta = TreeMeta { mode: stat.mode, uid: stat.uid, gid: stat.gid, mtime: fs.now() };
        fs.add_lower_inode();
        Self::with(fs, stat.ino, Kind::Virtual(node, above), meta, 1)
    }

    /// Its state, locked.
    pub(crate) fn lock(&self) -> MutexGuard<'_, InodeState> {
        lock(&self.state)
    }

    /// The directory that it is in, as far as it knows: removed ones and roots have none.
    pub(crate) fn above(&self) -> Option<Arc<Self>> {
        match &self.lock().kind {
            Kind::Dir(dir) => dir.parent(),
            Kind::Virtual(_, above) => above.as_ref().map(|(parent, _)| Arc::clone(parent)),
            _ => None,
        }
    }

    /// Whether it is the same as another: what is virtual is made anew whenever it is looked at.
    pub(crate) fn is(self: &Arc<Self>, other: &Arc<Self>) -> bool {
        Arc::ptr_eq(self, other)
            || (matches!(self.fs.kind, FsKind::Proc | FsKind::Sysfs | FsKind::Cgroup2)
                && Arc::ptr_eq(&self.fs, &other.fs)
                && self.ino == other.ino)
    }

    pub(crate) fn is_dir(&self) -> bool {
        self.file_type == FileType::Directory
    }

    pub(crate) fn stat(&self) -> Stat {
        let state = self.lock();
        let (size, links, rdev) = match &state.kind {
            Kind::File(data) => (data.len(), state.links, (0, 0)),
            Kind::Dir(dir) => {
                let size = match self.fs.kind {
                    FsKind::Tmpfs => 40 + 20 * dir.len() as u64,
                    FsKind::Proc | FsKind::Sysfs | FsKind::Cgroup2 | FsKind::Devpts | FsKind::Mqueue => 0,
                    FsKind::Overlay | FsKind::Ext4 => BLOCK,
                };
                (size, 2 + dir.subdirectories(), (0, 0))
            }
            Kind::Link(target) => (target.len() as u64, state.links, (0, 0)),
            Kind::Fifo(_) => (0, state.links, (0, 0)),
            Kind::Device(device) => (0, state.links, device.number()),
            Kind::Terminal(tty) => (0, state.links, (136, tty.number())),
            Kind::Virtual(node, _) => {
                let dirs = u32::from(node.stat().file_type == FileType::Directory);
                (if node.stat().file_type == FileType::Symlink { 64 } else { 0 }, 1 + dirs, (0, 0))
            }
        };
        let blocks = match (&state.kind, self.fs.kind) {
            (Kind::File(data), _)
                if state.blocks == 0 && data.len() > 0 && data.held() == 0 && data.is_shared() =>
            {
                data.len().div_ceil(BLOCK)
            }
            (Kind::File(_), _) => state.blocks,
            (Kind::Dir(_), FsKind::Overlay | FsKind::Ext4) => 1,
            _ => 0,
        };
        Stat {
            device: self.fs.device,
            ino: self.ino,
            file_type: self.file_type,
            mode: state.mode,
            links,
            uid: state.uid,
            gid: state.gid,
            size,
            blocks: blocks * (BLOCK / 512),
            rdev,
            accessed: state.accessed,
            modified: state.modified,
            changed: state.changed,
        }
    }

    /// Whether `creds` may do `access` (bits of [`crate::kernel::creds`]).
    pub(crate) fn may(&self, creds: &Creds, access: u16) -> bool {
        let state = self.lock();
        creds.may(state.uid, state.gid, state.mode, self.is_dir(), access)
    }

    // Regular files.

    /// Up to `max` bytes of a regular file from `offset` on.
    pub(crate) fn read_at(&self, offset: u64, max: usize) -> Result<Bytes, Errno> {
        match &self.lock().kind {
            Kind::File(data) => Ok(data.read(offset, max)),
            _ if self.is_dir() => Err(Errno::EISDIR),
            _ => Err(Errno::EINVAL),
        }
    }

    /// What a regular file begins with, up to `max` bytes; less where only zeros follow. Cheaper than to read it.
    pub(crate) fn head(&self, max: usize) -> Result<Bytes, Errno> {
        match &self.lock().kind {
            Kind::File(data) => Ok(data.head(max)),
            _ => Err(Errno::EINVAL),
        }
    }

    /// The length of a regular file; 0 for anything else.
    pub(crate) fn len(&self) -> u64 {
        match &self.lock().kind {
            Kind::File(data) => data.len(),
            _ => 0,
        }
    }

    /// Writes to a regular file at `offset`, or at its end, as much as there is room for. Returns where the write began
    /// and how many bytes it took. What lies in memory is held by the container of whoever writes; past that one's limit
    /// it is killed, and gets `ENOMEM`.
    pub(crate) fn write_at(
        &self,
        offset: Option<u64>,
        bytes: &[u8],
        writer: Option<&Container>,
    ) -> Result<(u64, usize), Errno> {
        let now = self.fs.now();
        let mut state = self.lock();
        let InodeState { kind: Kind::File(data), blocks, pages, .. } = &mut *state else {
            return Err(Errno::EINVAL);
        };
        let start = offset.unwrap_or(data.len());
        if bytes.is_empty() {
            return Ok((start, 0));
        }
        if start >= MAX_FILE {
            return Err(Errno::EFBIG);
        }
        let mut count = bytes.len().min((MAX_FILE - start) as usize);
        // Blocks before the old end count as used already; a gap past it stays a hole.
        let first_new = if start < data.len() { data.len().div_ceil(BLOCK) } else { start.div_ceil(BLOCK) };
        let first_new = if data.len() == 0 && *blocks == 0 { start / BLOCK } else { first_new };
        let end = (start + count as u64).div_ceil(BLOCK);
        let mut new_blocks = end.saturating_sub(first_new);
        let left = self.fs.space.left() / BLOCK;
        if new_blocks > left {
            let fits = ((first_new + left) * BLOCK).saturating_sub(start);
            if fits == 0 {
                return Err(Errno::ENOSPC);
            }
            count = count.min(fits as usize);
            new_blocks = left;
        }
        if self.fs.budget.left() < count as u64 + BLOCK && bytes[..count].iter().any(|byte| *byte != 0) {
            return Err(Errno::ENOSPC);
        }
        if let Some(writer) = writer.filter(|_| self.fs.kind == FsKind::Tmpfs && new_blocks > 0)
            && pages.get_or_insert_default().hold(&writer.memory, new_blocks * BLOCK).is_err()
        {
            drop(state);
            writer.kill_all();
            return Err(Errno::ENOMEM);
        }
        let grown = data.write(start, &bytes[..count]);
        *blocks += new_blocks;
        self.fs.space.charge_anyway(new_blocks * BLOCK);
        self.fs.budget.charge_anyway(grown);
        state.mode &= !0o6000;
        state.modified = now;
        state.changed = now;
        state.watchers.wake();
        Ok((start, count))
    }

    /// Cuts or extends a regular file.
    pub(crate) fn truncate(&self, len: u64) -> Result<(), Errno> {
        if len > MAX_FILE {
            return Err(Errno::EFBIG);
        }
        let now = self.fs.now();
        let mut state = self.lock();
        let InodeState { kind: Kind::File(data), blocks, pages, .. } = &mut *state else {
            return Err(Errno::EINVAL);
        };
        let (held, kept) = (data.held(), (*blocks).min(len.div_ceil(BLOCK)));
        data.truncate(len);
        let freed = *blocks - kept;
        *blocks = kept;
        self.fs.space.release(freed * BLOCK);
        if let Some(pages) = pages {
            pages.release(freed * BLOCK);
        }
        self.fs.budget.release(held.saturating_sub(data.held()));
        self.fs.budget.charge_anyway(data.held().saturating_sub(held));
        state.modified = now;
        state.changed = now;
        state.watchers.wake();
        Ok(())
    }

    // Attributes.

    /// Sets permission bits, as `creds`.
    pub(crate) fn chmod(&self, creds: &Creds, mode: u16) -> Result<(), Errno> {
        let now = self.fs.now();
        let mut state = self.lock();
        if !creds.owns(state.uid) {
            return Err(Errno::EPERM);
        }
        let mut mode = mode & 0o7777;
        if !creds.in_group(state.gid) && !creds.has(cap::FSETID) {
            mode &= !0o2000;
        }
        state.mode = mode;
        state.changed = now;
        Ok(())
    }

    /// Sets owner and group, as `creds`; `None` leaves one as it is.
    pub(crate) fn chown(&self, creds: &Creds, uid: Option<u32>, gid: Option<u32>) -> Result<(), Errno> {
        let now = self.fs.now();
        let mut state = self.lock();
        if !creds.has(cap::CHOWN) {
            let keeps_owner = uid.is_none_or(|uid| uid == state.uid);
            let own_group = gid.is_none_or(|gid| gid == state.gid || creds.in_group(gid));
            if creds.uid != state.uid || !keeps_owner || !own_group {
                return Err(Errno::EPERM);
            }
        }
        state.uid = uid.unwrap_or(state.uid);
        state.gid = gid.unwrap_or(state.gid);
        if !self.is_dir() {
            state.mode &= !0o6000;
        }
        state.changed = now;
        Ok(())
    }

    /// Sets times, as `creds`.
    pub(crate) fn set_times(&self, times: SetTimes) {
        let now = self.fs.now();
        let mut state = self.lock();
        state.accessed = times.accessed.unwrap_or(state.accessed);
        state.modified = times.modified.unwrap_or(state.modified);
        state.changed = now;
    }

    /// Notes that a name was added (1) or taken away (-1).
    pub(crate) fn add_links(&self, change: i32) {
        let now = self.fs.now();
        let mut state = self.lock();
        state.links = state.links.saturating_add_signed(change);
        state.changed = now;
        state.watchers.wake();
    }

    /// Notes that a directory's entries changed.
    pub(crate) fn touch_entries(state: &mut InodeState, now: Timestamp) {
        state.modified = now;
        state.changed = now;
        state.watchers.wake();
    }
}

impl Kind {
    fn file_type(&self) -> FileType {
        match self {
            Self::File(_) => FileType::Regular,
            Self::Dir(_) => FileType::Directory,
            Self::Link(_) => FileType::Symlink,
            Self::Fifo(_) => FileType::Fifo,
            Self::Device(_) | Self::Terminal(_) => FileType::CharDevice,
            Self::Virtual(node, _) => node.stat().file_type,
        }
    }
}

impl InodeState {
    /// Has the task of `cx` woken when the inode changes.
    pub(crate) fn watch(&mut self, cx: &std::task::Context<'_>) {
        self.watchers.register(cx);
    }
}

impl Drop for Inode {
    /// Gives back what it was charged. A tree of directories is taken apart in a loop: it may be deeper than any stack.
    fn drop(&mut self) {
        self.fs.drop_inode();
        let mut pending = self.give_back();
        while let Some(inode) = pending.pop() {
            if let Some(mut inode) = Arc::into_inner(inode) {
                pending.extend(inode.give_back());
            }
        }
    }
}

impl Inode {
    fn give_back(&mut self) -> Vec<Arc<Self>> {
        let state = self.state.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.fs.space.release(std::mem::take(&mut state.blocks) * BLOCK);
        match &mut state.kind {
            Kind::File(data) => {
                self.fs.budget.release(data.held());
                *data = FileData::default();
                Vec::new()
            }
            Kind::Dir(dir) => dir.drain().collect(),
            _ => Vec::new(),
        }
    }
}

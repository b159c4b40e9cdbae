//! Files that are made up when they are looked at: `/proc`.

use std::{fmt::Debug, sync::Arc};

use bytes::Bytes;

use super::{FileType, Location, Names, OpenFile};
use crate::kernel::errno::Errno;

/// A file or directory without content of its own.
pub(crate) trait VirtualNode: Send + Sync + Debug {
    /// What it is and who may do what.
    fn stat(&self) -> VirtualStat;

    /// The entry of a directory that is called `name`, as the process `viewer` sees it.
    fn lookup(&self, viewer: u32, name: &[u8]) -> Result<Arc<dyn VirtualNode>, Errno> {
        let _ = (viewer, name);
        Err(Errno::ENOENT)
    }

    /// A directory's entries.
    fn entries(&self, viewer: u32) -> Names {
        let _ = viewer;
        Vec::new()
    }

    /// Where a symbolic link leads.
    fn link(&self, viewer: u32) -> Result<LinkTarget, Errno> {
        let _ = viewer;
        Err(Errno::EINVAL)
    }

    /// A file's content at present.
    fn read(&self) -> Result<Bytes, Errno> {
        Err(Errno::EINVAL)
    }

    /// Whether it can be opened to write.
    fn writable(&self) -> Result<(), Errno> {
        Ok(())
    }

    /// What happens when something is written.
    fn write(&self, bytes: &[u8]) -> Result<(), Errno> {
        let _ = bytes;
        Err(Errno::EIO)
    }
}

/// What a virtual node says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VirtualStat {
    pub(crate) file_type: FileType,
    pub(crate) mode: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) ino: u64,
}

/// Where a link of `/proc` leads.
#[derive(Clone, Debug)]
pub(crate) enum LinkTarget {
    /// To a path.
    Path(Vec<u8>),
    /// Straight to a place, whatever its path; the path is for showing.
    Place(Location, Vec<u8>),
    /// To something open that has no place: a pipe, a socket; the text is for showing.
    Open(Arc<OpenFile>, Vec<u8>),
}

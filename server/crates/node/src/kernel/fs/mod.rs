//! Files: inodes, directories over shared images, mounts and open files.

mod data;
mod directory;
mod entries;
mod filesystem;
mod inode;
mod locks;
mod mount;
mod open;
mod ops;
mod pages;
mod path;
mod tree;
mod virtual_node;

pub(crate) use directory::{Directory, Names, new_root};
pub(crate) use filesystem::{BLOCK, FileSystem, FsKind};
pub(crate) use inode::{Inode, Kind, SetTimes, Stat};
pub(crate) use locks::FileLock;
pub(crate) use mount::{Location, Mount, MountLook, MountTable};
pub(crate) use open::{Device, FileObject, OpenFile, OpenFlags, SeekFrom, Sink};
pub(crate) use path::{Found, Walk, file_name, join, normalize};
pub(crate) use tree::{Name, TreeDir, TreeFile, TreeLink, TreeMeta, TreeNode};
pub(crate) use virtual_node::{LinkTarget, VirtualNode, VirtualStat};

/// What an inode is, as the first letter of `ls -l` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileType {
    Regular,
    Directory,
    Symlink,
    Fifo,
    CharDevice,
    Socket,
}

impl FileType {
    /// `ls -l`'s letter.
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Regular => '-',
            Self::Directory => 'd',
            Self::Symlink => 'l',
            Self::Fifo => 'p',
            Self::CharDevice => 'c',
            Self::Socket => 's',
        }
    }

    /// The type's bits in `st_mode`.
    pub(crate) fn mode_bits(self) -> u32 {
        match self {
            Self::Fifo => 0o010_000,
            Self::CharDevice => 0o020_000,
            Self::Directory => 0o040_000,
            Self::Regular => 0o100_000,
            Self::Symlink => 0o120_000,
            Self::Socket => 0o140_000,
        }
    }
}

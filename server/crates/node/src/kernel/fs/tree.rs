//! Immutable directory trees: the files of an image, shared by all containers that are made from it.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;

use super::Device;

/// A name in a directory. Containers share those of their image.
pub(crate) type Name = Arc<[u8]>;

/// Who owns a node of a tree, what is allowed, and when it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TreeMeta {
    pub(crate) mode: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) mtime: Timestamp,
}

/// A directory of an image.
#[derive(Debug)]
pub(crate) struct TreeDir {
    pub(crate) meta: TreeMeta,
    pub(crate) entries: BTreeMap<Name, TreeNode>,
}

/// What a name in an image's directory stands for.
#[derive(Clone, Debug)]
pub(crate) enum TreeNode {
    /// A directory.
    Dir(Arc<TreeDir>),
    /// A file. Names that share it are hard links.
    File(Arc<TreeFile>),
    /// A symbolic link.
    Link(Arc<TreeLink>),
    /// A device.
    Device(TreeMeta, Device),
}

/// A regular file of an image.
#[derive(Debug)]
pub(crate) struct TreeFile {
    pub(crate) meta: TreeMeta,
    /// What it begins with; the rest, up to `len`, is zeros.
    pub(crate) head: Bytes,
    pub(crate) len: u64,
    /// How many names it has.
    pub(crate) links: u32,
}

/// A symbolic link of an image.
#[derive(Debug)]
pub(crate) struct TreeLink {
    pub(crate) meta: TreeMeta,
    pub(crate) target: Box<[u8]>,
}

impl TreeDir {
    /// An empty directory.
    pub(crate) fn new(meta: TreeMeta) -> Self {
        Self { meta, entries: BTreeMap::new() }
    }

    /// How many of its entries are directories.
    pub(crate) fn subdirectories(&self) -> u32 {
        let count = self.entries.values().filter(|node| matches!(node, TreeNode::Dir(_))).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

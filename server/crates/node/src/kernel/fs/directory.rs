//! Directories: names over an image's directory, which is taken over entry by entry as it is looked at.

use std::sync::{Arc, Weak};

use super::{FileType, Inode, TreeDir, TreeNode, entries::Entries, filesystem::FileSystem};

/// Names in a directory, and what they stand for.
pub(crate) type Names = Vec<(Box<[u8]>, FileType)>;

/// What a directory holds.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// The image's directory beneath; an entry there shows unless `entries` has its name.
    lower: Option<Arc<TreeDir>>,
    /// What was looked at, made, or (`None`) removed.
    entries: Entries,
    /// The directory that this one is in; itself (dead) for a root.
    parent: Weak<Inode>,
}

impl Directory {
    /// A directory in `parent` that shows what is in `lower`.
    pub(crate) fn new(parent: Weak<Inode>, lower: Option<Arc<TreeDir>>) -> Self {
        Self { lower, entries: Entries::default(), parent }
    }

    /// The directory that this one is in, unless it is the root of its file system.
    pub(crate) fn parent(&self) -> Option<Arc<Inode>> {
        self.parent.upgrade()
    }

    pub(crate) fn set_parent(&mut self, parent: &Arc<Inode>) {
        self.parent = Arc::downgrade(parent);
    }

    /// The entry called `name`. `own` is the directory's inode.
    pub(crate) fn get(&mut self, name: &[u8], own: &Arc<Inode>) -> Option<Arc<Inode>> {
        if let Some(entry) = self.entries.get(name) {
            return entry.clone();
        }
        let (name, node) = self.lower.as_ref()?.entries.get_key_value(name)?;
        let inode = Inode::from_tree(&own.fs, node, Arc::downgrade(own));
        self.entries.insert(Arc::clone(name), Some(Arc::clone(&inode)));
        Some(inode)
    }

    /// Whether there is an entry called `name`.
    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        match self.entries.get(name) {
            Some(entry) => entry.is_some(),
            None => self.lower.as_ref().is_some_and(|lower| lower.entries.contains_key(name)),
        }
    }

    /// Adds or replaces an entry.
    pub(crate) fn insert(&mut self, name: &[u8], inode: Arc<Inode>) {
        self.entries.insert(name.into(), Some(inode));
    }

    /// Takes an entry away.
    pub(crate) fn remove(&mut self, name: &[u8]) -> Option<Arc<Inode>> {
        let in_lower = self.lower.as_ref().is_some_and(|lower| lower.entries.contains_key(name));
        if in_lower { self.entries.insert(name.into(), None)? } else { self.entries.remove(name)? }
    }

    /// Whether it has no entries.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.iter().all(|(_, entry)| entry.is_none())
            && self
                .lower
                .as_ref()
                .is_none_or(|lower| lower.entries.keys().all(|name| self.entries.contains(name)))
    }

    /// How many entries it has.
    pub(crate) fn len(&self) -> usize {
        let own = self.entries.iter().filter(|(_, entry)| entry.is_some()).count();
        let lower = self
            .lower
            .as_ref()
            .map_or(0, |lower| lower.entries.keys().filter(|name| !self.entries.contains(name)).count());
        own + lower
    }

    /// Its entries' names and types, sorted by name.
    pub(crate) fn list(&self) -> Names {
        let mut all: Vec<_> = self
            .entries
            .iter()
            .filter_map(|(name, inode)| Some(((**name).into(), inode.as_ref()?.file_type)))
            .collect();
        if let Some(lower) = &self.lower {
            let hidden = |name: &[u8]| self.entries.contains(name);
            all.extend(
                lower
                    .entries
                    .iter()
                    .filter(|(name, _)| !hidden(name))
                    .map(|(name, node)| ((**name).into(), tree_type(node))),
            );
            all.sort_unstable();
        }
        all
    }

    /// The name of `inode` in here.
    pub(crate) fn name_of(&self, inode: &Arc<Inode>) -> Option<Box<[u8]>> {
        self.entries
            .iter()
            .find(|(_, entry)| entry.as_ref().is_some_and(|entry| Arc::ptr_eq(entry, inode)))
            .map(|(name, _)| (**name).into())
    }

    /// How many directories are in it: with itself and the entry in its parent, what `ls -l` shows as links.
    pub(crate) fn subdirectories(&self) -> u32 {
        let own = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.as_ref().is_some_and(|inode| inode.is_dir()))
            .count();
        let lower = self.lower.as_ref().map_or(0, |lower| {
            let shadowed = self
                .entries
                .iter()
                .filter(|(name, _)| matches!(lower.entries.get(*name), Some(TreeNode::Dir(_))));
            lower.subdirectories() - u32::try_from(shadowed.count()).unwrap_or(0)
        });
        u32::try_from(own).unwrap_or(u32::MAX).saturating_add(lower)
    }

    /// All inodes of it, taken out: for dropping a tree without recursion.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Arc<Inode>> + use<> {
        self.entries.drain()
    }
}

fn tree_type(node: &TreeNode) -> FileType {
    match node {
        TreeNode::Dir(_) => FileType::Directory,
        TreeNode::File(_) => FileType::Regular,
        TreeNode::Link(_) => FileType::Symlink,
        TreeNode::Device(..) => FileType::CharDevice,
    }
}

/// A new, empty root directory of a file system.
pub(crate) fn new_root(fs: &Arc<FileSystem>, mode: u16, uid: u32, gid: u32) -> Arc<Inode> {
    let kind = super::Kind::Dir(Directory::new(Weak::new(), None));
    Inode::new_uncharged(fs, kind, mode, uid, gid)
}

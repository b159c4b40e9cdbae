//! Volumes: directories that outlive a container and can be mounted in several.

use std::collections::BTreeMap;

use bytes::Bytes;

/// A directory tree that containers mount. A clone is the same directory.
///
/// Made by [`crate::Node`]'s `empty_dir`, `files`, `host_path` and `persistent_dir`; its content goes when the last
/// clone and the last container that mounts it are gone, except for host paths and persistent directories.
#[derive(Clone, Debug)]
pub struct Volume {
    pub(crate) root: crate::runtime::volume::Root,
}

/// Where a volume's content lies.
#[derive(Clone, Debug)]
pub(crate) struct Root;

/// How an empty directory is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmptyDir {
    /// In memory (a tmpfs, charged to the memory of who writes) instead of on the node's disk.
    pub memory: bool,
    /// The most that it may hold, in bytes. In memory a write past it fails with `No space left on device`; on disk
    /// nothing fails, see [`Volume::exceeded`].
    pub size_limit: Option<u64>,
    /// The group that owns it and what is made in it (fsGroup).
    pub group: Option<u32>,
}

/// The content of a volume of projected files (ConfigMap, Secret, downward API, projected).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSet {
    /// Path within the volume (`a/b.conf`) to file.
    pub files: BTreeMap<String, ProjectedFile>,
    /// The group that owns all of it (fsGroup).
    pub group: Option<u32>,
}

/// One projected file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectedFile {
    /// Permission bits, `0o644` for most.
    pub mode: u32,
    /// What it says.
    pub content: Bytes,
}

/// What must be at a host path, and what is made there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostPathKind {
    /// Anything; nothing is checked. A missing path becomes a directory, as container runtimes make it.
    #[default]
    Any,
    /// A directory, made (0755) where it is missing.
    DirectoryOrCreate,
    /// A directory.
    Directory,
    /// A file, made (0644) where it is missing.
    FileOrCreate,
    /// A file.
    File,
    /// A socket.
    Socket,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
}

/// What a volume holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FsUsage {
    /// Bytes, in whole blocks, as `du` counts them.
    pub used_bytes: u64,
    /// The most that it can hold.
    pub capacity_bytes: u64,
    /// Files, directories and links.
    pub used_inodes: u64,
}

impl Volume {
    /// What it holds.
    pub fn usage(&self) -> FsUsage {
        FsUsage::default()
    }

    /// Completes when it holds more than `limit` bytes: how an emptyDir on disk outgrows its sizeLimit.
    pub async fn exceeded(&self, limit: u64) {
        let _ = limit;
        std::future::pending().await
    }

    /// Replaces the content of a volume made by [`crate::Node::files`], at once, as kubelet's atomic writer does:
    /// the new files lie in a directory of their own and the link `..data` is moved to it. A container that mounts one
    /// file by `sub_path` keeps the old one. Other volumes are left as they are.
    pub fn update(&self, files: &FileSet) {
        let _ = files;
    }
}

/// A volume in a container.
#[derive(Clone, Debug)]
pub struct Mount {
    /// What is mounted.
    pub volume: Volume,
    /// A path within the volume instead of all of it; a directory is made where there is nothing (mode 0750).
    pub sub_path: Option<String>,
    /// Where: an absolute path, or one relative to `/`. What is missing there is made.
    pub path: String,
    /// Whether writes fail.
    pub read_only: bool,
}

/// A file, directory or link to fill a directory with (see [`crate::Node::directory`]).
#[derive(Clone, Debug)]
pub struct TreeEntry {
    /// Path within the directory.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// What it is.
    pub content: TreeContent,
}

/// What a [`TreeEntry`] is.
#[derive(Clone, Debug)]
pub enum TreeContent {
    /// A directory.
    Directory,
    /// A file with this text.
    File(Bytes),
    /// A symbolic link with this target.
    Link(String),
}

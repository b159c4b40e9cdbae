//! Volumes: directories that outlive a container and can be mounted in several.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, Weak},
};

use bytes::Bytes;

use super::RuntimeError;
use crate::kernel::{
    creds::Creds,
    fs::{
        Directory, FileSystem, FileType, FsKind, Inode, Kind, Location, MountLook, MountTable, TreeDir,
        TreeNode, Walk, new_root,
    },
    host::Host,
    quota::Quota,
    wait::lock,
};

/// A directory tree that containers mount. A clone is the same directory.
///
/// Made by [`crate::Node`]'s `empty_dir`, `files`, `image_volume`, `host_path` and `persistent_dir`; its content goes when the last
/// clone and the last container that mounts it are gone, except for host paths and persistent directories.
#[derive(Clone, Debug)]
pub struct Volume(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    host: Arc<Host>,
    root: Arc<Inode>,
    content: Content,
}

/// What a volume is made of. Containers can write to directories only, however the others are mounted.
#[derive(Debug)]
enum Content {
    Directory,
    /// Files that the node puts there.
    Projected(Mutex<Projected>),
    /// An image's tree: nothing is ever made in it.
    Image,
}

#[derive(Debug, Default)]
struct Projected {
    files: FileSet,
    /// The directory that `..data` leads to.
    current: Option<String>,
}

/// How an empty directory is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmptyDir {
    /// In memory (a tmpfs) instead of on the node's disk.
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
    /// Kept in memory (a tmpfs), as all but ConfigMaps are.
    pub memory: bool,
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
    pub(crate) fn empty_dir(host: &Arc<Host>, options: EmptyDir) -> Self {
        let (kind, space) = if options.memory {
            (FsKind::Tmpfs, Quota::new(options.size_limit.unwrap_or(host.memory_bytes), None))
        } else {
            (FsKind::Ext4, Quota::new(host.disk.limit(), Some(Arc::clone(&host.disk))))
        };
        let sticky = if options.memory { 0o1000 } else { 0 };
        let (mode, gid) = match options.group {
            Some(group) => (0o2777 | sticky, group),
            None => (0o777 | sticky, 0),
        };
        let root = new_root(&FileSystem::new(host, kind, space), mode, 0, gid);
        Self(Arc::new(Inner { host: Arc::clone(host), root, content: Content::Directory }))
    }

    /// The tree of an image.
    pub(crate) fn image(host: &Arc<Host>, tree: &Arc<TreeDir>) -> Self {
        let space = FileSystem::new(host, FsKind::Overlay, Quota::new(0, None));
        let root = Inode::from_tree(&space, &TreeNode::Dir(Arc::clone(tree)), Weak::new());
        Self(Arc::new(Inner { host: Arc::clone(host), root, content: Content::Image }))
    }

    pub(crate) fn files(host: &Arc<Host>, files: &FileSet) -> Self {
        let (kind, space) = match files.memory {
            true => (FsKind::Tmpfs, Quota::new(host.memory_bytes, None)),
            false => (FsKind::Ext4, Quota::new(host.disk.limit(), Some(Arc::clone(&host.disk)))),
        };
        let sticky = if files.memory { 0o1000 } else { 0 };
        let (mode, gid) = match files.group {
            Some(group) => (0o2777 | sticky, group),
            None => (0o777 | sticky, 0),
        };
        let root = new_root(&FileSystem::new(host, kind, space), mode, 0, gid);
        let content = Content::Projected(Mutex::default());
        let volume = Self(Arc::new(Inner { host: Arc::clone(host), root, content }));
        volume.update(files);
        volume
    }

    /// A place of a file system that lasts.
    pub(crate) fn at(host: &Arc<Host>, root: Arc<Inode>) -> Self {
        Self(Arc::new(Inner { host: Arc::clone(host), root, content: Content::Directory }))
    }

    pub(crate) fn is_read_only(&self) -> bool {
        !matches!(self.0.content, Content::Directory)
    }

    /// What it holds.
    pub fn usage(&self) -> FsUsage {
        let fs = &self.0.root.fs;
        FsUsage { used_bytes: fs.space.used(), capacity_bytes: fs.space.limit(), used_inodes: fs.inodes() }
    }

    /// Completes when it holds more than `limit` bytes: how an emptyDir on disk outgrows its sizeLimit.
    pub async fn exceeded(&self, limit: u64) {
        self.0.root.fs.space.exceeds(limit).await;
    }

    /// Replaces the content of a volume made by [`crate::Node::files`], at once, as kubelet's atomic writer does:
    /// the new files lie in a directory of their own and the link `..data` is moved to it. A container that mounts one
    /// file by `sub_path` keeps the old one. Other volumes are left as they are.
    pub fn update(&self, files: &FileSet) {
        let Content::Projected(projected) = &self.0.content else { return };
        let mut projected = lock(projected);
        if projected.current.is_some() && projected.files == *files {
            return;
        }
        let now = self.0.host.env.clock.now().strftime("%Y_%m_%d_%H_%M_%S").to_string();
        let name = format!("..{now}.{}", self.0.host.random() % 10_000_000_000);
        let edit = Edit::new(self);
        edit.dir(&name, 0o755);
        for (path, file) in &files.files {
            let full = format!("{name}/{path}");
            if let Some((dir, _)) = full.rsplit_once('/') {
                edit.dirs(dir);
            }
            let group = files.group.map_or(0, |_| 0o440);
            edit.file(&full, (file.mode | group) as u16, &file.content, files.group);
        }
        edit.relink("..data", &name);
        for top in files.files.keys().filter_map(|path| path.split('/').next()) {
            edit.relink(top, &format!("..data/{top}"));
        }
        let gone = projected.files.files.keys().filter_map(|path| path.split('/').next());
        for top in gone.filter(|top| !files.files.keys().any(|path| path.split('/').next() == Some(top))) {
            edit.remove(top);
        }
        if let Some(old) = projected.current.replace(name) {
            edit.remove_tree(&old);
        }
        projected.files = files.clone();
    }

    /// Fills it with files.
    pub(crate) fn fill(&self, entries: &[TreeEntry]) -> Result<(), RuntimeError> {
        let edit = Edit::new(self);
        for entry in entries {
            let path = entry.path.trim_start_matches("./").trim_matches('/');
            if path.split('/').any(|name| name == "..") {
                return Err(RuntimeError::Mount(format!("{:?} leaves its directory", entry.path)));
            }
            if let Some((dir, _)) = path.rsplit_once('/') {
                edit.dirs(dir);
            }
            let made = match &entry.content {
                _ if path.is_empty() => true,
                TreeContent::Directory => edit.dir(path, entry.mode as u16),
                TreeContent::File(content) => edit.file(path, entry.mode as u16, content, None),
                TreeContent::Link(target) => edit.relink(path, target),
            };
            if !made {
                return Err(RuntimeError::Mount(format!("{:?} cannot be made", entry.path)));
            }
        }
        Ok(())
    }

    /// The inode that a mount of it shows: all of it, or what lies at a path within, where a directory is made if there
    /// is nothing.
    pub(crate) fn part(&self, sub_path: Option<&str>) -> Result<Arc<Inode>, RuntimeError> {
        let Some(sub_path) = sub_path.filter(|path| !path.is_empty()) else {
            return Ok(Arc::clone(&self.0.root));
        };
        let fail = |why: &str| {
            RuntimeError::Mount(format!("failed to prepare subPath for volumeMount: {sub_path:?}: {why}"))
        };
        if sub_path.starts_with('/') || sub_path.split('/').any(|name| name == "..") {
            return Err(fail("must be a relative path within the volume"));
        }
        let edit = Edit::new(self);
        match edit.walk(|walk| walk.place(sub_path.as_bytes(), true)) {
            Ok(place) => Ok(place.inode),
            Err(errno) if matches!(self.0.content, Content::Image) => {
                let why = format!("failed to mount image volume: subPath {sub_path:?}: {errno}");
                Err(RuntimeError::Mount(why))
            }
            Err(crate::kernel::errno::Errno::ENOENT) => {
                edit.dirs_with(sub_path, self.0.root.stat().mode & 0o777);
                let made = edit.walk(|walk| walk.place(sub_path.as_bytes(), true));
                made.map(|place| place.inode).map_err(|errno| fail(&errno.to_string()))
            }
            Err(errno) => Err(fail(&errno.to_string())),
        }
    }
}

/// Changes a volume's files, as root and from its own root.
struct Edit {
    table: MountTable,
    creds: Creds,
}

impl Edit {
    fn new(volume: &Volume) -> Self {
        let look = MountLook::new("", "", false);
        Self { table: MountTable::new(Arc::clone(&volume.0.root), look), creds: Creds::root() }
    }

    fn walk<T>(&self, look: impl FnOnce(&Walk<'_>) -> T) -> T {
        let root: &Location = self.table.root();
        look(&Walk { table: &self.table, root, cwd: root, creds: &self.creds, viewer: 0 })
    }

    fn dir(&self, path: &str, mode: u16) -> bool {
        self.walk(|walk| match walk.mkdir(path.as_bytes(), mode) {
            Ok(_) => true,
            Err(_) => walk.place(path.as_bytes(), true).is_ok_and(|place| {
                let _ = place.inode.chmod(&self.creds, mode);
                place.inode.file_type == FileType::Directory
            }),
        })
    }

    fn dirs(&self, path: &str) {
        self.dirs_with(path, 0o755);
    }

    fn dirs_with(&self, path: &str, mode: u16) {
        let mut made = String::new();
        for name in path.split('/') {
            if !made.is_empty() {
                made.push('/');
            }
            made.push_str(name);
            self.walk(|walk| {
                if walk.place(made.as_bytes(), true).is_err() {
                    let _ = walk.mkdir(made.as_bytes(), mode);
                }
            });
        }
    }

    fn file(&self, path: &str, mode: u16, content: &[u8], group: Option<u32>) -> bool {
        self.walk(|walk| {
            let Ok(parent) = walk.parent(path.as_bytes()) else { return false };
            let place = match walk.place(path.as_bytes(), false) {
                Ok(place) => place,
                Err(_) => match walk.create(&parent, mode) {
                    Ok(place) => place,
                    Err(_) => return false,
                },
            };
            let _ = place.inode.truncate(0);
            let written = place.inode.write_at(Some(0), content, None);
            let _ = place.inode.chmod(&self.creds, mode);
            if group.is_some() {
                let _ = place.inode.chown(&self.creds, None, group);
            }
            written.is_ok_and(|(_, count)| count == content.len())
        })
    }

    /// Makes a link, or moves one, in one step.
    fn relink(&self, path: &str, target: &str) -> bool {
        self.walk(|walk| {
            if walk.symlink(target.as_bytes(), path.as_bytes()).is_ok() {
                return true;
            }
            let temporary = format!("{path}_tmp");
            walk.symlink(target.as_bytes(), temporary.as_bytes()).is_ok()
                && walk.rename(temporary.as_bytes(), path.as_bytes()).is_ok()
        })
    }

    fn remove(&self, path: &str) {
        let _ = self.walk(|walk| walk.unlink(path.as_bytes()));
    }

    /// Takes a directory out, with all that is in it.
    fn remove_tree(&self, name: &str) {
        let root = &self.table.root().inode;
        if let Kind::Dir(entries) = &mut root.lock().kind {
            entries.remove(name.as_bytes());
        }
    }
}

/// A volume in a container.
#[derive(Clone, Debug)]
pub struct Mount {
    /// What is mounted.
    pub volume: Volume,
    /// A path within the volume instead of all of it; where there is nothing a directory is made, with the mode of the
    /// volume's root.
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

/// What is made at a host path where nothing is.
pub(crate) fn make_host_path(
    root: &Arc<Inode>,
    path: &str,
    kind: HostPathKind,
) -> Result<Arc<Inode>, RuntimeError> {
    let look = MountLook::new("", "", false);
    let edit = Edit { table: MountTable::new(Arc::clone(root), look), creds: Creds::root() };
    let bare = path.trim_matches('/');
    let find = || edit.walk(|walk| walk.place(format!("/{bare}").as_bytes(), true)).map(|place| place.inode);
    if find().is_err() {
        match kind {
            HostPathKind::Any | HostPathKind::DirectoryOrCreate => edit.dirs(bare),
            HostPathKind::FileOrCreate => drop(edit.file(bare, 0o644, b"", None)),
            _ => {}
        }
    }
    let found = find().map_err(|_| {
        RuntimeError::Mount(format!("hostPath type check failed: {path} is not a {}", noun(kind)))
    });
    let found = found?;
    let fits = match kind {
        HostPathKind::Any => true,
        HostPathKind::Directory | HostPathKind::DirectoryOrCreate => found.file_type == FileType::Directory,
        HostPathKind::File | HostPathKind::FileOrCreate => found.file_type == FileType::Regular,
        HostPathKind::Socket => found.file_type == FileType::Socket,
        HostPathKind::CharDevice => found.file_type == FileType::CharDevice,
        HostPathKind::BlockDevice => false,
    };
    if fits {
        Ok(found)
    } else {
        Err(RuntimeError::Mount(format!("hostPath type check failed: {path} is not a {}", noun(kind))))
    }
}

fn noun(kind: HostPathKind) -> &'static str {
    match kind {
        HostPathKind::Any => "path",
        HostPathKind::Directory | HostPathKind::DirectoryOrCreate => "directory",
        HostPathKind::File | HostPathKind::FileOrCreate => "file",
        HostPathKind::Socket => "socket file",
        HostPathKind::CharDevice => "character device",
        HostPathKind::BlockDevice => "block device",
    }
}

/// An empty directory in a directory, or the one that is there.
pub(crate) fn subdirectory(
    parent: &Arc<Inode>,
    name: &str,
    mode: u16,
    group: Option<u32>,
) -> Option<Arc<Inode>> {
    let mut state = parent.lock();
    let Kind::Dir(entries) = &mut state.kind else { return None };
    if let Some(known) = entries.get(name.as_bytes(), parent) {
        return Some(known);
    }
    let mut dir = Directory::default();
    dir.set_parent(parent);
    let inode = Inode::new_uncharged(&parent.fs, Kind::Dir(dir), mode, 0, group.unwrap_or(0));
    entries.insert(name.as_bytes(), Arc::clone(&inode));
    Some(inode)
}

/// A file's content, up to a length.
pub(crate) fn read_file(table: &MountTable, path: &str, max: usize) -> Option<Bytes> {
    let root = table.topmost(table.root().clone());
    let creds = Creds::root();
    let walk = Walk { table, root: &root, cwd: &root, creds: &creds, viewer: 0 };
    let place = walk.place(path.as_bytes(), true).ok()?;
    place.inode.read_at(0, max).ok()
}

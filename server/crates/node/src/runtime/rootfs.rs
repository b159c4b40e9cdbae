//! What a container sees as its file system: the image, `/proc`, `/dev`, `/sys`, and its mounts.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use jiff::Timestamp;

use super::{Mount, RuntimeError};
use crate::{
    image::TreeBuilder,
    kernel::{
        creds::Creds,
        errno::Errno,
        fs::{
            Device, FileSystem, FsKind, Inode, Kind, Location, MountLook, MountTable, TreeDir, TreeNode, Walk,
        },
        host::Host,
        procfs,
        quota::Quota,
        sysfs,
    },
};

/// What a root file system is made from.
pub(super) struct RootParts<'a> {
    pub(super) system: sysfs::View,
    pub(super) image: &'a Arc<TreeDir>,
    pub(super) mounts: &'a [Mount],
    /// Files that the runtime itself mounts, unless a mount is at their place.
    pub(super) files: Vec<OwnFile>,
    pub(super) read_only: bool,
    pub(super) working_dir: &'a str,
}

/// A file that the runtime mounts into a container.
pub(super) struct OwnFile {
    pub(super) path: String,
    pub(super) content: Bytes,
    pub(super) mode: u16,
}

/// The root file system, and what it is charged to.
pub(super) struct Root {
    pub(super) table: MountTable,
    pub(super) space: Arc<FileSystem>,
}

/// The directories that the runtime's own mounts lie in, or are.
const SYSTEM_DIRS: [&str; 4] = ["etc", "dev", "proc", "sys"];
/// The names that lead to one of these mounts, and to no other file in `/etc`.
const SYSTEM_NAMES: &[&[u8]] = &[b"dev", b"proc", b"sys", b"hostname", b"hosts", b"resolv.conf"];

/// Makes the root file system of a container.
pub(super) fn build(parts: RootParts<'_>) -> Result<Root, RuntimeError> {
    let host = &Arc::clone(&parts.system.host);
    let space =
        FileSystem::new(host, FsKind::Overlay, Quota::new(host.disk.limit(), Some(Arc::clone(&host.disk))));
    let root = tree_root(&space, parts.image);
    let mut table = MountTable::new(root, MountLook::new("overlay", "relatime", false));
    // What lies deeper is mounted later, whatever the order of the mounts.
    let mut mounts: Vec<(String, &Mount)> =
        parts.mounts.iter().map(|mount| (absolute(&mount.path), mount)).collect();
    mounts.sort_by_key(|(path, _)| path.matches('/').count());
    let mut files = parts.files;
    files.iter_mut().for_each(|file| file.path = absolute(&file.path));
    files.retain(|file| !mounts.iter().any(|(mounted, _)| *mounted == file.path));
    let may_wait = files.iter().all(|file| leads_there(&file.path) && has_place(parts.image, &file.path))
        && SYSTEM_DIRS.iter().all(|dir| has_place(parts.image, dir))
        && !mounts.iter().any(|(path, _)| path == "/" || SYSTEM_DIRS.contains(&first_name(path)));
    let system = System { view: parts.system, files, made: host.env.clock.now() };
    if may_wait {
        // With all places there in the image, nothing is in the way of it.
        table.mount_later(SYSTEM_NAMES, |table| drop(system.mount(table)));
    } else {
        system.mount(&table)?;
    }
    let builder = Builder { table: &table, creds: Creds::root() };
    for (path, mount) in &mounts {
        let part = mount.volume.part(mount.sub_path.as_deref())?;
        builder.mount(path, part, mount.read_only || mount.volume.is_read_only())?;
    }
    if !parts.working_dir.is_empty() {
        builder.directories(parts.working_dir)?;
    }
    table.root().mount.set_read_only(parts.read_only);
    Ok(Root { table, space })
}

fn first_name(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

/// Whether whoever looks at a path comes by one of [`SYSTEM_NAMES`].
fn leads_there(path: &str) -> bool {
    path.split('/').any(|name| SYSTEM_NAMES.contains(&name.as_bytes()))
}

/// Whether an image has something to mount at a path, or makes room for it in `/dev`.
fn has_place(image: &TreeDir, path: &str) -> bool {
    let mut dir = image;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        match dir.entries.get(name.as_bytes()) {
            Some(TreeNode::Dir(_)) if name == "dev" => return true,
            Some(TreeNode::Dir(next)) => dir = next,
            Some(TreeNode::File(_)) => return true,
            _ => return false,
        }
    }
    true
}

fn absolute(path: &str) -> String {
    String::from_utf8_lossy(&crate::kernel::fs::normalize(path.as_bytes())).into_owned()
}

/// A file system's root that shows an immutable tree.
fn tree_root(fs: &Arc<FileSystem>, tree: &Arc<TreeDir>) -> Arc<Inode> {
    Inode::from_tree(fs, &TreeNode::Dir(Arc::clone(tree)), std::sync::Weak::new())
}

/// What every container has: `/proc`, `/dev`, `/sys` and what is mounted in them, and the runtime's own files.
struct System {
    view: sysfs::View,
    files: Vec<OwnFile>,
    /// When the container was made.
    made: Timestamp,
}

impl System {
    fn mount(self, table: &MountTable) -> Result<(), RuntimeError> {
        let builder = Builder { table, creds: Creds::root() };
        let host = &Arc::clone(&self.view.host);
        let fs = |kind, space| FileSystem::made_at(self.made, host, kind, space);
        let tmpfs = |size: u64| fs(FsKind::Tmpfs, Quota::new(size, None));
        let proc = procfs::new_root(host, &self.view.pids);
        builder.attach("/proc", proc, "proc", "nosuid,nodev,noexec,relatime")?;
        let dev = tree_root(&tmpfs(64 << 20), dev_tree());
        builder.attach("/dev", dev, "tmpfs", "nosuid,size=65536k,mode=755,inode64")?;
        let pts = tree_root(&fs(FsKind::Devpts, Quota::none()), pts_tree());
        builder.attach("/dev/pts", pts, "devpts", "nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666")?;
        let mut open_to_all = TreeBuilder::new(self.made);
        open_to_all.dir("", 0o1777);
        let open_to_all = open_to_all.finish();
        let queues = tree_root(&fs(FsKind::Mqueue, Quota::none()), &open_to_all);
        builder.attach("/dev/mqueue", queues, "mqueue", "nosuid,nodev,noexec,relatime")?;
        let shm = tree_root(&tmpfs(64 << 20), &open_to_all);
        builder.attach("/dev/shm", shm, "shm", "nosuid,nodev,noexec,relatime,size=65536k,inode64")?;
        let [sys, cgroup] = sysfs::new_roots(self.view);
        builder.attach("/sys", sys, "sysfs", "nosuid,nodev,noexec,relatime")?;
        builder.attach("/sys/fs/cgroup", cgroup, "cgroup", "nosuid,nodev,noexec,relatime")?;
        for path in [&b"/sys"[..], b"/sys/fs/cgroup"] {
            if let Ok(place) = builder.walk(|walk| walk.place(path, true)) {
                place.mount.set_read_only(true);
            }
        }
        let mut tree = TreeBuilder::new(self.made);
        for file in &self.files {
            tree.file(&file.path, file.mode, file.content.clone());
        }
        let disk = Quota::new(host.disk.limit(), Some(Arc::clone(&host.disk)));
        let own = MountTable::new(
            tree_root(&fs(FsKind::Ext4, disk), &tree.finish()),
            MountLook::new("", "", false),
        );
        for file in &self.files {
            let found = Builder { table: &own, creds: Creds::root() }
                .walk(|walk| walk.place(file.path.as_bytes(), true))
                .map_err(|errno| RuntimeError::Mount(format!("{}: {errno}", file.path)))?;
            builder.mount(&file.path, found.inode, false)?;
        }
        Ok(())
    }
}

struct Builder<'a> {
    table: &'a MountTable,
    creds: Creds,
}

impl Builder<'_> {
    fn walk<T>(&self, look: impl FnOnce(&Walk<'_>) -> T) -> T {
        let root = self.table.root();
        look(&Walk { table: self.table, root, cwd: root, creds: &self.creds, viewer: 0 })
    }

    fn attach(
        &self,
        path: &'static str,
        root: Arc<Inode>,
        source: &'static str,
        options: &'static str,
    ) -> Result<(), RuntimeError> {
        let place = self.target(path, true)?;
        self.table.mount(root, place, path.as_bytes().into(), MountLook::new(source, options, false));
        Ok(())
    }

    /// Mounts a part of a volume.
    fn mount(&self, path: &str, root: Arc<Inode>, read_only: bool) -> Result<(), RuntimeError> {
        let place = self.target(path, root.is_dir())?;
        let look = match root.fs.kind {
            FsKind::Tmpfs => {
                let options = format!("relatime,size={}k,noswap", root.fs.space.limit() / 1024);
                MountLook::new("tmpfs", options, read_only)
            }
            _ => MountLook::new("/dev/vda1", "relatime", read_only),
        };
        self.table.mount(root, place, path.as_bytes().to_vec().into(), look);
        Ok(())
    }

    /// The place to mount something at, which is made where it is missing.
    fn target(&self, path: &str, dir: bool) -> Result<crate::kernel::fs::Location, RuntimeError> {
        let fail = |errno: Errno| {
            RuntimeError::Mount(format!(
                "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create \
                 failed: unable to start container process: error during container init: error mounting to rootfs at \
                 {path:?}: {}",
                errno.to_string().to_lowercase()
            ))
        };
        match self.walk(|walk| walk.place(path.as_bytes(), true)) {
            Ok(place) if place.inode.is_dir() == dir => return Ok(place),
            Ok(_) => {
                let why = "not a directory: Are you trying to mount a directory onto a file (or vice-versa)? Check if the \
                           specified host path exists and is the expected type";
                return Err(RuntimeError::Mount(format!(
                    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create \
                     failed: unable to start container process: error during container init: error mounting to rootfs \
                     at {path:?}: {why}"
                )));
            }
            Err(_) => {}
        }
        if dir {
            self.directories(path)?;
        } else {
            if let Some((above, _)) = path.rsplit_once('/').filter(|(above, _)| !above.is_empty()) {
                self.directories(above)?;
            }
            self.walk(|walk| {
                let parent = walk.parent(path.as_bytes())?;
                walk.create(&parent, 0o755)
            })
            .map_err(fail)?;
        }
        self.walk(|walk| walk.place(path.as_bytes(), true)).map_err(fail)
    }

    /// Makes a directory and those above it.
    fn directories(&self, path: &str) -> Result<(), RuntimeError> {
        let mut made = String::new();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            made.push('/');
            made.push_str(name);
            self.walk(|walk| match walk.place(made.as_bytes(), true) {
                Ok(_) => Ok(()),
                Err(Errno::ENOENT) => walk.mkdir(made.as_bytes(), 0o755).map(drop),
                Err(errno) => Err(errno),
            })
            .map_err(|errno| {
                RuntimeError::Mount(format!("mkdir {path}: {}", errno.to_string().to_lowercase()))
            })?;
        }
        Ok(())
    }
}

/// The node's own `/dev/null`.
pub(super) fn null_device(host: &Arc<Host>) -> Location {
    let mut tree = TreeBuilder::new(host.boot);
    tree.device("/null", 0o666, Device::Null);
    let root = tree_root(&FileSystem::new(host, FsKind::Tmpfs, Quota::none()), &tree.finish());
    let mut place = MountTable::new(Arc::clone(&root), MountLook::new("devtmpfs", "", false)).root().clone();
    if let Kind::Dir(entries) = &mut root.lock().kind
        && let Some(inode) = entries.get(b"null", &root)
    {
        place.inode = inode;
    }
    place
}

/// `/dev`, the same for all.
fn dev_tree() -> &'static Arc<TreeDir> {
    static TREE: OnceLock<Arc<TreeDir>> = OnceLock::new();
    TREE.get_or_init(|| {
        let mut tree = TreeBuilder::new(Timestamp::UNIX_EPOCH);
        for (name, device) in [
            ("/null", Device::Null),
            ("/zero", Device::Zero),
            ("/full", Device::Full),
            ("/random", Device::Random),
            ("/urandom", Device::Urandom),
            ("/tty", Device::Tty),
        ] {
            tree.device(name, 0o666, device);
        }
        tree.link("/stdin", "/proc/self/fd/0")
            .link("/stdout", "/proc/self/fd/1")
            .link("/stderr", "/proc/self/fd/2")
            .link("/fd", "/proc/self/fd")
            .link("/core", "/proc/kcore")
            .link("/ptmx", "pts/ptmx")
            .dirs(&["/pts", "/mqueue"])
            .dir("/shm", 0o1777);
        tree.finish()
    })
}

/// `/dev/pts` before any terminal is opened.
fn pts_tree() -> &'static Arc<TreeDir> {
    static TREE: OnceLock<Arc<TreeDir>> = OnceLock::new();
    TREE.get_or_init(|| {
        let mut tree = TreeBuilder::new(Timestamp::UNIX_EPOCH);
        tree.device("/ptmx", 0o666, Device::Ptmx);
        tree.finish()
    })
}

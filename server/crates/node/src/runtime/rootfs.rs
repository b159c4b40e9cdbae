//! What a container sees as its file system: the image, `/proc`, `/dev`, `/sys`, and its mounts.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    Mount, RuntimeError,
    volume::{EmptyDir, TreeContent, TreeEntry, Volume},
};
use crate::{
    image::TreeBuilder,
    kernel::{
        creds::Creds,
        errno::Errno,
        fs::{Device, FileSystem, FsKind, Inode, MountLook, MountTable, TreeDir, TreeNode, Walk},
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
    /// Files that the runtime itself mounts, unless a mount is at their place: path and content.
    pub(super) files: &'a [(&'a str, Bytes)],
    pub(super) read_only: bool,
    pub(super) working_dir: &'a str,
}

/// The root file system, and what it is charged to.
pub(super) struct Root {
    pub(super) table: MountTable,
    pub(super) space: Arc<FileSystem>,
}

/// Makes the root file system of a container.
pub(super) fn build(parts: RootParts<'_>) -> Result<Root, RuntimeError> {
    let host = &Arc::clone(&parts.system.host);
    let space =
        FileSystem::new(host, FsKind::Overlay, Quota::new(host.disk.limit(), Some(Arc::clone(&host.disk))));
    let root = tree_root(&space, parts.image);
    let options =
        "relatime,lowerdir=/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs";
    let table = MountTable::new(root, MountLook { source: "overlay", options, read_only: false });
    let builder = Builder { table: &table, creds: Creds::root() };
    builder.system(host, parts.system)?;
    // What lies deeper is mounted later, whatever the order of the mounts.
    let mut mounts: Vec<(String, &Mount)> =
        parts.mounts.iter().map(|mount| (absolute(&mount.path), mount)).collect();
    mounts.sort_by_key(|(path, _)| path.matches('/').count());
    let own: Vec<_> =
        parts.files.iter().filter(|(path, _)| !mounts.iter().any(|(mounted, _)| mounted == path)).collect();
    let volume = Volume::empty_dir(host, EmptyDir::default());
    for (path, content) in own {
        let name = path.rsplit('/').next().unwrap_or(path);
        let mode = if name == "hosts" || name == "hostname" || name == "resolv.conf" { 0o644 } else { 0o666 };
        volume.fill(&[TreeEntry {
            path: name.to_owned(),
            mode,
            content: TreeContent::File(content.clone()),
        }])?;
        builder.mount(path, volume.part(Some(name))?, false)?;
    }
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

fn absolute(path: &str) -> String {
    String::from_utf8_lossy(&crate::kernel::fs::normalize(path.as_bytes())).into_owned()
}

/// A file system's root that shows an immutable tree.
fn tree_root(fs: &Arc<FileSystem>, tree: &Arc<TreeDir>) -> Arc<Inode> {
    Inode::from_tree(fs, &TreeNode::Dir(Arc::clone(tree)), std::sync::Weak::new())
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

    /// `/proc`, `/dev`, `/sys` and what is mounted in them.
    fn system(&self, host: &Arc<Host>, view: sysfs::View) -> Result<(), RuntimeError> {
        let tmpfs = |size: u64| FileSystem::new(host, FsKind::Tmpfs, Quota::new(size, None));
        self.attach("/proc", procfs::new_root(host, &view.pids), "proc", "nosuid,nodev,noexec,relatime")?;
        let dev = tree_root(&tmpfs(64 << 20), dev_tree());
        self.attach("/dev", dev, "tmpfs", "nosuid,size=65536k,mode=755,inode64")?;
        let pts = FileSystem::new(host, FsKind::Devpts, Quota::new(0, None));
        let pts = tree_root(&pts, pts_tree());
        self.attach("/dev/pts", pts, "devpts", "nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666")?;
        let shm = crate::kernel::fs::new_root(&tmpfs(64 << 20), 0o1777, 0, 0);
        self.attach("/dev/shm", shm, "shm", "nosuid,nodev,noexec,relatime,size=65536k,inode64")?;
        let [sys, cgroup] = sysfs::new_roots(view);
        self.attach("/sys", sys, "sysfs", "nosuid,nodev,noexec,relatime")?;
        self.attach("/sys/fs/cgroup", cgroup, "cgroup", "nosuid,nodev,noexec,relatime")?;
        for path in [&b"/sys"[..], b"/sys/fs/cgroup"] {
            if let Ok(place) = self.walk(|walk| walk.place(path, true)) {
                place.mount.set_read_only(true);
            }
        }
        Ok(())
    }

    fn attach(&self, path: &str, root: Arc<Inode>, source: &str, options: &str) -> Result<(), RuntimeError> {
        let place = self.target(path, true)?;
        let look = MountLook { source, options, read_only: false };
        self.table.mount(root, place, path.as_bytes(), look);
        Ok(())
    }

    /// Mounts a part of a volume.
    fn mount(&self, path: &str, root: Arc<Inode>, read_only: bool) -> Result<(), RuntimeError> {
        let place = self.target(path, root.is_dir())?;
        let (source, options) = match root.fs.kind {
            FsKind::Tmpfs => ("tmpfs", format!("relatime,size={}k,noswap", root.fs.space.limit() / 1024)),
            _ => ("/dev/vda1", "relatime".to_owned()),
        };
        self.table.mount(root, place, path.as_bytes(), MountLook { source, options: &options, read_only });
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

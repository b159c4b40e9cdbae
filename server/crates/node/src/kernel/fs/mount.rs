//! Mounts: which file system shows at which place of a container (`mount_namespaces(7)`).

use std::{
    borrow::Cow,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{FsKind, Inode, Kind};
use crate::kernel::{errno::Errno, wait::lock};

/// Where a node's containerd keeps layers and what containers change.
const SNAPSHOTS: &str = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots";

/// A part of a file system that shows at some place.
#[derive(Debug)]
pub(crate) struct Mount {
    /// What shows: the root of a file system, or for a bind mount any directory or file of one.
    pub(crate) root: Arc<Inode>,
    /// Where; `None` for the root of all.
    pub(crate) at: Option<Location>,
    /// What `mount` and `df` print as the place.
    pub(crate) path: Cow<'static, [u8]>,
    /// What they print as the source: a device or a word.
    pub(crate) source: Cow<'static, str>,
    /// What `mount` prints after `rw` or `ro`.
    pub(crate) options: Cow<'static, str>,
    read_only: AtomicBool,
}

/// A place: an inode, and the mount by which it was reached.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    pub(crate) mount: Arc<Mount>,
    pub(crate) inode: Arc<Inode>,
}

/// The mounts of a container.
#[derive(Debug)]
pub(crate) struct MountTable {
    root: Location,
    mounts: Mutex<Vec<Arc<Mount>>>,
    later: Option<Later>,
}

/// Mounts that are not made before somebody looks: those of `/proc`, `/dev`, `/sys` and so on would be most of what an idle
/// container takes.
struct Later {
    /// The names that somebody who looks for one of these mounts comes by.
    names: &'static [&'static [u8]],
    made: AtomicBool,
    make: Mutex<Option<Make>>,
}

/// Makes mounts.
type Make = Box<dyn FnOnce(&MountTable) + Send>;

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Later").field("made", &self.made).finish_non_exhaustive()
    }
}

impl Mount {
    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only.load(Ordering::Relaxed)
    }

    pub(crate) fn set_read_only(&self, read_only: bool) {
        self.read_only.store(read_only, Ordering::Relaxed);
    }

    /// The options in full.
    pub(crate) fn all_options(&self) -> String {
        let access = if self.is_read_only() { "ro" } else { "rw" };
        let mut all =
            if self.options.is_empty() { access.to_owned() } else { format!("{access},{}", self.options) };
        if self.root.fs.kind == FsKind::Overlay {
            // The image's layers, and a container's own: numbered as containers are made.
            let own = u64::from(self.root.fs.device);
            for (option, number, part) in
                [("lowerdir", own - 1, "fs"), ("upperdir", own, "fs"), ("workdir", own, "work")]
            {
                all += &format!(",{option}={SNAPSHOTS}/{number}/{part}");
            }
        }
        all
    }

    /// Where in its file system lies what it shows, as `/proc/self/mountinfo` tells.
    pub(crate) fn root_path(&self) -> Vec<u8> {
        if !self.root.is_dir() {
            // A file does not know where it lies, which is where it shows as far as the runtime's own files go.
            return self.path.to_vec();
        }
        let mut names: Vec<Box<[u8]>> = Vec::new();
        let mut inode = Arc::clone(&self.root);
        while let Some(above) = inode.above() {
            let name = match &above.lock().kind {
                Kind::Dir(dir) => dir.name_of(&inode),
                _ => None,
            };
            let Some(name) = name else { break };
            names.push(name);
            inode = above;
        }
        if names.is_empty() {
            return b"/".to_vec();
        }
        names.iter().rev().flat_map(|name| [b"/", &**name].concat()).collect()
    }
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.mount, &other.mount) && self.inode.is(&other.inode)
    }
}

impl Location {
    /// Fails where the mount is read-only.
    pub(crate) fn writable(&self) -> Result<(), Errno> {
        if self.mount.is_read_only() { Err(Errno::EROFS) } else { Ok(()) }
    }
}

/// How a mount is to look.
#[derive(Clone, Debug)]
pub(crate) struct MountLook {
    pub(crate) source: Cow<'static, str>,
    pub(crate) options: Cow<'static, str>,
    pub(crate) read_only: bool,
}

impl MountLook {
    pub(crate) fn new(
        source: impl Into<Cow<'static, str>>,
        options: impl Into<Cow<'static, str>>,
        read_only: bool,
    ) -> Self {
        Self { source: source.into(), options: options.into(), read_only }
    }
}

impl MountTable {
    /// A table whose root shows `root`.
    pub(crate) fn new(root: Arc<Inode>, look: MountLook) -> Self {
        let mount = Arc::new(Mount {
            root: Arc::clone(&root),
            at: None,
            path: Cow::Borrowed(b"/"),
            source: look.source,
            options: look.options,
            read_only: AtomicBool::new(look.read_only),
        });
        let location = Location { mount: Arc::clone(&mount), inode: root };
        Self { root: location, mounts: Mutex::new(vec![mount]), later: None }
    }

    /// Has `make` add mounts, right after the root's, when somebody looks for one of `names` or for all mounts.
    pub(crate) fn mount_later(
        &mut self,
        names: &'static [&'static [u8]],
        make: impl FnOnce(&Self) + Send + 'static,
    ) {
        let make: Make = Box::new(make);
        self.later = Some(Later { names, made: AtomicBool::new(false), make: Mutex::new(Some(make)) });
    }

    /// Whether what was to be mounted later is still not there: nobody can have changed anything in it.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.later.as_ref().is_some_and(|later| !later.made.load(Ordering::Acquire))
    }

    /// Notes that somebody looks for `name`.
    pub(super) fn look_for(&self, name: &[u8]) {
        if let Some(later) = &self.later
            && !later.made.load(Ordering::Acquire)
            && later.names.contains(&name)
        {
            self.complete();
        }
    }

    /// Makes what was to be mounted later.
    fn complete(&self) {
        let Some(later) = self.later.as_ref().filter(|later| !later.made.load(Ordering::Acquire)) else {
            return;
        };
        // Whoever comes meanwhile waits here. What is made is made in a table of its own, which has nothing to wait for.
        let mut make = lock(&later.make);
        if let Some(make) = make.take() {
            let root = Arc::clone(&self.root.mount);
            let table = Self { root: self.root.clone(), mounts: Mutex::new(vec![root]), later: None };
            make(&table);
            let made = table.mounts.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            lock(&self.mounts).splice(1..1, made.into_iter().skip(1));
            later.made.store(true, Ordering::Release);
        }
    }

    /// The root of all.
    pub(crate) fn root(&self) -> &Location {
        &self.root
    }

    /// Shows `root` at `place`, over what is there; `path` is what the place is called.
    pub(crate) fn mount(&self, root: Arc<Inode>, place: Location, path: Cow<'static, [u8]>, look: MountLook) {
        let mount = Mount {
            root,
            at: Some(place),
            path,
            source: look.source,
            options: look.options,
            read_only: AtomicBool::new(look.read_only),
        };
        lock(&self.mounts).push(Arc::new(mount));
    }

    /// Takes the topmost mount at `place` (a mount's root) away.
    pub(crate) fn unmount(&self, place: &Location) -> Result<(), Errno> {
        let mut mounts = lock(&self.mounts);
        let index = mounts.iter().rposition(|mount| Arc::ptr_eq(mount, &place.mount)).ok_or(Errno::EINVAL)?;
        if !Arc::ptr_eq(&place.inode, &place.mount.root) || place.mount.at.is_none() {
            return Err(Errno::EINVAL);
        }
        if mounts.iter().any(|mount| mount.at.as_ref().is_some_and(|at| Arc::ptr_eq(&at.mount, &place.mount)))
        {
            return Err(Errno::EBUSY);
        }
        mounts.remove(index);
        Ok(())
    }

    /// All mounts, in the order in which they were made.
    pub(crate) fn all(&self) -> Vec<Arc<Mount>> {
        self.complete();
        lock(&self.mounts).clone()
    }

    /// What shows at a place: the root of the topmost mount there, or the place itself.
    pub(crate) fn topmost(&self, mut place: Location) -> Location {
        let mounts = lock(&self.mounts);
        while let Some(mount) = mounts.iter().rev().find(|mount| mount.at.as_ref() == Some(&place)) {
            place = Location { mount: Arc::clone(mount), inode: Arc::clone(&mount.root) };
        }
        place
    }

    /// Whether something is mounted on this very inode.
    pub(crate) fn is_mount_point(&self, place: &Location) -> bool {
        lock(&self.mounts).iter().any(|mount| mount.at.as_ref() == Some(place))
    }

    /// The directory above a place; a root's is itself.
    pub(crate) fn parent(&self, place: &Location) -> Location {
        let mut place = place.clone();
        while Arc::ptr_eq(&place.inode, &place.mount.root) {
            match &place.mount.at {
                Some(at) => place = at.clone(),
                None => return place,
            }
        }
        let parent = place.inode.above();
        // A removed directory has no parent left; it stays where it is.
        self.topmost(Location { inode: parent.unwrap_or(place.inode), mount: place.mount })
    }

    /// The path of a directory below `root` (`getcwd(3)`); `(unreachable)` where it was removed.
    pub(crate) fn path_of(&self, place: &Location, root: &Location) -> Vec<u8> {
        let mut names: Vec<Box<[u8]>> = Vec::new();
        let mut place = place.clone();
        while place != *root {
            while Arc::ptr_eq(&place.inode, &place.mount.root) {
                match &place.mount.at {
                    Some(at) => place = at.clone(),
                    None => break,
                }
            }
            if place == *root || place == self.root {
                break;
            }
            let parent = place.inode.above();
            let own_name = match &place.inode.lock().kind {
                Kind::Virtual(_, Some((_, name))) => Some(name.clone()),
                _ => None,
            };
            let name = own_name.or_else(|| match &parent.as_ref()?.lock().kind {
                Kind::Dir(dir) => dir.name_of(&place.inode),
                _ => None,
            });
            let (Some(parent), Some(name)) = (parent, name) else { return b"(unreachable)".to_vec() };
            names.push(name);
            // Whatever is mounted over the parent hides this place, but its path is what it was.
            place = Location { mount: place.mount, inode: parent };
        }
        if names.is_empty() {
            return b"/".to_vec();
        }
        names.iter().rev().flat_map(|name| [b"/", &**name].concat()).collect()
    }
}

//! `/sys` (`sysfs(5)`): the network's interfaces and the container's control group, made up as they are looked at.

mod cgroup;
mod interface;

use std::sync::Arc;

use bytes::Bytes;

use super::{
    cpu::Cpu,
    errno::Errno,
    fs::{FileSystem, FileType, FsKind, Inode, LinkTarget, Names, VirtualNode, VirtualStat},
    host::Host,
    memory::Memory,
    net::NetNamespace,
    process::PidNamespace,
    quota::Quota,
};
use crate::rng::stable_hash;

/// Where the control group is mounted, below `/sys`.
const CGROUP: &str = "fs/cgroup";

/// What a `/sys` shows.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) host: Arc<Host>,
    pub(crate) net: Arc<NetNamespace>,
    pub(crate) pids: Arc<PidNamespace>,
    pub(crate) cpu: Arc<Cpu>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) pid_quota: Arc<Quota>,
}

/// The root of a new `/sys`, and that of what is mounted at its `fs/cgroup`.
pub(crate) fn new_roots(view: View) -> [Arc<Inode>; 2] {
    let host = Arc::clone(&view.host);
    let view = Arc::new(view);
    [(FsKind::Sysfs, ""), (FsKind::Cgroup2, CGROUP)].map(|(kind, path)| {
        let fs = FileSystem::new(&host, kind, Quota::none());
        let entry = Entry::Dir(path.to_owned());
        Inode::from_virtual(&fs, Arc::new(Node { view: Arc::clone(&view), entry }), None)
    })
}

/// A file: its path below `/sys`, its mode, and what it says.
type File = (&'static str, u16, fn(&View) -> String);

/// Directories that are there though nothing is in them.
const DIRS: &[&str] = &[
    "block",
    "bus",
    "class/net",
    "dev/block",
    "dev/char",
    "devices/system/cpu/cpu0",
    "firmware",
    "fs/bpf",
    "fs/cgroup",
    "fs/ext4",
    "hypervisor",
    "kernel/mm",
    "module",
    "power",
];

const LINKS: &[(&str, &str)] =
    &[("class/net/eth0", "../../devices/virtual/net/eth0"), ("class/net/lo", "../../devices/virtual/net/lo")];

const MACHINE: &[File] = &[
    ("devices/system/cpu/online", 0o444, |view| cpus(&view.host)),
    ("devices/system/cpu/possible", 0o444, |view| cpus(&view.host)),
    ("devices/system/cpu/present", 0o444, |view| cpus(&view.host)),
    ("kernel/mm/transparent_hugepage/enabled", 0o644, |_| "always [madvise] never\n".to_owned()),
];

/// The processors, as a list of numbers.
fn cpus(host: &Host) -> String {
    match host.cpu_millis.div_ceil(1000) {
        0 | 1 => "0\n".to_owned(),
        count => format!("0-{}\n", count - 1),
    }
}

fn files() -> impl Iterator<Item = &'static File> {
    MACHINE.iter().chain(interface::FILES).chain(cgroup::FILES)
}

/// A file or directory of `/sys`.
#[derive(Debug)]
struct Node {
    view: Arc<View>,
    entry: Entry,
}

#[derive(Debug)]
enum Entry {
    Dir(String),
    File(&'static File),
    Link(&'static str),
}

/// The name in `dir` that leads to `path`, and whether it is that of `path` itself.
fn name_in<'a>(dir: &str, path: &'a str) -> Option<(&'a str, bool)> {
    let below = if dir.is_empty() { path } else { path.strip_prefix(dir)?.strip_prefix('/')? };
    match below.split_once('/') {
        Some((name, _)) => Some((name, false)),
        None => Some((below, true)),
    }
}

impl VirtualNode for Node {
    fn stat(&self) -> VirtualStat {
        let (file_type, mode, name) = match &self.entry {
            Entry::Dir(path) => (FileType::Directory, 0o755, path.as_str()),
            Entry::File((path, mode, _)) => (FileType::Regular, *mode, *path),
            Entry::Link(target) => (FileType::Symlink, 0o777, *target),
        };
        VirtualStat { file_type, mode, uid: 0, gid: 0, ino: 1 + (stable_hash(name.as_bytes()) >> 20) }
    }

    fn lookup(&self, _: u32, name: &[u8]) -> Result<Arc<dyn VirtualNode>, Errno> {
        let Entry::Dir(dir) = &self.entry else { return Err(Errno::ENOTDIR) };
        let name = std::str::from_utf8(name).map_err(|_| Errno::ENOENT)?;
        let path = if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") };
        let is_dir = |known: &str| known == path || name_in(&path, known).is_some();
        let entry = if let Some(file) = files().find(|(known, ..)| *known == path) {
            Entry::File(file)
        } else if let Some((_, target)) = LINKS.iter().find(|(known, _)| *known == path) {
            Entry::Link(target)
        } else if files().map(|(known, ..)| *known).chain(DIRS.iter().copied()).any(is_dir) {
            Entry::Dir(path)
        } else {
            return Err(Errno::ENOENT);
        };
        Ok(Arc::new(Self { view: Arc::clone(&self.view), entry }))
    }

    fn entries(&self, _: u32) -> Names {
        let Entry::Dir(dir) = &self.entry else { return Vec::new() };
        let all = files().map(|(path, ..)| (*path, FileType::Regular));
        let all = all.chain(LINKS.iter().map(|(path, _)| (*path, FileType::Symlink)));
        let all = all.chain(DIRS.iter().map(|path| (*path, FileType::Directory)));
        let mut names: Names = all
            .filter_map(|(path, file_type)| {
                let (name, last) = name_in(dir, path)?;
                Some((name.as_bytes().into(), if last { file_type } else { FileType::Directory }))
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn link(&self, _: u32) -> Result<LinkTarget, Errno> {
        match &self.entry {
            Entry::Link(target) => Ok(LinkTarget::Path(target.as_bytes().to_vec())),
            _ => Err(Errno::EINVAL),
        }
    }

    fn read(&self) -> Result<Bytes, Errno> {
        match &self.entry {
            Entry::File((_, _, read)) => Ok(read(&self.view).into()),
            _ => Err(Errno::EISDIR),
        }
    }

    fn write(&self, _: &[u8]) -> Result<(), Errno> {
        Err(Errno::EROFS)
    }
}

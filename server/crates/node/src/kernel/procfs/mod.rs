//! `/proc` (`proc(5)`): processes and the machine, made up as it is looked at.

pub(crate) mod machine;
mod net;
mod process;

use std::sync::Arc;

use bytes::Bytes;

use super::{
    errno::Errno,
    fs::{FileSystem, FileType, FsKind, Inode, LinkTarget, Names, VirtualNode, VirtualStat},
    host::Host,
    process::{PidNamespace, Process},
    quota::Quota,
};
use crate::rng::stable_hash;

/// The root of a new `/proc` that shows a namespace.
pub(crate) fn new_root(host: &Arc<Host>, pids: &Arc<PidNamespace>) -> Arc<Inode> {
    let fs = FileSystem::new(host, FsKind::Proc, Quota::none());
    let view = View { host: Arc::clone(host), pids: Arc::clone(pids) };
    Inode::from_virtual(&fs, Arc::new(Node { view, entry: Entry::Root }), None)
}

/// What a `/proc` shows.
#[derive(Clone, Debug)]
struct View {
    host: Arc<Host>,
    pids: Arc<PidNamespace>,
}

/// A file or directory of `/proc`.
#[derive(Debug)]
struct Node {
    view: View,
    entry: Entry,
}

/// Which one.
#[derive(Clone, Debug)]
enum Entry {
    Root,
    /// A link with this target.
    Link(&'static str),
    /// A file about the machine.
    Machine(machine::File),
    /// A directory below `sys`.
    Sys(&'static str),
    /// A process's directory.
    Process(Arc<Process>),
    /// A file about a process; `viewed_by` is who asks.
    ProcessFile(Arc<Process>, process::File, u32),
    ProcessLink(Arc<Process>, process::Link),
    /// The link `self`, or (`true`) `thread-self`.
    Own(bool),
    /// The directory of a process's threads...
    Task(Arc<Process>),
    /// ...and that of its only one: as the process's, but without threads of its own.
    Thread(Arc<Process>),
    Namespaces(Arc<Process>),
    Namespace(Arc<Process>, process::Namespace),
    Fds(Arc<Process>),
    Fd(Arc<Process>, u32),
    Net(Arc<Process>),
    NetFile(Arc<Process>, net::File),
}

const ROOT_LINKS: [(&str, &str); 2] = [("mounts", "self/mounts"), ("net", "self/net")];

impl Node {
    fn child(&self, entry: Entry) -> Arc<dyn VirtualNode> {
        Arc::new(Self { view: self.view.clone(), entry })
    }

    fn process(&self, viewer: u32, name: &[u8]) -> Option<Arc<Process>> {
        let pid = match name {
            b"self" | b"thread-self" => viewer,
            _ => std::str::from_utf8(name).ok()?.parse().ok()?,
        };
        self.view.pids.get(pid)
    }
}

impl VirtualNode for Node {
    fn stat(&self) -> VirtualStat {
        let (file_type, mode) = match &self.entry {
            Entry::Root
            | Entry::Process(_)
            | Entry::Sys(_)
            | Entry::Net(_)
            | Entry::Task(_)
            | Entry::Thread(_) => (FileType::Directory, 0o555),
            Entry::Namespaces(_) => (FileType::Directory, 0o511),
            Entry::Fds(_) => (FileType::Directory, 0o500),
            Entry::Link(_) | Entry::ProcessLink(..) | Entry::Namespace(..) | Entry::Own(..) => {
                (FileType::Symlink, 0o777)
            }
            Entry::Fd(process, fd) => (FileType::Symlink, process::fd_mode(process, *fd)),
            Entry::Machine(file) => (FileType::Regular, file.mode()),
            Entry::ProcessFile(_, file, _) => (FileType::Regular, file.mode()),
            Entry::NetFile(..) => (FileType::Regular, 0o444),
        };
        let (uid, gid) = match &self.entry {
            Entry::Process(process)
            | Entry::ProcessFile(process, ..)
            | Entry::ProcessLink(process, _)
            | Entry::Task(process)
            | Entry::Thread(process)
            | Entry::Namespaces(process)
            | Entry::Namespace(process, _)
            | Entry::Fds(process)
            | Entry::Fd(process, _)
            | Entry::Net(process)
            | Entry::NetFile(process, _) => {
                let state = process.lock();
                (state.creds.uid, state.creds.gid)
            }
            _ => (0, 0),
        };
        let ino = match &self.entry {
            Entry::Root => 1,
            Entry::Link(target) | Entry::Sys(target) => stable_hash(target.as_bytes()) >> 36,
            Entry::Machine(file) => stable_hash(file.name().as_bytes()) >> 36,
            Entry::Process(process) => u64::from(process.host_pid) << 12,
            Entry::ProcessFile(process, file, _) => (u64::from(process.host_pid) << 12) + 1 + *file as u64,
            Entry::ProcessLink(process, link) => (u64::from(process.host_pid) << 12) + 64 + *link as u64,
            Entry::Own(thread) => 2 + u64::from(*thread),
            Entry::Thread(process) => (u64::from(process.host_pid) << 12) + 77,
            Entry::Task(process) => (u64::from(process.host_pid) << 12) + 78,
            Entry::Namespaces(process) => (u64::from(process.host_pid) << 12) + 79,
            Entry::Namespace(process, kind) => (u64::from(process.host_pid) << 12) + 96 + *kind as u64,
            Entry::Fds(process) => (u64::from(process.host_pid) << 12) + 80,
            Entry::Net(process) => (u64::from(process.host_pid) << 12) + 81,
            Entry::NetFile(process, file) => (u64::from(process.host_pid) << 12) + 82 + *file as u64,
            Entry::Fd(process, fd) => (u64::from(process.host_pid) << 12) + 128 + u64::from(*fd),
        };
        VirtualStat { file_type, mode, uid, gid, ino }
    }

    fn lookup(&self, viewer: u32, name: &[u8]) -> Result<Arc<dyn VirtualNode>, Errno> {
        let text = std::str::from_utf8(name).map_err(|_| Errno::ENOENT)?;
        let entry = match &self.entry {
            Entry::Root => {
                let link = ROOT_LINKS
                    .iter()
                    .find(|(known, _)| *known == text)
                    .map(|(_, target)| Entry::Link(target));
                let machine = || machine::File::at("", text).map(Entry::Machine);
                let sys = || (text == "sys").then_some(Entry::Sys("sys"));
                match (text, self.process(viewer, name)) {
                    ("self" | "thread-self", Some(_)) => Some(Entry::Own(text != "self")),
                    (_, Some(process)) => Some(Entry::Process(process)),
                    _ => link.or_else(machine).or_else(sys),
                }
            }
            Entry::Process(process) | Entry::Thread(process) => {
                let has_threads = matches!(self.entry, Entry::Process(_));
                let process = || Arc::clone(process);
                match text {
                    "fd" => Some(Entry::Fds(process())),
                    "net" => Some(Entry::Net(process())),
                    "ns" => Some(Entry::Namespaces(process())),
                    "task" if has_threads => Some(Entry::Task(process())),
                    _ => process::File::named(text)
                        .map(|file| Entry::ProcessFile(process(), file, viewer))
                        .or_else(|| {
                            process::Link::named(text).map(|link| Entry::ProcessLink(process(), link))
                        }),
                }
            }
            Entry::Fds(process) => {
                let fd = text.parse().ok().filter(|fd| process.lock().fds.get(*fd).is_some());
                fd.map(|fd| Entry::Fd(Arc::clone(process), fd))
            }
            Entry::Task(process) => {
                (text.parse() == Ok(process.pid)).then(|| Entry::Thread(Arc::clone(process)))
            }
            Entry::Namespaces(process) => {
                process::Namespace::named(text).map(|kind| Entry::Namespace(Arc::clone(process), kind))
            }
            Entry::Net(process) => {
                net::File::named(text).map(|file| Entry::NetFile(Arc::clone(process), file))
            }
            Entry::Sys(path) => {
                let below =
                    machine::DIRECTORIES.iter().find(|dir| machine::is_in(dir, path) && dir.ends_with(text));
                machine::File::at(path, text).map(Entry::Machine).or_else(|| below.map(|dir| Entry::Sys(dir)))
            }
            _ => return Err(Errno::ENOTDIR),
        };
        Ok(self.child(entry.ok_or(Errno::ENOENT)?))
    }

    fn entries(&self, viewer: u32) -> Names {
        let mut all: Names = Vec::new();
        let mut add = |name: &str, file_type| all.push((name.as_bytes().into(), file_type));
        match &self.entry {
            Entry::Root => {
                for process in self.view.pids.all() {
                    add(&process.pid.to_string(), FileType::Directory);
                }
                for file in machine::File::ALL.iter().filter(|file| file.directory().is_empty()) {
                    add(file.name(), FileType::Regular);
                }
                for (name, _) in ROOT_LINKS {
                    add(name, FileType::Symlink);
                }
                if self.view.pids.get(viewer).is_some() {
                    add("self", FileType::Symlink);
                    add("thread-self", FileType::Symlink);
                }
                add("sys", FileType::Directory);
            }
            Entry::Process(_) | Entry::Thread(_) => {
                add("fd", FileType::Directory);
                add("net", FileType::Directory);
                add("ns", FileType::Directory);
                if matches!(self.entry, Entry::Process(_)) {
                    add("task", FileType::Directory);
                }
                for file in process::File::ALL {
                    add(file.name(), FileType::Regular);
                }
                for link in process::Link::ALL {
                    add(link.name(), FileType::Symlink);
                }
            }
            Entry::Task(process) => add(&process.pid.to_string(), FileType::Directory),
            Entry::Namespaces(_) => {
                for kind in process::Namespace::ALL {
                    add(kind.name(), FileType::Symlink);
                }
            }
            Entry::Fds(process) => {
                for (fd, _) in process.lock().fds.iter() {
                    add(&fd.to_string(), FileType::Symlink);
                }
            }
            Entry::Net(_) => {
                for file in net::File::ALL {
                    add(file.name(), FileType::Regular);
                }
            }
            Entry::Sys(path) => {
                for dir in machine::DIRECTORIES.iter().filter(|dir| machine::is_in(dir, path)) {
                    add(dir.rsplit('/').next().unwrap_or(dir), FileType::Directory);
                }
                for file in machine::File::ALL.iter().filter(|file| file.directory() == *path) {
                    add(file.name(), FileType::Regular);
                }
            }
            _ => {}
        }
        all.sort_unstable();
        all
    }

    fn link(&self, viewer: u32) -> Result<LinkTarget, Errno> {
        match &self.entry {
            Entry::Link(target) => Ok(LinkTarget::Path(target.as_bytes().to_vec())),
            Entry::Own(false) => Ok(LinkTarget::Path(viewer.to_string().into_bytes())),
            Entry::Own(true) => Ok(LinkTarget::Path(format!("{viewer}/task/{viewer}").into_bytes())),
            Entry::Namespace(process, kind) => Ok(LinkTarget::Path(kind.text(process).into_bytes())),
            Entry::ProcessLink(process, link) => process::follow(process, *link),
            Entry::Fd(process, fd) => process::follow_fd(process, *fd),
            _ => Err(Errno::EINVAL),
        }
    }

    fn read(&self) -> Result<Bytes, Errno> {
        match &self.entry {
            Entry::Machine(file) => Ok(file.read(&self.view.host, &self.view.pids).into()),
            Entry::ProcessFile(process, file, viewer) => Ok(file.read(process, *viewer).into()),
            Entry::NetFile(process, file) => Ok(file.read(&process.container.net).into()),
            _ => Err(Errno::EISDIR),
        }
    }

    fn writable(&self) -> Result<(), Errno> {
        // The runtime mounts what is about the machine read-only.
        if matches!(self.entry, Entry::Machine(_)) { Err(Errno::EROFS) } else { Ok(()) }
    }

    fn write(&self, bytes: &[u8]) -> Result<(), Errno> {
        let _ = bytes;
        match &self.entry {
            Entry::ProcessFile(_, process::File::OomScoreAdj, _) => Ok(()),
            _ => Err(Errno::EIO),
        }
    }
}

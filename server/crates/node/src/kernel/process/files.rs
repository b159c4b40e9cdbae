//! What a process does with files: open, read, write, and what changes directories.

use std::{borrow::Cow, future::poll_fn, sync::Arc};

use bytes::Bytes;

use super::{Fd, Process};
use crate::kernel::{
    creds::{EXECUTE, READ, WRITE, cap},
    errno::Errno,
    fs::{
        Device, FileObject, FileType, Found, FsKind, Kind, LinkTarget, Location, Names, OpenFile, OpenFlags,
        SetTimes, Stat, Walk,
    },
    pipe::{PIPE_CAPACITY, pipe_within},
    signal::Signal,
};

/// How many symbolic links without a target are followed when a file is made through them.
const MAX_LINKS: u32 = 40;

impl Process {
    /// Looks at paths as this process sees them.
    pub(crate) fn walk<T>(&self, look: impl FnOnce(&Walk<'_>) -> T) -> T {
        let (root, cwd, creds) = {
            let state = self.lock();
            (state.root.clone(), state.cwd.clone(), state.creds.clone())
        };
        let table = &self.container.mounts;
        look(&Walk { table, root: &root, cwd: &cwd, creds: &creds, viewer: self.pid })
    }

    /// Opens a file, without a number. A named pipe waits for its other end.
    pub(crate) async fn open_file(
        &self,
        path: &[u8],
        flags: OpenFlags,
        mode: u16,
    ) -> Result<Arc<OpenFile>, Errno> {
        match self.prepare_open(path, flags, mode)? {
            Opened::Ready(file) => Ok(file),
            Opened::Fifo(place) => open_fifo(&place, flags, path).await,
        }
    }

    /// Opens a file at the lowest free number.
    pub(crate) async fn open(&self, path: &[u8], flags: OpenFlags, mode: u16) -> Result<Fd, Errno> {
        let file = self.open_file(path, flags, mode).await?;
        self.lock().fds.add(file, 0, false)
    }

    fn prepare_open(&self, path: &[u8], flags: OpenFlags, mode: u16) -> Result<Opened, Errno> {
        let mut path = Cow::Borrowed(path);
        let mode = mode & !self.umask();
        self.walk(|walk| {
            for _ in 0..MAX_LINKS {
                match walk.find(&path, true) {
                    Ok(_) if flags.create && flags.exclusive => return Err(Errno::EEXIST),
                    Ok(Found::Open(file)) => return reopen(&file, flags).map(Opened::Ready),
                    Ok(Found::Place(place)) => return self.open_place(walk, place, flags, &path),
                    Err(Errno::ENOENT) if flags.create => {}
                    Err(error) => return Err(error),
                }
                let parent = walk.parent(&path)?;
                match walk.step(&parent.dir, &parent.name) {
                    Ok(link) => {
                        let LinkTarget::Path(target) = walk.read_link(&link.inode)? else {
                            return Err(Errno::ENOENT);
                        };
                        let dir =
                            path.iter().rposition(|byte| *byte == b'/').map_or(&b""[..], |at| &path[..=at]);
                        path = Cow::Owned(crate::kernel::fs::join(dir, &target));
                    }
                    Err(_) => {
                        let place = walk.create(&parent, mode)?;
                        let name = self.shown(&path);
                        return Ok(Opened::Ready(OpenFile::new(self.file_object(place, flags), flags, name)));
                    }
                }
            }
            Err(Errno::ELOOP)
        })
    }

    fn open_place(
        &self,
        walk: &Walk<'_>,
        place: Location,
        flags: OpenFlags,
        path: &[u8],
    ) -> Result<Opened, Errno> {
        let file_type = place.inode.file_type;
        if file_type == FileType::Directory && (flags.write || flags.create) {
            return Err(Errno::EISDIR);
        }
        let access = if flags.read { READ } else { 0 } | if flags.write { WRITE } else { 0 };
        if !place.inode.may(walk.creds, access) {
            return Err(Errno::EACCES);
        }
        if flags.write && file_type == FileType::Regular && place.inode.fs.kind != FsKind::Proc {
            place.writable()?;
        }
        let object = match &place.inode.lock().kind {
            Kind::Fifo(_) => return Ok(Opened::Fifo(place.clone())),
            Kind::Terminal(tty) => FileObject::Terminal(Arc::clone(tty)),
            Kind::Device(Device::Tty) => FileObject::Terminal(self.tty().ok_or(Errno::ENXIO)?),
            Kind::Device(device) => {
                let host = Arc::clone(&self.container.host);
                FileObject::Device { device: *device, place: place.clone(), host }
            }
            Kind::Virtual(node, _) if file_type == FileType::Regular => {
                if flags.write {
                    node.writable()?;
                }
                let content = if flags.read { node.read()? } else { Bytes::new() };
                let node = Arc::clone(node);
                FileObject::Virtual { node, place: place.clone(), content, offset: 0.into() }
            }
            Kind::File(_) | Kind::Dir(_) | Kind::Virtual(_, _) | Kind::Link(_) => {
                self.file_object(place.clone(), flags)
            }
        };
        if flags.truncate && flags.write && matches!(object, FileObject::File { .. }) {
            place.inode.truncate(0)?;
        }
        let name = self.shown(path);
        Ok(Opened::Ready(OpenFile::new(object, flags, name)))
    }

    fn file_object(&self, place: Location, flags: OpenFlags) -> FileObject {
        let in_memory = flags.write && place.inode.fs.kind == FsKind::Tmpfs;
        let writer = in_memory.then(|| Arc::clone(&self.container));
        FileObject::File { place, offset: 0.into(), writer }
    }

    /// How `/proc/self/fd` shows what was opened by a path: as seen from `/`, by its text.
    fn shown(&self, path: &[u8]) -> Vec<u8> {
        match path.starts_with(b"/") {
            true => path.to_vec(),
            false => crate::kernel::fs::normalize(&crate::kernel::fs::join(&self.cwd(), path)),
        }
    }

    /// Opens a directory and lists it: what is listed while it is open may be the very file that is open.
    pub(crate) fn open_dir(&self, path: &[u8]) -> Result<(Fd, Names), Errno> {
        let (place, name) = self.walk(|walk| {
            let place = walk.place(path, true)?;
            let name = walk.table.path_of(&place, walk.root);
            Ok::<_, Errno>((place, name))
        })?;
        let object = self.file_object(place, OpenFlags::READ);
        let fd = self.lock().fds.add(OpenFile::new(object, OpenFlags::READ, name), 0, true)?;
        let names = self.list(path);
        if names.is_err() {
            let _ = self.close(fd);
        }
        Ok((fd, names?))
    }

    // File descriptors.

    /// The file that a number stands for.
    pub(crate) fn file(&self, fd: Fd) -> Result<Arc<OpenFile>, Errno> {
        self.lock().fds.get(fd).cloned().ok_or(Errno::EBADF)
    }

    /// Reads up to `max` bytes, waiting for some; none means the end.
    pub(crate) async fn read(&self, fd: Fd, max: usize) -> Result<Bytes, Errno> {
        let file = self.file(fd)?;
        let bytes = poll_fn(|cx| file.poll_read(cx, max)).await?;
        self.work(1 + (bytes.len() >> 10) as u32).await;
        Ok(bytes)
    }

    /// Writes all of `bytes`. Where nobody can read them any more the process gets SIGPIPE, and goes no further unless it
    /// asked for that.
    pub(crate) async fn write(&self, fd: Fd, bytes: impl Into<Bytes>) -> Result<(), Errno> {
        let file = self.file(fd)?;
        self.write_file(&file, bytes.into()).await
    }

    /// Writes all of `bytes` to a file without a number.
    pub(crate) async fn write_file(&self, file: &OpenFile, mut bytes: Bytes) -> Result<(), Errno> {
        let steps = 1 + (bytes.len() >> 10) as u32;
        while !bytes.is_empty() {
            let written = poll_fn(|cx| file.poll_write(cx, &mut bytes)).await;
            if written == Err(Errno::EPIPE) {
                self.signal(Signal::PIPE);
                if !self.is_doomed() {
                    return Err(Errno::EPIPE);
                }
                std::future::pending::<()>().await;
            }
            written?;
        }
        self.work(steps).await;
        Ok(())
    }

    /// Closes a number.
    pub(crate) fn close(&self, fd: Fd) -> Result<(), Errno> {
        let file = self.lock().fds.take(fd);
        file.map(drop).ok_or(Errno::EBADF)
    }

    /// Makes `to` stand for what `from` does.
    pub(crate) fn dup2(&self, from: Fd, to: Fd) -> Result<(), Errno> {
        let file = self.file(from)?;
        if from != to {
            drop(self.put(to, file)?);
        }
        Ok(())
    }

    /// Makes a number stand for a file; returns what it stood for before.
    pub(crate) fn put(&self, fd: Fd, file: Arc<OpenFile>) -> Result<Option<Arc<OpenFile>>, Errno> {
        self.lock().fds.set(fd, file)
    }

    /// Makes a pipe, without numbers: the end to read from and the end to write to.
    pub(crate) fn pipe(&self) -> (Arc<OpenFile>, Arc<OpenFile>) {
        let (reader, writer) = pipe_within(Some(&self.container.host.budget));
        let name = format!("pipe:[{}]", self.container.host.next_object()).into_bytes();
        let flags = OpenFlags { write: true, ..OpenFlags::default() };
        (
            OpenFile::new(FileObject::PipeReader(reader), OpenFlags::READ, name.clone()),
            OpenFile::new(FileObject::PipeWriter(writer), flags, name),
        )
    }

    /// Whether a number stands for a terminal.
    pub(crate) fn is_terminal(&self, fd: Fd) -> bool {
        self.file(fd).is_ok_and(|file| file.terminal().is_some())
    }

    /// A good size for reads: what a pipe holds.
    pub(crate) const READ_SIZE: usize = PIPE_CAPACITY;

    /// The whole of a small file, such as one of `/etc`; `EFBIG` past `limit` bytes.
    pub(crate) async fn read_file(&self, path: &[u8], limit: usize) -> Result<Vec<u8>, Errno> {
        let file = self.open_file(path, OpenFlags::READ, 0).await?;
        if file.file_type() == FileType::Directory {
            return Err(Errno::EISDIR);
        }
        let regular = file.file_type() == FileType::Regular;
        let mut all = Vec::new();
        loop {
            let bytes = poll_fn(|cx| file.poll_read(cx, Self::READ_SIZE)).await?;
            let count = bytes.len();
            if all.is_empty() {
                all = bytes.into();
            } else {
                all.extend_from_slice(&bytes);
            }
            self.work(1 + (count >> 10) as u32).await;
            if all.len() > limit {
                return Err(Errno::EFBIG);
            }
            // A regular file gives less than what it is asked for at its end only.
            if count == 0 || (regular && count < Self::READ_SIZE) {
                return Ok(all);
            }
        }
    }

    // Paths.

    /// What a path leads to, as `stat(2)` (`follow`) or `lstat(2)` tell.
    pub(crate) fn stat(&self, path: &[u8], follow: bool) -> Result<Stat, Errno> {
        match self.walk(|walk| walk.find(path, follow))? {
            Found::Place(place) => Ok(place.inode.stat()),
            Found::Open(file) => Ok(file.stat(&self.container.host)),
        }
    }

    /// What a number stands for.
    pub(crate) fn fstat(&self, fd: Fd) -> Result<Stat, Errno> {
        Ok(self.file(fd)?.stat(&self.container.host))
    }

    /// The place that a path leads to.
    pub(crate) fn place(&self, path: &[u8], follow: bool) -> Result<Location, Errno> {
        self.walk(|walk| walk.place(path, follow))
    }

    /// Whether a path leads to something on which `access` is allowed.
    pub(crate) fn access(&self, path: &[u8], access: u16) -> Result<(), Errno> {
        self.walk(|walk| match walk.find(path, true)? {
            Found::Place(place) => {
                if !place.inode.may(walk.creds, access) {
                    return Err(Errno::EACCES);
                }
                let changes = access & WRITE != 0 && place.inode.file_type != FileType::CharDevice;
                if changes { place.writable() } else { Ok(()) }
            }
            Found::Open(_) => Ok(()),
        })
    }

    /// A directory's entries, sorted by name, without `.` and `..`.
    pub(crate) fn list(&self, path: &[u8]) -> Result<Names, Errno> {
        self.walk(|walk| {
            let place = walk.place(path, true)?;
            if place.inode.is_dir() && !place.inode.may(walk.creds, READ) {
                return Err(Errno::EACCES);
            }
            walk.list(&place.inode)
        })
    }

    /// Where a symbolic link leads, as it says itself.
    pub(crate) fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        self.walk(|walk| match walk.read_link(&walk.place(path, false)?.inode)? {
            LinkTarget::Path(target) | LinkTarget::Place(_, target) | LinkTarget::Open(_, target) => {
                Ok(target)
            }
        })
    }

    /// The path of the working directory.
    pub(crate) fn cwd(&self) -> Vec<u8> {
        let (cwd, root) = {
            let state = self.lock();
            (state.cwd.clone(), state.root.clone())
        };
        self.container.mounts.path_of(&cwd, &root)
    }

    /// Whether an absolute path, which may go through links, leads to the working directory: what `$PWD` is believed by.
    pub(crate) fn is_here(&self, path: &[u8]) -> bool {
        path.starts_with(b"/") && self.place(path, true).is_ok_and(|place| place == self.lock().cwd)
    }

    /// The path of a place without links, `.` and `..` (`realpath(3)`).
    pub(crate) fn real_path(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        self.walk(|walk| {
            let place = walk.place(path, true)?;
            if place.inode.is_dir() {
                return Ok(walk.table.path_of(&place, walk.root));
            }
            // A file has no way up; its name is that of the last link followed.
            let mut path = path.to_vec();
            for _ in 0..MAX_LINKS {
                let parent = walk.parent(&path)?;
                let entry = walk.step(&parent.dir, &parent.name)?;
                let dir = walk.table.path_of(&parent.dir, walk.root);
                if entry.inode.file_type != FileType::Symlink {
                    return Ok(crate::kernel::fs::join(&dir, &parent.name));
                }
                match walk.read_link(&entry.inode)? {
                    LinkTarget::Path(target) => path = crate::kernel::fs::join(&dir, &target),
                    LinkTarget::Place(_, shown) | LinkTarget::Open(_, shown) => return Ok(shown),
                }
            }
            Err(Errno::ELOOP)
        })
    }

    /// Changes the working directory.
    pub(crate) fn chdir(&self, path: &[u8]) -> Result<(), Errno> {
        let place = self.walk(|walk| {
            let place = walk.place(path, true)?;
            if !place.inode.is_dir() {
                return Err(Errno::ENOTDIR);
            }
            if place.inode.may(walk.creds, EXECUTE) { Ok(place) } else { Err(Errno::EACCES) }
        })?;
        self.lock().cwd = place;
        Ok(())
    }

    /// Changes what `/` is.
    pub(crate) fn chroot(&self, path: &[u8]) -> Result<(), Errno> {
        let place = self.place(path, true)?;
        if !place.inode.is_dir() {
            return Err(Errno::ENOTDIR);
        }
        if !self.creds().has(cap::SYS_CHROOT) {
            return Err(Errno::EPERM);
        }
        self.lock().root = place;
        Ok(())
    }

    pub(crate) fn mkdir(&self, path: &[u8], mode: u16) -> Result<(), Errno> {
        let mode = mode & !self.umask();
        self.walk(|walk| walk.mkdir(path, mode)).map(drop)
    }

    pub(crate) fn mkfifo(&self, path: &[u8], mode: u16) -> Result<(), Errno> {
        let mode = mode & !self.umask();
        self.walk(|walk| walk.mkfifo(path, mode)).map(drop)
    }

    /// Makes a device like the one at `model` (`mknod(2)`).
    pub(crate) fn mknod(&self, model: &[u8], path: &[u8], mode: u16) -> Result<(), Errno> {
        if !self.creds().has(cap::MKNOD) {
            return Err(Errno::EPERM);
        }
        let mode = mode & !self.umask();
        self.walk(|walk| walk.mknod(model, path, mode)).map(drop)
    }

    pub(crate) fn symlink(&self, target: &[u8], path: &[u8]) -> Result<(), Errno> {
        self.walk(|walk| walk.symlink(target, path)).map(drop)
    }

    pub(crate) fn link(&self, from: &[u8], to: &[u8], follow: bool) -> Result<(), Errno> {
        self.walk(|walk| walk.link(from, to, follow))
    }

    pub(crate) fn unlink(&self, path: &[u8]) -> Result<(), Errno> {
        self.walk(|walk| walk.unlink(path))
    }

    pub(crate) fn rmdir(&self, path: &[u8]) -> Result<(), Errno> {
        self.walk(|walk| walk.rmdir(path))
    }

    pub(crate) fn rename(&self, from: &[u8], to: &[u8]) -> Result<(), Errno> {
        self.walk(|walk| walk.rename(from, to))
    }

    pub(crate) fn chmod(&self, path: &[u8], mode: u16) -> Result<(), Errno> {
        self.walk(|walk| {
            let place = walk.place(path, true)?;
            place.writable()?;
            place.inode.chmod(walk.creds, mode)
        })
    }

    pub(crate) fn chown(
        &self,
        path: &[u8],
        uid: Option<u32>,
        gid: Option<u32>,
        follow: bool,
    ) -> Result<(), Errno> {
        self.walk(|walk| {
            let place = walk.place(path, follow)?;
            place.writable()?;
            place.inode.chown(walk.creds, uid, gid)
        })
    }

    /// Sets times; without being the owner, write permission is enough for setting them to now.
    pub(crate) fn set_times(&self, path: &[u8], times: SetTimes, follow: bool) -> Result<(), Errno> {
        self.walk(|walk| {
            let place = walk.place(path, follow)?;
            place.writable()?;
            let owner = place.inode.stat().uid;
            if !walk.creds.owns(owner) && !place.inode.may(walk.creds, WRITE) {
                return Err(Errno::EACCES);
            }
            place.inode.set_times(times);
            Ok(())
        })
    }

    /// Cuts or extends a file.
    pub(crate) fn truncate(&self, path: &[u8], len: u64) -> Result<(), Errno> {
        self.walk(|walk| {
            let place = walk.place(path, true)?;
            place.writable()?;
            if !place.inode.may(walk.creds, WRITE) {
                return Err(Errno::EACCES);
            }
            place.inode.truncate(len)
        })
    }
}

/// A file that is open, or a named pipe that has yet to be.
enum Opened {
    Ready(Arc<OpenFile>),
    Fifo(Location),
}

async fn open_fifo(place: &Location, flags: OpenFlags, path: &[u8]) -> Result<Arc<OpenFile>, Errno> {
    let fifo = match &place.inode.lock().kind {
        Kind::Fifo(fifo) => Arc::clone(fifo),
        _ => return Err(Errno::EINVAL),
    };
    let object = match (flags.read, flags.write) {
        (true, true) => {
            let (reader, writer) = fifo.open_both();
            FileObject::Fifo(reader, writer)
        }
        (false, true) => FileObject::PipeWriter(fifo.open_writer().await),
        _ => FileObject::PipeReader(fifo.open_reader().await),
    };
    Ok(OpenFile::new(object, flags, path))
}

/// Opens once more what is open, by its link in `/proc/PID/fd`.
fn reopen(file: &OpenFile, flags: OpenFlags) -> Result<Arc<OpenFile>, Errno> {
    let object = match &file.object {
        FileObject::Terminal(tty) => FileObject::Terminal(Arc::clone(tty)),
        FileObject::Sink(sink) if !flags.read => FileObject::Sink(Arc::clone(sink)),
        FileObject::PipeReader(reader) if !flags.write => FileObject::PipeReader(reader.clone()),
        FileObject::PipeReader(reader) if !flags.read => FileObject::PipeWriter(reader.writer()),
        FileObject::PipeWriter(writer) if !flags.read => FileObject::PipeWriter(writer.clone()),
        FileObject::PipeWriter(writer) if !flags.write => FileObject::PipeReader(writer.reader()),
        FileObject::PipeReader(_)
        | FileObject::PipeWriter(_)
        | FileObject::Sink(_)
        | FileObject::Fifo(..) => {
            return Err(Errno::EACCES);
        }
        _ => return Err(Errno::ENXIO),
    };
    Ok(OpenFile::new(object, flags, file.name.clone()))
}

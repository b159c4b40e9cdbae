//! Open files: what a file descriptor stands for.

use std::{
    fmt::Debug,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};

use super::{FileType, Kind, Location, Stat, VirtualNode};
use crate::{
    kernel::{
        container::Container,
        errno::Errno,
        host::Host,
        net::{Listener, Stream, UdpSocket},
        pipe::{PipeReader, PipeWriter},
        tty::Tty,
        wait::lock,
    },
    rng::Rng,
};

/// How a file is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpenFlags {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) append: bool,
    pub(crate) create: bool,
    /// With `create`: fail where there is something already.
    pub(crate) exclusive: bool,
    pub(crate) truncate: bool,
}

impl OpenFlags {
    /// `<`
    pub(crate) const READ: Self =
        Self { read: true, write: false, append: false, create: false, exclusive: false, truncate: false };
    /// `>`
    pub(crate) const WRITE: Self =
        Self { read: false, write: true, append: false, create: true, exclusive: false, truncate: true };
    /// `>>`
    pub(crate) const APPEND: Self = Self { append: true, truncate: false, ..Self::WRITE };
    /// `<>`
    pub(crate) const READ_WRITE: Self = Self { read: true, truncate: false, ..Self::WRITE };
}

/// Devices (`/dev`) without a state of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    Null,
    Zero,
    Full,
    Random,
    Urandom,
    /// The controlling terminal of whoever opens it.
    Tty,
    /// The multiplexer of pseudo terminals.
    Ptmx,
}

impl Device {
    /// Major and minor number.
    pub(crate) fn number(self) -> (u32, u32) {
        match self {
            Self::Null => (1, 3),
            Self::Zero => (1, 5),
            Self::Full => (1, 7),
            Self::Random => (1, 8),
            Self::Urandom => (1, 9),
            Self::Tty => (5, 0),
            Self::Ptmx => (5, 2),
        }
    }
}

/// Where bytes can be written that leave the container: its log.
pub(crate) trait Sink: Send + Sync + Debug {
    /// Takes some of `bytes`, and advances it by that.
    fn poll_write(&self, cx: &Context<'_>, bytes: &mut Bytes) -> Poll<Result<(), Errno>>;
}

/// An open file. File descriptors that were duplicated or inherited share it, with its offset.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) object: FileObject,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    append: AtomicBool,
    /// Whether it holds a lock.
    pub(super) locked: AtomicBool,
    /// How `/proc/self/fd` shows it: a path, `pipe:[123]`, `socket:[123]`.
    pub(crate) name: Box<[u8]>,
}

/// What is open.
#[derive(Debug)]
pub(crate) enum FileObject {
    /// A regular file or a directory.
    File {
        place: Location,
        offset: Mutex<u64>,
        /// Whose memory it grows in, where it lies in memory.
        writer: Option<Arc<Container>>,
    },
    /// A file of `/proc`, as it was when it was opened.
    Virtual {
        node: Arc<dyn VirtualNode>,
        place: Location,
        content: Bytes,
        offset: Mutex<u64>,
    },
    /// A device.
    Device {
        device: Device,
        place: Location,
        host: Arc<Host>,
    },
    Terminal(Arc<Tty>),
    PipeReader(PipeReader),
    PipeWriter(PipeWriter),
    /// Both ends of one named pipe.
    Fifo(PipeReader, PipeWriter),
    Sink(Arc<dyn Sink>),
    Stream(Arc<Stream>),
    Listener(Arc<Listener>),
    Udp(Arc<UdpSocket>),
}

/// Where a seek begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeekFrom {
    Start(u64),
    Current(i64),
    End(i64),
}

impl OpenFile {
    pub(crate) fn new(object: FileObject, flags: OpenFlags, name: impl Into<Box<[u8]>>) -> Arc<Self> {
        Arc::new(Self {
            object,
            readable: flags.read,
            writable: flags.write,
            append: AtomicBool::new(flags.append),
            locked: AtomicBool::new(false),
            name: name.into(),
        })
    }

    /// Whether reading does not wait: pipes and terminals do while they have nothing.
    pub(crate) fn is_ready(&self) -> bool {
        match &self.object {
            FileObject::Terminal(tty) => tty.is_ready(),
            FileObject::PipeReader(reader) | FileObject::Fifo(reader, _) => reader.is_ready(),
            _ => true,
        }
    }

    /// Reads up to `max` bytes, waiting for some; none means the end.
    pub(crate) fn poll_read(&self, cx: &Context<'_>, max: usize) -> Poll<Result<Bytes, Errno>> {
        if !self.readable {
            return Poll::Ready(Err(Errno::EBADF));
        }
        match &self.object {
            FileObject::File { place, offset, .. } => {
                let mut offset = lock(offset);
                let read = place.inode.read_at(*offset, max);
                if let Ok(bytes) = &read {
                    *offset += bytes.len() as u64;
                }
                Poll::Ready(read)
            }
            FileObject::Virtual { content, offset, .. } => {
                let mut offset = lock(offset);
                let start = content.len().min(*offset as usize);
                let end = content.len().min(start.saturating_add(max));
                *offset = end as u64;
                Poll::Ready(Ok(content.slice(start..end)))
            }
            FileObject::Device { device, host, .. } => Poll::Ready(Ok(read_device(*device, host, max))),
            FileObject::Terminal(tty) => tty.poll_read(cx, max),
            FileObject::PipeReader(reader) | FileObject::Fifo(reader, _) => {
                reader.poll_take(cx, max).map_err(Errno::from)
            }
            FileObject::Stream(stream) => stream.poll_read(cx, max),
            FileObject::PipeWriter(_) | FileObject::Sink(_) => Poll::Ready(Err(Errno::EBADF)),
            FileObject::Listener(_) | FileObject::Udp(_) => Poll::Ready(Err(Errno::ENOTCONN)),
        }
    }

    /// Writes some of `bytes`, waiting for room, and advances it by that.
    pub(crate) fn poll_write(&self, cx: &Context<'_>, bytes: &mut Bytes) -> Poll<Result<(), Errno>> {
        if !self.writable {
            return Poll::Ready(Err(Errno::EBADF));
        }
        match &self.object {
            FileObject::File { place, offset, writer } => {
                let mut offset = lock(offset);
                let at = if self.append.load(Ordering::Relaxed) { None } else { Some(*offset) };
                match place.inode.write_at(at, bytes, writer.as_deref()) {
                    // The container is being killed: nobody comes back to say so.
                    Err(Errno::ENOMEM) => Poll::Pending,
                    written => Poll::Ready(written.map(|(start, count)| {
                        *offset = start + count as u64;
                        bytes.advance(count);
                    })),
                }
            }
            FileObject::Virtual { node, .. } => {
                let written = node.write(bytes);
                bytes.clear();
                Poll::Ready(written)
            }
            FileObject::Device { device: Device::Full, .. } => Poll::Ready(Err(Errno::ENOSPC)),
            FileObject::Device { .. } => {
                bytes.clear();
                Poll::Ready(Ok(()))
            }
            FileObject::Terminal(tty) => tty.poll_write(cx, bytes),
            FileObject::PipeWriter(writer) | FileObject::Fifo(_, writer) => {
                writer.poll_put(cx, bytes).map_err(Errno::from)
            }
            FileObject::Sink(sink) => sink.poll_write(cx, bytes),
            FileObject::Stream(stream) => stream.poll_write(cx, bytes),
            FileObject::PipeReader(_) => Poll::Ready(Err(Errno::EBADF)),
            FileObject::Listener(_) | FileObject::Udp(_) => Poll::Ready(Err(Errno::ENOTCONN)),
        }
    }

    /// Moves the offset; returns where it is then.
    pub(crate) fn seek(&self, to: SeekFrom) -> Result<u64, Errno> {
        let (offset, len) = match &self.object {
            FileObject::File { place, offset, .. } => (offset, place.inode.len()),
            FileObject::Virtual { content, offset, .. } => (offset, content.len() as u64),
            FileObject::Device { .. } => return Ok(0),
            _ => return Err(Errno::ESPIPE),
        };
        let mut offset = lock(offset);
        let target = match to {
            SeekFrom::Start(start) => Some(start),
            SeekFrom::Current(by) => offset.checked_add_signed(by),
            SeekFrom::End(by) => len.checked_add_signed(by),
        };
        *offset = target.ok_or(Errno::EINVAL)?;
        Ok(*offset)
    }

    /// The inode that it was opened from, if it has one.
    pub(crate) fn place(&self) -> Option<&Location> {
        match &self.object {
            FileObject::File { place, .. }
            | FileObject::Virtual { place, .. }
            | FileObject::Device { place, .. } => Some(place),
            _ => None,
        }
    }

    /// Its terminal, if it is one.
    pub(crate) fn terminal(&self) -> Option<&Arc<Tty>> {
        match &self.object {
            FileObject::Terminal(tty) => Some(tty),
            _ => None,
        }
    }

    /// What it is.
    pub(crate) fn file_type(&self) -> FileType {
        match &self.object {
            FileObject::File { place, .. } | FileObject::Virtual { place, .. } => place.inode.file_type,
            FileObject::Device { .. } | FileObject::Terminal(_) => FileType::CharDevice,
            FileObject::PipeReader(_)
            | FileObject::PipeWriter(_)
            | FileObject::Fifo(..)
            | FileObject::Sink(_) => FileType::Fifo,
            FileObject::Stream(_) | FileObject::Listener(_) | FileObject::Udp(_) => FileType::Socket,
        }
    }

    /// What `fstat(2)` tells; for what has no inode, as much as there is to tell.
    pub(crate) fn stat(&self, host: &Host) -> Stat {
        if let Some(place) = self.place() {
            return place.inode.stat();
        }
        let now = host.env.clock.now();
        let rdev = self.terminal().map_or((0, 0), |tty| (136, tty.number()));
        Stat {
            device: 14,
            ino: crate::rng::stable_hash(&self.name) >> 40,
            file_type: self.file_type(),
            mode: if self.terminal().is_some() { 0o620 } else { 0o600 },
            links: 1,
            uid: 0,
            gid: 0,
            size: 0,
            blocks: 0,
            rdev,
            accessed: now,
            modified: now,
            changed: now,
        }
    }

    /// Completes when the file behind it has changed since `seen` was its length and `modified` its time.
    pub(crate) fn poll_grown(&self, cx: &Context<'_>, seen: u64) -> Poll<()> {
        let Some(place) = self.place() else { return Poll::Ready(()) };
        let mut state = place.inode.lock();
        let len = match &state.kind {
            Kind::File(data) => data.len(),
            _ => return Poll::Ready(()),
        };
        if len != seen {
            return Poll::Ready(());
        }
        state.watch(cx);
        Poll::Pending
    }
}

fn read_device(device: Device, host: &Host, max: usize) -> Bytes {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    match device {
        Device::Null | Device::Tty | Device::Ptmx => Bytes::new(),
        Device::Zero | Device::Full if max <= ZEROS.len() => Bytes::from_static(&ZEROS[..max]),
        Device::Zero | Device::Full => vec![0; max.min(4 << 20)].into(),
        Device::Random | Device::Urandom => {
            let mut bytes = vec![0; max.min(256 << 10)];
            Rng::new(host.random()).fill(&mut bytes);
            bytes.into()
        }
    }
}

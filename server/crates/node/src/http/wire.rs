//! A connection that messages are read from and written to.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use futures::future::{Either, select};

use super::{HeadError, RequestHead, ResponseHead, tls::Session};
use crate::kernel::{
    errno::Errno,
    net::Stream,
    process::{Fd, Process},
};

/// The longest head of a message: nginx's `large_client_header_buffers`.
const MAX_HEAD: usize = 32 * 1024;

/// Waits for `future` on the process's clock, no longer than `limit`; `None` where that was too long.
pub(crate) async fn within<T>(
    process: &Process,
    limit: Option<Duration>,
    future: impl Future<Output = T>,
) -> Option<T> {
    let Some(limit) = limit else { return Some(future.await) };
    let timer = Box::pin(process.sleep(limit));
    match select(std::pin::pin!(future), timer).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}

/// One side of a connection, with a descriptor of its process; closed when it is dropped.
#[derive(Debug)]
pub(crate) struct Wire {
    process: Arc<Process>,
    pub(crate) stream: Arc<Stream>,
    fd: Fd,
    buffer: BytesMut,
    /// Where TLS has begun on it.
    pub(super) tls: Option<Session>,
}

impl Wire {
    /// A connection that was accepted.
    pub(crate) fn accepted(process: &Arc<Process>, stream: Arc<Stream>) -> Result<Self, Errno> {
        let fd = process.add_stream(Arc::clone(&stream))?;
        Ok(Self { process: Arc::clone(process), stream, fd, buffer: BytesMut::new(), tls: None })
    }

    /// Connects to an address.
    pub(crate) async fn connect(process: &Arc<Process>, to: std::net::SocketAddr) -> Result<Self, Errno> {
        let fd = process.connect(to).await?;
        let stream = process.stream(fd)?;
        Ok(Self { process: Arc::clone(process), stream, fd, buffer: BytesMut::new(), tls: None })
    }

    pub(crate) fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// What was read and not yet taken.
    pub(crate) fn buffered(&self) -> &[u8] {
        &self.buffer
    }

    /// Takes what was read.
    pub(crate) fn take(&mut self, len: usize) -> Bytes {
        self.buffer.split_to(len.min(self.buffer.len())).freeze()
    }

    /// Passes over what was read.
    pub(crate) fn skip(&mut self, len: usize) {
        self.buffer.advance(len.min(self.buffer.len()));
    }

    /// Reads more into the buffer; `false` at the end.
    pub(crate) async fn fill(&mut self) -> Result<bool, Errno> {
        let bytes = self.receive().await?;
        self.buffer.extend_from_slice(&bytes);
        Ok(!bytes.is_empty())
    }

    /// Reads a piece, what is in the buffer first; empty at the end.
    pub(crate) async fn read(&mut self) -> Result<Bytes, Errno> {
        if self.buffer.is_empty() {
            self.fill().await?;
        }
        Ok(self.buffer.split().freeze())
    }

    /// Writes all of `bytes`. A connection that is gone is an error, never a signal.
    pub(crate) async fn write(&self, bytes: impl Into<Bytes>) -> Result<(), Errno> {
        self.send(bytes.into()).await
    }

    /// Reads a line, without its end; `None` where the connection ends first. A line longer than `max` is an error.
    pub(crate) async fn line(&mut self, max: usize) -> Result<Option<Bytes>, Errno> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer) {
                let mut line = self.take(at + 1);
                line.truncate(at);
                if line.ends_with(b"\r") {
                    line.truncate(at - 1);
                }
                return Ok(Some(line));
            }
            if self.buffer.len() > max {
                return Err(Errno::E2BIG);
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// Reads the head of a request; `None` where the connection ends before one begins or is complete.
    pub(crate) async fn request(&mut self) -> Result<Option<RequestHead>, WireError> {
        loop {
            if !self.buffer.is_empty()
                && let Some((head, len)) = RequestHead::parse(&self.buffer)?
            {
                self.skip(len);
                return Ok(Some(head));
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(WireError::Head(HeadError::TooLarge));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// Reads the head of a response; `None` where the connection ends before it is complete.
    pub(crate) async fn response(&mut self) -> Result<Option<ResponseHead>, WireError> {
        loop {
            if let Some((head, len)) = ResponseHead::parse(&self.buffer)? {
                self.skip(len);
                return Ok(Some(head));
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(WireError::Head(HeadError::TooLarge));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // The number may have gone with the process already.
        let _ = self.process.close(self.fd);
    }
}

/// Why no head was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireError {
    Io(Errno),
    Head(HeadError),
}

impl From<Errno> for WireError {
    fn from(errno: Errno) -> Self {
        Self::Io(errno)
    }
}

impl From<HeadError> for WireError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

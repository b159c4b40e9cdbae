//! A connection as tokio's traits see it, for protocols that a library speaks.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Wire;
use crate::{
    env::BoxFuture,
    kernel::{errno::Errno, process::Process},
};

/// A connection in clear. What is read counts as its process's work, so that reading rests when the container's share of
/// processor time is used up.
pub(crate) struct Socket {
    wire: Wire,
    /// While the process lets others run.
    pause: Option<BoxFuture<()>>,
}

impl Socket {
    /// What was read of `wire` and not yet taken comes first.
    pub(crate) fn new(wire: Wire) -> Self {
        Self { wire, pause: None }
    }

    fn work(&mut self, bytes: usize) {
        if self.wire.process().tick(1 + (bytes >> 10) as u32) {
            let process = Arc::clone(self.wire.process());
            self.pause = Some(Box::pin(async move { process.pause().await }));
        }
    }

    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(())
    }
}

fn io_error(errno: Errno) -> io::Error {
    io::Error::from_raw_os_error(errno.number())
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_pause(cx));
        let max = buf.remaining().min(Process::READ_SIZE);
        let bytes = if self.wire.buffered().is_empty() {
            ready!(self.wire.stream.poll_read(cx, max)).map_err(io_error)?
        } else {
            self.wire.take(max)
        };
        self.work(bytes.len());
        buf.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let whole = buf.len().min(Process::READ_SIZE);
        let mut bytes = Bytes::copy_from_slice(&buf[..whole]);
        ready!(self.wire.stream.poll_write(cx, &mut bytes)).map_err(io_error)?;
        Poll::Ready(Ok(whole - bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire.stream.shutdown();
        Poll::Ready(Ok(()))
    }
}

//! The byte streams that reach into and out of containers.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::kernel::pipe::{PipeReader, PipeWriter, pipe};

/// Where bytes come out. At the end of the stream a read returns nothing.
#[derive(Debug)]
pub struct ByteSource(PipeReader);

/// Where bytes go in, with back-pressure. Shutting it down, or dropping it, ends the stream.
#[derive(Debug)]
pub struct ByteSink(Option<PipeWriter>);

impl ByteSource {
    pub(crate) fn new(reader: PipeReader) -> Self {
        Self(reader)
    }

    /// A bounded stream between two tasks.
    pub fn pair() -> (ByteSource, ByteSink) {
        let (reader, writer) = pipe();
        (Self(reader), ByteSink::new(writer))
    }
}

impl ByteSink {
    pub(crate) fn new(writer: PipeWriter) -> Self {
        Self(Some(writer))
    }
}

impl AsyncRead for ByteSource {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for ByteSink {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Some(writer) => Pin::new(writer).poll_write(cx, buf),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0 = None;
        Poll::Ready(Ok(()))
    }
}

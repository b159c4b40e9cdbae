//! Connections that someone outside of any container holds.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::kernel::{errno::Errno, net::Stream};

/// An open stream in both directions. Shutting it down ends what the other side reads; dropping it closes it.
#[derive(Debug)]
pub struct Connection(Arc<Stream>);

impl Connection {
    pub(crate) fn new(stream: Arc<Stream>) -> Self {
        Self(stream)
    }

    /// This side's address.
    pub fn local_addr(&self) -> SocketAddr {
        self.0.local
    }

    /// The other side's address.
    pub fn peer_addr(&self) -> SocketAddr {
        self.0.peer
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0.poll_read(cx, buf.remaining()).map_ok(|bytes| buf.put_slice(&bytes)).map_err(io_error)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let whole = buf.len().min(16 * 1024);
        let mut bytes = Bytes::copy_from_slice(&buf[..whole]);
        self.0.poll_write(cx, &mut bytes).map_ok(|()| whole - bytes.len()).map_err(io_error)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.shutdown();
        Poll::Ready(Ok(()))
    }
}

fn io_error(errno: Errno) -> io::Error {
    let kind = match errno {
        Errno::ECONNRESET => io::ErrorKind::ConnectionReset,
        Errno::EPIPE => io::ErrorKind::BrokenPipe,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, errno)
}

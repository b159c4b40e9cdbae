//! What a process does with the network.

use std::{net::SocketAddr, sync::Arc};

use super::{Fd, Process};
use crate::kernel::{
    errno::Errno,
    fs::{FileObject, OpenFile, OpenFlags},
    net::{Listener, Stream, UdpSocket},
};

const READ_WRITE: OpenFlags =
    OpenFlags { read: true, write: true, append: false, create: false, exclusive: false, truncate: false };

impl Process {
    /// Opens a connection.
    pub(crate) async fn connect(&self, to: SocketAddr) -> Result<Fd, Errno> {
        self.work(20).await;
        let stream = self.container.fabric.connect(&self.container.net, to).await?;
        self.add_stream(stream)
    }

    /// Gives a connection a number.
    pub(crate) fn add_stream(&self, stream: Arc<Stream>) -> Result<Fd, Errno> {
        let name = socket_name(stream.id);
        self.lock().fds.add(OpenFile::new(FileObject::Stream(stream), READ_WRITE, name), 0, false)
    }

    /// Opens a socket that listens; one at `[::]` takes IPv4 too.
    pub(crate) fn listen(&self, at: SocketAddr) -> Result<(Fd, Arc<Listener>), Errno> {
        self.listen_as(at, false)
    }

    /// Opens a socket that listens, if it is an IPv6 one perhaps for IPv6 only.
    pub(crate) fn listen_as(&self, at: SocketAddr, only_v6: bool) -> Result<(Fd, Arc<Listener>), Errno> {
        let listener = self.container.net.listen(at, only_v6)?;
        let file =
            OpenFile::new(FileObject::Listener(Arc::clone(&listener)), READ_WRITE, socket_name(listener.id));
        Ok((self.lock().fds.add(file, 0, false)?, listener))
    }

    /// Opens a socket for datagrams.
    pub(crate) fn bind_udp(&self, at: SocketAddr) -> Result<(Fd, Arc<UdpSocket>), Errno> {
        let socket = self.container.net.bind_udp(at)?;
        let file = OpenFile::new(FileObject::Udp(Arc::clone(&socket)), READ_WRITE, socket_name(socket.id));
        Ok((self.lock().fds.add(file, 0, false)?, socket))
    }

    /// The connection that a number stands for.
    pub(crate) fn stream(&self, fd: Fd) -> Result<Arc<Stream>, Errno> {
        match &self.file(fd)?.object {
            FileObject::Stream(stream) => Ok(Arc::clone(stream)),
            _ => Err(Errno::ENOTCONN),
        }
    }
}

fn socket_name(id: u64) -> Vec<u8> {
    format!("socket:[{id}]").into_bytes()
}

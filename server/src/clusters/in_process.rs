//! A `kube::Client` for the embedded cluster, without a socket.
//!
//! Handing the cluster's router to the client would do for most requests, but exec, attach and port-forward upgrade
//! their connection, and only a real HTTP/1.1 connection can be upgraded. So each connection is a pipe whose other
//! end the cluster serves. The tests of `podlab-cluster`, which knows no kube, include this file.

use std::{
    future::{Ready, ready},
    io,
    pin::Pin,
    task::{Context, Poll},
};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::{TokioExecutor, TokioIo},
};
use kube::client::{Body, middleware::BaseUriLayer};
use podlab_cluster::Cluster;
use tokio::io::DuplexStream;
use tower::{Layer, Service};

/// Never resolved: connections are made by [`Connector`], whatever the address.
const ADDRESS: &str = "http://inproc.invalid";

/// A client of `cluster` whose default namespace is `default`. It must be made, and used, on the runtime that the
/// cluster runs on.
pub(crate) fn client(cluster: &Cluster) -> kube::Client {
    let connector = Connector(cluster.clone());
    let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build::<_, Body>(connector);
    kube::Client::new(BaseUriLayer::new(Uri::from_static(ADDRESS)).layer(http), "default")
}

/// Hands out connections to one cluster.
#[derive(Clone)]
struct Connector(Cluster);

impl Service<Uri> for Connector {
    type Response = Pipe;
    type Error = io::Error;
    type Future = Ready<io::Result<Pipe>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(Ok(Pipe(TokioIo::new(self.0.connect()))))
    }
}

/// One connection.
struct Pipe(TokioIo<DuplexStream>);

impl Connection for Pipe {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Write for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

//! The embedded cluster, reached as the server reaches it: `kube::Client` over an in-process connection.

use std::{
    future::{Ready, ready},
    io,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::{
    client::legacy::{
        Client as HyperClient,
        connect::{Connected, Connection},
    },
    rt::{TokioExecutor, TokioIo},
};
use kube::{
    Client,
    client::{Body, middleware::BaseUriLayer},
};
use podlab_exercises::{
    Verdict,
    content::{Content, ExerciseContent},
};
use podlab_grader::{Clock, Cluster, Tenancy, clock::BoxFuture, grade};
use podlab_node::Env;
use tokio::io::DuplexStream;
use tower::{Layer, Service};

/// The cluster's clock as the grader asks for it.
struct ClusterClock(Arc<dyn podlab_node::Clock>);

impl Clock for ClusterClock {
    fn uptime(&self) -> Duration {
        self.0.uptime()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<()> {
        self.0.sleep_until(deadline)
    }
}

/// Opens in-process connections.
#[derive(Clone)]
struct Connector(podlab_cluster::Cluster);

impl Service<Uri> for Connector {
    type Response = TokioIo<InProcess>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(Ok(TokioIo::new(InProcess(self.0.connect()))))
    }
}

/// One end of a connection without a socket.
struct InProcess(DuplexStream);

impl Connection for InProcess {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl tokio::io::AsyncRead for InProcess {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl tokio::io::AsyncWrite for InProcess {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        std::pin::Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// A cluster of its own on the current runtime, for one submission.
pub(crate) fn cluster() -> Cluster {
    let epoch = "2026-11-21T12:00:00Z".parse().unwrap();
    let env = Env::on_current_runtime(epoch, 7);
    let clock = Arc::new(ClusterClock(Arc::clone(&env.clock)));
    let embedded = podlab_cluster::Cluster::start(podlab_cluster::Config::default(), env);
    let connections = HyperClient::builder(TokioExecutor::new()).build::<_, Body>(Connector(embedded));
    let base = BaseUriLayer::new(Uri::from_static("http://inproc.invalid"));
    let client = Client::new(base.layer(connections), "default");
    Cluster { client, clock, tenancy: Tenancy::Private, owner: "learner".to_owned() }
}

/// Runs a test's future in fast time: on one thread, whose clock moves on when there is nothing to do.
pub(crate) fn fast<T>(future: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(future)
}

/// The verdict on a manifest, on a cluster of its own in fast time.
pub(crate) fn verdict(exercise: &ExerciseContent, manifest: &str, content: &Content) -> Verdict {
    fast(async {
        let cluster = cluster();
        grade(exercise, manifest.as_bytes(), content, &cluster, &|_| {}).await.unwrap()
    })
}

//! The embedded cluster served on TCP, for clients that are not podlab.
//!
//! kubectl sends no token over plain HTTP, so who may use the cluster is whoever knows its address: the API lies under
//! a path with a secret in it.

use std::{future::Future, io, net::SocketAddr, sync::Arc};

use axum::{Router, extract::Request, middleware, middleware::Next, response::Response};
use jiff::Timestamp;
use podlab_cluster::{Cluster, Config};
use podlab_node::Env;

use crate::listening;
use clock::Waiting;

/// The kubeconfig of a cluster at `address` under `secret`.
pub fn kubeconfig(address: SocketAddr, secret: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: podlab\nclusters:\n- name: podlab\n  cluster:\n    server: \
         http://{address}/k8s/{secret}\n    insecure-skip-tls-verify: true\ncontexts:\n- name: podlab\n  context:\n    cluster: podlab\n    user: podlab\n    \
         namespace: default\nusers:\n- name: podlab\n  user: {{}}\n"
    )
}

/// Serves a cluster on wall time until `stop`; calls `ready` when it answers.
///
/// # Errors
///
/// Where the listener fails.
pub async fn serve(
    listener: std::net::TcpListener,
    secret: &str,
    config: Config,
    epoch: Timestamp,
    seed: u64,
    ready: impl FnOnce(),
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let cluster = Cluster::start(config, Env::on_current_runtime(epoch, seed));
    let router = Router::new().nest(&format!("/k8s/{secret}"), cluster.router());
    answer(listener, router, &cluster, ready, stop).await
}

/// The same on fast time, in a thread and runtime of its own: while a request waits the clock jumps from timer to
/// timer; when none does, it goes as the wall's. So `kubectl wait` and `kubectl delete` return at once, and a cluster
/// that nobody asks anything does not run through centuries.
///
/// # Errors
///
/// Where the listener fails, or no thread or runtime is to be had.
pub async fn serve_fast(
    listener: std::net::TcpListener,
    secret: String,
    config: Config,
    epoch: Timestamp,
    seed: u64,
    ready: impl FnOnce() + Send + 'static,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopped, stopping) = tokio::sync::oneshot::channel();
    let (ended, end) = tokio::sync::oneshot::channel();
    let body = move || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            let cluster = Cluster::start(config, Env::on_current_runtime(epoch, seed));
            let waiting = Arc::new(Waiting::default());
            let counted = cluster.router().layer(middleware::from_fn(move |request: Request, next: Next| {
                let waiting = Arc::clone(&waiting);
                async move { count(waiting, request, next).await }
            }));
            let router = Router::new().nest(&format!("/k8s/{secret}"), counted);
            let stop = async {
                let _ = stopping.await;
            };
            answer(listener, router, &cluster, ready, stop).await
        })
    };
    std::thread::Builder::new().name("podlab-cluster".into()).spawn(move || {
        let _ = ended.send(body());
    })?;
    tokio::spawn(async move {
        stop.await;
        let _ = stopped.send(());
    });
    end.await.unwrap_or_else(|_| Err(io::Error::other("the cluster broke down; the log says where")))
}

async fn answer(
    listener: std::net::TcpListener,
    router: Router,
    cluster: &Cluster,
    ready: impl FnOnce(),
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    ready();
    // Watches never end by themselves: who asked to stop does not wait for them.
    let result = tokio::select! {
        result = listening::serve(listener, router) => result,
        () = stop => Ok(()),
    };
    cluster.shutdown();
    result
}

/// Counts a request as waiting until its answer's body has ended.
async fn count(waiting: Arc<Waiting>, request: Request, next: Next) -> Response {
    let waits = waiting.enter();
    let response = next.run(request).await;
    response.map(|body| axum::body::Body::new(clock::Held::new(body, waits)))
}

mod clock {
    //! Pausing tokio's clock, which lets it jump, while somebody waits.

    use std::{
        pin::Pin,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::{Context, Poll},
    };

    use axum::body::Body;
    use hyper::body::{Body as HttpBody, Frame, SizeHint};

    /// How many requests wait.
    #[derive(Default)]
    pub(super) struct Waiting(AtomicUsize);

    impl Waiting {
        /// One more, until the returned value is dropped. Only on the cluster's own single-threaded runtime.
        pub(super) fn enter(self: &Arc<Self>) -> Waits {
            if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
                tokio::time::pause();
            }
            Waits(Arc::clone(self))
        }
    }

    /// One request's share in [`Waiting`].
    pub(super) struct Waits(Arc<Waiting>);

    impl Drop for Waits {
        fn drop(&mut self) {
            // Bodies may outlive the runtime, whose clock is then nobody's.
            if self.0.0.fetch_sub(1, Ordering::Relaxed) == 1 && tokio::runtime::Handle::try_current().is_ok()
            {
                tokio::time::resume();
            }
        }
    }

    /// A body that holds its request's share until it has ended.
    pub(super) struct Held {
        body: Body,
        _waits: Waits,
    }

    impl Held {
        pub(super) fn new(body: Body, waits: Waits) -> Self {
            Self { body, _waits: waits }
        }
    }

    impl HttpBody for Held {
        type Data = <Body as HttpBody>::Data;
        type Error = <Body as HttpBody>::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
            Pin::new(&mut self.body).poll_frame(context)
        }

        fn is_end_stream(&self) -> bool {
            self.body.is_end_stream()
        }

        fn size_hint(&self) -> SizeHint {
            self.body.size_hint()
        }
    }
}

//! The embedded cluster served on TCP, for clients that are not podlab.
//!
//! Over HTTPS with a certificate of the cluster's own authority, as a real API server: users show a token or a client
//! certificate. Over plain HTTP kubectl sends neither, so who may use the cluster is whoever knows its address: the API
//! lies under a path with a secret in it.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::Request, middleware, middleware::Next, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use podlab_cluster::{Cluster, Config};
use podlab_node::Env;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::listening::{self, PATIENCE};
use clock::Waiting;

/// How clients speak to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// HTTPS, with tokens and client certificates.
    Https,
    /// Plain HTTP under a secret path, where everybody is the administrator.
    PlainHttp,
}

/// A cluster to be served.
#[derive(Debug)]
pub struct Standalone {
    /// Where the API is served.
    pub listener: std::net::TcpListener,
    /// How.
    pub transport: Transport,
    /// What lets the administrator in.
    pub secret: String,
    /// The cluster's configuration.
    pub config: Config,
    /// The date at which it begins.
    pub epoch: Timestamp,
    /// What its random numbers come from.
    pub seed: u64,
}

impl Standalone {
    /// Serves the cluster on wall time until `stop`; calls `ready` with the administrator's kubeconfig when it answers.
    ///
    /// # Errors
    ///
    /// Where the listener or `ready` fails.
    pub async fn serve(
        self,
        ready: impl FnOnce(&str) -> io::Result<()>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let cluster = Cluster::start(self.config.clone(), Env::on_current_runtime(self.epoch, self.seed));
        let router = self.api(&cluster).layer(RequestBodyTimeoutLayer::new(PATIENCE));
        self.answer(router, Some(PATIENCE), &cluster, ready, stop).await
    }

    /// The same on fast time, in a thread and runtime of its own: while a request waits the clock jumps from timer to
    /// timer; when none does, it goes as the wall's. So `kubectl wait` and `kubectl delete` return at once, and a
    /// cluster that nobody asks anything does not run through centuries.
    ///
    /// # Errors
    ///
    /// Where the listener or `ready` fails, or no thread or runtime is to be had.
    pub async fn serve_fast(
        self,
        ready: impl FnOnce(&str) -> io::Result<()> + Send + 'static,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let (stopped, stopping) = tokio::sync::oneshot::channel();
        let (ended, end) = tokio::sync::oneshot::channel();
        let body = move || -> io::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async move {
                let cluster =
                    Cluster::start(self.config.clone(), Env::on_current_runtime(self.epoch, self.seed));
                let waiting = Arc::new(Waiting::default());
                let counted =
                    self.api(&cluster).layer(middleware::from_fn(move |request: Request, next: Next| {
                        let waiting = Arc::clone(&waiting);
                        async move { count(waiting, request, next).await }
                    }));
                let stop = async {
                    let _ = stopping.await;
                };
                self.answer(counted, None, &cluster, ready, stop).await
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

    /// The API as this transport serves it.
    fn api(&self, cluster: &Cluster) -> Router {
        match self.transport {
            Transport::Https => cluster.guarded_router(&self.secret),
            Transport::PlainHttp => Router::new().nest(&self.path(), cluster.router()),
        }
    }

    fn path(&self) -> String {
        format!("/k8s/{}", self.secret)
    }

    /// The administrator's kubeconfig.
    fn kubeconfig(&self, address: SocketAddr, cluster: &Cluster) -> String {
        let (server, trust, user) = match self.transport {
            Transport::Https => {
                let authority = STANDARD.encode(cluster.authority());
                let trust = format!("certificate-authority-data: {authority}");
                (format!("https://{address}"), trust, format!("\n    token: {}", self.secret))
            }
            Transport::PlainHttp => {
                let server = format!("http://{address}{}", self.path());
                (server, "insecure-skip-tls-verify: true".to_owned(), " {}".to_owned())
            }
        };
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: podlab\nclusters:\n- name: podlab\n  cluster:\n    \
             server: {server}\n    {trust}\ncontexts:\n- name: podlab\n  context:\n    cluster: podlab\n    \
             user: podlab\n    namespace: default\nusers:\n- name: podlab\n  user:{user}\n"
        )
    }

    async fn answer(
        self,
        router: Router,
        patience: Option<Duration>,
        cluster: &Cluster,
        ready: impl FnOnce(&str) -> io::Result<()>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let address = self.listener.local_addr()?;
        let kubeconfig = self.kubeconfig(address, cluster);
        self.listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        ready(&kubeconfig)?;
        let serving = async {
            match self.transport {
                Transport::Https => {
                    let https = cluster.https(&[address.ip()])?;
                    listening::serve_tls(listener, https, router, patience).await
                }
                Transport::PlainHttp => listening::serve(listener, router, patience).await,
            }
        };
        // Watches never end by themselves: who asked to stop does not wait for them.
        let result = tokio::select! {
            result = serving => result,
            () = stop => Ok(()),
        };
        cluster.shutdown();
        result
    }
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

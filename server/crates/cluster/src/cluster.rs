//! The handle to a running cluster.

use std::{io, net::IpAddr, sync::Arc};

use axum::Router;
use podlab_node::Env;
use tokio::io::DuplexStream;

use crate::{
    Client, bootstrap,
    caller::Caller,
    components,
    config::Config,
    http::{self, Door},
    https::Https,
    server::Server,
};

/// How many bytes an in-process connection holds in each direction.
const CONNECTION_BUFFER: usize = 64 * 1024;

/// A running cluster. Clones are handles to the same one; it ends with [`Cluster::shutdown`] or with its last handle.
///
/// A request through any of the doors ([`Cluster::router`], [`Cluster::connect`], [`Cluster::client`]) passes the same
/// admission, defaulting and validation.
#[derive(Clone, Debug)]
pub struct Cluster {
    server: Arc<Server>,
    _guard: Arc<Guard>,
}

/// Ends the cluster when the last handle goes. The cluster's own tasks hold the server, but never this.
#[derive(Debug)]
struct Guard(Arc<Server>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.shut_down();
    }
}

impl Cluster {
    /// Starts a cluster: the objects that every cluster has exist when this returns, and its tasks run on `env`.
    pub fn start(config: Config, env: Env) -> Self {
        let server = Arc::new(Server::new(config, env));
        bootstrap::create_objects(&server);
        components::start(&server);
        Self { _guard: Arc::new(Guard(Arc::clone(&server))), server }
    }

    /// The API as a router, to be served under a prefix that is the secret of who may use it: a request without a
    /// token is the administrator's. It answers 503 once the cluster has ended.
    pub fn router(&self) -> Router {
        http::router(Arc::clone(&self.server), Door::Open)
    }

    /// The API as a router to be served over TLS ([`Cluster::https`]): users show a bearer token or a certificate, the
    /// administrator shows `token`; whoever shows nothing is `system:anonymous`.
    pub fn guarded_router(&self, token: &str) -> Router {
        http::router(Arc::clone(&self.server), Door::Guarded(Some(token.into())))
    }

    /// The certificate of the cluster's authority in PEM, which `kube-root-ca.crt` holds in every namespace.
    pub fn authority(&self) -> String {
        self.server.authority.pem()
    }

    /// The API server's side of TLS at these addresses, with a certificate of the cluster's authority.
    ///
    /// # Errors
    ///
    /// Where the system has no random numbers to make a key of.
    pub fn https(&self, addresses: &[IpAddr]) -> io::Result<Https> {
        Https::new(&self.server, addresses)
    }

    /// A connection to the API without a socket, for an HTTP/1.1 client such as hyper's. Upgrades (exec, attach,
    /// port-forward) work on it. It closes when the cluster ends.
    pub fn connect(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(CONNECTION_BUFFER);
        self.server.spawn(http::converse(far, self.router()));
        near
    }

    /// The API as Rust calls, for a component of the cluster: `user` is who it is (`system:kube-scheduler`),
    /// `manager` the name under which it owns fields (`kube-scheduler`).
    pub fn client(&self, user: &str, manager: &str) -> Client {
        Client::new(Arc::clone(&self.server), Caller::component(user), manager)
    }

    /// Ends the cluster: its tasks and open connections stop, and requests are answered with 503.
    pub fn shutdown(&self) {
        self.server.shut_down();
    }
}

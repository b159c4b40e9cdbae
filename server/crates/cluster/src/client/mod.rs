//! The API as Rust calls, for the cluster's own components: controllers, scheduler, kubelet.
//!
//! ```text
//! let client = cluster.client("system:kube-scheduler", "kube-scheduler");
//! let pods: Api<Pod> = client.all();
//! let mut watch = pods.watch(Selection::default());
//! while let Some(event) = watch.next().await { ... }
//! ```
//!
//! - Calls are synchronous and never wait for anything but a short lock: call them from any task, but keep no lock of
//!   your own meanwhile. Only [`Watch::next`] is a future.
//! - They pass through the same defaulting, admission and validation as HTTP does, with the client's user and field
//!   manager; what is refused comes back as [`Status`], the object that HTTP clients get
//!   (`is_not_found()`, `is_conflict()`).
//! - A [`Watch`] begins with [`Event::Restarted`] and all objects there are, and then tells each change. It never fails:
//!   a reader that falls behind the bounded history gets another `Restarted`, which replaces all it knew. There is
//!   no polling; a watch that waits costs a wake-up slot and no queue.
//! - A client keeps no cluster alive. After the cluster's end calls fail with 503 and watches end (`None`); tasks
//!   that were started with [`Client::spawn`] are dropped.

mod api;
mod contents;
mod watch;

use std::{future::Future, marker::PhantomData, sync::Arc, time::Duration};

use jiff::Timestamp;
use podlab_node::Env;

pub use self::api::{Api, Kind, Patch, Selection};
pub use self::watch::{Event, Watch};
use crate::{caller::Caller, config::Config, node_agent::NodeAgent, request::Request, server::Server};

/// A component's access to the API. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Client {
    server: Arc<Server>,
    caller: Arc<Caller>,
    manager: Arc<str>,
}

impl Client {
    pub(crate) fn new(server: Arc<Server>, caller: Caller, manager: &str) -> Self {
        Self { server, caller: Arc::new(caller), manager: manager.into() }
    }

    /// The same access under another user and field manager.
    #[must_use]
    pub fn with_identity(&self, user: &str, manager: &str) -> Self {
        Self::new(Arc::clone(&self.server), Caller::component(user), manager)
    }

    /// A kind in all namespaces, or one that belongs to the whole cluster.
    pub fn all<K: Kind>(&self) -> Api<K> {
        self.namespaced("")
    }

    /// A kind in one namespace.
    pub fn namespaced<K: Kind>(&self, namespace: &str) -> Api<K> {
        Api { client: self.clone(), namespace: namespace.into(), kind: PhantomData }
    }

    /// The server behind it, for what goes over objects of all kinds.
    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// A request of this component.
    pub(crate) fn request(&self) -> Request {
        Request::new((*self.caller).clone(), &self.manager)
    }

    /// The cluster's environment: its clock, its spawner.
    pub fn env(&self) -> &Env {
        &self.server.env
    }

    /// The cluster's configuration.
    pub fn config(&self) -> &Config {
        &self.server.config
    }

    /// The date on the cluster's clock.
    pub fn now(&self) -> Timestamp {
        self.server.env.clock.now()
    }

    /// Sleeps on the cluster's clock.
    pub async fn sleep(&self, duration: Duration) {
        self.server.env.sleep(duration).await;
    }

    /// Runs a task until it ends or the cluster does.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.server.spawn(task);
    }

    /// A random number from the cluster's seed.
    pub fn random(&self) -> u64 {
        self.server.rng.next()
    }

    /// `length` random characters as `metadata.generateName` appends them.
    pub fn name_suffix(&self, length: usize) -> String {
        self.server.rng.suffix(length)
    }

    /// Makes a node's kubelet known to the API server, which asks it for logs, exec and so on.
    pub fn register_node_agent(&self, node: &str, agent: Arc<dyn NodeAgent>) {
        self.server.set_agent(node, agent);
    }
}

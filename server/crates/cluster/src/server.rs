//! The API server's state: what HTTP requests, in-process clients and the server's own tasks share.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{Timestamp, tz::TimeZone};
use podlab_node::Env;
use tokio_util::sync::CancellationToken;

use crate::{
    authority::Authority,
    config::Config,
    custom::CustomResources,
    node_agent::NodeAgent,
    resource::{Registry, Resource},
    rng::Rng,
    store::Store,
    tokens::Tokens,
};

/// One cluster's API server.
pub(crate) struct Server {
    pub(crate) env: Env,
    pub(crate) config: Config,
    pub(crate) store: Arc<Store>,
    pub(crate) rng: Rng,
    pub(crate) tokens: Tokens,
    pub(crate) authority: Authority,
    custom: CustomResources,
    /// Cancelled at the cluster's end.
    pub(crate) ended: CancellationToken,
    agents: Mutex<BTreeMap<String, Arc<dyn NodeAgent>>>,
}

impl Server {
    pub(crate) fn new(config: Config, env: Env) -> Self {
        let (rng, tokens) = (Rng::new(env.seed), Tokens::new(env.seed));
        #[expect(clippy::expect_used, reason = "nothing is safe on a system without random numbers")]
        let authority = Authority::new(env.clock.now()).expect("random numbers for a key");
        Self {
            store: Arc::new(Store::new(config.storage_bytes)),
            env,
            config,
            rng,
            tokens,
            authority,
            custom: CustomResources::default(),
            ended: CancellationToken::new(),
            agents: Mutex::default(),
        }
    }

    /// The resources that definitions have brought.
    pub(crate) fn custom_resources(&self) -> Arc<Registry> {
        self.custom.registry(&self.store)
    }

    /// All resources: those that every cluster has, and this one's own.
    pub(crate) fn resources(&self) -> Vec<Arc<Resource>> {
        Registry::builtin().all().iter().chain(self.custom_resources().all()).cloned().collect()
    }

    /// A resource by what stands in a URL: `("apps", "v1", "deployments")`.
    pub(crate) fn resource_at(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        let builtin = Registry::builtin().by_path(group, version, plural).cloned();
        builtin.or_else(|| self.custom_resources().by_path(group, version, plural).cloned())
    }

    /// A resource by what stands in a manifest: `("apps", "v1", "Deployment")`.
    pub(crate) fn resource_of(&self, group: &str, version: &str, kind: &str) -> Option<Arc<Resource>> {
        let builtin = Registry::builtin().by_kind(group, version, kind).cloned();
        builtin.or_else(|| self.custom_resources().by_kind(group, version, kind).cloned())
    }

    /// Runs a task until it ends or the cluster does.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let ended = self.ended.clone();
        self.env.spawn(async move {
            ended.run_until_cancelled(task).await;
        });
    }

    /// The date in the form of `metav1.Time`: whole seconds.
    pub(crate) fn now(&self) -> String {
        rfc3339_seconds(self.env.clock.now())
    }

    pub(crate) fn set_agent(&self, node: &str, agent: Arc<dyn NodeAgent>) {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner).insert(node.to_owned(), agent);
    }

    pub(crate) fn agent(&self, node: &str) -> Option<Arc<dyn NodeAgent>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner).get(node).cloned()
    }

    /// The kubelet of any node, for what every node reaches.
    pub(crate) fn any_agent(&self) -> Option<Arc<dyn NodeAgent>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner).values().next().cloned()
    }

    /// The kubelets, by node.
    pub(crate) fn agents(&self) -> Vec<(String, Arc<dyn NodeAgent>)> {
        let agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        agents.iter().map(|(node, agent)| (node.clone(), Arc::clone(agent))).collect()
    }

    /// Ends all tasks and lets go of the kubelets.
    pub(crate) fn shut_down(&self) {
        self.ended.cancel();
        self.agents.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("config", &self.config).finish_non_exhaustive()
    }
}

/// `2026-11-21T04:05:06Z`.
pub(crate) fn rfc3339_seconds(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

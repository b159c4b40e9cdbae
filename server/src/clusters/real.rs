//! A client of a real cluster.

use kube::{
    Config,
    config::{InClusterError, KubeConfigOptions, KubeconfigError},
};

/// Why a real cluster cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RealError {
    /// No usable kubeconfig.
    #[error(
        "the kubeconfig cannot be used: {0}. Check `kubectl config get-contexts`, or use --cluster embedded"
    )]
    Kubeconfig(#[from] KubeconfigError),
    /// Not inside a cluster.
    #[error("podlab does not run inside a cluster: {0}. Use --cluster kubeconfig or --cluster embedded")]
    InCluster(#[from] InClusterError),
    /// The client could not be made, or the cluster did not answer.
    #[error(
        "the cluster {name} cannot be reached: {source}. Check `kubectl version`, or use --cluster embedded"
    )]
    Unreachable {
        /// The cluster's name.
        name: String,
        /// What the client said.
        #[source]
        source: Box<kube::Error>,
    },
}

/// A cluster that podlab did not make.
#[derive(Clone)]
pub struct RealCluster {
    /// The client.
    pub client: kube::Client,
    /// Its context's name, or `in-cluster`.
    pub name: String,
    /// Its version (`v1.36.2`).
    pub version: String,
}

impl RealCluster {
    /// The cluster of `context` in the kubeconfig, or of its current context.
    pub async fn of_kubeconfig(context: Option<String>) -> Result<Self, RealError> {
        let kubeconfig = kube::config::Kubeconfig::read()?;
        let name = context
            .clone()
            .or_else(|| kubeconfig.current_context.clone())
            .unwrap_or_else(|| "kubeconfig".into());
        let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
        Self::reach(Config::from_custom_kubeconfig(kubeconfig, &options).await?, name).await
    }

    /// The cluster that this process runs in.
    pub async fn around() -> Result<Self, RealError> {
        Self::reach(Config::incluster()?, "in-cluster".into()).await
    }

    /// A cluster that does not answer is better found at the start than by the first learner.
    async fn reach(config: Config, name: String) -> Result<Self, RealError> {
        let unreachable = |source| RealError::Unreachable { name: name.clone(), source: Box::new(source) };
        let client = kube::Client::try_from(config).map_err(unreachable)?;
        let version = client.apiserver_version().await.map_err(unreachable)?.git_version;
        Ok(Self { client, name, version })
    }
}

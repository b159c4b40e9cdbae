//! A namespace of its own for each submission: made, walled in where others are on the cluster, and always removed.

mod isolation;
mod sweep;

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, PostParams},
    runtime::watcher,
};
use serde_json::json;

use crate::{
    cluster::{Cluster, Tenancy},
    error::GraderError,
    nonce::nonce,
};

pub use sweep::{Swept, sweep};

/// Marks a namespace as a sandbox.
const SANDBOX: &str = "podlab.dev/sandbox";
/// The exercise that it is for.
const EXERCISE: &str = "podlab.dev/exercise";
/// The learner that it is for.
const OWNER: &str = "podlab.dev/owner";
/// The podlab that made it, see [`crate::Host::installation`].
const INSTALLATION: &str = "podlab.dev/installation";
/// The run of that podlab, see [`crate::Host::run`].
const RUN: &str = "podlab.dev/run";

/// How long a new namespace may take to get its default ServiceAccount, without which it takes no Pods.
const ACCOUNT_WITHIN: Duration = Duration::from_secs(30);

/// A sandbox. Where it is dropped without [`Sandbox::remove`], since the grading was cancelled or broke, it is removed
/// in the background.
pub(crate) struct Sandbox {
    client: Client,
    name: Arc<str>,
    removed: bool,
}

impl Sandbox {
    /// Makes a sandbox for an exercise and waits until it takes Pods.
    pub(crate) async fn create(exercise: &str, cluster: &Cluster) -> Result<Self, GraderError> {
        let namespace = namespace(exercise, cluster);
        let namespaces: Api<Namespace> = Api::all(cluster.client.clone());
        let made = namespaces
            .create(&PostParams::default(), &namespace)
            .await
            .map_err(GraderError::cluster("creating a sandbox"))?;
        let name: Arc<str> = made.metadata.name.unwrap_or_default().into();
        let sandbox = Self { client: cluster.client.clone(), name, removed: false };
        if let Tenancy::Shared(_) = cluster.tenancy {
            isolation::wall_in(&sandbox.client, &sandbox.name).await?;
        }
        cluster.clock.within(ACCOUNT_WITHIN, sandbox.default_account()).await.ok_or(
            GraderError::Late {
                waiting_for: "the sandbox's default ServiceAccount",
                seconds: ACCOUNT_WITHIN.as_secs(),
            },
        )??;
        Ok(sandbox)
    }

    /// The namespace's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Removes the sandbox. The namespace is gone for others at once and ends when its Pods have.
    pub(crate) async fn remove(mut self) -> Result<(), GraderError> {
        self.removed = true;
        remove(&self.client, &self.name).await.map_err(GraderError::cluster("removing the sandbox"))
    }

    /// Waits until the default ServiceAccount is there.
    async fn default_account(&self) -> Result<(), GraderError> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), &self.name);
        let only_default = watcher::Config::default().fields("metadata.name=default");
        let mut events = watcher(accounts, only_default).boxed();
        loop {
            match events.try_next().await {
                Ok(Some(watcher::Event::Apply(_) | watcher::Event::InitApply(_))) => return Ok(()),
                Ok(Some(_)) => {}
                Ok(None) => return Ok(()),
                Err(watcher::Error::InitialListFailed(source) | watcher::Error::WatchStartFailed(source)) => {
                    return Err(GraderError::cluster("waiting for the sandbox's default ServiceAccount")(
                        source,
                    ));
                }
                // A watch that breaks begins anew.
                Err(_) => {}
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if self.removed {
            return;
        }
        // Outside of a runtime nothing can be done; the next sweep finds it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (client, name) = (self.client.clone(), Arc::clone(&self.name));
            runtime.spawn(async move {
                if let Err(error) = remove(&client, &name).await {
                    tracing::warn!(namespace = %name, %error, "a sandbox stays until the next sweep");
                }
            });
        }
    }
}

/// Removes a namespace, its Pods without the patience that they ask for.
async fn remove(client: &Client, name: &str) -> Result<(), kube::Error> {
    let impatient = DeleteParams::default().grace_period(1);
    let pods: Api<Pod> = Api::namespaced(client.clone(), name);
    if let Err(error) = pods.delete_collection(&impatient, &ListParams::default()).await {
        // They go with the namespace, if later.
        tracing::debug!(namespace = name, %error, "the sandbox's Pods could not be removed first");
    }
    let namespaces: Api<Namespace> = Api::all(client.clone());
    match namespaces.delete(name, &DeleteParams::default()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error),
    }
}

/// The namespace as it is created.
fn namespace(exercise: &str, cluster: &Cluster) -> Namespace {
    let short: String = exercise.chars().take(40).collect();
    let mut namespace: Namespace = Namespace::default();
    namespace.metadata.name = Some(format!("podlab-{}-{}", short.trim_end_matches('-'), &nonce()[..8]));
    let mut labels = json!({
        SANDBOX: "true",
        EXERCISE: exercise,
        OWNER: cluster.owner,
        "app.kubernetes.io/managed-by": "podlab",
    });
    if let Tenancy::Shared(host) = &cluster.tenancy {
        labels[INSTALLATION] = json!(host.installation);
        labels[RUN] = json!(host.run);
        for mode in ["enforce", "warn"] {
            labels[format!("pod-security.kubernetes.io/{mode}")] = json!("baseline");
        }
    }
    namespace.metadata.labels = serde_json::from_value(labels).ok();
    namespace
}

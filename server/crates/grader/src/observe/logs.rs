//! Reads what a container prints.

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::LogParams};

use super::{LOOK_WITHIN, MAX_TEXT, scene::Scene, text};
use crate::error::explain;

/// Why there is no log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogError {
    /// The container has not printed anything, since it never ran (or, for the previous run, had none).
    None(String),
    /// The cluster could not be asked.
    Cluster(String),
}

/// The most lines that are read: the last ones.
const LINES: i64 = 2_000;

/// The log of a container, as far as it is looked at.
pub(crate) async fn logs(
    pod: &str,
    container: &str,
    previous: bool,
    scene: &Scene<'_>,
) -> Result<String, LogError> {
    tail(pod, container, previous, LINES, scene).await
}

/// The last lines of a container's log.
pub(crate) async fn tail(
    pod: &str,
    container: &str,
    previous: bool,
    lines: i64,
    scene: &Scene<'_>,
) -> Result<String, LogError> {
    let pods: Api<Pod> = Api::namespaced(scene.cluster.client.clone(), scene.namespace);
    let params = LogParams {
        container: Some(container.to_owned()),
        previous,
        tail_lines: Some(lines),
        limit_bytes: i64::try_from(MAX_TEXT).ok(),
        ..LogParams::default()
    };
    let read = pods.logs(pod, &params);
    match scene.cluster.clock.within(LOOK_WITHIN, read).await {
        Some(Ok(log)) => Ok(text(log.as_bytes())),
        Some(Err(kube::Error::Api(status))) if matches!(status.code, 400 | 404) => {
            Err(LogError::None(status.message.clone()))
        }
        Some(Err(error)) => Err(LogError::Cluster(explain(&error))),
        None => Err(LogError::Cluster("the log did not come in time".to_owned())),
    }
}

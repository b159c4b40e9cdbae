//! What is to be expected of a Pod: a pure function of its status, and of how long it has been so.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

/// How long a Pod may be in a state that most often stays, before it is taken to stay: long enough for a second pull
/// of an image and for a ConfigMap that comes after its Pod.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What is to be expected of a Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prospect {
    /// It is ready.
    Ready,
    /// It is on its way.
    Coming,
    /// It is stuck in a way that may mend itself, and mostly does not.
    Stuck,
    /// It will not become ready any more.
    Over,
}

impl Prospect {
    /// The prospect of a Pod.
    pub(crate) fn of(pod: &Pod) -> Self {
        let status = pod.status.as_ref();
        let phase = status.and_then(|status| status.phase.as_deref()).unwrap_or_default();
        if matches!(phase, "Succeeded" | "Failed") {
            return Self::Over;
        }
        if condition(pod, "Ready") == Some("True") {
            return Self::Ready;
        }
        let containers = statuses(pod);
        if containers.iter().any(|container| hopeless(container))
            || (never_restarts(pod) && one_has_ended(pod))
        {
            return Self::Over;
        }
        let unscheduled = condition(pod, "PodScheduled") == Some("False");
        if unscheduled || containers.iter().any(|container| stuck(container)) {
            Self::Stuck
        } else {
            Self::Coming
        }
    }
}

/// The status of a condition of the Pod.
pub(crate) fn condition<'a>(pod: &'a Pod, type_: &str) -> Option<&'a str> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == type_).map(|condition| condition.status.as_str())
}

/// The statuses of all containers, init containers first.
pub(crate) fn statuses(pod: &Pod) -> Vec<&ContainerStatus> {
    let Some(status) = &pod.status else {
        return Vec::new();
    };
    let init = status.init_container_statuses.iter().flatten();
    init.chain(status.container_statuses.iter().flatten()).collect()
}

fn waiting(container: &ContainerStatus) -> Option<&str> {
    container.state.as_ref()?.waiting.as_ref()?.reason.as_deref()
}

fn hopeless(container: &ContainerStatus) -> bool {
    let crashes = container.restart_count >= 2 && waiting(container) == Some("CrashLoopBackOff");
    crashes || matches!(waiting(container), Some("InvalidImageName" | "ErrImageNeverPull"))
}

fn stuck(container: &ContainerStatus) -> bool {
    let stays = [
        "ErrImagePull",
        "ImagePullBackOff",
        "ImageInspectError",
        "RegistryUnavailable",
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "PostStartHookError",
    ];
    waiting(container).is_some_and(|reason| stays.contains(&reason))
}

fn never_restarts(pod: &Pod) -> bool {
    pod.spec.as_ref().is_some_and(|spec| spec.restart_policy.as_deref() == Some("Never"))
}

/// Whether one of the main containers, which all have to run for the Pod to be ready, has ended.
fn one_has_ended(pod: &Pod) -> bool {
    let containers = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref());
    let ended =
        |container: &ContainerStatus| container.state.as_ref().is_some_and(|s| s.terminated.is_some());
    containers.is_some_and(|containers| containers.iter().any(ended))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn prospect(policy: &str, status: Value) -> Prospect {
        let pod = json!({"spec": {"containers": [], "restartPolicy": policy}, "status": status});
        Prospect::of(&serde_json::from_value(pod).unwrap())
    }

    fn container(state: Value, restarts: i32) -> Value {
        json!({"name": "a", "image": "", "imageID": "", "ready": false, "restartCount": restarts, "state": state})
    }

    #[test]
    fn a_pod_is_ready_or_over_or_coming() {
        let ready = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
        assert_eq!(prospect("Always", ready), Prospect::Ready);
        assert_eq!(prospect("Never", json!({"phase": "Failed"})), Prospect::Over);
        assert_eq!(prospect("Always", json!({})), Prospect::Coming);
        let creating = container(json!({"waiting": {"reason": "ContainerCreating"}}), 0);
        assert_eq!(prospect("Always", json!({"containerStatuses": [creating]})), Prospect::Coming);
    }

    #[test]
    fn what_most_often_stays_is_stuck() {
        let pull = container(json!({"waiting": {"reason": "ImagePullBackOff"}}), 0);
        assert_eq!(prospect("Always", json!({"containerStatuses": [pull]})), Prospect::Stuck);
        let unscheduled = json!({"conditions": [{"type": "PodScheduled", "status": "False"}]});
        assert_eq!(prospect("Always", unscheduled), Prospect::Stuck);
        let first = container(json!({"waiting": {"reason": "CrashLoopBackOff"}}), 1);
        assert_eq!(prospect("Always", json!({"initContainerStatuses": [first]})), Prospect::Stuck);
    }

    #[test]
    fn what_cannot_mend_itself_is_over() {
        let image = container(json!({"waiting": {"reason": "InvalidImageName"}}), 0);
        assert_eq!(prospect("Always", json!({"containerStatuses": [image]})), Prospect::Over);
        let crashes = container(json!({"waiting": {"reason": "CrashLoopBackOff"}}), 2);
        assert_eq!(prospect("Always", json!({"containerStatuses": [crashes]})), Prospect::Over);
        let ended = container(json!({"terminated": {"exitCode": 0}}), 0);
        assert_eq!(
            prospect("Never", json!({"phase": "Running", "containerStatuses": [ended.clone()]})),
            Prospect::Over
        );
        assert_eq!(
            prospect("Always", json!({"phase": "Running", "containerStatuses": [ended]})),
            Prospect::Coming
        );
    }
}

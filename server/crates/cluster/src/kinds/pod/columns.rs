//! How `kubectl get pods` shows a Pod.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStateTerminated, ContainerStatus, Pod};
use serde_json::{Value, json};

use crate::resource::columns::{self, Column};

pub(super) static COLUMNS: [Column; 9] = [
    Column::NAME,
    Column::text("Ready"),
    Column::text("Status"),
    Column::text("Restarts"),
    Column::AGE,
    Column::text("IP").wide(),
    Column::text("Node").wide(),
    Column::text("Nominated Node").wide(),
    Column::text("Readiness Gates").wide(),
];

/// Restarts, and when the last of them was.
#[derive(Default)]
struct Restarts {
    count: i64,
    last: Option<Timestamp>,
}

impl Restarts {
    fn add(&mut self, status: &ContainerStatus) {
        self.count += i64::from(status.restart_count);
        let ended = status.last_state.as_ref().and_then(|s| s.terminated.as_ref());
        self.last = self.last.max(ended.and_then(|t| t.finished_at.as_ref()).map(|t| t.0));
    }
}

pub(super) fn row(pod: &Pod, now: Timestamp) -> Vec<Value> {
    let summary = Summary::of(pod);
    let restarts = match (summary.restarts.count, summary.restarts.last) {
        (0, _) | (_, None) => summary.restarts.count.to_string(),
        (count, Some(last)) => {
            format!("{count} ({} ago)", columns::duration(now.duration_since(last).as_secs()))
        }
    };
    let metadata = &pod.metadata;
    let created = metadata.creation_timestamp.as_ref().map(|t| t.0);
    let age = created.map_or("<unknown>".into(), |at| columns::duration(now.duration_since(at).as_secs()));
    let spec = pod.spec.as_ref();
    let status = pod.status.as_ref();
    let ip = status
        .and_then(|s| s.pod_ips.as_ref()?.first().map(|ip| ip.ip.as_str()).or(s.pod_ip.as_deref()))
        .unwrap_or_default();
    vec![
        json!(metadata.name),
        json!(format!("{}/{}", summary.ready, summary.total)),
        json!(summary.reason),
        json!(restarts),
        json!(age),
        json!(columns::or_none(ip)),
        json!(columns::or_none(spec.and_then(|s| s.node_name.as_deref()).unwrap_or_default())),
        json!(columns::or_none(status.and_then(|s| s.nominated_node_name.as_deref()).unwrap_or_default())),
        json!(gates(pod)),
    ]
}

/// How many of the Pod's readiness gates hold.
fn gates(pod: &Pod) -> String {
    let gates = pod.spec.as_ref().and_then(|s| s.readiness_gates.as_deref()).unwrap_or_default();
    if gates.is_empty() {
        return "<none>".into();
    }
    let holds = |kind: &str| condition(pod, kind).is_some_and(|status| status == "True");
    let true_ones = gates.iter().filter(|gate| holds(&gate.condition_type)).count();
    format!("{true_ones}/{}", gates.len())
}

fn condition<'p>(pod: &'p Pod, kind: &str) -> Option<&'p str> {
    let conditions = pod.status.as_ref()?.conditions.as_deref()?;
    conditions.iter().find(|c| c.type_ == kind).map(|c| c.status.as_str())
}

/// What a Pod's many states come to in one word, as the real server's printer decides it.
struct Summary {
    reason: String,
    ready: usize,
    total: usize,
    restarts: Restarts,
}

impl Summary {
    fn of(pod: &Pod) -> Self {
        let status = pod.status.clone().unwrap_or_default();
        let phase = status.phase.unwrap_or_default();
        let mut summary = Self {
            reason: status.reason.clone().filter(|r| !r.is_empty()).unwrap_or_else(|| phase.clone()),
            ready: 0,
            total: pod.spec.as_ref().map_or(0, |s| s.containers.len()),
            restarts: Restarts::default(),
        };
        let gated = |c: &&_| {
            let c: &k8s_openapi::api::core::v1::PodCondition = c;
            c.type_ == "PodScheduled" && c.reason.as_deref() == Some("SchedulingGated")
        };
        if status.conditions.iter().flatten().find(gated).is_some() {
            summary.reason = "SchedulingGated".into();
        }
        let sidecars: Vec<&str> = pod
            .spec
            .iter()
            .flat_map(|s| s.init_containers.iter().flatten())
            .filter(|c| c.restart_policy.as_deref() == Some("Always"))
            .map(|c| c.name.as_str())
            .collect();
        summary.total += sidecars.len();

        let mut of_sidecars = Restarts::default();
        let initializing = summary.init(pod, &sidecars, &mut of_sidecars);
        if !initializing || condition(pod, "Initialized") == Some("True") {
            summary.restarts = of_sidecars;
            summary.ordinary(pod);
        }
        if pod.metadata.deletion_timestamp.is_some() {
            if status.reason.as_deref() == Some("NodeLost") {
                summary.reason = "Unknown".into();
            } else if !matches!(phase.as_str(), "Succeeded" | "Failed") {
                summary.reason = "Terminating".into();
            }
        }
        summary
    }

    /// Goes through the init containers up to the first that is not done. Tells whether there is one.
    fn init(&mut self, pod: &Pod, sidecars: &[&str], of_sidecars: &mut Restarts) -> bool {
        let statuses = pod.status.iter().flat_map(|s| s.init_container_statuses.iter().flatten());
        let count = pod.spec.as_ref().and_then(|s| s.init_containers.as_ref()).map_or(0, Vec::len);
        for (i, status) in statuses.enumerate() {
            self.restarts.add(status);
            let is_sidecar = sidecars.contains(&status.name.as_str());
            if is_sidecar {
                of_sidecars.add(status);
            }
            let state = status.state.clone().unwrap_or_default();
            if state.terminated.as_ref().is_some_and(|t| t.exit_code == 0) {
                continue;
            }
            if is_sidecar && status.started == Some(true) {
                self.ready += usize::from(status.ready);
                continue;
            }
            self.reason = match (&state.terminated, &state.waiting) {
                (Some(terminated), _) => format!("Init:{}", end_of(terminated)),
                (None, Some(waiting))
                    if waiting.reason.as_deref().is_some_and(|r| !r.is_empty() && r != "PodInitializing") =>
                {
                    format!("Init:{}", waiting.reason.as_deref().unwrap_or_default())
                }
                _ => format!("Init:{i}/{count}"),
            };
            return true;
        }
        false
    }

    /// Goes through the ordinary containers, the last one first: the first one's word counts, but one that has done its
    /// work does not hide that another one failed.
    fn ordinary(&mut self, pod: &Pod) {
        let statuses: Vec<&ContainerStatus> =
            pod.status.iter().flat_map(|s| s.container_statuses.iter().flatten()).collect();
        let (mut has_running, mut has_failed) = (false, false);
        for status in statuses.into_iter().rev() {
            self.restarts.add(status);
            let state = status.state.as_ref();
            if let Some(reason) = waiting_reason(state) {
                self.reason = reason.to_owned();
            } else if let Some(terminated) = state.and_then(|s| s.terminated.as_ref()) {
                if terminated.exit_code != 0 || !has_failed {
                    self.reason = end_of(terminated);
                }
                has_failed |= terminated.exit_code != 0;
            } else if status.ready && state.is_some_and(|s| s.running.is_some()) {
                has_running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" && has_running {
            let ready = condition(pod, "Ready") == Some("True");
            self.reason = if ready { "Running" } else { "NotReady" }.into();
        }
    }
}

fn waiting_reason(state: Option<&ContainerState>) -> Option<&str> {
    state?.waiting.as_ref()?.reason.as_deref().filter(|reason| !reason.is_empty())
}

/// How a container ended: its reason, signal or exit code.
fn end_of(terminated: &ContainerStateTerminated) -> String {
    match (terminated.reason.as_deref().unwrap_or_default(), terminated.signal.unwrap_or(0)) {
        ("", 0) => format!("ExitCode:{}", terminated.exit_code),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(pod: Value) -> Vec<String> {
        let pod: Pod = serde_json::from_value(pod).unwrap();
        let row = row(&pod, "2026-01-01T00:10:00Z".parse().unwrap());
        row.iter().map(|cell| cell.as_str().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn one_ended_and_one_running_container_are_not_ready() {
        let pod = json!({
            "metadata": {"name": "a", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"containers": [{"name": "x"}, {"name": "y"}]},
            "status": {"phase": "Running", "containerStatuses": [
                {"name": "x", "ready": false, "restartCount": 0, "image": "", "imageID": "", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
                {"name": "y", "ready": true, "restartCount": 2, "image": "", "imageID": "", "state": {"running": {}},
                 "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-01-01T00:09:30Z"}}},
            ]},
        });
        assert_eq!(cells(pod)[..5], ["a", "1/2", "NotReady", "2 (30s ago)", "10m"]);
    }

    #[test]
    fn a_container_that_is_done_does_not_hide_one_that_failed() {
        let ended = |name: &str, code: i32, reason: &str| {
            json!({"name": name, "ready": false, "restartCount": 0, "image": "", "imageID": "",
                "state": {"terminated": {"exitCode": code, "reason": reason}}})
        };
        let pod = json!({
            "metadata": {"name": "a"}, "spec": {"containers": [{"name": "x"}, {"name": "y"}]},
            "status": {"phase": "Failed", "containerStatuses": [ended("x", 0, "Completed"), ended("y", 3, "Error")]},
        });
        assert_eq!(cells(pod)[1..3], ["0/2", "Error"]);
    }

    #[test]
    fn init_containers_are_counted_until_they_are_done() {
        let pod = json!({
            "metadata": {"name": "a"},
            "spec": {"initContainers": [{"name": "i"}, {"name": "j"}], "containers": [{"name": "x"}]},
            "status": {"phase": "Pending", "initContainerStatuses": [
                {"name": "i", "ready": true, "restartCount": 0, "image": "", "imageID": "", "state": {"terminated": {"exitCode": 0}}},
                {"name": "j", "ready": false, "restartCount": 0, "image": "", "imageID": "", "state": {"waiting": {"reason": "PodInitializing"}}},
            ]},
        });
        assert_eq!(cells(pod)[1..3], ["0/1", "Init:1/2"]);
    }
}

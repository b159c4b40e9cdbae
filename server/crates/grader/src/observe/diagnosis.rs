//! Why a Pod does not run, in sentences: from its status, from what happened to it, and from the last words of a
//! container that ended.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStateTerminated, ContainerStatus, Event, Pod};
use kube::{Api, ResourceExt, api::ListParams};

use super::{
    LOOK_WITHIN, logs,
    prospect::{Prospect, statuses},
    scene::Scene,
};
use crate::check::Finding;

/// The most troubles that are told: more are not read.
const MAX_TROUBLES: usize = 4;
/// The lines of a container's log that are shown.
const LAST_LINES: i64 = 5;

/// Something that keeps a Pod from being ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// The container, where one is to blame.
    container: Option<String>,
    /// What is the matter.
    sentence: String,
    /// Whose log says more: of the run before this one?
    log: Option<bool>,
}

/// What keeps a Pod from being ready; empty where nothing does.
pub(crate) async fn diagnose(pod: &Pod, scene: &Scene<'_>) -> String {
    if pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_none()) && troubles(pod).is_empty() {
        return "No node has taken it yet.".to_owned();
    }
    let mut troubles = troubles(pod);
    troubles.truncate(MAX_TROUBLES);
    let mut sentences = Vec::new();
    let events = if troubles.iter().any(|trouble| trouble.log.is_none()) {
        events(pod, scene).await
    } else {
        Vec::new()
    };
    for trouble in troubles {
        let mut sentence = trouble.sentence;
        if let (Some(container), Some(previous)) = (&trouble.container, trouble.log) {
            sentence.push_str(&last_words(pod, container, previous, scene).await);
        } else if let Some(event) = warning(&events, trouble.container.as_deref(), &sentence) {
            sentence = format!("{sentence} {event}");
        }
        sentences.push(sentence);
    }
    sentences.join(" ")
}

/// The finding that a container, which a check needs running, does not run.
pub(crate) async fn not_running(container: &str, pod: &Pod, what: &str, scene: &Scene<'_>) -> Finding {
    let name = pod.name_any();
    let message = format!("Container {container} of Pod {name} {what}. {}", diagnose(pod, scene).await);
    let message = message.trim_end().to_owned();
    if Prospect::of(pod) == Prospect::Over || scene.is_hopeless(&name) {
        Finding::fail_for_good(message, None)
    } else {
        Finding::fail(message)
    }
}

/// What the status says.
pub(crate) fn troubles(pod: &Pod) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let status = pod.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let unscheduled = conditions.iter().find(|c| c.type_ == "PodScheduled" && c.status == "False");
    if let Some(condition) = unscheduled {
        let why = condition.message.as_deref().unwrap_or("the scheduler does not say why");
        let sentence = format!("No node takes the Pod: {}.", why.trim_end_matches('.'));
        troubles.push(Trouble { container: None, sentence, log: None });
    }
    if let Some(message) = status.and_then(|status| status.message.as_ref()) {
        let reason = status.and_then(|status| status.reason.as_deref()).unwrap_or("Failed");
        let sentence = format!("The Pod has failed ({reason}): {}.", message.trim_end_matches('.'));
        troubles.push(Trouble { container: None, sentence, log: None });
    }
    troubles.extend(statuses(pod).into_iter().filter_map(|container| of_container(container, pod)));
    // A container that waits for nothing but its turn is no trouble where another is.
    let is_turn = |trouble: &Trouble| trouble.sentence.ends_with("has not started yet.");
    if troubles.iter().any(|trouble| !is_turn(trouble)) {
        troubles.retain(|trouble| !is_turn(trouble));
    }
    troubles
}

fn of_container(container: &ContainerStatus, pod: &Pod) -> Option<Trouble> {
    let name = &container.name;
    let trouble = |sentence: String, log| Some(Trouble { container: Some(name.clone()), sentence, log });
    let ended_before = container.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    let init = pod.spec.as_ref().is_some_and(|spec| {
        let one_shot =
            |c: &&k8s_openapi::api::core::v1::Container| c.restart_policy.as_deref() != Some("Always");
        spec.init_containers.iter().flatten().filter(one_shot).any(|c| c.name == *name)
    });
    match &container.state {
        Some(ContainerState { waiting: Some(waiting), .. }) => {
            let reason = waiting.reason.as_deref().unwrap_or("Waiting");
            if let (true, Some(ended)) = (reason == "CrashLoopBackOff", ended_before) {
                let times = container.restart_count;
                let plural = if times == 1 { "" } else { "s" };
                let sentence = format!(
                    "Container {name} {} and was started anew {times} time{plural} (CrashLoopBackOff).",
                    ending(ended)
                );
                return trouble(sentence, Some(false));
            }
            match (reason, waiting.message.as_deref()) {
                ("ContainerCreating" | "PodInitializing", _) => {
                    trouble(format!("Container {name} has not started yet."), None)
                }
                (_, Some(message)) => trouble(
                    format!("Container {name} does not start, {reason}: {}.", message.trim_end_matches('.')),
                    None,
                ),
                (_, None) => trouble(format!("Container {name} does not start: {reason}."), None),
            }
        }
        Some(ContainerState { terminated: Some(ended), .. }) if !(init && ended.exit_code == 0) => {
            trouble(format!("Container {name} {}.", ending(ended)), Some(false))
        }
        Some(ContainerState { running: Some(_), .. }) if !container.ready && !init => {
            let restarts = container.restart_count;
            match ended_before {
                Some(ended) if restarts > 0 => {
                    let sentence = format!(
                        "Container {name} is not ready. Before it was started anew, it {}.",
                        ending(ended)
                    );
                    trouble(sentence, Some(true))
                }
                _ => trouble(format!("Container {name} runs and is not ready."), None),
            }
        }
        Some(_) => None,
        None => trouble(format!("Container {name} has not started yet."), None),
    }
}

/// How a container ended.
fn ending(ended: &ContainerStateTerminated) -> String {
    let reason = ended.reason.as_deref().unwrap_or_default();
    match (ended.exit_code, reason) {
        (_, "OOMKilled") => "was killed since it used more memory than its limit (OOMKilled)".to_owned(),
        (0, _) => "has ended: its command is done (exit code 0)".to_owned(),
        (code, "Error" | "Completed" | "") => format!("has ended with exit code {code}{}", meaning(code)),
        (code, reason) => {
            let message = ended.message.as_deref().map_or_else(String::new, |message| format!(": {message}"));
            format!("has ended with exit code {code} ({reason}{message})")
        }
    }
}

/// What an exit code commonly means.
fn meaning(code: i32) -> &'static str {
    match code {
        126 => " (the command cannot be executed)",
        127 => " (the command was not found)",
        137 => " (it was killed)",
        143 => " (it was asked to end)",
        _ => "",
    }
}

/// What a container printed last.
async fn last_words(pod: &Pod, container: &str, previous: bool, scene: &Scene<'_>) -> String {
    match logs::tail(&pod.name_any(), container, previous, LAST_LINES, scene).await {
        Ok(log) if !log.trim().is_empty() => {
            let lines: Vec<String> = log.lines().map(|line| line.chars().take(200).collect()).collect();
            format!(" Its last lines: {}", lines.join(" ⏎ "))
        }
        _ => " It printed nothing.".to_owned(),
    }
}

/// The events about a Pod.
async fn events(pod: &Pod, scene: &Scene<'_>) -> Vec<Event> {
    let events: Api<Event> = Api::namespaced(scene.cluster.client.clone(), scene.namespace);
    let about =
        ListParams::default().fields(&format!("involvedObject.uid={}", pod.uid().unwrap_or_default()));
    let listed = scene.cluster.clock.within(LOOK_WITHIN, events.list(&about)).await;
    listed.and_then(Result::ok).map(|list| list.items).unwrap_or_default()
}

/// The last warning that says more than what is known.
fn warning(events: &[Event], container: Option<&str>, known: &str) -> Option<String> {
    let about = |event: &&Event| {
        let path = event.involved_object.field_path.as_deref().unwrap_or_default();
        container.is_none_or(|name| path.is_empty() || path.contains(&format!("{{{name}}}")))
    };
    let warnings = events.iter().filter(|event| event.type_.as_deref() == Some("Warning")).filter(about);
    let mut told = warnings.rev().filter_map(|event| Some((event.reason.as_ref()?, event.message.as_ref()?)));
    let last = told.next();
    last.filter(|(_, message)| !known.contains(message.as_str()))
        .map(|(reason, message)| format!("{reason}: {}.", message.trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn said(status: Value) -> Vec<String> {
        let pod = json!({
            "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "i"}]},
            "status": status,
        });
        troubles(&serde_json::from_value(pod).unwrap()).into_iter().map(|trouble| trouble.sentence).collect()
    }

    fn container(state: Value, last: Value, restarts: i32) -> Value {
        json!({"name": "a", "image": "", "imageID": "", "ready": false, "restartCount": restarts, "state": state, "lastState": last})
    }

    #[test]
    fn what_keeps_a_pod_from_being_ready_is_told() {
        let waiting =
            json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"ngnix\""}});
        for (state, last, restarts, expected) in [
            (
                waiting,
                json!({}),
                0,
                "Container a does not start, ImagePullBackOff: Back-off pulling image \"ngnix\".",
            ),
            (
                json!({"waiting": {"reason": "CrashLoopBackOff"}}),
                json!({"terminated": {"exitCode": 127, "reason": "Error"}}),
                2,
                "Container a has ended with exit code 127 (the command was not found) and was started anew 2 times (CrashLoopBackOff).",
            ),
            (
                json!({"terminated": {"exitCode": 0, "reason": "Completed"}}),
                json!({}),
                0,
                "Container a has ended: its command is done (exit code 0).",
            ),
            (
                json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}),
                json!({}),
                0,
                "Container a was killed since it used more memory than its limit (OOMKilled).",
            ),
            (json!({"running": {}}), json!({}), 0, "Container a runs and is not ready."),
            (
                json!({"running": {}}),
                json!({"terminated": {"exitCode": 1, "reason": "Error"}}),
                1,
                "Container a is not ready. Before it was started anew, it has ended with exit code 1.",
            ),
        ] {
            assert_eq!(said(json!({"containerStatuses": [container(state, last, restarts)]})), [expected]);
        }
    }

    #[test]
    fn the_scheduler_and_the_kubelet_are_heard() {
        let status = json!({"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available."}]});
        assert_eq!(said(status), ["No node takes the Pod: 0/1 nodes are available."]);
        let evicted = json!({"reason": "Evicted", "message": "Usage of EmptyDir exceeds the limit"});
        assert_eq!(said(evicted), ["The Pod has failed (Evicted): Usage of EmptyDir exceeds the limit."]);
    }

    #[test]
    fn a_container_whose_turn_has_not_come_is_not_blamed() {
        let init = json!({"name": "i", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": 2, "reason": "Error"}}});
        let main = container(json!({"waiting": {"reason": "PodInitializing"}}), json!({}), 0);
        let status = json!({"initContainerStatuses": [init], "containerStatuses": [main]});
        assert_eq!(said(status), ["Container i has ended with exit code 2."]);
        let done = json!({"name": "i", "image": "", "imageID": "", "ready": true, "restartCount": 0,
            "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
        assert_eq!(said(json!({"initContainerStatuses": [done]})), [""; 0]);
    }
}

//! Lives of Pods as a real Kubernetes 1.36 was seen to have them: `lives/*.json`. Each has a Pod, what is done to it and
//! when, and every version of it that a watch showed there, in short: phase, conditions, containers. Here it has to go
//! through the same versions in the same order; when exactly is left open.
#![expect(clippy::disallowed_methods, reason = "tests read their cases")]

use std::{fs, path::Path, time::Duration};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};
use kube::api::{Api, DeleteParams, PostParams, PropagationPolicy, WatchEvent, WatchParams};
use serde::Deserialize;
use serde_json::Value;

use crate::lab::{Lab, object, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Life {
    about: String,
    pod: Value,
    then: Vec<Then>,
    /// When the life is over, in seconds.
    until: f64,
    seen: Vec<String>,
    /// Versions that need not show here, each with the reason.
    #[serde(default)]
    may_be_missed: Vec<(String, String)>,
}

/// Something that is done to the Pod.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Then {
    at: f64,
    /// A container and a script to run there.
    exec: Option<(String, String)>,
    delete: Option<Delete>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Delete {
    grace_period_seconds: Option<u32>,
}

#[test]
fn pods_live_as_on_a_real_cluster() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pods/lives");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 10, "the lives are there");
    let mut wrong = String::new();
    for file in files {
        let life: Life = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let missed: Vec<&String> = life.may_be_missed.iter().map(|(version, _)| version).collect();
        let keep = |lines: &[String]| -> Vec<String> {
            lines.iter().filter(|line| !missed.contains(line)).cloned().collect()
        };
        let (recorded, lived) = (keep(&life.seen), keep(&live(&life)));
        if recorded != lived {
            wrong += &format!("{}: {}\n", file.file_name().unwrap().display(), life.about);
            for line in recorded.iter().filter(|line| !lived.contains(line)) {
                wrong += &format!("  only recorded: {line}\n");
            }
            for line in lived.iter().filter(|line| !recorded.contains(line)) {
                wrong += &format!("  only here:     {line}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Plays a life, and returns the versions that a watch shows, each that is the same as the one before left out.
fn live(life: &Life) -> Vec<String> {
    let (sender, receiver) = std::sync::mpsc::channel();
    run(async |lab| {
        let seen = tokio::time::timeout(Duration::from_secs_f64(life.until), async {
            let watch = watch(&lab, &sender);
            tokio::join!(watch, act(&lab, life));
        });
        let _ = seen.await;
    });
    let mut lines: Vec<String> = receiver.try_iter().collect();
    lines.dedup();
    lines
}

async fn watch(lab: &Lab, lines: &std::sync::mpsc::Sender<String>) {
    let mut events = lab.pods.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    while let Some(event) = events.try_next().await.unwrap() {
        match event {
            WatchEvent::Added(pod) | WatchEvent::Modified(pod) => lines.send(line(&pod)).unwrap(),
            WatchEvent::Deleted(_) => return lines.send("gone".to_owned()).unwrap(),
            WatchEvent::Bookmark(_) | WatchEvent::Error(_) => {}
        }
    }
}

async fn act(lab: &Lab, life: &Life) {
    let pods: Api<Pod> = lab.api();
    let pod = pods.create(&PostParams::default(), &object(life.pod.clone())).await.unwrap();
    let name = pod.metadata.name.unwrap();
    let start = tokio::time::Instant::now();
    for then in &life.then {
        tokio::time::sleep_until(start + Duration::from_secs_f64(then.at)).await;
        if let Some((container, script)) = &then.exec {
            assert_eq!(lab.sh(&name, container, script).await.0, 0);
        }
        if let Some(delete) = &then.delete {
            let parameters = DeleteParams {
                grace_period_seconds: delete.grace_period_seconds,
                propagation_policy: Some(PropagationPolicy::Background),
                ..DeleteParams::default()
            };
            pods.delete(&name, &parameters).await.unwrap();
        }
    }
}

/// A version of a Pod in short.
fn line(pod: &Pod) -> String {
    let status = pod.status.clone().unwrap_or_default();
    let mut parts = vec![words([status.phase, status.reason])];
    if pod.metadata.deletion_timestamp.is_some() {
        let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or_default();
        parts.push(format!("ends within {grace} s"));
    }
    parts.extend(status.observed_generation.map(|generation| format!("seen {generation}")));
    let conditions = status.conditions.into_iter().flatten().map(|condition| {
        let reason = condition.reason.filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| format!("/{reason}")).unwrap_or_default();
        format!("{}={}{reason}", condition.type_, condition.status)
    });
    parts.extend(Some(conditions.collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty()));
    let containers = status.init_container_statuses.into_iter().chain(status.container_statuses).flatten();
    parts.extend(containers.map(|status| container(&status)));
    parts.join("; ")
}

fn container(status: &ContainerStatus) -> String {
    let state = |state: Option<&ContainerState>| match state {
        Some(ContainerState { waiting: Some(waiting), .. }) => {
            Some(words([Some("waiting".to_owned()), waiting.reason.clone()]))
        }
        Some(ContainerState { running: Some(_), .. }) => Some("running".to_owned()),
        Some(ContainerState { terminated: Some(ended), .. }) => Some(words([
            Some("terminated".to_owned()),
            ended.reason.clone(),
            Some(ended.exit_code.to_string()),
        ])),
        _ => None,
    };
    words([
        Some(format!("{}: {}", status.name, state(status.state.as_ref()).unwrap_or("none".to_owned()))),
        status.ready.then(|| "ready".to_owned()),
        (status.started == Some(true)).then(|| "started".to_owned()),
        (status.restart_count > 0).then(|| format!("restarted {}", status.restart_count)),
        state(status.last_state.as_ref()).map(|state| format!("after {state}")),
    ])
}

fn words<const N: usize>(all: [Option<String>; N]) -> String {
    all.into_iter().flatten().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

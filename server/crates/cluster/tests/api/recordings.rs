//! Bad manifests and what a real server, 1.36, said of them: `recordings/` has a file for each, with the answer to the
//! manifest itself (`post`) and what kubectl printed when it was applied on the server side (`apply`).
//!
//! What varies from run to run has been taken out. `known_differences.json` lists what is not the same here, and why; an entry
//! that is not needed any more fails the test too.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;
use serde_json::Value;

use crate::{request, run};

#[derive(Deserialize)]
struct Recording {
    namespace: String,
    manifest: String,
    post: Option<Post>,
    apply: Option<String>,
}

#[derive(Deserialize)]
struct Post {
    path: String,
    #[serde(rename = "type")]
    media: String,
    status: u16,
    answer: Value,
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api"))
}

const VARYING: [&str; 7] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "lastTransitionTime",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
];

/// Takes out what is different each time.
fn steady(value: &mut Value) {
    match value {
        Value::Object(map) => {
            VARYING.iter().for_each(|key| {
                map.remove(*key);
            });
            map.values_mut().for_each(steady);
        }
        Value::Array(items) => items.iter_mut().for_each(steady),
        Value::String(text) if text.starts_with("kube-api-access-") => *text = "kube-api-access-?".into(),
        _ => {}
    }
}

/// What kubectl prints for a status.
pub(crate) fn printed(status: &Value) -> String {
    let text = |pointer: &str| status.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let causes = status.pointer("/details/causes").and_then(Value::as_array);
    match (text("/reason"), causes) {
        ("Invalid", Some(causes)) => {
            let line = |cause: &Value| {
                let part = |key: &str| cause[key].as_str().unwrap_or_default().to_owned();
                format!("{}: {}", part("field"), part("message"))
            };
            let mut lines: Vec<String> = Vec::new();
            for cause in causes {
                if !lines.contains(&line(cause)) {
                    lines.push(line(cause));
                }
            }
            let head = format!("The {} {:?} is invalid:", text("/details/kind"), text("/details/name"));
            match lines.as_slice() {
                [only] => format!("{head} {only}"),
                lines => format!(
                    "{head} \n{}",
                    lines.iter().map(|l| format!("* {l}")).collect::<Vec<_>>().join("\n")
                ),
            }
        }
        ("", _) => format!("Error from server: {}", text("/message")),
        (reason, _) => format!("Error from server ({reason}): {}", text("/message")),
    }
}

/// What is not as it was recorded.
async fn difference(cluster: &podlab_cluster::Cluster, recording: &Recording, how: &str) -> Option<String> {
    let Some(post) = &recording.post else { return None };
    let media = [("content-type", post.media.as_str())];
    if how == "post" {
        let (status, _, body) = request(cluster, "POST", &post.path, &media, &recording.manifest).await;
        let mut answer: Value = serde_json::from_str(&body).unwrap_or(Value::String(body));
        steady(&mut answer);
        return (status != post.status || answer != post.answer)
            .then(|| format!("{status} {answer}\n  recorded {} {}", post.status, post.answer));
    }
    let expected = recording.apply.as_ref()?;
    let name = recording.manifest.lines().find_map(|line| line.trim().strip_prefix("name: "))?;
    let collection = post.path.split('?').next()?;
    let path =
        format!("{collection}/{}?fieldManager=kubectl&fieldValidation=Strict&force=false", name.trim());
    let media = [("content-type", "application/apply-patch+yaml")];
    let (_, _, body) = request(cluster, "PATCH", &path, &media, &recording.manifest).await;
    let seen = printed(&serde_json::from_str(&body).unwrap_or_default());
    (seen.trim() != expected.trim()).then(|| format!("{seen}\n  recorded {expected}"))
}

#[test]
fn bad_manifests_are_refused_in_the_words_of_a_real_server() {
    let text = fs::read_to_string(folder().join("known_differences.json")).unwrap();
    let mut known: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
    let mut paths: Vec<_> =
        fs::read_dir(folder().join("recordings")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 70, "{} recordings", paths.len());
    let mut wrong = Vec::new();
    run(async |cluster| {
        for path in paths {
            let recording: Recording = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let case = path.file_stem().unwrap().to_str().unwrap();
            let namespace = format!("{{\"metadata\":{{\"name\":{:?}}}}}", recording.namespace);
            let media = [("content-type", "application/json")];
            request(&cluster, "POST", "/api/v1/namespaces", &media, &namespace).await;
            for how in ["post", "apply"] {
                let found = difference(&cluster, &recording, how).await;
                let reason = known.remove(&format!("{case} {how}"));
                match (found, reason) {
                    (Some(difference), None) => wrong.push(format!("{case} {how}: {difference}")),
                    (None, Some(reason)) => {
                        wrong.push(format!("{case} {how}: no difference any more: {reason}"))
                    }
                    _ => {}
                }
            }
        }
    });
    wrong.extend(known.keys().map(|key| format!("{key}: not recorded")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

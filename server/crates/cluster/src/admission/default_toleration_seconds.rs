//! Every Pod stays for five minutes on a node that is not ready or cannot be reached, unless it says otherwise.

use serde_json::{Value, json};

use crate::object::{object_at, text_at};

const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
const SECONDS: i64 = 300;

pub(super) fn mutate(pod: &mut Value) {
    let list = pod.pointer("/spec/tolerations").and_then(Value::as_array).cloned().unwrap_or_default();
    let tolerated = |taint: &str| {
        list.iter().any(|toleration| {
            matches!(
                text_at(toleration, "/key"),
                "" | "node.kubernetes.io/not-ready" | "node.kubernetes.io/unreachable"
            ) && matches!(text_at(toleration, "/effect"), "" | "NoExecute")
                && (text_at(toleration, "/key") == taint || text_at(toleration, "/key").is_empty())
        })
    };
    let added: Vec<Value> = TAINTS
        .into_iter()
        .filter(|taint| !tolerated(taint))
        .map(|taint| {
            json!({ "key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS })
        })
        .collect();
    if !added.is_empty() {
        let all: Vec<Value> = list.into_iter().chain(added).collect();
        object_at(pod, "spec").insert("tolerations".into(), json!(all));
    }
}

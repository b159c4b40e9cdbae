//! `nodes/NAME/proxy`: what the kubelet of a node serves itself.

use axum::{body::Body, response::Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    http::{Call, answer, path::Target, pod, query::Query},
    node_agent::{NodeUsage, Usage},
    resource::{Registry, Resource},
    server::{Server, rfc3339_seconds},
    status::{Result, Status},
    verbs,
};

/// The port on which a kubelet listens.
const PORT: &str = "10250";

/// Answers a request to a kubelet; `path` is what follows `/proxy`.
pub(super) async fn serve(mut call: Call, nodes: &Resource, target: &Target, path: &str) -> Result<Response> {
    let name = target.name.strip_suffix(&format!(":{PORT}")).unwrap_or(&target.name);
    let name = name.strip_prefix("https:").unwrap_or(name).to_owned();
    verbs::get(&call.server, nodes, "", &name)?;
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match *segments.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => {
            Ok(answer::response(StatusCode::OK, "text/plain; charset=utf-8", Body::from("ok")))
        }
        ["pods" | "runningpods"] => Ok(answer::value(&call, StatusCode::OK, &pods(&call.server, &name))),
        ["stats", "summary"] => {
            let agent = call.server.agent(&name).ok_or_else(|| unreachable(&name))?;
            let summary = summary(&call.server, &name, &agent.usage());
            Ok(answer::value(&call, StatusCode::OK, &summary))
        }
        [what @ ("containerLogs" | "exec" | "attach"), namespace, pod, container] => {
            let target = Target {
                namespace: namespace.to_owned(),
                name: pod.to_owned(),
                resource: "pods".to_owned(),
                version: "v1".to_owned(),
                ..Target::default()
            };
            let Some(pods) = Registry::builtin().by_path("", "v1", "pods") else {
                return Ok(answer::not_found());
            };
            call.query = as_of_a_pod(&call, container);
            match what {
                "containerLogs" => pod::log(&call, pods, &target).await,
                "exec" => pod::exec(call, pods, &target).await,
                _ => pod::attach(call, pods, &target).await,
            }
        }
        ["portForward", namespace, pod] => {
            let target = Target {
                namespace: namespace.to_owned(),
                name: pod.to_owned(),
                resource: "pods".to_owned(),
                version: "v1".to_owned(),
                ..Target::default()
            };
            let Some(pods) = Registry::builtin().by_path("", "v1", "pods") else {
                return Ok(answer::not_found());
            };
            pod::port_forward(call, pods, &target).await
        }
        _ => Ok(answer::not_found()),
    }
}

fn unreachable(node: &str) -> Box<Status> {
    Status::service_unavailable(format!(
        "error trying to reach service: the kubelet of {node} does not answer"
    ))
}

/// The kubelet's own names of streams are others than the API's.
fn as_of_a_pod(call: &Call, container: &str) -> Query {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.append_pair("container", container);
    for (key, value) in form_urlencoded::parse(call.parts.uri.query().unwrap_or_default().as_bytes()) {
        let key = match &*key {
            "input" => "stdin",
            "output" => "stdout",
            "error" => "stderr",
            "container" => continue,
            key => key,
        };
        text.append_pair(key, &value);
    }
    Query::parse(&text.finish())
}

/// The Pods of a node.
fn pods(server: &Server, node: &str) -> Value {
    let of_node = |pod: &Value| pod.pointer("/spec/nodeName").and_then(Value::as_str) == Some(node);
    let pods = server.store.list("pods", "").objects;
    let items: Vec<Value> =
        pods.iter().filter(|pod| of_node(pod.value())).map(|pod| pod.to_value()).collect();
    json!({ "kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items })
}

/// What a node and its containers use (`k8s.io/kubelet/pkg/apis/stats/v1alpha1`).
fn summary(server: &Server, node: &str, usage: &NodeUsage) -> Value {
    let at = rfc3339_seconds(usage.at.unwrap_or_else(|| server.env.clock.now()));
    let amounts = |of: Usage| {
        json!({
            "cpu": { "time": at, "usageNanoCores": of.nanocores },
            "memory": { "time": at, "usageBytes": of.memory, "workingSetBytes": of.memory },
        })
    };
    let sum = |all: &mut dyn Iterator<Item = &Usage>| {
        all.fold(Usage::default(), |sum, one| Usage {
            nanocores: sum.nanocores + one.nanocores,
            memory: sum.memory + one.memory,
        })
    };
    let pods: Vec<Value> = usage
        .pods
        .iter()
        .map(|(pod, containers)| {
            let (namespace, name) = pod.split_once('/').unwrap_or(("", pod));
            let stored = server.store.get("pods", namespace, name);
            let mut value = amounts(sum(&mut containers.values()));
            value["podRef"] = json!({
                "name": name, "namespace": namespace, "uid": stored.as_ref().map_or("", |pod| pod.uid()),
            });
            value["containers"] = containers
                .iter()
                .map(|(container, usage)| {
                    let mut value = amounts(*usage);
                    value["name"] = json!(container);
                    value
                })
                .collect();
            value
        })
        .collect();
    let mut own = amounts(usage.total);
    own["nodeName"] = json!(node);
    json!({ "node": own, "pods": pods })
}

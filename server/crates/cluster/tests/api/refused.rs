//! What the server says of objects that it does not take, or takes with a warning: `tests/golden/refused`.

use serde::Deserialize;
use serde_json::Value;

use crate::{golden, recordings::printed, request, run};

/// One object, or what is done to it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[expect(dead_code, reason = "for the reader")]
    about: String,
    /// Objects that are there already.
    #[serde(default)]
    given: Vec<Value>,
    /// Objects to be created, each for itself.
    #[serde(default)]
    create: Vec<Value>,
    /// Merge patches of the last object that is there, each for itself; with a subresource where they have one.
    #[serde(default)]
    change: Vec<Value>,
    /// The subresource that the changes are of.
    #[serde(default)]
    subresource: String,
}

#[test]
fn what_is_wrong_is_said_as_a_real_server_says_it() {
    golden::run("refused", |case: Case| {
        let mut lines = Vec::new();
        run(async |cluster| {
            for object in &case.given {
                let (code, _, said) = send(&cluster, "POST", &collection(object), object).await;
                assert_eq!(code, 201, "{said}");
            }
            for object in &case.create {
                let path = format!("{}?dryRun=All&fieldValidation=Strict", collection(object));
                lines.extend(tell(send(&cluster, "POST", &path, object).await));
            }
            for change in &case.change {
                let last = case.given.last().unwrap();
                let name = last["metadata"]["name"].as_str().unwrap();
                let path = match case.subresource.as_str() {
                    "" => format!("{}/{name}?dryRun=All", collection(last)),
                    subresource => format!("{}/{name}/{subresource}?dryRun=All", collection(last)),
                };
                lines.extend(tell(send(&cluster, "PATCH", &path, change).await));
            }
        });
        lines
    });
}

type Answer = (u16, http::HeaderMap, String);

async fn send(cluster: &podlab_cluster::Cluster, method: &str, path: &str, body: &Value) -> Answer {
    let media = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    request(cluster, method, path, &[("content-type", media)], &body.to_string()).await
}

/// Warnings, then `ok` or what kubectl prints.
fn tell((code, headers, said): Answer) -> Vec<String> {
    let warnings = headers.get_all("warning").iter().map(|warning| {
        let text = warning.to_str().unwrap().trim_start_matches("299 - ").trim_matches('"');
        format!("Warning: {}", text.replace("\\\"", "\""))
    });
    let mut lines: Vec<String> = warnings.collect();
    if code < 300 {
        lines.push("ok".to_owned());
    } else {
        let said = printed(&serde_json::from_str(&said).unwrap_or_default());
        lines.extend(said.lines().map(|line| line.trim_end().to_owned()));
    }
    lines
}

/// Where objects of a kind are; those of namespaces are in `default`.
fn collection(object: &Value) -> String {
    let (version, kind) = (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
    let root = if version == "v1" { "/api".to_owned() } else { "/apis".to_owned() };
    let plural = match kind.to_lowercase() {
        kind if kind == "endpoints" => kind,
        kind if kind.ends_with("ss") => format!("{kind}es"),
        kind if kind.ends_with('y') => format!("{}ies", kind.trim_end_matches('y')),
        kind => format!("{kind}s"),
    };
    let global =
        ["namespaces", "nodes", "persistentvolumes", "priorityclasses", "storageclasses", "clusterroles"];
    let namespace = if global.contains(&plural.as_str()) { "" } else { "/namespaces/default" };
    format!("{root}/{version}{namespace}/{plural}")
}

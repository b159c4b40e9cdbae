//! CustomResourceDefinitions and the resources that they bring.

use podlab_cluster::Cluster;
use serde_json::{Value, json};

use crate::{request, run};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
const MERGE: [(&str, &str); 1] = [("content-type", "application/merge-patch+json")];
const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "widgets.example.com" },
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": { "plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wg"] },
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "subresources": {
                    "status": {}, "scale": { "specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size" }
                },
                "additionalPrinterColumns": [{ "name": "Size", "type": "integer", "jsonPath": ".spec.size" }],
                "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "required": ["size"], "properties": {
                        "size": { "type": "integer", "minimum": 1 },
                        "colour": { "type": "string", "default": "red" },
                        "parts": {
                            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                            "items": { "type": "object", "required": ["name"], "properties": {
                                "name": { "type": "string" }, "weight": { "type": "integer" }
                            } }
                        }
                    } },
                    "status": { "type": "object", "properties": { "size": { "type": "integer" } } }
                } } }
            }]
        }
    })
}

async fn send(
    cluster: &Cluster,
    method: &str,
    path: &str,
    media: &[(&str, &str)],
    body: &Value,
) -> (u16, Value) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let (status, _, answer) = request(cluster, method, path, media, &text).await;
    (status, serde_json::from_str(&answer).unwrap_or(Value::String(answer)))
}

async fn define(cluster: &Cluster) {
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let (status, made) = send(cluster, "POST", path, &JSON, &definition()).await;
    assert_eq!(status, 201, "{made}");
    let conditions = made["status"]["conditions"].as_array().unwrap();
    assert!(conditions.iter().any(|c| c["type"] == "Established" && c["status"] == "True"), "{made}");
}

fn widget(name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "example.com/v1", "kind": "Widget", "metadata": { "name": name }, "spec": spec })
}

#[test]
fn a_definition_brings_a_resource_with_defaults_rules_and_columns() {
    run(async |cluster| {
        let (status, _) = send(&cluster, "GET", WIDGETS, &[], &Value::Null).await;
        assert_eq!(status, 404);
        define(&cluster).await;
        let (status, made) =
            send(&cluster, "POST", WIDGETS, &JSON, &widget("a", &json!({ "size": 2, "other": 1 }))).await;
        assert_eq!((status, &made["spec"]), (201, &json!({ "size": 2, "colour": "red" })));
        assert_eq!(made["metadata"]["generation"], 1);

        let strict = format!("{WIDGETS}?fieldValidation=Strict");
        let (status, refused) =
            send(&cluster, "POST", &strict, &JSON, &widget("b", &json!({ "size": 2, "other": 1 }))).await;
        assert_eq!(status, 400);
        let message = refused["message"].as_str().unwrap();
        assert!(message.ends_with("strict decoding error: unknown field \"spec.other\""), "{message}");

        let (status, refused) =
            send(&cluster, "POST", WIDGETS, &JSON, &widget("b", &json!({ "size": 0 }))).await;
        let expected = "Widget.example.com \"b\" is invalid: spec.size: Invalid value: 0: spec.size in body should be \
                        greater than or equal to 1";
        assert_eq!((status, refused["message"].as_str()), (422, Some(expected)));

        let accept = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
        let (_, table) = send(&cluster, "GET", WIDGETS, &accept, &Value::Null).await;
        let names: Vec<_> =
            table["columnDefinitions"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
        assert_eq!(names, ["Name", "Size"]);
        assert_eq!(table["rows"][0]["cells"], json!(["a", 2]));

        let (_, list) = send(&cluster, "GET", "/apis/example.com/v1", &[], &Value::Null).await;
        let names: Vec<_> = list["resources"].as_array().unwrap().iter().map(|r| &r["name"]).collect();
        assert_eq!(names, ["widgets", "widgets/status", "widgets/scale"]);
        let (status, document) =
            send(&cluster, "GET", "/openapi/v3/apis/example.com/v1", &[], &Value::Null).await;
        assert_eq!(status, 200);
        let schema = &document["components"]["schemas"]["com.example.v1.Widget"];
        assert_eq!(schema["properties"]["spec"]["properties"]["size"]["minimum"], 1);
    });
}

#[test]
fn status_and_scale_are_subresources() {
    run(async |cluster| {
        define(&cluster).await;
        let mut body = widget("a", &json!({ "size": 2 }));
        body["status"] = json!({ "size": 7 });
        let (_, made) = send(&cluster, "POST", WIDGETS, &JSON, &body).await;
        assert_eq!(made.get("status"), None);
        let path = format!("{WIDGETS}/a/status");
        let patch = json!({ "status": { "size": 2 }, "spec": { "size": 9 } });
        let (status, seen) = send(&cluster, "PATCH", &path, &MERGE, &patch).await;
        assert_eq!((status, &seen["status"]["size"], &seen["spec"]["size"]), (200, &json!(2), &json!(2)));
        assert_eq!(seen["metadata"]["generation"], 1);
        let path = format!("{WIDGETS}/a/scale");
        let (_, scale) = send(&cluster, "PATCH", &path, &MERGE, &json!({ "spec": { "replicas": 5 } })).await;
        assert_eq!((&scale["spec"]["replicas"], &scale["status"]["replicas"]), (&json!(5), &json!(2)));
        let (_, seen) = send(&cluster, "GET", &format!("{WIDGETS}/a"), &[], &Value::Null).await;
        assert_eq!((&seen["spec"]["size"], &seen["metadata"]["generation"]), (&json!(5), &json!(2)));
    });
}

#[test]
fn server_side_apply_merges_lists_by_their_keys_and_finds_conflicts() {
    run(async |cluster| {
        define(&cluster).await;
        let apply = [("content-type", "application/apply-patch+yaml")];
        let at = |manager: &str| format!("{WIDGETS}/a?fieldManager={manager}");
        let part =
            |name: &str, weight: u32| json!({ "size": 1, "parts": [{ "name": name, "weight": weight }] });
        let (status, _) = send(&cluster, "PATCH", &at("one"), &apply, &widget("a", &part("x", 1))).await;
        assert_eq!(status, 201);
        let (_, seen) = send(&cluster, "PATCH", &at("two"), &apply, &widget("a", &part("y", 2))).await;
        assert_eq!(seen["spec"]["parts"].as_array().map(Vec::len), Some(2), "{seen}");
        let (status, refused) =
            send(&cluster, "PATCH", &at("two"), &apply, &widget("a", &part("x", 2))).await;
        assert_eq!(status, 409, "{refused}");
    });
}

#[test]
fn objects_go_with_their_definition() {
    run(async |cluster| {
        define(&cluster).await;
        send(&cluster, "POST", WIDGETS, &JSON, &widget("a", &json!({ "size": 2 }))).await;
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com";
        let (status, _) = send(&cluster, "DELETE", path, &[], &Value::Null).await;
        assert_eq!(status, 200);
        let (status, _) = send(&cluster, "GET", WIDGETS, &[], &Value::Null).await;
        assert_eq!(status, 404);
        define(&cluster).await;
        let (_, list) = send(&cluster, "GET", WIDGETS, &[], &Value::Null).await;
        assert_eq!(list["items"], json!([]));
    });
}

/// A definition whose schema has rules, and fields that selectors may name.
async fn define_with_rules(cluster: &Cluster) {
    let mut made = definition();
    let version = &mut made["spec"]["versions"][0];
    version["selectableFields"] = json!([{ "jsonPath": ".spec.colour" }]);
    version["schema"]["openAPIV3Schema"]["properties"]["spec"]["x-kubernetes-validations"] = json!([
        { "rule": "self.size < 10 || self.colour == 'blue'", "message": "only blue ones may be large" },
        { "rule": "self.colour == oldSelf.colour", "message": "the colour stays" },
    ]);
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let (status, made) = send(cluster, "POST", path, &JSON, &made).await;
    assert_eq!(status, 201, "{made}");
}

#[test]
fn rules_of_a_schema_are_kept() {
    run(async |cluster| {
        define_with_rules(&cluster).await;
        let (status, refused) =
            send(&cluster, "POST", WIDGETS, &JSON, &widget("a", &json!({ "size": 10 }))).await;
        let expected = "Widget.example.com \"a\" is invalid: spec: Invalid value: \"object\": only blue ones may be large";
        assert_eq!((status, refused["message"].as_str()), (422, Some(expected)));
        let (status, _) = send(&cluster, "POST", WIDGETS, &JSON, &widget("a", &json!({ "size": 1 }))).await;
        assert_eq!(status, 201);
        let path = format!("{WIDGETS}/a");
        let (status, refused) =
            send(&cluster, "PATCH", &path, &MERGE, &json!({ "spec": { "colour": "green" } })).await;
        let expected =
            "Widget.example.com \"a\" is invalid: spec: Invalid value: \"object\": the colour stays";
        assert_eq!((status, refused["message"].as_str()), (422, Some(expected)));
        let (status, _) = send(&cluster, "PATCH", &path, &MERGE, &json!({ "spec": { "size": 9 } })).await;
        assert_eq!(status, 200);
    });
}

#[test]
fn selectors_may_name_the_fields_that_a_definition_lists() {
    run(async |cluster| {
        define_with_rules(&cluster).await;
        for (name, colour) in [("a", "red"), ("b", "blue")] {
            let spec = json!({ "size": 1, "colour": colour });
            assert_eq!(send(&cluster, "POST", WIDGETS, &JSON, &widget(name, &spec)).await.0, 201);
        }
        let path = format!("{WIDGETS}?fieldSelector=spec.colour%3Dblue");
        let (_, list) = send(&cluster, "GET", &path, &[], &Value::Null).await;
        let names: Vec<_> =
            list["items"].as_array().unwrap().iter().map(|i| &i["metadata"]["name"]).collect();
        assert_eq!(names, ["b"]);
        let path = format!("{WIDGETS}?fieldSelector=spec.size%3D1");
        let (status, refused) = send(&cluster, "GET", &path, &[], &Value::Null).await;
        assert_eq!(
            (status, refused["message"].as_str()),
            (400, Some("field label not supported: spec.size"))
        );
    });
}

#[test]
fn a_quota_counts_custom_objects() {
    run(async |cluster| {
        define(&cluster).await;
        let quota =
            json!({ "metadata": { "name": "q" }, "spec": { "hard": { "count/widgets.example.com": "1" } } });
        let path = "/api/v1/namespaces/default/resourcequotas";
        assert_eq!(send(&cluster, "POST", path, &JSON, &quota).await.0, 201);
        let of = |name: &str| widget(name, &json!({ "size": 1 }));
        assert_eq!(send(&cluster, "POST", WIDGETS, &JSON, &of("a")).await.0, 201);
        let (status, refused) = send(&cluster, "POST", WIDGETS, &JSON, &of("b")).await;
        let expected = "widgets.example.com \"b\" is forbidden: exceeded quota: q, requested: count/widgets.example.com=1, \
                        used: count/widgets.example.com=1, limited: count/widgets.example.com=1";
        assert_eq!((status, refused["message"].as_str()), (403, Some(expected)));
        let (_, quota) = send(&cluster, "GET", &format!("{path}/q"), &[], &Value::Null).await;
        assert_eq!(quota["status"]["used"], json!({ "count/widgets.example.com": "1" }));
    });
}

#[test]
fn a_scale_has_columns_of_its_own() {
    run(async |cluster| {
        define(&cluster).await;
        let spec = json!({ "size": 3 });
        assert_eq!(send(&cluster, "POST", WIDGETS, &JSON, &widget("a", &spec)).await.0, 201);
        let accept = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
        let (_, table) = send(&cluster, "GET", &format!("{WIDGETS}/a/scale"), &accept, &Value::Null).await;
        let names: Vec<_> =
            table["columnDefinitions"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
        assert_eq!(names, ["Name", "Desired", "Available", "Age"]);
        assert_eq!(table["rows"][0]["cells"], json!(["a", 3, 0, "0s"]));
    });
}

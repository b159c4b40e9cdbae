//! Input that nobody means well: an error, never a panic, never a wait without end.

use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use serde_json::{Value, json};

use crate::{request, run};

const POD: &str = "/api/v1/namespaces/default/pods/p";
const PATCHES: [&str; 4] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

/// Words that mean something somewhere in an object or a patch.
fn word() -> impl Strategy<Value = String> {
    let words = [
        "metadata",
        "spec",
        "containers",
        "name",
        "image",
        "labels",
        "ports",
        "containerPort",
        "protocol",
        "env",
        "volumes",
        "$patch",
        "replace",
        "delete",
        "merge",
        "$retainKeys",
        "$setElementOrder/containers",
        "$deleteFromPrimitiveList/finalizers",
        "finalizers",
        "managedFields",
        "fieldsV1",
        "f:spec",
        "op",
        "path",
        "value",
        "from",
        "test",
        "remove",
        "/spec/containers/0",
        "/metadata/labels/~1a",
        "/-",
        "a",
        "",
        "resources",
        "limits",
        "cpu",
        "1e999",
        "annotations",
        "ownerReferences",
        "kind",
        "apiVersion",
        "v1",
        "Pod",
    ];
    prop_oneof![8 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(word(), inner, 0..5).prop_map(|map| json!(map)),
        ]
    })
}

/// A patch that looks like one at the root.
fn patch() -> impl Strategy<Value = (usize, Value)> {
    let list = prop::collection::vec((word(), word(), tree()), 0..4).prop_map(|steps| {
        let step =
            |(op, path, value): (String, String, Value)| json!({ "op": op, "path": path, "value": value });
        steps.into_iter().map(step).collect::<Value>()
    });
    let object = (word(), tree(), tree()).prop_map(
        |(key, spec, other)| json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" }, "spec": spec, key: other }),
    );
    (0..PATCHES.len(), prop_oneof![list, object, tree()])
}

#[test]
fn any_patch_is_made_or_refused() {
    run(async |cluster| {
        let mut runner = TestRunner::deterministic();
        for _ in 0..600 {
            let (how, body) = patch().new_tree(&mut runner).unwrap().current();
            let media = [("content-type", PATCHES[how])];
            let path = format!("{POD}?fieldManager=fuzz&force=true");
            let path = if how == 3 { path } else { POD.to_owned() };
            let (status, _, answer) = request(&cluster, "PATCH", &path, &media, &body.to_string()).await;
            // For what its schema does not know, apply has 500 in the real server too.
            let untyped = status == 500 && answer.contains("failed to create typed patch object");
            assert!(
                untyped || matches!(status, 200 | 201 | 400 | 403 | 404 | 409 | 413 | 415 | 422),
                "{body}: {status} {answer}"
            );
        }
        assert_eq!(request(&cluster, "GET", POD, &[], "").await.0, 200);
    });
}

#[test]
fn any_object_is_created_or_refused() {
    run(async |cluster| {
        let mut runner = TestRunner::deterministic();
        let media = [("content-type", "application/json")];
        for (index, path) in
            ["/api/v1/namespaces/default/pods", "/apis/apps/v1/namespaces/default/deployments"]
                .into_iter()
                .cycle()
                .take(400)
                .enumerate()
        {
            let mut body = tree().new_tree(&mut runner).unwrap().current();
            if let Some(object) = body.as_object_mut() {
                object.insert("metadata".into(), json!({ "name": format!("x{index}") }));
                for key in ["apiVersion", "kind"] {
                    object.remove(key);
                }
            }
            let (status, _, answer) = request(&cluster, "POST", path, &media, &body.to_string()).await;
            assert!(matches!(status, 201 | 400 | 403 | 409 | 422), "{body}: {status} {answer}");
        }
    });
}

#[test]
fn deep_and_broken_bodies_are_refused() {
    run(async |cluster| {
        let deep = 100_000;
        let bodies = [
            "[".repeat(deep),
            "{\"a\":".repeat(deep),
            format!("{}1{}", "[".repeat(deep), "]".repeat(deep)),
            "{\"metadata\":{\"name\":\"a\"},\"spec\":".to_owned(),
            "\u{0}".repeat(100),
            "a: &a [*a, *a]".to_owned(),
            format!("a: {}", "[".repeat(deep)),
            "k8s\u{0}\u{a}\u{2}\u{a}".to_owned(),
        ];
        for media in ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"] {
            for body in &bodies {
                let path = "/api/v1/namespaces/default/pods";
                let (status, _, _) = request(&cluster, "POST", path, &[("content-type", media)], body).await;
                assert!(matches!(status, 400 | 413 | 422), "{media} {:?}: {status}", body.get(..20));
            }
        }
        for media in PATCHES {
            for body in &bodies {
                let (status, _, _) = request(&cluster, "PATCH", POD, &[("content-type", media)], body).await;
                assert!(matches!(status, 400 | 413 | 422), "{media} {:?}: {status}", body.get(..20));
            }
        }
    });
}

/// Refusals leave nothing behind: no object, no event, no change for watchers.
#[test]
fn objects_that_a_quota_refuses_cost_nothing_that_stays() {
    run(async |cluster| {
        let json = [("content-type", "application/json")];
        let quota = r#"{"metadata":{"name":"few"},"spec":{"hard":{"count/configmaps":"1","count/deployments.apps":"0"}}}"#;
        let (code, _, said) =
            request(&cluster, "POST", "/api/v1/namespaces/default/resourcequotas", &json, quota).await;
        assert_eq!(code, 201, "{said}");
        let version = async || {
            let (_, _, list) =
                request(&cluster, "GET", "/api/v1/namespaces/default/configmaps", &[], "").await;
            serde_json::from_str::<Value>(&list).unwrap()["metadata"]["resourceVersion"].clone()
        };
        let before = version().await;
        let path = "/api/v1/namespaces/default/configmaps";
        let large =
            format!(r#"{{"metadata":{{"generateName":"c-"}},"data":{{"x":"{}"}}}}"#, "x".repeat(10_000));
        for _ in 0..2_000 {
            let (code, _, said) = request(&cluster, "POST", path, &json, &large).await;
            assert_eq!(code, 403, "{said}");
            assert!(said.contains("exceeded quota: few, requested: count/configmaps=1"), "{said}");
        }
        assert_eq!(version().await, before);
        let (_, _, events) = request(&cluster, "GET", "/api/v1/namespaces/default/events", &[], "").await;
        assert!(!events.contains("configmaps"), "{events}");
    });
}

//! The form of answers.

use serde_json::Value;

use crate::{request, run};

const POD: &str = "/api/v1/namespaces/default/pods/p";

#[test]
fn an_answer_begins_as_go_writes_it_and_is_a_line() {
    run(async |cluster| {
        let (_, _, pod) = request(&cluster, "GET", POD, &[], "").await;
        assert!(pod.starts_with(r#"{"kind":"Pod","apiVersion":"v1","metadata":{"#), "{pod}");
        assert!(pod.ends_with("}\n") && pod.lines().count() == 1, "{pod}");
        let (_, _, missing) = request(&cluster, "GET", "/api/v1/namespaces/default/pods/x", &[], "").await;
        let start = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"#;
        assert!(missing.starts_with(start), "{missing}");
    });
}

#[test]
fn people_get_many_lines() {
    run(async |cluster| {
        let curl = [("user-agent", "curl/8.14.1")];
        let (_, _, pod) = request(&cluster, "GET", POD, &curl, "").await;
        assert!(pod.starts_with("{\n  \"kind\": \"Pod\",\n  \"apiVersion\": \"v1\",\n"), "{pod}");
        let (_, _, pod) = request(&cluster, "GET", &format!("{POD}?pretty=false"), &curl, "").await;
        assert_eq!(pod.lines().count(), 1);
        let (_, _, missing) = request(&cluster, "GET", "/api/v1/namespaces/default/pods/x", &curl, "").await;
        assert!(missing.starts_with("{\n  \"kind\": \"Status\",\n"), "{missing}");
    });
}

#[test]
fn a_watch_from_before_the_history_begins_has_expired_also_where_nothing_ever_was() {
    run(async |cluster| {
        for resource in ["/api/v1/pods", "/apis/apps/v1/deployments"] {
            let path = format!("{resource}?watch=true&resourceVersion=1&timeoutSeconds=1");
            let (code, _, said) = request(&cluster, "GET", &path, &[], "").await;
            assert_eq!(code, 200);
            assert!(said.starts_with(r#"{"type":"ERROR","object":{"kind":"Status""#), "{said}");
            let said: Value = serde_json::from_str(&said).unwrap();
            assert_eq!(said["object"]["code"], 410, "{said}");
        }
    });
}

#[test]
fn what_is_wrong_with_a_request_for_a_certificate_is_named() {
    run(async |cluster| {
        let manifest = r#"{"metadata":{"name":"jane"},"spec":{"request":"amFuZQ==","signerName":"jane","expirationSeconds":60,
            "usages":["client auth","flying"]}}"#;
        let path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
        let (code, _, said) =
            request(&cluster, "POST", path, &[("content-type", "application/json")], manifest).await;
        assert_eq!(code, 422, "{said}");
        let said: Value = serde_json::from_str(&said).unwrap();
        let causes = said["details"]["causes"].as_array().unwrap();
        let fields: Vec<&str> = causes.iter().map(|cause| cause["field"].as_str().unwrap()).collect();
        assert_eq!(fields, ["spec.request", "spec.usages[1]", "spec.signerName", "spec.expirationSeconds"]);
        let why = causes[0]["message"].as_str().unwrap();
        assert!(why.ends_with("PEM block type must be CERTIFICATE REQUEST"), "{why}");
    });
}

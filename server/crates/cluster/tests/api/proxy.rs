//! Requests that go on to Pods and Services.

use k8s_openapi::api::core::v1::{Endpoints, Service};
use serde_json::{Value, json};

use crate::{request, run};

const PODS: &str = "/api/v1/namespaces/default/pods";
const SERVICES: &str = "/api/v1/namespaces/default/services";

#[test]
fn a_request_reaches_the_pod_as_it_is() {
    run(async |cluster| {
        let path = format!("{PODS}/p/proxy/x%2Fy?q=1");
        let (status, headers, body) = request(&cluster, "PUT", &path, &[("accept", "text/plain")], "x").await;
        assert_eq!(status, 404);
        assert_eq!(headers["server"], "nginx/1.22.1");
        assert_eq!(body, "PUT /x%2Fy?q=1 host=\"10.244.0.9:80\" authorization=None");
    });
}

#[test]
fn links_and_redirections_lead_through_the_proxy() {
    run(async |cluster| {
        let (_, _, page) = request(&cluster, "GET", &format!("{PODS}/p:80/proxy/page"), &[], "").await;
        assert_eq!(page, format!("<a href=\"{PODS}/p:80/proxy/next\">next</a>"));
        let (status, headers, _) = request(&cluster, "GET", &format!("{PODS}/p/proxy/moved"), &[], "").await;
        assert_eq!(
            (status, headers["location"].to_str().unwrap()),
            (302, &*format!("{PODS}/p/proxy/elsewhere"))
        );
        let (status, headers, _) = request(&cluster, "GET", &format!("{PODS}/p/proxy?a=b"), &[], "").await;
        assert_eq!((status, headers["location"].to_str().unwrap()), (301, &*format!("{PODS}/p/proxy/?a=b")));
    });
}

fn failure(body: &str) -> (String, String) {
    let status: Value = serde_json::from_str(body).unwrap();
    let text = |key: &str| status[key].as_str().unwrap_or_default().to_owned();
    (text("reason"), text("message"))
}

#[test]
fn what_cannot_be_reached_is_unavailable() {
    run(async |cluster| {
        let (status, _, body) = request(&cluster, "GET", &format!("{PODS}/p:81/proxy/"), &[], "").await;
        assert_eq!(status, 503);
        let why = "error trying to reach service: dial tcp 10.244.0.9:81: connect: connection refused";
        assert_eq!(failure(&body), ("ServiceUnavailable".into(), why.into()));
    });
}

#[test]
fn a_service_leads_to_its_endpoints_by_port_name_or_number() {
    run(async |cluster| {
        let client = cluster.client("admin", "test");
        let service = json!({"metadata": {"name": "web"}, "spec": {"ports": [{"name": "http", "port": 8080, "targetPort": 80}]}});
        client.namespaced::<Service>("default").create(&serde_json::from_value(service).unwrap()).unwrap();
        let get =
            async |name: &str| request(&cluster, "GET", &format!("{SERVICES}/{name}/proxy/"), &[], "").await;
        let (status, _, body) = get("web:8081").await;
        let why = "no service port 8081 found for service \"web\"";
        assert_eq!((status, failure(&body)), (503, ("ServiceUnavailable".into(), why.into())));
        let endpoints = json!({"metadata": {"name": "web"}});
        let all = client.namespaced::<Endpoints>("default");
        all.create(&serde_json::from_value(endpoints).unwrap()).unwrap();
        let (status, _, body) = get("web:http").await;
        let why = "no endpoints available for service \"web\"";
        assert_eq!((status, failure(&body)), (503, ("ServiceUnavailable".into(), why.into())));
        let endpoints = json!({"metadata": {"name": "web"}, "subsets": [{
            "addresses": [{"ip": "10.244.0.9", "nodeName": "scripted"}], "ports": [{"name": "http", "port": 80}]}]});
        all.update(&serde_json::from_value(endpoints).unwrap()).unwrap();
        for name in ["web:http", "web:8080", "http:web:http"] {
            assert_eq!(get(name).await.0, 404, "{name}");
        }
        let (status, _, body) = get("none:http").await;
        assert_eq!((status, failure(&body).0), (404, "NotFound".into()));
    });
}

#[test]
fn the_kubelet_of_a_node_answers_for_itself() {
    run(async |cluster| {
        let node = json!({ "metadata": { "name": "scripted" } }).to_string();
        let json = [("content-type", "application/json")];
        assert_eq!(request(&cluster, "POST", "/api/v1/nodes", &json, &node).await.0, 201);
        let at = |path: &str| format!("/api/v1/nodes/scripted/proxy/{path}");
        let get = async |path: &str| {
            let (status, _, body) = request(&cluster, "GET", &at(path), &[], "").await;
            (status, body)
        };
        assert_eq!(get("healthz").await, (200, "ok".to_owned()));
        let pods: Value = serde_json::from_str(&get("pods").await.1).unwrap();
        assert_eq!((&pods["kind"], &pods["items"][0]["metadata"]["name"]), (&json!("PodList"), &json!("p")));
        let own = request(&cluster, "GET", &format!("{PODS}/p/log?container=a&tailLines=1"), &[], "").await.2;
        assert_eq!(get("containerLogs/default/p/a?tailLines=1").await, (200, own));
        let summary: Value = serde_json::from_str(&get("stats/summary").await.1).unwrap();
        assert_eq!(summary["node"]["nodeName"], "scripted");
        assert_eq!(get("nowhere").await.0, 404);
        let (status, _, _) = request(&cluster, "GET", "/api/v1/nodes/none/proxy/healthz", &[], "").await;
        assert_eq!(status, 404);
    });
}

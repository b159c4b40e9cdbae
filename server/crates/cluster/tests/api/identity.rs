//! Who may do what: impersonation, tokens, Roles.

use serde_json::{Value, json};

use crate::{request, run};

const JSON: (&str, &str) = ("content-type", "application/json");
const PODS: &str = "/api/v1/namespaces/default/pods";

async fn post(cluster: &podlab_cluster::Cluster, path: &str, body: Value) -> Value {
    let (status, _, answer) = request(cluster, "POST", path, &[JSON], &body.to_string()).await;
    assert_eq!(status, 201, "{answer}");
    serde_json::from_str(&answer).unwrap()
}

#[test]
fn nobody_may_do_what_no_role_says() {
    run(async |cluster| {
        let as_joe = [("impersonate-user", "joe")];
        let (status, _, body) = request(&cluster, "GET", PODS, &as_joe, "").await;
        let why = "pods is forbidden: User \\\"joe\\\" cannot list resource \\\"pods\\\" in API group \\\"\\\" in the namespace \\\"default\\\"";
        assert!(status == 403 && body.contains(why), "{body}");
        let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
        post(
            &cluster,
            &format!("{rbac}/roles"),
            json!({"metadata": {"name": "reader"}, "rules": [
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}),
        )
        .await;
        post(
            &cluster,
            &format!("{rbac}/rolebindings"),
            json!({"metadata": {"name": "joe"},
            "roleRef": {"kind": "Role", "name": "reader"}, "subjects": [{"kind": "User", "name": "joe"}]}),
        )
        .await;
        assert_eq!(request(&cluster, "GET", PODS, &as_joe, "").await.0, 200);
        assert_eq!(request(&cluster, "GET", &format!("{PODS}/p"), &as_joe, "").await.0, 403);
        assert_eq!(request(&cluster, "GET", &format!("{PODS}/p/log"), &as_joe, "").await.0, 403);
        assert_eq!(request(&cluster, "GET", "/api/v1/pods", &as_joe, "").await.0, 403);
    });
}

#[test]
fn a_token_stands_for_its_service_account_until_that_is_gone() {
    run(async |cluster| {
        let accounts = "/api/v1/namespaces/default/serviceaccounts";
        post(&cluster, accounts, json!({"metadata": {"name": "bot"}})).await;
        let issued =
            post(&cluster, &format!("{accounts}/bot/token"), json!({"spec": {"expirationSeconds": 600}}))
                .await;
        let token = issued["status"]["token"].as_str().unwrap().to_owned();
        assert_eq!(issued["status"]["expirationTimestamp"], "2026-11-21T00:10:00Z");
        let bearer = format!("Bearer {token}");
        let who = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let (_, _, body) = request(&cluster, "POST", who, &[JSON, ("authorization", &bearer)], "{}").await;
        let review: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(review["status"]["userInfo"]["username"], "system:serviceaccount:default:bot");
        let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
        let review = post(&cluster, reviews, json!({"spec": {"token": token}})).await;
        assert_eq!(review["status"]["authenticated"], true);

        assert_eq!(request(&cluster, "DELETE", &format!("{accounts}/bot"), &[], "").await.0, 200);
        assert_eq!(request(&cluster, "GET", PODS, &[("authorization", &bearer)], "").await.0, 401);
        assert_eq!(request(&cluster, "GET", PODS, &[("authorization", "Bearer x.y.z")], "").await.0, 401);
    });
}

#[test]
fn a_token_lasts_at_least_ten_minutes() {
    run(async |cluster| {
        let path = "/api/v1/namespaces/default/serviceaccounts/default/token";
        let body = json!({"spec": {"expirationSeconds": 60}}).to_string();
        let (status, _, answer) = request(&cluster, "POST", path, &[JSON], &body).await;
        assert!(
            status == 422 && answer.contains("may not specify a duration less than 10 minutes"),
            "{answer}"
        );
    });
}

#[test]
fn a_scale_is_of_whatever_kind_and_not_negative() {
    run(async |cluster| {
        let deployments = "/apis/apps/v1/namespaces/default/deployments";
        post(&cluster, deployments, json!({"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}}))
        .await;
        let scale = format!("{deployments}/web/scale");
        let patch = async |replicas: i32| {
            let media = [("content-type", "application/merge-patch+json")];
            let body = json!({"spec": {"replicas": replicas}}).to_string();
            request(&cluster, "PATCH", &scale, &media, &body).await
        };
        let (status, _, body) = patch(3).await;
        let seen: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (status, &seen["spec"]["replicas"], &seen["status"]["selector"]),
            (200, &json!(3), &json!("a=b"))
        );
        let (status, _, body) = patch(-1).await;
        assert!(status == 422 && body.contains("must be greater than or equal to 0"), "{body}");
    });
}

#[test]
fn nobody_grants_what_they_do_not_hold() {
    run(async |cluster| {
        let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
        let (roles, bindings) = (format!("{rbac}/roles"), format!("{rbac}/rolebindings"));
        let role = |name: &str, resource: &str, group: &str, verbs: &[&str]| {
            json!({ "metadata": { "name": name }, "rules": [
                { "apiGroups": [group], "resources": [resource], "verbs": verbs }] })
        };
        let binding = |name: &str, role: &str, user: &str| {
            json!({ "metadata": { "name": name }, "roleRef": { "kind": "Role", "name": role },
                "subjects": [{ "kind": "User", "name": user }] })
        };
        let group = "rbac.authorization.k8s.io";
        post(&cluster, &roles, role("granter", "*", group, &["create", "get", "update"])).await;
        post(&cluster, &roles, role("reader", "pods", "", &["get", "list"])).await;
        post(&cluster, &roles, role("secrets", "secrets", "", &["get"])).await;
        for (name, role) in [("a", "granter"), ("b", "reader")] {
            post(&cluster, &bindings, binding(name, role, "joe")).await;
        }
        let as_joe = [JSON, ("impersonate-user", "joe")];
        let try_to = async |path: &str, body: Value| {
            let (status, _, answer) = request(&cluster, "POST", path, &as_joe, &body.to_string()).await;
            let answer: Value = serde_json::from_str(&answer).unwrap();
            (status, answer["message"].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(try_to(&roles, role("held", "pods", "", &["list"])).await.0, 201);
        let (status, message) = try_to(&roles, role("more", "pods", "", &["list", "delete", "watch"])).await;
        let expected = "roles.rbac.authorization.k8s.io \"more\" is forbidden: user \"joe\" \
                        (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n\
                        {APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\" \"watch\"]}";
        assert_eq!((status, message.as_str()), (403, expected));
        assert_eq!(try_to(&bindings, binding("c", "reader", "ann")).await.0, 201);
        let (status, message) = try_to(&bindings, binding("d", "secrets", "joe")).await;
        assert!(
            status == 403 && message.starts_with("rolebindings.rbac.authorization.k8s.io \"d\""),
            "{message}"
        );
    });
}

//! Pods that talk to the API.

use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use serde_json::json;

use crate::lab::{Lab, run};

const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const URL: &str = "https://kubernetes.default.svc/api/v1/namespaces/default/pods/me";

async fn client(lab: &Lab) {
    lab.pod(
        "me",
        json!({"terminationGracePeriodSeconds": 0, "containers": [
            {"name": "c", "image": "alpine/curl", "command": ["sleep", "1000000"]}]}),
    )
    .await;
    lab.until_ready("me").await;
}

#[test]
fn a_pods_token_and_authority_open_the_api_as_far_as_its_account_may_go() {
    run(async |lab| {
        client(&lab).await;
        let ask = format!(
            "curl -sS --cacert {FOLDER}/ca.crt -H \"Authorization: Bearer $(cat {FOLDER}/token)\" {URL}"
        );
        let (code, said) = lab.sh("me", "c", &ask).await;
        assert_eq!(code, 0, "{said}");
        let account = "User \\\"system:serviceaccount:default:default\\\" cannot get resource \\\"pods\\\"";
        assert!(said.contains(account), "{said}");
        lab.create::<Role>(json!({"metadata": {"name": "reader"},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}))
            .await;
        lab.create::<RoleBinding>(json!({"metadata": {"name": "reader"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}]}))
            .await;
        let (code, said) = lab.sh("me", "c", &ask).await;
        assert_eq!(code, 0, "{said}");
        assert!(said.starts_with("{\n  \"kind\": \"Pod\",\n  \"apiVersion\": \"v1\",\n"), "{said}");
    });
}

#[test]
fn who_does_not_trust_the_authority_is_warned_and_who_shows_no_token_is_nobody() {
    run(async |lab| {
        client(&lab).await;
        let (code, said) = lab.sh("me", "c", &format!("curl -sS {URL}")).await;
        assert_eq!(code, 60, "{said}");
        assert!(said.contains("unable to get local issuer certificate"), "{said}");
        let (code, said) = lab.sh("me", "c", &format!("curl -sSk {URL}")).await;
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("User \\\"system:anonymous\\\" cannot get resource"), "{said}");
        // A name that the certificate does not have.
        let other = format!(
            "curl -sS --cacert {FOLDER}/ca.crt --connect-to api:443:kubernetes.default:443 https://api/version"
        );
        let (code, said) = lab.sh("me", "c", &other).await;
        assert_eq!(code, 60, "{said}");
        assert!(
            said.contains("no alternative certificate subject name matches target host name 'api'"),
            "{said}"
        );
        let (code, said) =
            lab.sh("me", "c", "wget -q --no-check-certificate -O - https://kubernetes/version").await;
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("\"gitVersion\""), "{said}");
    });
}

#[test]
fn a_server_without_tls_is_none_for_https() {
    run(async |lab| {
        client(&lab).await;
        lab.pod("web", json!({"containers": [{"name": "c", "image": "nginx"}]})).await;
        let web = lab.until_ready("web").await.status.unwrap().pod_ip.unwrap();
        let (code, said) = lab.sh("me", "c", &format!("curl -sSk https://{web}:80/")).await;
        assert_eq!(code, 35, "{said}");
        assert!(said.contains("wrong version number"), "{said}");
    });
}

//! Clients that are not podlab's against `podlab cluster`: Rust's kube here, official ones of other languages by the
//! programs in `clients/`.
//!
//! `PODLAB_PYTHON` is a Python that has the package `kubernetes`; `PODLAB_NODE_CLIENT` a folder whose `node_modules` has
//! `@kubernetes/client-node`. Where they are not given the tests say so and pass; under `CI` they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "it says what it skips")]

mod support;

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::api::{
    certificates::v1::CertificateSigningRequest,
    core::v1::Pod,
    rbac::v1::{Role, RoleBinding},
};
use kube::{
    Api, Config,
    api::{ListParams, Patch, PatchParams, PostParams},
    config::{AuthInfo, KubeConfigOptions, Kubeconfig},
    runtime::wait::await_condition,
};
use support::{Folder, podlab};

/// A cluster that is being served, and its kubeconfig.
struct Cluster {
    folder: Folder,
    server: Child,
}

impl Cluster {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let folder = Folder::new();
        let mut server = podlab()
            .args(["cluster", "--listen", "127.0.0.1:0", "--kubeconfig"])
            .arg(folder.path("kubeconfig"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("ready"), "{line}");
        Self { folder, server }
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path("kubeconfig")
    }

    /// A client with the written kubeconfig in which the user is somebody else.
    async fn client_as(&self, change: impl FnOnce(&mut AuthInfo)) -> kube::Client {
        let mut kubeconfig = Kubeconfig::read_from(self.kubeconfig()).unwrap();
        change(kubeconfig.auth_infos[0].auth_info.get_or_insert_default());
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        kube::Client::try_from(config).unwrap()
    }
}

/// What a client is told that lists the Pods.
async fn code(client: kube::Client) -> u16 {
    match Api::<Pod>::default_namespaced(client).list(&ListParams::default()).await {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => status.code,
        Err(error) => panic!("{error}"),
    }
}

async fn create<K>(api: &Api<K>, manifest: serde_json::Value)
where
    K: Clone + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    api.create(&PostParams::default(), &serde_json::from_value(manifest).unwrap()).await.unwrap();
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What an environment variable names, or nothing where it may be missing.
fn installed(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    assert!(path.is_some() || std::env::var_os("CI").is_none(), "{variable} is not set");
    if path.is_none() {
        eprintln!("skipped: {variable} is not set");
    }
    path
}

fn client(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(path)
}

fn passes(command: &mut Command) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn the_official_python_client_works() {
    let Some(python) = installed("PODLAB_PYTHON") else { return };
    let cluster = Cluster::start();
    passes(Command::new(python).arg(client("python/test_client.py")).arg(cluster.kubeconfig()));
}

#[test]
fn the_official_javascript_client_works() {
    let Some(folder) = installed("PODLAB_NODE_CLIENT") else { return };
    let cluster = Cluster::start();
    // Node looks for packages beside the program.
    let program = cluster.folder.path("client.test.mjs");
    std::fs::copy(client("javascript/client.test.mjs"), &program).unwrap();
    let modules = cluster.folder.path("node_modules");
    std::os::unix::fs::symlink(folder.join("node_modules"), modules).unwrap();
    passes(Command::new("node").arg("--test").arg(program).env("KUBECONFIG", cluster.kubeconfig()));
}

#[tokio::test]
async fn over_https_the_token_decides_who_somebody_is() {
    let cluster = Cluster::start();
    assert_eq!(code(cluster.client_as(|_| ()).await).await, 200, "the administrator");
    let nobody = cluster.client_as(|user| user.token = None).await;
    assert_eq!(code(nobody.clone()).await, 403, "system:anonymous");
    assert_eq!(nobody.apiserver_version().await.unwrap().major, "1", "everybody may ask for the version");
    let wrong = cluster.client_as(|user| user.token = Some("wrong".to_owned().into())).await;
    assert_eq!(code(wrong).await, 401);
}

#[tokio::test]
async fn over_plain_http_everybody_is_the_administrator() {
    let cluster = Cluster::start_with(&["--plain-http"]);
    assert_eq!(code(cluster.client_as(|_| ()).await).await, 200);
}

#[tokio::test]
async fn a_user_gets_a_certificate_and_may_do_what_rbac_allows() {
    let cluster = Cluster::start();
    let admin = cluster.client_as(|_| ()).await;
    let key = rcgen::KeyPair::generate().unwrap();
    let mut subject = rcgen::CertificateParams::default();
    subject.distinguished_name.push(rcgen::DnType::CommonName, "jane");
    let request =
        pem::Pem::new("CERTIFICATE REQUEST", subject.serialize_request(&key).unwrap().der().to_vec());
    let requests = Api::<CertificateSigningRequest>::all(admin.clone());
    let manifest = serde_json::json!({
        "metadata": { "name": "jane" },
        "spec": {
            "request": STANDARD.encode(pem::encode(&request)),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"],
        },
    });
    requests.create(&PostParams::default(), &serde_json::from_value(manifest).unwrap()).await.unwrap();
    let approval = serde_json::json!({ "status": { "conditions": [
        { "type": "Approved", "status": "True", "reason": "Lesson", "message": "welcome" },
    ] } });
    requests.patch_approval("jane", &PatchParams::default(), &Patch::Merge(approval)).await.unwrap();
    let issued = await_condition(requests, "jane", |request: Option<&CertificateSigningRequest>| {
        request
            .is_some_and(|request| request.status.as_ref().is_some_and(|status| status.certificate.is_some()))
    });
    let issued = issued.await.unwrap().unwrap().status.unwrap().certificate.unwrap();

    let jane = cluster
        .client_as(|user| {
            user.token = None;
            user.client_certificate_data = Some(STANDARD.encode(&issued.0));
            let key = pem::encode(&pem::Pem::new("PRIVATE KEY", key.serialize_der()));
            user.client_key_data = Some(STANDARD.encode(key).into());
        })
        .await;
    assert_eq!(code(jane.clone()).await, 403, "nothing is allowed yet");
    let role = serde_json::json!({
        "metadata": { "name": "reader" },
        "rules": [{ "apiGroups": [""], "resources": ["pods"], "verbs": ["list"] }],
    });
    create(&Api::<Role>::default_namespaced(admin.clone()), role).await;
    let binding = serde_json::json!({
        "metadata": { "name": "jane" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane" }],
    });
    create(&Api::<RoleBinding>::default_namespaced(admin), binding).await;
    assert_eq!(code(jane).await, 200);
}

//! The objects that every cluster has from the start.

use std::{
    net::Ipv4Addr,
    sync::{Arc, OnceLock},
};

use serde_json::{Value, json};

use crate::{
    access,
    caller::Caller,
    object::{Object, Stamps, Template},
    request::Request,
    resource::Registry,
    server::Server,
    store::Writer,
    verbs,
};

/// The address of the API inside the cluster.
pub(crate) const API_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 1);

fn request() -> Request {
    Request::new(Caller::component("system:apiserver"), "kube-apiserver")
}

/// Creates them, and lets the history begin after them.
pub(crate) fn create_objects(server: &Server) {
    let class = |name: &str, value: i64, about: &str| {
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": { "name": name },
            "value": value, "description": about,
        })
    };
    let namespace =
        |name: &str| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    let advertised = server.config.advertised();
    let (host, port) = (advertised.ip(), advertised.port());
    let objects = [
        namespace("default"),
        namespace("kube-node-lease"),
        namespace("kube-public"),
        namespace("kube-system"),
        json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {
                "name": "standard",
                "annotations": { "storageclass.kubernetes.io/is-default-class": "true" },
            },
            "provisioner": "podlab.dev/directory", "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate",
        }),
        class("system-cluster-critical", 2_000_000_000, CLUSTER_CRITICAL),
        class("system-node-critical", 2_000_001_000, NODE_CRITICAL),
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {
                "name": "kubernetes", "namespace": "default",
                "labels": { "component": "apiserver", "provider": "kubernetes" },
            },
            "spec": {
                "clusterIP": API_ADDRESS,
                "ports": [{ "name": "https", "port": 443, "targetPort": port }],
            },
        }),
        json!({
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": {
                "name": "kubernetes", "namespace": "default",
                "labels": { "endpointslice.kubernetes.io/skip-mirror": "true" },
            },
            "subsets": [{ "addresses": [{ "ip": host }], "ports": [{ "name": "https", "port": port }] }],
        }),
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {
                "name": "kubernetes", "namespace": "default",
                "labels": { "kubernetes.io/service-name": "kubernetes" },
            },
            "addressType": if host.is_ipv4() { "IPv4" } else { "IPv6" },
            "endpoints": [{ "addresses": [host], "conditions": { "ready": true } }],
            "ports": [{ "name": "https", "port": port, "protocol": "TCP" }],
        }),
    ];
    let request = request();
    let writer = server.store.write();
    for object in objects {
        create(server, &writer, &request, object);
    }
    create_roles(server, &writer, &request);
    drop(writer);
    server.store.forget_history();
}

/// Where the roles and bindings are stored that every cluster has.
const ROLES: [&str; 2] =
    ["clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io"];

/// Creates the roles and bindings. They are many, and seldom looked at, so that the clusters of a process share them: the
/// first one makes them.
fn create_roles(server: &Server, writer: &Writer<'_>, request: &Request) {
    static SHARED: OnceLock<Vec<(&str, Arc<Template>)>> = OnceLock::new();
    let Some(shared) = SHARED.get() else {
        for object in access::bootstrap::objects() {
            create(server, writer, request, object);
        }
        let mut made: Vec<(&str, Arc<Object>)> = Vec::new();
        for storage in ROLES {
            made.extend(server.store.list(storage, "").objects.into_iter().map(|object| (storage, object)));
        }
        made.sort_by_key(|(_, object)| object.revision());
        let templates = made.iter().map(|(storage, object)| (*storage, Arc::new(Template::of(object))));
        // Where another cluster was faster, its templates are the same.
        let _ = SHARED.set(templates.collect());
        return;
    };
    let created: Box<str> = server.now().as_str().into();
    for (storage, template) in shared {
        let stamps = Stamps { uid: server.rng.uuid().into(), created: created.clone() };
        writer.put_alike(storage, Arc::clone(template), stamps, server.env.clock.uptime());
    }
}

const CLUSTER_CRITICAL: &str = "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.";
const NODE_CRITICAL: &str = "Used for system critical pods that must not be moved from their current node.";

/// What every namespace has: an account for Pods that name none, and the authority to trust.
pub(crate) fn furnish_namespace(server: &Server, writer: &Writer<'_>, name: &str) {
    let request = request();
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": { "name": "default", "namespace": name },
    });
    let authority = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": "kube-root-ca.crt", "namespace": name,
            "annotations": { "kubernetes.io/description": TRUST },
        },
        "data": { "ca.crt": server.authority.pem() },
    });
    create(server, writer, &request, account);
    create(server, writer, &request, authority);
}

const TRUST: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

fn create(server: &Server, writer: &Writer<'_>, request: &Request, object: Value) {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let (group, version) = text("apiVersion").rsplit_once('/').unwrap_or(("", text("apiVersion")));
    let Some(resource) = Registry::builtin().by_kind(group, version, text("kind")) else { return };
    let namespace = crate::object::metadata_str(&object, "namespace").to_owned();
    let created = verbs::create_in(server, writer, request, resource, &namespace, object);
    if let Err(error) = created {
        tracing::error!(%error, "an object of the cluster could not be created");
    }
}

//! The objects that every cluster has from the start.

use serde_json::json;

use crate::{caller::Caller, request::Request, resource::Registry, server::Server, verbs};

/// Creates them, and lets the history begin after them.
pub(crate) fn create_objects(server: &Server) {
    let request = Request::new(Caller::component("system:apiserver"), "kube-apiserver");
    let Some(namespaces) = Registry::builtin().by_kind("", "v1", "Namespace") else { return };
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        if let Err(error) = verbs::create(server, &request, namespaces, "", object) {
            tracing::error!(%error, name, "a namespace of the cluster could not be created");
        }
    }
    server.store.forget_history();
}

//! `delete`.

use std::sync::Arc;

use serde::Deserialize;

use crate::{
    object::Object,
    request::Request,
    resource::Resource,
    server::Server,
    status::{Result, Status},
};

/// The body of a delete request.
///
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/>.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeleteOptions {
    /// How long the object gets to end in good order.
    pub grace_period_seconds: Option<i64>,
    /// Delete only the object that is meant.
    pub preconditions: Option<Preconditions>,
    /// What becomes of the objects that it owns: `Orphan`, `Background` or `Foreground`.
    pub propagation_policy: Option<String>,
    /// The older form of `propagationPolicy: Orphan`.
    pub orphan_dependents: Option<bool>,
    /// `All` decides everything and deletes nothing.
    pub dry_run: Vec<String>,
}

/// What must hold of an object for a delete to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Preconditions {
    /// Its uid.
    pub uid: Option<String>,
    /// Its version.
    pub resource_version: Option<String>,
}

/// Deletes an object.
pub(crate) fn delete(
    server: &Server,
    _request: &Request,
    resource: &Resource,
    namespace: &str,
    name: &str,
    _options: &DeleteOptions,
) -> Result<Arc<Object>> {
    let writer = server.store.write();
    writer
        .remove(&resource.storage, namespace, name, server.env.clock.uptime())
        .ok_or_else(|| Status::not_found(&resource.group, &resource.plural, name))
}

//! `get`.

use std::sync::Arc;

use crate::{
    object::Object,
    resource::Resource,
    server::Server,
    status::{Result, Status},
};

/// The object of a name.
pub(crate) fn get(server: &Server, resource: &Resource, namespace: &str, name: &str) -> Result<Arc<Object>> {
    if let Some(objects) = resource.strategy.computed(server) {
        let meant = |object: &Object| object.namespace() == namespace && object.name() == name;
        let found = objects.into_iter().map(Object::computed).find(meant);
        return found.map(Arc::new).ok_or_else(|| Status::not_found(&resource.group, &resource.plural, name));
    }
    server
        .store
        .get(&resource.storage, namespace, name)
        .ok_or_else(|| Status::not_found(&resource.group, &resource.plural, name))
}

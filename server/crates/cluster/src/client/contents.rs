//! What is in a namespace, of whatever kind.

use super::Client;
use crate::{DeleteOptions, resource::Resource, status::Result, verbs};

impl Client {
    /// Deletes everything in a namespace, or begins to: Pods first, and the rest when they are gone. Returns the
    /// resources of which objects remain, with their numbers.
    ///
    /// # Errors
    ///
    /// Only those of the cluster itself (it has ended).
    pub(crate) fn delete_namespace_content(&self, namespace: &str) -> Result<Vec<(String, usize)>> {
        let mut namespaced = self.server.resources();
        namespaced.retain(|resource| resource.namespaced);
        let (pods, others): (Vec<_>, Vec<_>) =
            namespaced.into_iter().partition(|resource| resource.storage == "pods");
        for resources in [pods, others] {
            let mut remaining = Vec::new();
            for resource in resources {
                let count = self.delete_all(&resource, namespace)?;
                if count > 0 {
                    remaining.push((resource.storage.to_string(), count));
                }
            }
            if !remaining.is_empty() {
                return Ok(remaining);
            }
        }
        Ok(Vec::new())
    }

    /// Deletes all objects of a resource in a namespace and returns how many are still there.
    fn delete_all(&self, resource: &Resource, namespace: &str) -> Result<usize> {
        let request = self.request();
        for object in self.server.store.list(&resource.storage, namespace).objects {
            if object.is_deleting() {
                continue;
            }
            let options = DeleteOptions::default();
            match verbs::delete(&self.server, &request, resource, namespace, object.name(), &options) {
                Err(status) if !status.is_not_found() => return Err(status),
                _ => {}
            }
        }
        Ok(self.server.store.list(&resource.storage, namespace).objects.len())
    }
}

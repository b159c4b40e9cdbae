//! The verbs over one kind.

use std::{collections::BTreeMap, marker::PhantomData, sync::Arc};

use k8s_openapi::{Metadata, api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Client, Watch};
use crate::{
    object::Object,
    patch::Change,
    request::Request,
    resource::{Registry, Resource},
    schema,
    status::{Result, Status},
    verbs::{self, Apply, DeleteOptions},
};

/// A Rust type of an API kind: any of k8s-openapi's with metadata.
pub trait Kind:
    k8s_openapi::Resource + Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned + Send + 'static
{
}

impl<K> Kind for K where
    K: k8s_openapi::Resource + Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned + Send + 'static
{
}

/// Which objects to list or watch: those that have all of these labels and fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Labels and their values.
    pub labels: BTreeMap<String, String>,
    /// Only the object of this name.
    pub name: Option<String>,
    /// Only Pods on this node (`spec.nodeName`).
    pub node: Option<String>,
}

impl Selection {
    pub(super) fn matches(&self, object: &Object) -> bool {
        self.labels.iter().all(|(key, value)| object.label(key) == Some(value))
            && self.name.as_deref().is_none_or(|name| object.name() == name)
            && self.node.as_deref().is_none_or(|node| {
                let on = object.value().get("spec").and_then(|s| s.get("nodeName"));
                on.and_then(Value::as_str).unwrap_or_default() == node
            })
    }
}

/// A change to an object.
#[derive(Clone, Debug)]
pub enum Patch {
    /// JSON merge patch (RFC 7396): what is `null` goes, lists are replaced.
    Merge(Value),
    /// Strategic merge patch: lists are merged by their keys.
    Strategic(Value),
    /// JSON patch (RFC 6902).
    Json(json_patch::Patch),
    /// Server-side apply: the fields that the manager wants to own; `force` takes them from others.
    Apply {
        /// The fields.
        object: Value,
        /// Whether conflicts are overridden.
        force: bool,
    },
}

/// One kind in one namespace, or in all.
#[derive(Clone, Debug)]
pub struct Api<K> {
    pub(super) client: Client,
    pub(super) namespace: Box<str>,
    pub(super) kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Api<K> {
    fn resource(&self) -> Result<&'static Arc<Resource>> {
        if self.client.server.ended.is_cancelled() {
            return Err(Status::shut_down());
        }
        Registry::builtin().by_kind(K::GROUP, K::VERSION, K::KIND).ok_or_else(Status::no_such_resource)
    }

    fn request(&self) -> Request {
        self.client.request()
    }

    /// The namespace of an object: its own, or this interface's.
    fn namespace_of<'a>(&'a self, metadata: &'a ObjectMeta) -> &'a str {
        metadata.namespace.as_deref().filter(|n| !n.is_empty()).unwrap_or(&self.namespace)
    }

    /// The object of a name.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub fn get(&self, name: &str) -> Result<K> {
        verbs::get(&self.client.server, self.resource()?, &self.namespace, name)?.parse()
    }

    /// The object of a name, if there is one.
    ///
    /// # Errors
    ///
    /// Only those of the cluster itself (it has ended).
    pub fn get_opt(&self, name: &str) -> Result<Option<K>> {
        match self.get(name) {
            Ok(object) => Ok(Some(object)),
            Err(status) if status.is_not_found() => Ok(None),
            Err(status) => Err(status),
        }
    }

    /// The objects that are selected, in the order of their names.
    ///
    /// # Errors
    ///
    /// Only those of the cluster itself (it has ended).
    pub fn list(&self, selection: &Selection) -> Result<Vec<K>> {
        let listing = self.client.server.store.list(&self.resource()?.storage, &self.namespace);
        listing.objects.iter().filter(|o| selection.matches(o)).map(|o| o.parse()).collect()
    }

    /// Follows the objects that are selected; see [`Event`].
    pub fn watch(&self, selection: Selection) -> Watch<K> {
        let storage = self.resource().map_or("", |r| &r.storage);
        Watch::new(Arc::clone(&self.client.server), storage, &self.namespace, selection)
    }

    /// Creates an object; `metadata.generateName` works.
    ///
    /// # Errors
    ///
    /// `AlreadyExists`, `Invalid`, `Forbidden` (admission, or the namespace is being deleted), `NotFound` (no such
    /// namespace).
    pub fn create(&self, object: &K) -> Result<K> {
        let resource = self.resource()?;
        let namespace = self.namespace_of(object.metadata());
        let value = normal(resource, object)?;
        verbs::create(&self.client.server, &self.request(), resource, namespace, value)?.parse()
    }

    /// Replaces an object. With `metadata.resourceVersion` it must be the stored one.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Conflict`, `Invalid`, `Forbidden`.
    pub fn update(&self, object: &K) -> Result<K> {
        self.replace(object, "")
    }

    /// Replaces an object's status, and nothing else of it.
    ///
    /// # Errors
    ///
    /// As [`Api::update`].
    pub fn update_status(&self, object: &K) -> Result<K> {
        self.replace(object, "status")
    }

    fn replace(&self, object: &K, subresource: &str) -> Result<K> {
        let resource = self.resource()?;
        let metadata = object.metadata();
        let (namespace, name) = (self.namespace_of(metadata), metadata.name.as_deref().unwrap_or_default());
        let request = self.request().on(subresource);
        let value = normal(resource, object)?;
        verbs::update(&self.client.server, &request, resource, namespace, name, value)?.parse()
    }

    /// Changes an object, or (`subresource` not empty) its `status`, `ephemeralcontainers`, `resize`.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Conflict`, `Invalid`, `Forbidden`, `BadRequest` where the patch itself is malformed.
    pub fn patch(&self, name: &str, subresource: &str, patch: &Patch) -> Result<K> {
        let resource = self.resource()?;
        let request = self.request().on(subresource);
        let (server, namespace) = (&self.client.server, &*self.namespace);
        let change = match patch {
            Patch::Merge(patch) => Change::Merge(patch.clone()),
            Patch::Strategic(patch) => Change::Strategic(patch.clone()),
            Patch::Json(patch) => Change::Json(patch.clone()),
            Patch::Apply { object, force } => {
                let apply = Apply { object: object.clone(), force: *force };
                let (object, _) = verbs::apply(server, &request, resource, namespace, name, apply)?;
                return object.parse();
            }
        };
        verbs::patch(server, &request, resource, namespace, name, &change, &|_| Ok(()))?.parse()
    }

    /// Deletes an object, or begins to: Pods end in their grace period, finalizers run first.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Conflict` where a precondition does not hold.
    pub fn delete(&self, name: &str, options: &DeleteOptions) -> Result<()> {
        let resource = self.resource()?;
        verbs::delete(&self.client.server, &self.request(), resource, &self.namespace, name, options)?;
        Ok(())
    }
}

impl Api<Pod> {
    /// Puts a Pod on a node, as the scheduler does, and marks it as scheduled.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Conflict` where the Pod is on a node already, is being deleted or is gated.
    pub fn bind(&self, name: &str, node: &str) -> Result<Pod> {
        let request = self.request().on("binding");
        verbs::bind(&self.client.server, &request, self.resource()?, &self.namespace, name, node)?.parse()
    }
}

/// An object as the API would decode it.
fn normal(resource: &Resource, object: &impl Serialize) -> Result<Value> {
    let value = serde_json::to_value(object).map_err(Status::internal)?;
    match resource.schema() {
        Some(of) => schema::normalize(value, of.get()).map_err(|e| resource.not_decodable(&e.0)),
        None => Ok(value),
    }
}

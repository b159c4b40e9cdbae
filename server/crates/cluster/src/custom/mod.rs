//! Custom resources: what a CustomResourceDefinition brings into the API.
//!
//! A definition becomes a [`Resource`] for each version that it serves, with its own shape ([`structural`]), its own rules
//! ([`values`]) and its own columns ([`columns`]); the machinery does not tell it from a built-in one.

mod columns;
mod definition;
mod rules;
mod strategy;
mod structural;
mod values;

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

pub(crate) use self::definition::DefinitionStrategy;
pub(crate) use self::strategy::ScalePaths;
use self::{strategy::CustomStrategy, structural::type_of};
use crate::{
    object::text_at,
    resource::{Registry, Resource, Schema, Subresource, Verbs},
    store::Store,
};

/// Where the definitions are stored.
pub(crate) const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// The custom resources of one cluster, made again when a definition has changed.
#[derive(Debug, Default)]
pub(crate) struct CustomResources(Mutex<Made>);

#[derive(Debug)]
struct Made {
    /// The revisions of the definitions that it was made of.
    of: Vec<u64>,
    registry: Arc<Registry>,
}

impl Default for Made {
    fn default() -> Self {
        Self { of: Vec::new(), registry: Arc::new(Registry::new(Vec::new())) }
    }
}

impl CustomResources {
    pub(crate) fn registry(&self, store: &Store) -> Arc<Registry> {
        let definitions = store.list(DEFINITIONS, "").objects;
        let of: Vec<u64> = definitions.iter().map(|object| object.revision()).collect();
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if made.of != of {
            let all = definitions.iter().flat_map(|object| resources(object.value())).collect();
            *made = Made { of, registry: Arc::new(Registry::new(all)) };
        }
        Arc::clone(&made.registry)
    }
}

/// The resources of a definition, one a served version.
fn resources(definition: &Value) -> Vec<Resource> {
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    versions
        .into_iter()
        .flatten()
        .filter(|version| version["served"] == true)
        .map(|version| resource(definition, version))
        .collect()
}

fn resource(definition: &Value, version: &Value) -> Resource {
    let text = |pointer: &str| text_at(definition, pointer).to_owned();
    let texts = |pointer: &str| {
        let list = definition.pointer(pointer).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(|text| text.to_owned().into()).collect()
    };
    let (group, plural, kind) = (text("/spec/group"), text("/spec/names/plural"), text("/spec/names/kind"));
    let name = text_at(version, "/name").to_owned();
    let strategy = CustomStrategy::new(definition, version);
    let mut subresources = Vec::new();
    let below = |name, group, version, kind| Subresource {
        name,
        group,
        version,
        kind,
        verbs: &["get", "patch", "update"],
    };
    if version.pointer("/subresources/status").is_some() {
        subresources.push(below("status", "", "", ""));
    }
    if version.pointer("/subresources/scale").is_some() {
        subresources.push(below("scale", "autoscaling", "v1", "Scale"));
    }
    Resource {
        singular: text("/spec/names/singular").into(),
        namespaced: text_at(definition, "/spec/scope") == "Namespaced",
        short_names: texts("/spec/names/shortNames"),
        categories: texts("/spec/names/categories"),
        verbs: Verbs::All,
        subresources,
        storage: format!("{plural}.{group}").into(),
        schema: Schema::Own(type_of(version, &format!("{group}.{name}.{kind}"))),
        strategy: Arc::new(strategy),
        group: group.into(),
        version: name.into(),
        kind: kind.into(),
        plural: plural.into(),
    }
}

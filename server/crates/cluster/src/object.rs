//! One API object at one version: its JSON and what is read from it all the time.

use serde::{Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value;

use crate::status::{Result, Status};

/// An API object as it is stored. It never changes; a write makes a new one.
#[derive(Debug)]
pub struct Object {
    value: Value,
    revision: u64,
}

impl Object {
    /// An object whose `metadata.resourceVersion` is `revision`.
    pub(crate) fn new(mut value: Value, revision: u64) -> Self {
        if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
            metadata.insert("resourceVersion".into(), Value::String(revision.to_string()));
        }
        Self { value, revision }
    }

    /// The whole JSON.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The store's revision when this version was written.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        metadata_str(&self.value, "name")
    }

    /// `metadata.namespace`; empty for what belongs to the whole cluster.
    pub fn namespace(&self) -> &str {
        metadata_str(&self.value, "namespace")
    }

    /// `metadata.uid`.
    pub fn uid(&self) -> &str {
        metadata_str(&self.value, "uid")
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.value.get("metadata")?.get("labels")?.get(key)?.as_str()
    }

    /// Whether its deletion was asked for.
    pub fn is_deleting(&self) -> bool {
        is_deleting(&self.value)
    }

    /// The object as a Rust type.
    ///
    /// # Errors
    ///
    /// An internal error where the stored JSON does not fit the type.
    pub fn parse<K: DeserializeOwned>(&self) -> Result<K> {
        K::deserialize(&self.value).map_err(Status::internal)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// A text in `metadata`, empty where it is not there.
pub(crate) fn metadata_str<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get("metadata").and_then(|m| m.get(key)).and_then(Value::as_str).unwrap_or_default()
}

/// Whether `metadata.deletionTimestamp` is set.
pub(crate) fn is_deleting(value: &Value) -> bool {
    value.get("metadata").and_then(|m| m.get("deletionTimestamp")).is_some_and(|t| !t.is_null())
}

/// The finalizers of an object.
pub(crate) fn finalizers(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.get("metadata").and_then(|m| m.get("finalizers")).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

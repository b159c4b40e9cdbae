//! One API object at one version: its JSON and what is read from it all the time.

use std::sync::{Arc, OnceLock};

use serde::{Serialize, Serializer, de::DeserializeOwned, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::{
    managed::{Entry, render_entries},
    status::{Result, Status},
};

/// An API object as it is stored. It never changes; a write makes a new one.
#[derive(Debug)]
pub struct Object {
    body: Body,
    revision: u64,
    /// What it takes in memory, in bytes, roughly; nothing where all clusters have it alike.
    weight: usize,
}

#[derive(Debug)]
struct Parts {
    /// Without `metadata.managedFields`, which are kept in their own, smaller form.
    value: Value,
    managed: Box<[Entry]>,
}

#[derive(Debug)]
enum Body {
    Own(Parts),
    /// What all clusters of the process have alike, put together with this one's stamps when somebody looks into it.
    Alike {
        template: Arc<Template>,
        stamps: Stamps,
        whole: OnceLock<Box<Parts>>,
    },
}

/// An object without what tells one cluster's from another's.
#[derive(Debug)]
pub(crate) struct Template {
    value: Value,
    managed: Box<[Entry]>,
}

/// What tells one cluster's object from another's.
#[derive(Clone, Debug)]
pub(crate) struct Stamps {
    pub(crate) uid: Box<str>,
    /// When it was made.
    pub(crate) created: Box<str>,
}

impl Template {
    /// What an object that nobody has changed since it was made has in common with others.
    pub(crate) fn of(object: &Object) -> Self {
        let mut value = object.value().clone();
        let metadata = metadata_mut(&mut value);
        for key in ["uid", "creationTimestamp", "resourceVersion"] {
            metadata.remove(key);
        }
        Self { value, managed: object.managed().into() }
    }

    fn stamped(&self, stamps: &Stamps, revision: u64) -> Parts {
        let mut value = self.value.clone();
        let metadata = metadata_mut(&mut value);
        metadata.insert("uid".into(), Value::from(&*stamps.uid));
        metadata.insert("creationTimestamp".into(), Value::from(&*stamps.created));
        metadata.insert("resourceVersion".into(), Value::String(revision.to_string()));
        let at = |entry: &Entry| Entry { time: stamps.created.clone(), ..entry.clone() };
        Parts { value, managed: self.managed.iter().map(at).collect() }
    }
}

impl Object {
    /// An object that other clusters have too.
    pub(crate) fn alike(template: Arc<Template>, stamps: Stamps, revision: u64) -> Self {
        Self { body: Body::Alike { template, stamps, whole: OnceLock::new() }, revision, weight: 0 }
    }

    fn parts(&self) -> &Parts {
        match &self.body {
            Body::Own(parts) => parts,
            Body::Alike { template, stamps, whole } => {
                whole.get_or_init(|| Box::new(template.stamped(stamps, self.revision)))
            }
        }
    }

    /// Its JSON, as far as all clusters have it alike.
    fn common(&self) -> &Value {
        match &self.body {
            Body::Own(parts) => &parts.value,
            Body::Alike { template, .. } => &template.value,
        }
    }

    /// An object whose `metadata.resourceVersion` is `revision` (none for 0, which is not stored).
    pub(crate) fn new(mut value: Value, managed: Vec<Entry>, revision: u64) -> Self {
        if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
            metadata.remove("managedFields");
            if revision == 0 {
                metadata.remove("resourceVersion");
            } else {
                metadata.insert("resourceVersion".into(), Value::String(revision.to_string()));
            }
        }
        let weight = weigh(&value);
        Self { body: Body::Own(Parts { value, managed: managed.into() }), revision, weight }
    }

    /// An object that is not stored.
    pub(crate) fn computed(value: Value) -> Self {
        Self::new(value, Vec::new(), 0)
    }

    /// The same object at another revision.
    pub(crate) fn at(&self, revision: u64) -> Self {
        Self::new(self.value().clone(), self.managed().to_vec(), revision)
    }

    /// The JSON without `metadata.managedFields`.
    pub fn value(&self) -> &Value {
        &self.parts().value
    }

    /// Who owns which fields.
    pub(crate) fn managed(&self) -> &[Entry] {
        &self.parts().managed
    }

    /// The whole JSON.
    pub fn to_value(&self) -> Value {
        let mut value = self.value().clone();
        if let Some(Value::Object(metadata)) = value.get_mut("metadata")
            && !self.managed().is_empty()
        {
            metadata.insert("managedFields".into(), render_entries(self.managed()));
        }
        value
    }

    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// The store's revision when this version was written.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        metadata_str(self.common(), "name")
    }

    /// `metadata.namespace`; empty for what belongs to the whole cluster.
    pub fn namespace(&self) -> &str {
        metadata_str(self.common(), "namespace")
    }

    /// `metadata.uid`.
    pub fn uid(&self) -> &str {
        match &self.body {
            Body::Own(parts) => metadata_str(&parts.value, "uid"),
            Body::Alike { stamps, .. } => &stamps.uid,
        }
    }

    /// The labels.
    pub(crate) fn labels(&self) -> Option<&Map<String, Value>> {
        self.common().get("metadata")?.get("labels")?.as_object()
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels()?.get(key)?.as_str()
    }

    /// Whether its deletion was asked for.
    pub fn is_deleting(&self) -> bool {
        is_deleting(self.common())
    }

    /// The object as a Rust type.
    ///
    /// # Errors
    ///
    /// An internal error where the stored JSON does not fit the type.
    pub fn parse<K: DeserializeOwned>(&self) -> Result<K> {
        parse(self.value())
    }
}

/// The whole JSON, as [`Object::to_value`] but without a copy of the object.
impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(root) = self.value() else { return self.value().serialize(serializer) };
        let mut map = serializer.serialize_map(Some(root.len()))?;
        for (key, value) in in_order(root) {
            match value {
                Value::Object(metadata) if key == "metadata" && !self.managed().is_empty() => {
                    map.serialize_entry(key, &WithManaged { metadata, managed: self.managed() })?;
                }
                value => map.serialize_entry(key, value)?,
            }
        }
        map.end()
    }
}

/// What every object's JSON begins with, as Go writes it; the rest of them is a `Status`.
const FIRST: [&str; 9] =
    ["kind", "apiVersion", "metadata", "spec", "status", "message", "reason", "details", "code"];

fn in_order(root: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let first = FIRST.iter().filter_map(|key| root.get_key_value(*key));
    first.chain(root.iter().filter(|(key, _)| !FIRST.contains(&key.as_str())))
}

/// JSON that begins as Go writes an object.
pub(crate) struct InOrder<'a>(pub(crate) &'a Value);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(root) => serializer.collect_map(in_order(root)),
            value => value.serialize(serializer),
        }
    }
}

struct WithManaged<'a> {
    metadata: &'a Map<String, Value>,
    managed: &'a [Entry],
}

impl Serialize for WithManaged<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.metadata.len() + 1))?;
        for (key, value) in self.metadata {
            map.serialize_entry(key, value)?;
        }
        map.serialize_entry("managedFields", &render_entries(self.managed))?;
        map.end()
    }
}

/// What JSON takes in memory, in bytes, roughly: the nodes of maps have room for eleven entries.
fn weigh(value: &Value) -> usize {
    const VALUE: usize = size_of::<Value>();
    const NODE: usize = 11;
    VALUE
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(weigh).sum(),
            Value::Object(map) => {
                let entries = map.len().next_multiple_of(NODE) * (VALUE + size_of::<String>());
                entries + map.iter().map(|(key, value)| key.len() + weigh(value) - VALUE).sum::<usize>()
            }
        }
}

/// JSON as a Rust type.
///
/// # Errors
///
/// An internal error where it does not fit: what was decoded by its schema does.
pub(crate) fn parse<K: DeserializeOwned>(value: &Value) -> Result<K> {
    K::deserialize(value).map_err(Status::internal)
}

/// A text in `metadata`, empty where it is not there.
pub(crate) fn metadata_str<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get("metadata").and_then(|m| m.get(key)).and_then(Value::as_str).unwrap_or_default()
}

/// The text at a JSON pointer, empty where there is none.
pub(crate) fn text_at<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// `metadata`, made where it is missing.
pub(crate) fn metadata_mut(value: &mut Value) -> &mut Map<String, Value> {
    object_at(value, "metadata")
}

/// The object in a field, made where it is missing or something else.
pub(crate) fn object_at<'v>(value: &'v mut Value, key: &str) -> &'v mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let root = as_map(value);
    let child = root.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !child.is_object() {
        *child = Value::Object(Map::new());
    }
    as_map(child)
}

fn as_map(value: &mut Value) -> &mut Map<String, Value> {
    match value {
        Value::Object(map) => map,
        // The callers have just made it an object.
        other => unreachable!("an object, not {other}"),
    }
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

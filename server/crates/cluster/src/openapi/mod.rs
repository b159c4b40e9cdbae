//! OpenAPI documents, one a group and version: the definitions of k8s-openapi's types with Kubernetes' extensions (kinds, merge keys, enumerations) and
//! the paths that clients look for.
//!
//! They are made when they are first asked for, once for all clusters, and kept as text.

pub(crate) mod custom;
mod definitions;
mod enumerations;
mod kinds;
mod paths;
mod protobuf;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::resource::{Registry, Resource};

/// The documents that have been made, by `api/v1`, `apis/apps/v1`, and `v2`.
static MADE: LazyLock<Mutex<BTreeMap<String, Bytes>>> = LazyLock::new(Mutex::default);

/// `api/v1`, `apis/apps/v1`.
fn name(resource: &Resource) -> String {
    let root = if resource.group.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", resource.api_version())
}

/// The names of all documents of OpenAPI v3.
pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> = Registry::builtin().all().iter().map(|r| name(r)).collect();
    names.extend(groups());
    names.sort();
    names.dedup();
    names
}

/// The documents about discovery itself: `api`, `apis`, one a group, and `version`.
fn groups() -> impl Iterator<Item = String> {
    let named = Registry::builtin().all().iter().filter(|r| !r.group.is_empty());
    let named = named.map(|r| format!("apis/{}", r.group));
    ["api", "apis", "version"].into_iter().map(str::to_owned).chain(named)
}

/// What is said of a path that is only read.
fn read_only(document: &str) -> Value {
    let operation = json!({
        "tags": [document.rsplit('/').next().unwrap_or_default()],
        "responses": { "200": { "description": "OK" }, "401": { "description": "Unauthorized" } },
    });
    json!({
        "openapi": "3.0.0",
        "info": { "title": "Kubernetes", "version": "unversioned" },
        "paths": { format!("/{document}/"): { "get": operation } },
        "components": {},
    })
}

/// A document of OpenAPI v3.
pub(crate) fn v3(document: &str) -> Option<Bytes> {
    let resources: Vec<Arc<Resource>> =
        Registry::builtin().all().iter().filter(|r| name(r) == document).cloned().collect();
    let Some(first) = resources.first() else {
        let known = groups().any(|group| group == document);
        return known.then(|| made(document, || read_only(document)));
    };
    let (group, version) = (first.group.to_string(), first.version.to_string());
    Some(made(document, || {
        let definitions = definitions::of(&group, &version, "#/components/schemas/");
        json!({
            "openapi": "3.0.0",
            "info": { "title": "Kubernetes", "version": "unversioned" },
            "paths": paths::of(&resources),
            "components": { "schemas": definitions },
        })
    }))
}

/// The document of OpenAPI v2: all definitions.
pub(crate) fn v2() -> Bytes {
    made("v2", || {
        let mut paths = Map::new();
        for document in names() {
            let here: Vec<Arc<Resource>> =
                Registry::builtin().all().iter().filter(|r| name(r) == document).cloned().collect();
            paths.extend(paths::of(&here));
        }
        json!({
            "swagger": "2.0",
            "info": { "title": "Kubernetes", "version": "unversioned" },
            "paths": paths,
            "definitions": all_definitions(),
        })
    })
}

/// The definitions of OpenAPI v2 in protobuf.
pub(crate) fn v2_protobuf() -> Bytes {
    kept("v2 protobuf", || protobuf::document(&all_definitions()))
}

fn all_definitions() -> Map<String, Value> {
    let versions: BTreeSet<_> = Registry::builtin().all().iter().map(|r| (&r.group, &r.version)).collect();
    let of =
        |(group, version): (&Cow<'_, str>, &Cow<'_, str>)| definitions::of(group, version, "#/definitions/");
    versions.into_iter().flat_map(of).collect()
}

fn made(key: &str, make: impl FnOnce() -> Value) -> Bytes {
    kept(key, || serde_json::to_vec(&make()).unwrap_or_default())
}

fn kept(key: &str, make: impl FnOnce() -> Vec<u8>) -> Bytes {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(document) = made.get(key) {
        return document.clone();
    }
    let document = Bytes::from(make());
    made.insert(key.to_owned(), document.clone());
    document
}

/// A document's version, for clients' caches: another program has other documents.
pub(crate) fn hash(document: &str) -> String {
    let program = concat!(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), " v1_37 ");
    let table = Registry::builtin().all().iter().filter(|r| name(r) == document);
    let kinds: Vec<&str> = table.map(|r| &*r.kind).collect();
    let digest = Sha256::digest(format!("{program}{document} {}", kinds.join(",")).as_bytes());
    digest.iter().map(|byte| format!("{byte:02X}")).collect()
}

//! The verbs of the API, each over any resource. They are synchronous: nothing in them waits, so that a component may
//! call them from any task, and an HTTP handler between reading the body and sending the answer.
//!
//! Objects that come in have been decoded by their schema (`schema::decode`, `schema::normalize`).

mod apply;
mod bind;
mod create;
mod delete;
mod list;
mod read;
mod update;

use serde_json::Value;

pub(crate) use self::apply::{Apply, apply};
pub(crate) use self::bind::bind;
pub(crate) use self::create::{create, create_in};
pub use self::delete::{DeleteOptions, Preconditions};
pub(crate) use self::delete::{Deleted, delete, delete_collection};
pub(crate) use self::list::{ListOptions, Match, Page, Selectors, list, not_newer_than_now};
pub(crate) use self::read::get;
pub(crate) use self::update::{patch, update};
use crate::{
    resource::Resource,
    status::{Result, Status},
    validation::ErrorList,
};

/// An `Invalid` status where something is wrong.
fn check(resource: &Resource, name: &str, errors: ErrorList) -> Result<()> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Status::invalid(&resource.group, &resource.kind, name, errors.into_causes()))
    }
}

/// Sets `apiVersion` and `kind` to those of the resource.
fn stamp(resource: &Resource, object: &mut Value) {
    if let Value::Object(root) = object {
        let version =
            resource.strategy.storage_version().map_or_else(|| resource.api_version(), str::to_owned);
        root.insert("apiVersion".into(), version.into());
        root.insert("kind".into(), Value::String(resource.kind.to_string()));
    }
}

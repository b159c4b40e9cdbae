//! `list`, with selectors, pages and the meanings of `resourceVersion`.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list>.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    object::{Object, metadata_str},
    resource::Resource,
    selector::{FieldSelector, LabelSelector},
    server::Server,
    status::{Result, Status},
};

/// Which objects are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selectors {
    pub(crate) labels: LabelSelector,
    pub(crate) fields: FieldSelector,
}

impl Selectors {
    /// Reads the selectors of a query and checks that the kind knows the fields.
    pub(crate) fn parse(resource: &Resource, labels: &str, fields: &str) -> Result<Self> {
        let labels = LabelSelector::parse(labels).map_err(Status::bad_request)?;
        let fields = FieldSelector::parse(fields).map_err(Status::bad_request)?;
        for term in &fields.terms {
            let known = matches!(term.field.as_str(), "metadata.name")
                || (term.field == "metadata.namespace" && resource.namespaced)
                || resource.strategy.is_selectable(&term.field);
            if !known {
                let why = if resource.group.is_empty() || resource.namespaced {
                    format!("field label not supported: {}", term.field)
                } else {
                    format!(
                        "{:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
                        term.field
                    )
                };
                return Err(Status::bad_request(why));
            }
        }
        Ok(Self { labels, fields })
    }

    pub(crate) fn matches(&self, resource: &Resource, object: &Object) -> bool {
        (self.labels.is_empty() || self.labels.matches(object.labels()))
            && self.fields.terms.iter().all(|term| {
                let value = field(resource, object.value(), &term.field);
                (value.as_deref() == Some(term.value.as_str())) == term.equal
            })
    }
}

fn field(resource: &Resource, object: &Value, name: &str) -> Option<String> {
    match name {
        "metadata.name" | "metadata.namespace" => {
            Some(metadata_str(object, name.trim_start_matches("metadata.")).to_owned())
        }
        name => resource.strategy.selectable(object, name),
    }
}

/// How `resourceVersion` is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Match {
    /// Not said.
    #[default]
    Unset,
    /// At that revision or a later one.
    NotOlderThan,
    /// At that revision.
    Exact,
}

/// The options of a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListOptions {
    pub(crate) selectors: Selectors,
    /// At most so many objects; 0 for all.
    pub(crate) limit: usize,
    /// Where a list before this one stopped.
    pub(crate) continue_token: String,
    /// 0 for any.
    pub(crate) revision: u64,
    pub(crate) revision_match: Match,
}

/// A part of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Arc<Object>>,
    pub(crate) revision: u64,
    /// What the next list begins with; empty at the end.
    pub(crate) continue_token: String,
    /// How many are left, where that is known.
    pub(crate) remaining: Option<usize>,
}

/// Where a list goes on: the form of the real server's token.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    v: String,
    rv: u64,
    start: String,
}

const TOKEN_VERSION: &str = "meta.k8s.io/v1";

/// Lists a resource in a namespace, or (an empty one) in all.
pub(crate) fn list(
    server: &Server,
    resource: &Resource,
    namespace: &str,
    options: &ListOptions,
) -> Result<Page> {
    if let Some(objects) = resource.strategy.computed(server) {
        let meant = |object: &Object| {
            (namespace.is_empty() || object.namespace() == namespace)
                && options.selectors.matches(resource, object)
        };
        let objects = objects.into_iter().map(Object::computed).filter(meant).map(Arc::new).collect();
        return Ok(Page { objects, revision: 0, continue_token: String::new(), remaining: None });
    }
    let storage = &resource.storage;
    let (listing, start) = if options.continue_token.is_empty() {
        let listing = if options.revision_match == Match::Exact {
            exact(server, resource, namespace, options.revision)?
        } else {
            not_newer_than_now(server, options.revision)?;
            server.store.list(storage, namespace)
        };
        (listing, String::new())
    } else {
        let token = parse_token(&options.continue_token)?;
        let listing = server.store.list_at(storage, namespace, token.rv).map_err(|_| {
            Status::expired(
                "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
            )
        })?;
        (listing, token.start)
    };

    let key = |object: &Object| format!("{}/{}", object.namespace(), object.name());
    let selected = listing.objects.iter().filter(|object| {
        (start.is_empty() || key(object) >= start) && options.selectors.matches(resource, object)
    });
    if options.limit == 0 {
        let objects = selected.cloned().collect();
        return Ok(Page {
            objects,
            revision: listing.revision,
            continue_token: String::new(),
            remaining: None,
        });
    }
    let mut objects: Vec<_> = selected.cloned().collect();
    let left = objects.split_off(objects.len().min(options.limit));
    let continue_token = left.first().map(|next| token(listing.revision, &key(next))).unwrap_or_default();
    let selects = !options.selectors.labels.is_empty() || !options.selectors.fields.is_empty();
    let remaining = (!left.is_empty() && !selects).then_some(left.len());
    Ok(Page { objects, revision: listing.revision, continue_token, remaining })
}

fn exact(
    server: &Server,
    resource: &Resource,
    namespace: &str,
    revision: u64,
) -> Result<crate::store::Listing> {
    not_newer_than_now(server, revision)?;
    server.store.list_at(&resource.storage, namespace, revision).map_err(|expired| {
        Status::expired(format!(
            "The resourceVersion for the provided list is too old: {revision} ({})",
            expired.oldest
        ))
    })
}

/// A revision that is yet to come is refused, as the real server does when it has waited for it in vain.
pub(crate) fn not_newer_than_now(server: &Server, revision: u64) -> Result<()> {
    let now = server.store.revision();
    if revision <= now {
        return Ok(());
    }
    let mut status = Status::new(
        http::StatusCode::GATEWAY_TIMEOUT,
        "Timeout",
        format!("Too large resource version: {revision}, current: {now}"),
    );
    let cause = crate::status::Cause {
        reason: "ResourceVersionTooLarge",
        message: "Too large resource version".into(),
        field: String::new(),
    };
    status.details =
        Some(crate::status::Details { causes: vec![cause], retry_after: Some(1), ..Default::default() });
    Err(status)
}

fn token(rv: u64, start: &str) -> String {
    let token = Token { v: TOKEN_VERSION.into(), rv, start: start.into() };
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
}

fn parse_token(text: &str) -> Result<Token> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|json| serde_json::from_slice::<Token>(&json).ok())
        .filter(|token| token.v == TOKEN_VERSION)
        .ok_or_else(|| Status::bad_request("continue key is not valid: it was not made by this server"))
}

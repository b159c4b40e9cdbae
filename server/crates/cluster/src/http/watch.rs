//! `watch`: changes as they happen, one JSON document a line.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes>.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::{
    Call, answer,
    negotiate::{Form, not_acceptable},
    objects,
    path::Target,
    table,
};
use crate::{
    object::{InOrder, Object},
    resource::Resource,
    selector::Term,
    status::{Cause, Result, Status},
    store::{Change, ChangeKind, Cursor, Expired},
    verbs::{self, ListOptions, Match, Selectors},
};

/// How often a client that allows it is told how far it is.
const BOOKMARKS: Duration = Duration::from_mins(1);

/// How long a watch lasts whose client does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(45);

/// A watch in progress.
struct Watch {
    call: Arc<Call>,
    resource: Arc<Resource>,
    namespace: String,
    selectors: Selectors,
    cursor: Cursor,
    ready: VecDeque<Bytes>,
    /// On the cluster's clock.
    deadline: Duration,
    bookmark_at: Option<Duration>,
    started: bool,
    ended: bool,
}

/// Answers with a stream.
pub(super) fn serve(call: Call, resource: &Arc<Resource>, target: &Target) -> Result<Response> {
    if call.accepted.protobuf_only {
        return Err(not_acceptable());
    }
    let mut options = call.query.list_options(resource)?;
    if !target.name.is_empty() {
        options.selectors.fields.terms.push(Term {
            field: "metadata.name".into(),
            value: target.name.clone(),
            equal: true,
        });
    }
    let media = if call.accepted.yaml { "application/yaml;stream=watch" } else { "application/json" };
    let watch = Watch::begin(Arc::new(call), resource, target, options)?;
    let stream = futures::stream::unfold(watch, |mut watch| async {
        let chunk = watch.next().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), watch))
    });
    Ok(answer::response(StatusCode::OK, media, Body::from_stream(stream)))
}

impl Watch {
    fn begin(
        call: Arc<Call>,
        resource: &Arc<Resource>,
        target: &Target,
        options: ListOptions,
    ) -> Result<Self> {
        let server = Arc::clone(&call.server);
        let bookmarks = call.query.is_true("allowWatchBookmarks");
        let initial = call.query.is_true("sendInitialEvents");
        check_initial(&call, options.revision_match, bookmarks)?;
        verbs::not_newer_than_now(&server, options.revision)?;
        let now = server.env.clock.uptime();
        let timeout = match call.query.number("timeoutSeconds")? {
            Some(seconds) if seconds > 0 => Duration::from_secs(seconds.unsigned_abs()),
            _ => DEFAULT_TIMEOUT,
        };

        let mut page = None;
        let from = if options.revision == 0 || initial {
            let selectors = options.selectors.clone();
            let found = verbs::list(
                &server,
                resource,
                &target.namespace,
                &ListOptions { selectors, ..ListOptions::default() },
            )?;
            let revision = found.revision;
            page = Some(found);
            revision
        } else {
            options.revision
        };
        let mut watch = Self {
            cursor: server.store.follow(&resource.storage, from),
            resource: Arc::clone(resource),
            namespace: target.namespace.clone(),
            selectors: options.selectors,
            ready: VecDeque::new(),
            deadline: now.saturating_add(timeout),
            bookmark_at: bookmarks.then(|| now.saturating_add(BOOKMARKS)),
            started: false,
            ended: false,
            call,
        };
        // An old watch without a version shows what there is as if it had just been added; a new one only if asked to.
        let asked_not_to = watch.call.query.has("sendInitialEvents") && !initial;
        if let Some(page) = page.filter(|_| !asked_not_to) {
            for object in &page.objects {
                watch.push("ADDED", object);
            }
            if initial && bookmarks {
                watch.push_bookmark(page.revision, true);
            }
        }
        Ok(watch)
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Some(chunk);
            }
            if self.ended {
                return None;
            }
            let server = Arc::clone(&self.call.server);
            let wake = self.bookmark_at.map_or(self.deadline, |at| at.min(self.deadline));
            let changes = tokio::select! {
                biased;
                () = server.ended.cancelled() => return None,
                changes = self.cursor.next() => changes,
                () = server.env.clock.sleep_until(wake) => {
                    if wake >= self.deadline {
                        return None;
                    }
                    self.bookmark_at = Some(wake.saturating_add(BOOKMARKS));
                    self.push_bookmark(self.cursor.position(), false);
                    continue;
                }
            };
            match changes {
                Ok(changes) => changes.iter().for_each(|change| self.push_change(change)),
                Err(expired) => self.push_expired(expired),
            }
        }
    }

    /// A change as this watch sees it: what begins to match its selectors is new to it, what ceases to is gone.
    fn push_change(&mut self, change: &Change) {
        if !self.namespace.is_empty() && change.object.namespace() != self.namespace {
            return;
        }
        let selects = |object: &Object| self.selectors.matches(&self.resource, object);
        let was = change.previous.as_ref().is_some_and(|object| selects(object));
        let is = change.kind != ChangeKind::Deleted && selects(&change.object);
        match (was, is) {
            (false, true) => self.push("ADDED", &change.object),
            (true, true) => self.push("MODIFIED", &change.object),
            (true, false) if change.kind == ChangeKind::Deleted => self.push("DELETED", &change.object),
            (true, false) => {
                // Its last state that matched, at the revision at which it ceased to.
                if let Some(previous) = &change.previous {
                    self.push("DELETED", &previous.at(change.revision));
                }
            }
            (false, false) => {}
        }
    }

    fn push(&mut self, kind: &str, object: &Object) {
        match self.call.accepted.form {
            Form::Object => {
                let resource = Arc::clone(&self.resource);
                self.push_value(kind, &objects::As { resource: &resource, object });
            }
            Form::Table => {
                let table = table::of_event(&self.call, &self.resource, object, !self.started);
                self.push_value(kind, &InOrder(&table));
            }
            Form::Metadata => self.push_value(kind, &InOrder(&objects::metadata_only(object))),
        }
        self.started = true;
    }

    fn push_bookmark(&mut self, revision: u64, initial_end: bool) {
        let mut metadata = json!({ "resourceVersion": revision.to_string(), "creationTimestamp": null });
        if initial_end {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let object = match self.call.accepted.form {
            Form::Object => {
                let mut object = json!({
                    "kind": self.resource.kind, "apiVersion": self.resource.api_version(), "metadata": metadata,
                });
                if let Some(of) = self.resource.schema() {
                    object = crate::schema::normalize(object.clone(), of.get()).unwrap_or(object);
                }
                object
            }
            Form::Metadata => {
                json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata })
            }
            Form::Table => json!({
                "kind": "Table", "apiVersion": "meta.k8s.io/v1",
                "metadata": { "resourceVersion": revision.to_string() },
                "columnDefinitions": null,
                "rows": [{
                    "cells": [],
                    "object": {
                        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                    },
                }],
            }),
        };
        self.push_value("BOOKMARK", &InOrder(&object));
    }

    fn push_expired(&mut self, expired: Expired) {
        let position = self.cursor.position();
        let status = Status::expired(format!("too old resource version: {position} ({})", expired.oldest));
        self.push_value("ERROR", &InOrder(&status.to_value()));
        self.ended = true;
    }

    fn push_value(&mut self, kind: &str, object: &impl Serialize) {
        self.ready.push_back(answer::line(&Line { kind, object }).unwrap_or_default().into());
    }
}

/// What a watch tells in a line.
#[derive(Serialize)]
struct Line<'a, T> {
    #[serde(rename = "type")]
    kind: &'a str,
    object: &'a T,
}

/// `sendInitialEvents` goes with a match of `NotOlderThan` and, if true, with bookmarks.
fn check_initial(call: &Call, revision_match: Match, bookmarks: bool) -> Result<()> {
    let forbidden = |message: &str, field: &str| {
        let cause = Cause {
            reason: "FieldValueForbidden",
            message: format!("Forbidden: {message}"),
            field: field.into(),
        };
        Err(Status::invalid("meta.k8s.io", "ListOptions", "", vec![cause]))
    };
    let sends = call.query.has("sendInitialEvents");
    match revision_match {
        Match::NotOlderThan if sends => {}
        Match::Unset if !sends => {}
        Match::Unset => {
            return forbidden(
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                "resourceVersionMatch",
            );
        }
        _ => {
            return forbidden(
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
                "resourceVersionMatch",
            );
        }
    }
    if call.query.is_true("sendInitialEvents") && !bookmarks {
        return forbidden(
            "sendInitialEvents requires setting allowWatchBookmarks to true",
            "sendInitialEvents",
        );
    }
    Ok(())
}

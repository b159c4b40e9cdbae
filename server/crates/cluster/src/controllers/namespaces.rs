//! The end of a namespace: everything in it is deleted, Pods first, and then the namespace itself.

use k8s_openapi::{
    api::core::v1::{Namespace, NamespaceCondition},
    apimachinery::pkg::apis::meta::v1::Time,
};
use serde_json::json;

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
};
use crate::{Client, client::Patch, conditions, kubelet::seconds, status::Result};

pub(super) struct Namespaces;

impl Controller for Namespaces {
    fn name(&self) -> &'static str {
        "namespace-controller"
    }

    fn concerns(&self, _: &Client, change: &Change) -> Vec<Key> {
        let name = match &change.object {
            Object::Namespace(namespace) if !change.gone => namespace.metadata.name.clone(),
            // A Pod takes its time to end, and with it its namespace.
            Object::Pod(pod) if change.gone => pod.metadata.namespace.clone(),
            _ => None,
        };
        name.map(|name| Key::new("", &name)).into_iter().collect()
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let namespaces = client.all::<Namespace>();
        let Some(mut namespace) = namespaces.get_opt(&key.name)? else { return Ok(Again::Never) };
        if namespace.metadata.deletion_timestamp.is_none() {
            return Ok(Again::Never);
        }
        let remaining = client.delete_namespace_content(&key.name)?;
        let now = seconds(client.now());
        let status = namespace.status.get_or_insert_default();
        status.phase = Some("Terminating".to_owned());
        let before = status.conditions.take().unwrap_or_default();
        let conditions = conditions(&remaining, &before, &now);
        let changed = conditions != before;
        status.conditions = Some(conditions);
        if changed {
            namespaces.update_status(&namespace)?;
        }
        if remaining.is_empty() {
            let patch = Patch::Merge(json!({ "spec": { "finalizers": [] } }));
            namespaces.patch(&key.name, "finalize", &patch)?;
        }
        Ok(Again::Never)
    }
}

/// What the namespace's status says of what is left: each resource with the number of its objects.
fn conditions(
    remaining: &[(String, usize)],
    before: &[NamespaceCondition],
    now: &Time,
) -> Vec<NamespaceCondition> {
    let counts: Vec<String> = remaining
        .iter()
        .map(|(resource, count)| format!("{resource} has {count} resource instances"))
        .collect();
    let some_left = format!("Some resources are remaining: {}", counts.join(", "));
    let left = match remaining {
        [] => ("NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed"),
        _ => ("NamespaceContentRemaining", true, "SomeResourcesRemain", some_left.as_str()),
    };
    let found = "All resources successfully discovered";
    let parsed = "All legacy kube types successfully parsed";
    let deleted = "All content successfully deleted, may be waiting on finalization";
    let finished = "All content-preserving finalizers finished";
    let all = [
        ("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", found),
        ("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", parsed),
        ("NamespaceDeletionContentFailure", false, "ContentDeleted", deleted),
        left,
        ("NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", finished),
    ];
    let all = all.into_iter().map(|(kind, holds, reason, message)| NamespaceCondition {
        type_: kind.to_owned(),
        status: conditions::status(holds).to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_transition_time: Some(now.clone()),
    });
    conditions::all_after(all.collect(), Some(before))
}

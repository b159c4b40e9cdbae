//! The garbage collector: what an object owned goes when it goes. See "Garbage Collection" in Kubernetes' documentation.
//!
//! - *Background* (the default): the owner is gone; each of its dependents loses its reference to it, or is deleted if that
//!   was the last one.
//! - *Foreground*: the owner waits, with the finalizer `foregroundDeletion`, until the dependents that block its deletion
//!   are gone.
//! - *Orphan*: the owner waits, with the finalizer `orphan`, until its dependents have lost their references to it.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};

use crate::{
    Client, DeleteOptions, Preconditions,
    object::{Object, finalizers, metadata_str},
    patch::Change,
    resource::Resource,
    status::Result,
    store::endings::{Ending, FOREGROUND, ORPHAN},
    verbs,
};

/// Collects until the cluster ends.
pub(super) async fn run(client: Client) {
    let collector = Collector { client: client.with_identity(USER, "kube-controller-manager") };
    loop {
        let waiting = client.server().store.endings.take().await;
        for ending in &waiting.endings {
            if let Err(error) = collector.look_at(ending) {
                tracing::debug!(%error, name = ending.object.name(), "what an object owned could not be collected");
            }
        }
        if waiting.missed {
            collector.sweep();
        }
    }
}

const USER: &str = "system:serviceaccount:kube-system:generic-garbage-collector";

struct Collector {
    client: Client,
}

/// An object that has an owner, and where it is stored.
struct Dependent {
    resource: Arc<Resource>,
    object: Arc<Object>,
}

impl Dependent {
    fn owners(&self) -> impl Iterator<Item = &Value> {
        self.object
            .value()
            .pointer("/metadata/ownerReferences")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    }

    fn is_owned_by(&self, uid: &str) -> bool {
        self.owners().any(|owner| text(owner, "uid") == uid)
    }

    /// Whether it keeps the owner from going first.
    fn blocks(&self, uid: &str) -> bool {
        self.owners().any(|owner| text(owner, "uid") == uid && owner["blockOwnerDeletion"] == true)
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl Collector {
    fn look_at(&self, ending: &Ending) -> Result<()> {
        let object = &ending.object;
        // Events own nothing and nobody owns them, and there are many.
        if &*ending.storage == "events" {
            return Ok(());
        }
        if ending.gone {
            self.owner_gone(object)?;
            return self.look_at_waiting_owners(object);
        }
        let now = self.client.server().store.get(&ending.storage, object.namespace(), object.name());
        let Some(now) = now.filter(|now| now.uid() == object.uid()) else { return Ok(()) };
        let all = self.client.server().resources();
        let Some(resource) = all.into_iter().find(|resource| *resource.storage == *ending.storage) else {
            return Ok(());
        };
        if finalizers(now.value()).any(|finalizer| finalizer == ORPHAN) {
            return self.orphan(&resource, &now);
        }
        self.foreground(&resource, &now)
    }

    /// The dependents of an owner that is gone.
    fn owner_gone(&self, owner: &Object) -> Result<()> {
        for dependent in self.dependents(owner.namespace(), |candidate| candidate.is_owned_by(owner.uid())) {
            self.without_owners(&dependent)?;
        }
        Ok(())
    }

    /// Deletes a dependent none of whose owners is left; of others takes the references to owners that are gone.
    fn without_owners(&self, dependent: &Dependent) -> Result<()> {
        let (left, gone): (Vec<&Value>, Vec<&Value>) =
            dependent.owners().partition(|owner| self.exists(owner, dependent.object.namespace()));
        if gone.is_empty() {
            return Ok(());
        }
        if left.is_empty() {
            return self.delete(dependent, "Background");
        }
        self.keep_owners(dependent, &left)
    }

    fn keep_owners(&self, dependent: &Dependent, left: &[&Value]) -> Result<()> {
        let left = (!left.is_empty()).then_some(left);
        self.patch(dependent, json!({ "metadata": { "ownerReferences": left } }))
    }

    /// The owners of an object that is gone, which may have waited for it.
    fn look_at_waiting_owners(&self, gone: &Object) -> Result<()> {
        let owners = gone.value().pointer("/metadata/ownerReferences").and_then(Value::as_array);
        for owner in owners.into_iter().flatten() {
            let Some((resource, owner)) = self.find(owner, gone.namespace()) else { continue };
            let waits = owner.is_deleting() && finalizers(owner.value()).any(|f| f == FOREGROUND);
            if waits {
                self.foreground(&resource, &owner)?;
            }
        }
        Ok(())
    }

    /// Deletes the dependents of an owner that goes last, and lets it go when none is left that blocks it.
    fn foreground(&self, resource: &Arc<Resource>, owner: &Arc<Object>) -> Result<()> {
        let dependents = self.dependents(owner.namespace(), |candidate| candidate.is_owned_by(owner.uid()));
        let mut blocked = false;
        for dependent in &dependents {
            blocked |= dependent.blocks(owner.uid());
            if !dependent.object.is_deleting() {
                let others = dependent.owners().filter(|reference| text(reference, "uid") != owner.uid());
                let others: Vec<&Value> =
                    others.filter(|reference| self.exists(reference, owner.namespace())).collect();
                if others.is_empty() {
                    self.delete(dependent, "Foreground")?;
                } else {
                    self.keep_owners(dependent, &others)?;
                }
            }
        }
        // Those that went at once block no more.
        blocked = blocked
            && self
                .dependents(owner.namespace(), |candidate| candidate.blocks(owner.uid()))
                .iter()
                .any(|dependent| dependent.object.uid() != owner.uid());
        if blocked {
            return Ok(());
        }
        let owner = Dependent { resource: Arc::clone(resource), object: Arc::clone(owner) };
        self.remove_finalizer(&owner, FOREGROUND)
    }

    /// Takes from the dependents their references to an owner, and lets it go.
    fn orphan(&self, resource: &Arc<Resource>, owner: &Arc<Object>) -> Result<()> {
        for dependent in self.dependents(owner.namespace(), |candidate| candidate.is_owned_by(owner.uid())) {
            let left: Vec<&Value> =
                dependent.owners().filter(|reference| text(reference, "uid") != owner.uid()).collect();
            self.keep_owners(&dependent, &left)?;
        }
        let owner = Dependent { resource: Arc::clone(resource), object: Arc::clone(owner) };
        self.remove_finalizer(&owner, ORPHAN)
    }

    /// Looks at everything that has an owner.
    fn sweep(&self) {
        for dependent in self.dependents("", |candidate| candidate.owners().next().is_some()) {
            if let Err(error) = self.without_owners(&dependent) {
                tracing::debug!(%error, name = dependent.object.name(), "not collected");
            }
        }
    }

    /// The objects in a namespace (in all, for an owner that belongs to the whole cluster) that are chosen.
    fn dependents(&self, namespace: &str, chosen: impl Fn(&Dependent) -> bool) -> Vec<Dependent> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for resource in &self.client.server().resources() {
            if resource.storage == "events" || !seen.insert(resource.storage.clone()) {
                continue;
            }
            for object in self.client.server().store.list(&resource.storage, namespace).objects {
                let candidate = Dependent { resource: Arc::clone(resource), object };
                if chosen(&candidate) {
                    found.push(candidate);
                }
            }
        }
        found
    }

    fn exists(&self, reference: &Value, namespace: &str) -> bool {
        self.find(reference, namespace).is_some()
    }

    /// The object that a reference means, if it still is the same one.
    fn find(&self, reference: &Value, namespace: &str) -> Option<(Arc<Resource>, Arc<Object>)> {
        let api_version = text(reference, "apiVersion");
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = self.client.server().resource_of(group, version, text(reference, "kind"))?;
        let namespace = if resource.namespaced { namespace } else { "" };
        let object = self.client.server().store.get(&resource.storage, namespace, text(reference, "name"))?;
        (metadata_str(object.value(), "uid") == text(reference, "uid")).then_some((resource, object))
    }

    fn delete(&self, dependent: &Dependent, policy: &str) -> Result<()> {
        let (object, server) = (&dependent.object, self.client.server());
        let meant = Preconditions { uid: Some(object.uid().to_owned()), resource_version: None };
        let options = DeleteOptions {
            preconditions: Some(meant),
            propagation_policy: Some(policy.to_owned()),
            ..DeleteOptions::default()
        };
        let (namespace, name) = (object.namespace(), object.name());
        let request = self.client.request();
        match verbs::delete(server, &request, &dependent.resource, namespace, name, &options) {
            Err(status) if !status.is_not_found() => Err(status),
            _ => Ok(()),
        }
    }

    fn remove_finalizer(&self, owner: &Dependent, finalizer: &str) -> Result<()> {
        let left: Vec<&str> = finalizers(owner.object.value()).filter(|f| *f != finalizer).collect();
        self.patch(owner, json!({ "metadata": { "finalizers": left } }))
    }

    fn patch(&self, target: &Dependent, patch: Value) -> Result<()> {
        let (object, server) = (&target.object, self.client.server());
        let (namespace, name) = (object.namespace(), object.name());
        let (request, change) = (self.client.request(), Change::Merge(patch));
        match verbs::patch(server, &request, &target.resource, namespace, name, &change, &|_| Ok(())) {
            Err(status) if !status.is_not_found() => Err(status),
            _ => Ok(()),
        }
    }
}

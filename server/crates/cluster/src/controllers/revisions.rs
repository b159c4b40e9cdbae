//! The templates that StatefulSets and DaemonSets have had, kept as ControllerRevisions: what `kubectl rollout history`
//! shows and `kubectl rollout undo` goes back to.

use k8s_openapi::{
    api::{apps::v1::ControllerRevision, core::v1::PodTemplateSpec},
    apimachinery::pkg::{apis::meta::v1::ObjectMeta, runtime::RawExtension},
};
use serde_json::{Value, json};

use super::{deployment::template_hash, pods};
use crate::{
    Client, DeleteOptions,
    client::{Kind, Selection},
    rng::safe_encoded,
    status::Result,
};

/// The label with a revision's hash, on revisions.
const HASH: &str = "controller.kubernetes.io/hash";

/// The label with the revision of a Pod.
pub(super) const OF_POD: &str = "controller-revision-hash";

/// The revisions of a workload, oldest first. The last one has its template as it is now.
pub(super) struct Revisions(Vec<ControllerRevision>);

impl Revisions {
    /// The name of the newest revision.
    pub(super) fn newest(&self) -> &str {
        self.0.last().and_then(|revision| revision.metadata.name.as_deref()).unwrap_or_default()
    }

    /// The template of a revision.
    pub(super) fn template(&self, name: &str) -> Option<PodTemplateSpec> {
        let found = self.0.iter().find(|revision| revision.metadata.name.as_deref() == Some(name))?;
        let mut template = found.data.0.pointer("/spec/template")?.clone();
        template.as_object_mut()?.remove("$patch");
        serde_json::from_value(template).ok()
    }

    /// Deletes the oldest revisions that nothing `uses`, past the `limit`.
    pub(super) fn forget(&self, client: &Client, limit: i32, uses: impl Fn(&str) -> bool) -> Result<()> {
        let name = |revision: &ControllerRevision| revision.metadata.name.clone().unwrap_or_default();
        let idle: Vec<_> = self.0.iter().filter(|revision| !uses(&name(revision))).collect();
        let surplus = idle.len().saturating_sub(usize::try_from(limit).unwrap_or_default());
        for revision in idle.into_iter().take(surplus) {
            let namespace = revision.metadata.namespace.as_deref().unwrap_or_default();
            let api = client.namespaced::<ControllerRevision>(namespace);
            api.delete(&name(revision), &DeleteOptions::default())?;
        }
        Ok(())
    }
}

/// The hash in the name of a revision of this owner.
pub(super) fn hash_of<'n>(owner: &str, revision: &'n str) -> &'n str {
    revision.strip_prefix(owner).and_then(|rest| rest.strip_prefix('-')).unwrap_or(revision)
}

/// The revisions of a workload, with one for its template: new, or an old one that is the newest again.
pub(super) fn sync<K: Kind>(
    client: &Client,
    owner: &K,
    template: &PodTemplateSpec,
    hashed: Hashed,
) -> Result<Revisions> {
    let metadata = owner.metadata();
    let api = client.namespaced::<ControllerRevision>(metadata.namespace.as_deref().unwrap_or_default());
    let mut all = api.list(&Selection::default())?;
    all.retain(|revision| {
        pods::controller_of(&revision.metadata).is_some_and(|by| Some(&by.uid) == metadata.uid.as_ref())
    });
    all.sort_by_key(|revision| revision.revision);
    let next = all.last().and_then(|revision| revision.revision).unwrap_or_default() + 1;
    let data = data(template);
    let known = all.iter().position(|revision| revision.data.0 == data);
    match known {
        Some(index) if index + 1 == all.len() => {}
        Some(index) => {
            let mut again = all.remove(index);
            again.revision = Some(next);
            all.push(api.update(&again)?);
        }
        None => {
            let hash = free_hash(&all, metadata.name.as_deref().unwrap_or_default(), |collisions| {
                hashed.hash(&data, template, collisions)
            });
            let labels = template.metadata.as_ref().and_then(|metadata| metadata.labels.clone());
            let mut labels = labels.unwrap_or_default();
            labels.insert(HASH.to_owned(), hash.clone());
            all.push(api.create(&ControllerRevision {
                metadata: ObjectMeta {
                    name: Some(format!("{}-{hash}", metadata.name.as_deref().unwrap_or_default())),
                    namespace: metadata.namespace.clone(),
                    labels: Some(labels),
                    annotations: metadata.annotations.clone(),
                    owner_references: Some(vec![pods::controlled_by(owner)]),
                    ..ObjectMeta::default()
                },
                data: RawExtension(data),
                revision: Some(next),
            })?);
        }
    }
    Ok(Revisions(all))
}

/// How a workload's revisions are hashed.
#[derive(Clone, Copy)]
pub(super) enum Hashed {
    /// By their data, as it is stored: StatefulSets.
    Data,
    /// By the template, as a Deployment's ReplicaSets: DaemonSets.
    Template,
}

impl Hashed {
    fn hash(self, data: &Value, template: &PodTemplateSpec, collisions: i32) -> String {
        match self {
            Self::Data => {
                let text = data.to_string();
                // Go escapes in JSON what HTML would take for its own.
                let text = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
                safe_encoded(fnv32(format!("{text}{collisions}").as_bytes()))
            }
            Self::Template => template_hash(template, (collisions > 0).then_some(collisions)),
        }
    }
}

/// FNV-1 of 32 bits: unlike FNV-1a it multiplies first.
fn fnv32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(*byte))
}

/// A hash that no other revision has.
fn free_hash(all: &[ControllerRevision], owner: &str, hash: impl Fn(i32) -> String) -> String {
    let taken = |hash: &str| {
        all.iter()
            .any(|revision| hash_of(owner, revision.metadata.name.as_deref().unwrap_or_default()) == hash)
    };
    let mut collisions = 0;
    loop {
        let hash = hash(collisions);
        // Each revision takes at most one hash, so this ends.
        if !taken(&hash) {
            return hash;
        }
        collisions += 1;
    }
}

/// A patch that brings a workload back to this template.
fn data(template: &PodTemplateSpec) -> Value {
    let mut template = json!(template);
    template["$patch"] = json!("replace");
    json!({ "spec": { "template": template } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revision_of_a_stateful_set_has_the_name_of_a_real_one() {
        let template = json!({
            "metadata": { "labels": { "app": "web" } },
            "spec": {
                "containers": [
                    {
                        "image": "nginx:1.19", "imagePullPolicy": "IfNotPresent", "name": "nginx",
                        "ports": [{ "containerPort": 80, "protocol": "TCP" }], "resources": {},
                        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"
                    },
                    {
                        "command": ["sh", "-c", "while true; do date; sleep 2; done"],
                        "image": "busybox:1.36", "imagePullPolicy": "IfNotPresent", "name": "agent", "resources": {},
                        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"
                    }
                ],
                "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
                "securityContext": {}, "terminationGracePeriodSeconds": 1
            }
        });
        let template: PodTemplateSpec = serde_json::from_value(template).unwrap();
        assert_eq!(Hashed::Data.hash(&data(&template), &template, 0), "7d7876df95");
    }
}

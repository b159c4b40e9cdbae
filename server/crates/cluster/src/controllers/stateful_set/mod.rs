//! StatefulSets: Pods with names, an order and storage of their own. See "StatefulSets" in Kubernetes' documentation.

mod identity;
mod plan;

use k8s_openapi::api::{
    apps::v1::{StatefulSet, StatefulSetSpec},
    core::v1::{PersistentVolumeClaim, Pod},
};

use self::plan::{Plan, Step};
use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    pods,
    revisions::{self, Hashed, Revisions},
};
use crate::{
    Client, DeleteOptions,
    client::Selection,
    events::{Recorder, Reference},
    status::{Result, Status},
};

pub(super) struct StatefulSets {
    recorder: Recorder,
}

impl StatefulSets {
    pub(super) fn new(client: &Client) -> Self {
        Self { recorder: Recorder::new(client.clone(), "statefulset-controller", None) }
    }
}

impl Controller for StatefulSets {
    fn name(&self) -> &'static str {
        "statefulset-controller"
    }

    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::StatefulSet(set) if !change.gone => vec![pods::key_of(&set.metadata)],
            _ => pods::concerned_by_pod::<StatefulSet>(client, change, |set| Some(set.spec.selector.clone())),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let api = client.namespaced::<StatefulSet>(&key.namespace);
        let Some(set) = api.get_opt(&key.name)? else { return Ok(Again::Never) };
        let spec = set.spec.clone();
        let mut pods = pods::claim(client, &set, Some(&spec.selector))?;
        pods.retain(|pod| identity::ordinal(&key.name, pod).is_some());
        let revisions = revisions::sync(client, &set, &spec.template, Hashed::Data)?;
        let plan = plan::plan(&set, &spec, &pods, revisions.newest(), client.now());
        self.carry_out(client, set, &spec, &pods, &revisions, plan)
    }
}

impl StatefulSets {
    fn carry_out(
        &self,
        client: &Client,
        mut set: StatefulSet,
        spec: &StatefulSetSpec,
        pods: &[Pod],
        revisions: &Revisions,
        plan: Plan,
    ) -> Result<Again> {
        if set.status.as_ref() != Some(&plan.status) {
            set.status = Some(plan.status.clone());
            set = client
                .namespaced(set.metadata.namespace.as_deref().unwrap_or_default())
                .update_status(&set)?;
        }
        for step in plan.steps {
            match step {
                Step::Create { ordinal, revision } => {
                    let template = revisions.template(&revision).unwrap_or_else(|| spec.template.clone());
                    self.create(
                        client,
                        &set,
                        spec,
                        identity::pod(&set, spec, &template, ordinal, &revision),
                    )?;
                }
                Step::Delete { pod, scaled_down } => {
                    self.delete(client, &set, &pod)?;
                    if scaled_down && identity::forgets_claims(spec, true) {
                        delete_claims(client, &set, spec, &pod)?;
                    }
                }
                Step::Replace { pod } => {
                    let failed = pods::phase(&pod) == "Failed";
                    let reason = if failed { "RecreatingFailedPod" } else { "RecreatingTerminatedPod" };
                    let about = Reference::to(&set);
                    let (kind, name) = (if failed { "failed" } else { "terminated" }, name_of(&pod));
                    let owner = format!("{}/{}", about.namespace, about.name);
                    let message = format!("StatefulSet {owner} is recreating {kind} Pod {name}");
                    self.recorder.record(&about, failed, reason, &message);
                    self.delete(client, &set, &pod)?;
                }
            }
        }
        let label = |pod: &Pod| pod.metadata.labels.as_ref()?.get(revisions::OF_POD).cloned();
        let used: Vec<String> = pods.iter().filter_map(label).collect();
        let current = plan.status.current_revision.unwrap_or_default();
        revisions.forget(client, spec.revision_history_limit.unwrap_or(10), |name| {
            name == current || name == revisions.newest() || used.iter().any(|used| used == name)
        })?;
        Ok(plan.again.map_or(Again::Never, Again::After))
    }

    fn create(&self, client: &Client, set: &StatefulSet, spec: &StatefulSetSpec, pod: Pod) -> Result<()> {
        let about = Reference::to(set);
        let name = name_of(&pod);
        let owner = &about.name;
        let claims = client.namespaced::<PersistentVolumeClaim>(&about.namespace);
        for claim in identity::claims(set, spec, &pod) {
            let claim_name = claim.metadata.name.clone().unwrap_or_default();
            if claims.get_opt(&claim_name)?.is_some() {
                continue;
            }
            let what = format!("Create Claim {claim_name} Pod {name} in StatefulSet {owner}");
            if let Err(error) = claims.create(&claim) {
                let message = format!("{what} failed error: {error}");
                self.recorder.record(&about, true, "FailedCreate", &message);
                return Err(error);
            }
            self.recorder.record(&about, false, "SuccessfulCreate", &format!("{what} success"));
        }
        let what = format!("Create Pod {name} in StatefulSet {owner}");
        let made = client.namespaced::<Pod>(&about.namespace).create(&pod);
        self.tell(&about, made.map(drop), &what, ["SuccessfulCreate", "FailedCreate"])
    }

    fn delete(&self, client: &Client, set: &StatefulSet, pod: &Pod) -> Result<()> {
        let about = Reference::to(set);
        let what = format!("Delete Pod {} in StatefulSet {}", name_of(pod), about.name);
        self.tell(&about, pods::delete(client, pod), &what, ["SuccessfulDelete", "FailedDelete"])
    }

    fn tell(
        &self,
        about: &Reference,
        result: std::result::Result<(), Box<Status>>,
        what: &str,
        [good, bad]: [&str; 2],
    ) -> Result<()> {
        match &result {
            Ok(()) => self.recorder.record(about, false, good, &format!("{what} successful")),
            Err(error) => self.recorder.record(about, true, bad, &format!("{what} failed error: {error}")),
        }
        result
    }
}

fn name_of(pod: &Pod) -> String {
    pod.metadata.name.clone().unwrap_or_default()
}

/// Deletes what a Pod had stored, once the set is smaller: `persistentVolumeClaimRetentionPolicy`.
fn delete_claims(client: &Client, set: &StatefulSet, spec: &StatefulSetSpec, pod: &Pod) -> Result<()> {
    let api =
        client.namespaced::<PersistentVolumeClaim>(set.metadata.namespace.as_deref().unwrap_or_default());
    let names: Vec<String> =
        identity::claims(set, spec, pod).filter_map(|claim| claim.metadata.name).collect();
    for claim in api.list(&Selection::default())? {
        let name = claim.metadata.name.unwrap_or_default();
        if names.contains(&name) {
            api.delete(&name, &DeleteOptions::default())?;
        }
    }
    Ok(())
}

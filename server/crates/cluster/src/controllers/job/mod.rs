//! Jobs: Pods that run to their end, so many times. See "Jobs" in Kubernetes' documentation.

mod conditions;
mod failure_policy;
mod indexes;
mod plan;
mod success_policy;

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::api::{
    batch::v1::{Job, JobSpec},
    core::v1::{EnvVar, EnvVarSource, ObjectFieldSelector, Pod},
};
use serde_json::json;

use self::plan::{INDEX, Plan, TRACKING};
use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    pods,
};
use crate::{
    Client, DeleteOptions,
    client::{Patch, Selection},
    events::{Recorder, Reference},
    kubelet::after,
    status::Result,
};

pub(super) use self::conditions::is_finished;

pub(super) struct Jobs {
    recorder: Recorder,
}

impl Jobs {
    pub(super) fn new(client: &Client) -> Self {
        Self { recorder: Recorder::new(client.clone(), "job-controller", None) }
    }
}

impl Controller for Jobs {
    fn name(&self) -> &'static str {
        "job-controller"
    }

    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            // Gone too: its Pods have to be let go.
            Object::Job(job) => vec![pods::key_of(&job.metadata)],
            _ => pods::concerned_by_pod::<Job>(client, change, |job| job.spec.as_ref()?.selector.clone()),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let api = client.namespaced::<Job>(&key.namespace);
        let Some(job) = api.get_opt(&key.name)? else {
            release_orphans(client, key)?;
            return Ok(Again::Never);
        };
        let spec = job.spec.clone().unwrap_or_default();
        if spec.managed_by.as_deref().is_some_and(|manager| manager != "kubernetes.io/job-controller") {
            return Ok(Again::Never);
        }
        let pods = pods::claim(client, &job, spec.selector.as_ref())?;
        if job.status.as_ref().is_some_and(is_finished) {
            for pod in &pods {
                release(client, pod)?;
            }
            return clean_up(client, &job, &spec);
        }
        let plan = plan::plan(&job, &pods, client.now());
        self.carry_out(client, job, &spec, &pods, plan)
    }
}

impl Jobs {
    fn carry_out(
        &self,
        client: &Client,
        mut job: Job,
        spec: &JobSpec,
        pods: &[Pod],
        plan: Plan,
    ) -> Result<Again> {
        let reference = Reference::to(&job);
        let api = client.namespaced::<Job>(&reference.namespace);
        for pod in &plan.release {
            release(client, pod)?;
        }
        for pod in &plan.delete {
            pods::delete(client, pod)?;
            let message = format!("Deleted pod: {}", pod.metadata.name.as_deref().unwrap_or_default());
            self.recorder.record(&reference, false, "SuccessfulDelete", &message);
        }
        let failures = plan::failures_by_index(pods);
        let mut failed = None;
        let mut made = 0;
        for index in &plan.create {
            let pod = new_pod(&job, spec, *index, &failures);
            match client.namespaced::<Pod>(&reference.namespace).create(&pod) {
                Ok(pod) => {
                    made += 1;
                    let message = format!("Created pod: {}", pod.metadata.name.unwrap_or_default());
                    self.recorder.record(&reference, false, "SuccessfulCreate", &message);
                }
                Err(error) => {
                    self.recorder.record(
                        &reference,
                        true,
                        "FailedCreate",
                        &format!("Error creating: {error}"),
                    );
                    failed = Some(error);
                    break;
                }
            }
        }
        let mut status = plan.status;
        let missing = pods::count(plan.create.len()) - made;
        status.active = pods::unless_zero(status.active.unwrap_or_default() - missing);
        let finished = is_finished(&status);
        if job.status.as_ref() != Some(&status) {
            job.status = Some(status);
            // Whatever else has changed meanwhile: what was counted must not be counted again.
            job.metadata.resource_version = None;
            job = api.update_status(&job)?;
        }
        for (warning, reason, message) in &plan.events {
            self.recorder.record(&reference, *warning, reason, message);
        }
        match failed {
            Some(error) => Err(error),
            None if finished => clean_up(client, &job, spec),
            None => Ok(plan.again.map_or(Again::Never, Again::After)),
        }
    }
}

/// Deletes a finished Job when its time is over.
fn clean_up(client: &Client, job: &Job, spec: &JobSpec) -> Result<Again> {
    let Some(ttl) = spec.ttl_seconds_after_finished.and_then(|ttl| u64::try_from(ttl).ok()) else {
        return Ok(Again::Never);
    };
    let conditions = job.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let mut ends = conditions.filter(|condition| matches!(condition.type_.as_str(), "Complete" | "Failed"));
    let end = ends.find(|condition| condition.status == "True").and_then(|c| c.last_transition_time.clone());
    let Some(end) = end.filter(|_| job.metadata.deletion_timestamp.is_none()) else {
        return Ok(Again::Never);
    };
    let left = after(end.0, Duration::from_secs(ttl)).duration_since(client.now());
    if left.is_positive() {
        return Ok(Again::After(Duration::try_from(left).unwrap_or_default()));
    }
    let key = pods::key_of(&job.metadata);
    let options =
        DeleteOptions { propagation_policy: Some("Foreground".to_owned()), ..DeleteOptions::default() };
    client.namespaced::<Job>(&key.namespace).delete(&key.name, &options)?;
    Ok(Again::Never)
}

/// Takes the finalizer from a Pod that has been counted.
fn release(client: &Client, pod: &Pod) -> Result<()> {
    let finalizers = pod.metadata.finalizers.as_deref().unwrap_or_default();
    if !finalizers.iter().any(|finalizer| finalizer == TRACKING) {
        return Ok(());
    }
    let left: Vec<_> = finalizers.iter().filter(|finalizer| *finalizer != TRACKING).collect();
    let patch = json!({ "metadata": { "uid": pod.metadata.uid, "finalizers": left } });
    let key = pods::key_of(&pod.metadata);
    match client.namespaced::<Pod>(&key.namespace).patch(&key.name, "", &Patch::Merge(patch)) {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

/// Lets go of the Pods of a Job that is gone.
fn release_orphans(client: &Client, key: &Key) -> Result<()> {
    for pod in client.namespaced::<Pod>(&key.namespace).list(&Selection::default())? {
        if pods::owner_key::<Job>(&pod.metadata).as_ref() == Some(key) {
            release(client, &pod)?;
        }
    }
    Ok(())
}

fn new_pod(job: &Job, spec: &JobSpec, index: Option<i32>, failures: &BTreeMap<i32, i32>) -> Pod {
    let mut pod = pods::from_template(&spec.template, job);
    pod.metadata.finalizers.get_or_insert_default().push(TRACKING.to_owned());
    let name = job.metadata.name.clone().unwrap_or_default();
    let Some(index) = index else {
        pod.metadata.generate_name = Some(format!("{name}-"));
        return pod;
    };
    pod.metadata.generate_name = Some(format!("{name}-{index}-"));
    let number = (INDEX.to_owned(), index.to_string());
    pod.metadata.labels.get_or_insert_default().extend([number.clone()]);
    let annotations = pod.metadata.annotations.get_or_insert_default();
    annotations.extend([number]);
    if spec.backoff_limit_per_index.is_some() {
        let failed = failures.get(&index).copied().unwrap_or_default();
        annotations.insert("batch.kubernetes.io/job-index-failure-count".to_owned(), failed.to_string());
    }
    if let Some(spec) = &mut pod.spec {
        spec.hostname = Some(format!("{name}-{index}"));
        let containers = spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten());
        for container in containers {
            let env = container.env.get_or_insert_default();
            if !env.iter().any(|variable| variable.name == "JOB_COMPLETION_INDEX") {
                env.push(index_variable());
            }
        }
    }
    pod
}

fn index_variable() -> EnvVar {
    let field_ref =
        ObjectFieldSelector { api_version: None, field_path: format!("metadata.labels['{INDEX}']") };
    EnvVar {
        name: "JOB_COMPLETION_INDEX".to_owned(),
        value: None,
        value_from: Some(EnvVarSource { field_ref: Some(field_ref), ..EnvVarSource::default() }),
    }
}

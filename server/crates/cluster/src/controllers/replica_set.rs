//! ReplicaSets and ReplicationControllers: so many Pods of a template, no more and no less.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::{
    api::{
        apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus},
        core::v1::{
            Pod, PodTemplateSpec, ReplicationController, ReplicationControllerCondition,
            ReplicationControllerStatus,
        },
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    pods,
};
use crate::{
    Client,
    client::Kind,
    conditions,
    events::{Recorder, Reference},
    kubelet::seconds,
    label_selector::has_all,
    status::{Result, Status},
};

/// No more Pods than these are made or deleted at once.
const BURST: usize = 500;

/// The ReplicaSet controller.
pub(super) struct ReplicaSets {
    recorder: Recorder,
}

/// The ReplicationController controller.
pub(super) struct ReplicationControllers {
    recorder: Recorder,
}

impl ReplicaSets {
    pub(super) fn new(client: &Client) -> Self {
        Self { recorder: Recorder::new(client.clone(), "replicaset-controller", None) }
    }
}

impl ReplicationControllers {
    pub(super) fn new(client: &Client) -> Self {
        Self { recorder: Recorder::new(client.clone(), "replication-controller", None) }
    }
}

impl Controller for ReplicaSets {
    fn name(&self) -> &'static str {
        "replicaset-controller"
    }

    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::ReplicaSet(set) if !change.gone => vec![pods::key_of(&set.metadata)],
            _ => pods::concerned_by_pod::<ReplicaSet>(client, change, |set| Some(set.spec.selector.clone())),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let Some(mut set) = client.namespaced::<ReplicaSet>(&key.namespace).get_opt(&key.name)? else {
            return Ok(Again::Never);
        };
        let spec = set.spec.clone();
        let wanted = Wanted {
            replicas: spec.replicas.unwrap_or(1),
            min_ready_seconds: spec.min_ready_seconds.unwrap_or_default(),
            selector: spec.selector,
            template: spec.template.unwrap_or_default(),
        };
        let outcome = replicate(client, &self.recorder, &set, &wanted)?;
        let before = set.status.clone().unwrap_or_default();
        let failed = conditions::find(before.conditions.as_deref(), FAILURE);
        let tally = &outcome.tally;
        let status = ReplicaSetStatus {
            replicas: tally.all,
            fully_labeled_replicas: pods::unless_zero(tally.labeled),
            ready_replicas: pods::unless_zero(tally.ready),
            available_replicas: pods::unless_zero(tally.available),
            terminating_replicas: Some(tally.terminating),
            observed_generation: set.metadata.generation,
            conditions: failure(&outcome).map(|(reason, message)| {
                let condition = ReplicaSetCondition {
                    type_: Some(FAILURE.to_owned()),
                    status: Some("True".to_owned()),
                    reason: Some(reason),
                    message: Some(message),
                    last_transition_time: Some(seconds(client.now())),
                };
                vec![conditions::after(condition, failed)]
            }),
        };
        if status != before {
            set.status = Some(status);
            client.namespaced::<ReplicaSet>(&key.namespace).update_status(&set)?;
        }
        outcome.end()
    }
}

impl Controller for ReplicationControllers {
    fn name(&self) -> &'static str {
        "replication-controller"
    }

    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::ReplicationController(controller) if !change.gone => {
                vec![pods::key_of(&controller.metadata)]
            }
            _ => pods::concerned_by_pod::<ReplicationController>(client, change, selector_of),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let api = client.namespaced::<ReplicationController>(&key.namespace);
        let Some(mut controller) = api.get_opt(&key.name)? else { return Ok(Again::Never) };
        let (Some(spec), Some(selector)) = (controller.spec.clone(), selector_of(&controller)) else {
            return Ok(Again::Never);
        };
        let wanted = Wanted {
            replicas: spec.replicas.unwrap_or(1),
            min_ready_seconds: spec.min_ready_seconds.unwrap_or_default(),
            selector,
            template: spec.template.unwrap_or_default(),
        };
        let outcome = replicate(client, &self.recorder, &controller, &wanted)?;
        let before = controller.status.clone().unwrap_or_default();
        let failed = conditions::find(before.conditions.as_deref(), FAILURE);
        let tally = &outcome.tally;
        let status = ReplicationControllerStatus {
            replicas: tally.all,
            fully_labeled_replicas: pods::unless_zero(tally.labeled),
            ready_replicas: pods::unless_zero(tally.ready),
            available_replicas: pods::unless_zero(tally.available),
            observed_generation: controller.metadata.generation,
            conditions: failure(&outcome).map(|(reason, message)| {
                let condition = ReplicationControllerCondition {
                    type_: FAILURE.to_owned(),
                    status: "True".to_owned(),
                    reason: Some(reason),
                    message: Some(message),
                    last_transition_time: Some(seconds(client.now())),
                };
                vec![conditions::after(condition, failed)]
            }),
        };
        if status != before {
            controller.status = Some(status);
            api.update_status(&controller)?;
        }
        outcome.end()
    }
}

fn selector_of(controller: &ReplicationController) -> Option<LabelSelector> {
    let labels = controller.spec.as_ref()?.selector.clone()?;
    Some(LabelSelector { match_labels: Some(labels), match_expressions: None })
}

const FAILURE: &str = "ReplicaFailure";

/// What there is to be.
struct Wanted {
    replicas: i32,
    min_ready_seconds: i32,
    selector: LabelSelector,
    template: PodTemplateSpec,
}

/// How the Pods stood before anything was done.
#[derive(Debug, Default)]
struct Tally {
    all: i32,
    labeled: i32,
    ready: i32,
    available: i32,
    terminating: i32,
    /// When the next Pod becomes available by having been ready for long enough.
    next: Option<Duration>,
}

struct Outcome {
    tally: Tally,
    /// Why not all could be done, and whether it was a creation.
    error: Option<(Box<Status>, bool)>,
}

impl Outcome {
    fn end(self) -> Result<Again> {
        match self.error {
            Some((error, _)) => Err(error),
            None => Ok(self.tally.next.map_or(Again::Never, Again::After)),
        }
    }
}

/// Makes or deletes Pods until there are as many as wanted.
fn replicate<K: Kind>(client: &Client, recorder: &Recorder, owner: &K, wanted: &Wanted) -> Result<Outcome> {
    let pods = pods::claim(client, owner, Some(&wanted.selector))?;
    let ending = owner.metadata().deletion_timestamp.is_some();
    let tally = tally(&pods, wanted, client.now());
    let active: Vec<Pod> = pods.into_iter().filter(pods::is_active).collect();
    let replicas = usize::try_from(wanted.replicas).unwrap_or_default();
    let error = if ending {
        None
    } else if active.len() < replicas {
        create(client, recorder, owner, wanted, (replicas - active.len()).min(BURST)).err().map(|e| (e, true))
    } else {
        let surplus = (active.len() - replicas).min(BURST);
        let victims = pods::in_order_of_deletion(active).into_iter().take(surplus);
        delete(client, recorder, owner, victims).err().map(|error| (error, false))
    };
    Ok(Outcome { tally, error })
}

fn tally(pods: &[Pod], wanted: &Wanted, now: Timestamp) -> Tally {
    let template_labels = wanted.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    let mut tally = Tally::default();
    for pod in pods {
        if pod.metadata.deletion_timestamp.is_some() && !pods::has_ended(pod) {
            tally.terminating += 1;
        }
        if !pods::is_active(pod) {
            continue;
        }
        let (available, left) = pods::is_available(pod, wanted.min_ready_seconds, now);
        tally.all += 1;
        tally.labeled += i32::from(has_all(template_labels, pod.metadata.labels.as_ref()));
        tally.ready += i32::from(pods::is_ready(pod));
        tally.available += i32::from(available);
        tally.next = [tally.next, left].into_iter().flatten().min();
    }
    tally
}

fn create<K: Kind>(
    client: &Client,
    recorder: &Recorder,
    owner: &K,
    wanted: &Wanted,
    number: usize,
) -> Result<()> {
    let reference = Reference::to(owner);
    let api = client.namespaced::<Pod>(&reference.namespace);
    for _ in 0..number {
        let mut pod = pods::from_template(&wanted.template, owner);
        pod.metadata.generate_name = Some(format!("{}-", reference.name));
        match api.create(&pod) {
            Ok(pod) => {
                let message = format!("Created pod: {}", pod.metadata.name.unwrap_or_default());
                recorder.record(&reference, false, "SuccessfulCreate", &message);
            }
            Err(error) => {
                recorder.record(&reference, true, "FailedCreate", &format!("Error creating: {error}"));
                return Err(error);
            }
        }
    }
    Ok(())
}

fn delete<K: Kind>(
    client: &Client,
    recorder: &Recorder,
    owner: &K,
    victims: impl Iterator<Item = Pod>,
) -> Result<()> {
    let reference = Reference::to(owner);
    for pod in victims {
        let name = pod.metadata.name.clone().unwrap_or_default();
        match pods::delete(client, &pod) {
            Ok(()) => recorder.record(&reference, false, "SuccessfulDelete", &format!("Deleted pod: {name}")),
            Err(error) => {
                recorder.record(&reference, true, "FailedDelete", &format!("Error deleting: {error}"));
                return Err(error);
            }
        }
    }
    Ok(())
}

/// The reason and message of the condition that says what went wrong.
fn failure(outcome: &Outcome) -> Option<(String, String)> {
    let (error, creating) = outcome.error.as_ref()?;
    let reason = if *creating { "FailedCreate" } else { "FailedDelete" };
    Some((reason.to_owned(), error.to_string()))
}

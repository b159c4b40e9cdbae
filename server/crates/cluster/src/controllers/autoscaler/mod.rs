//! HorizontalPodAutoscalers: as many Pods as their use asks for. See "Horizontal Pod Autoscaling" in Kubernetes'
//! documentation. Metrics are those of processor and memory; other kinds have nobody who would serve them here.

mod calculate;
mod measure;
mod pace;
mod target;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::api::{
    autoscaling::v2::{
        HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition, HorizontalPodAutoscalerSpec,
        HorizontalPodAutoscalerStatus,
    },
    core::v1::Pod,
};

use self::{
    calculate::{Failure, Proposal, Situation},
    pace::{Bounds, History},
    target::Target,
};
use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    pods,
};
use crate::{
    Client,
    client::Selection,
    conditions,
    events::{Recorder, Reference},
    kubelet::{after, seconds},
    label_selector::selects,
    metrics,
    status::Result,
};

/// How often use is looked at.
const PERIOD: Duration = Duration::from_secs(15);

pub(super) struct Autoscalers {
    recorder: Recorder,
    /// What is remembered of each autoscaler.
    remembered: Mutex<BTreeMap<Key, Remembered>>,
}

struct Remembered {
    /// When to look next: not sooner, whatever changes.
    due: Timestamp,
    history: History,
}

impl Autoscalers {
    pub(super) fn new(client: &Client) -> Self {
        let recorder = Recorder::new(client.clone(), "horizontal-pod-autoscaler", None);
        Self { recorder, remembered: Mutex::default() }
    }

    /// How long it is until an autoscaler is looked at; nothing where it is time.
    fn wait(&self, key: &Key, now: Timestamp) -> Option<Duration> {
        let next = after(now, PERIOD);
        let mut all = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let remembered =
            all.entry(key.clone()).or_insert_with(|| Remembered { due: next, history: History::default() });
        if remembered.due > now {
            return Some(Duration::try_from(remembered.due.duration_since(now)).unwrap_or_default());
        }
        remembered.due = next;
        None
    }

    /// Does something with what is remembered of an autoscaler.
    fn with_history<T>(&self, key: &Key, work: impl FnOnce(&mut History) -> T) -> Option<T> {
        let mut all = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        all.get_mut(key).map(|remembered| work(&mut remembered.history))
    }
}

impl Controller for Autoscalers {
    fn name(&self) -> &'static str {
        "horizontal-pod-autoscaler"
    }

    fn concerns(&self, _: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::HorizontalPodAutoscaler(scaler) => vec![pods::key_of(&scaler.metadata)],
            _ => Vec::new(),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let api = client.namespaced::<HorizontalPodAutoscaler>(&key.namespace);
        let Some(mut scaler) = api.get_opt(&key.name)? else {
            self.remembered.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
            return Ok(Again::Never);
        };
        let now = client.now();
        if let Some(wait) = self.wait(key, now) {
            return Ok(Again::After(wait));
        }
        let spec = scaler.spec.clone();
        let before = scaler.status.clone().unwrap_or_default();
        let mut look = Look {
            about: Reference::to(&scaler),
            now,
            status: HorizontalPodAutoscalerStatus {
                observed_generation: scaler.metadata.generation,
                ..before.clone()
            },
            controller: self,
            client,
            key,
        };
        look.go(&spec)?;
        if look.status != before {
            scaler.status = Some(look.status);
            api.update_status(&scaler)?;
        }
        Ok(Again::After(PERIOD))
    }
}

/// One look at an autoscaler.
struct Look<'a> {
    controller: &'a Autoscalers,
    client: &'a Client,
    key: &'a Key,
    about: Reference,
    now: Timestamp,
    status: HorizontalPodAutoscalerStatus,
}

impl Look<'_> {
    fn go(&mut self, spec: &HorizontalPodAutoscalerSpec) -> Result<()> {
        let wanted = &spec.scale_target_ref;
        let target = match target::find(self.client, &self.key.namespace, wanted)? {
            Ok(target) => target,
            Err(why) => {
                self.warn("FailedGetScale", &why);
                let message =
                    format!("the HPA controller was unable to get the target's current scale: {why}");
                self.set("AbleToScale", false, "FailedGetScale", &message);
                return Ok(());
            }
        };
        self.set(
            "AbleToScale",
            true,
            "SucceededGetScale",
            "the HPA controller was able to get the target's current scale",
        );
        self.controller.with_history(self.key, |history| history.begin(target.replicas, self.now));
        let current = target.replicas;
        self.status.current_replicas = Some(current);
        let (least, most) = (spec.min_replicas.unwrap_or(1), spec.max_replicas);
        let (desired, why) = if current == 0 && least != 0 {
            self.status.desired_replicas = 0;
            self.status.current_metrics = None;
            let message = "scaling is disabled since the replica count of the target is zero";
            self.set("ScalingActive", false, "ScalingDisabled", message);
            return Ok(());
        } else if current > most {
            self.status.current_metrics = None;
            (most, "Current number of replicas above Spec.MaxReplicas".to_owned())
        } else if current < least {
            self.status.current_metrics = None;
            (least, "Current number of replicas below Spec.MinReplicas".to_owned())
        } else {
            let Some(proposal) = self.propose(spec, &target)? else { return Ok(()) };
            let why = match proposal.replicas.cmp(&current) {
                std::cmp::Ordering::Greater => format!("{} above target", proposal.what),
                _ => "All metrics below target".to_owned(),
            };
            let bounds = Bounds { least, most, current, behavior: spec.behavior.as_ref() };
            (self.settle(&bounds, proposal.replicas), why)
        };
        self.status.desired_replicas = desired;
        if desired == current {
            return Ok(());
        }
        target::scale(self.client, &self.key.namespace, &target, desired)?;
        self.controller.with_history(self.key, |history| history.note(current, desired, self.now));
        self.status.last_scale_time = Some(seconds(self.now));
        let message = format!("New size: {desired}; reason: {why}");
        self.controller.recorder.record(&self.about, false, "SuccessfulRescale", &message);
        let message = format!("the HPA controller was able to update the target scale to {desired}");
        self.set("AbleToScale", true, "SucceededRescale", &message);
        Ok(())
    }

    /// The size that the metric that asks for most asks for.
    fn propose(&mut self, spec: &HorizontalPodAutoscalerSpec, target: &Target) -> Result<Option<Proposal>> {
        let mut own = self.client.namespaced::<Pod>(&self.key.namespace).list(&Selection::default())?;
        own.retain(|pod| selects(Some(&target.selector), pod.metadata.labels.as_ref()));
        let usage = metrics::of_pods(self.client.server());
        let situation = Situation {
            own: &own,
            usage: &usage,
            current: target.replicas,
            behavior: spec.behavior.as_ref(),
            now: self.now,
        };
        let mut best: Option<Proposal> = None;
        let (mut seen, mut failures) = (Vec::new(), Vec::new());
        let all = spec.metrics.as_deref().unwrap_or_default();
        for metric in all {
            match calculate::propose(metric, &situation) {
                Ok((proposal, status)) => {
                    seen.push(status);
                    if best.as_ref().is_none_or(|best| best.replicas < proposal.replicas) {
                        best = Some(proposal);
                    }
                }
                Err(failure) => {
                    self.warn(failure.reason, &failure.message);
                    failures.push(failure);
                }
            }
        }
        self.status.current_metrics = Some(seen).filter(|seen| !seen.is_empty());
        // What is not known may be what would keep Pods from going.
        let best = best.filter(|best| failures.is_empty() || best.replicas >= target.replicas);
        match (best, failures.first()) {
            (Some(best), _) => {
                let message =
                    format!("the HPA was able to successfully calculate a replica count from {}", best.what);
                self.set("ScalingActive", true, "ValidMetricFound", &message);
                Ok(Some(best))
            }
            (None, Some(Failure { reason, message: why })) => {
                let message = format!("the HPA was unable to compute the replica count: {why}");
                self.set("ScalingActive", false, reason, &message);
                let (invalid, all) = (failures.len(), all.len());
                let message =
                    format!("invalid metrics ({invalid} invalid out of {all}), first error is: {why}");
                self.warn("FailedComputeMetricsReplicas", &message);
                Ok(None)
            }
            (None, None) => Ok(None),
        }
    }

    /// Keeps a recommendation to the bounds and the pace, and says so.
    fn settle(&mut self, bounds: &Bounds<'_>, wanted: i32) -> i32 {
        let settled =
            self.controller.with_history(self.key, |history| history.settle(bounds, wanted, self.now));
        let Some(settled) = settled else { return bounds.current };
        self.set("AbleToScale", true, settled.able.0, settled.able.1);
        self.set("ScalingLimited", settled.limited, settled.limit.0, settled.limit.1);
        settled.replicas
    }

    fn warn(&self, reason: &str, message: &str) {
        self.controller.recorder.record(&self.about, true, reason, message);
    }

    fn set(&mut self, kind: &str, holds: bool, reason: &str, message: &str) {
        let new = HorizontalPodAutoscalerCondition {
            type_: kind.to_owned(),
            observed_generation: None,
            status: conditions::status(holds).to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            last_transition_time: Some(seconds(self.now)),
        };
        conditions::set(&mut self.status.conditions, new);
    }
}

//! HorizontalPodAutoscalers: as many Pods as their use asks for. See "Horizontal Pod Autoscaling" in Kubernetes'
//! documentation. Metrics are those of processor and memory; other kinds have nobody who would serve them here.

mod calculate;
mod target;

use std::{
    collections::{BTreeMap, VecDeque},
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

use self::{calculate::Proposal, target::Target};
use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    pods,
};
use crate::{
    Client,
    client::Selection,
    events::{Recorder, Reference},
    kubelet::seconds,
    label_selector::selects,
    metrics,
    status::Result,
};

/// How often use is looked at.
const PERIOD: Duration = Duration::from_secs(15);

/// For so long the highest recommendation holds before Pods go, where the object does not say otherwise.
const STABLE_FOR: i64 = 300;

/// No autoscaler remembers more recommendations than these.
const REMEMBERED: usize = 256;

pub(super) struct Autoscalers {
    recorder: Recorder,
    /// What was recommended lately, per autoscaler.
    recommended: Mutex<BTreeMap<Key, VecDeque<(Timestamp, i32)>>>,
}

impl Autoscalers {
    pub(super) fn new(client: &Client) -> Self {
        let recorder = Recorder::new(client.clone(), "horizontal-pod-autoscaler", None);
        Self { recorder, recommended: Mutex::default() }
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
            self.recommended.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
            return Ok(Again::Never);
        };
        let spec = scaler.spec.clone();
        let before = scaler.status.clone().unwrap_or_default();
        let mut look = Look {
            about: Reference::to(&scaler),
            now: client.now(),
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
        self.status.current_replicas = Some(target.replicas);
        let (least, most) = (spec.min_replicas.unwrap_or(1), spec.max_replicas);
        let (desired, why) = if target.replicas == 0 && least != 0 {
            self.status.desired_replicas = 0;
            let message = "scaling is disabled since the replica count of the target is zero";
            self.set("ScalingActive", false, "ScalingDisabled", message);
            return Ok(());
        } else if target.replicas > most {
            (most, "Current number of replicas above Spec.MaxReplicas".to_owned())
        } else if target.replicas < least {
            (least, "Current number of replicas below Spec.MinReplicas".to_owned())
        } else {
            let Some(proposal) = self.propose(spec, &target)? else {
                self.status.desired_replicas = target.replicas;
                return Ok(());
            };
            let stable = self.stabilize(spec, proposal.replicas, target.replicas);
            let desired = self.within(spec, target.replicas, stable);
            let why = match desired.cmp(&target.replicas) {
                std::cmp::Ordering::Greater => format!("{} above target", proposal.what),
                _ => "All metrics below target".to_owned(),
            };
            (desired, why)
        };
        self.status.desired_replicas = desired;
        if desired == target.replicas {
            return Ok(());
        }
        target::scale(self.client, &self.key.namespace, &target, desired)?;
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
        own.retain(|pod| {
            selects(Some(&target.selector), pod.metadata.labels.as_ref()) && pods::is_active(pod)
        });
        let usage = metrics::of_pods(self.client.server());
        let mut best: Option<Proposal> = None;
        let (mut seen, mut failures) = (Vec::new(), Vec::new());
        for metric in spec.metrics.iter().flatten() {
            match calculate::propose(metric, &own, &usage, target.replicas) {
                Ok((proposal, status)) => {
                    seen.push(status);
                    if best.as_ref().is_none_or(|best| best.replicas < proposal.replicas) {
                        best = Some(proposal);
                    }
                }
                Err(why) => failures.push(why),
            }
        }
        self.status.current_metrics = Some(seen).filter(|seen| !seen.is_empty());
        if let (Some((reason, why)), true) = (failures.first().cloned(), best.is_none()) {
            self.warn(reason, &why);
            let all = failures.len();
            self.warn(
                "FailedComputeMetricsReplicas",
                &format!("invalid metrics ({all} invalid out of {all}), first error is: {why}"),
            );
            let message = format!("the HPA was unable to compute the replica count: {why}");
            self.set("ScalingActive", false, reason, &message);
            return Ok(None);
        }
        if let Some(best) = &best {
            let message =
                format!("the HPA was able to successfully calculate a replica count from {}", best.what);
            self.set("ScalingActive", true, "ValidMetricFound", &message);
        }
        Ok(best)
    }

    /// Pods do not go before no recommendation of the last minutes asks for them any more.
    fn stabilize(&mut self, spec: &HorizontalPodAutoscalerSpec, wanted: i32, current: i32) -> i32 {
        let down = spec.behavior.as_ref().and_then(|behavior| behavior.scale_down.as_ref());
        let window = down.and_then(|rules| rules.stabilization_window_seconds).map_or(STABLE_FOR, i64::from);
        let controller = self.controller;
        let mut all = controller.recommended.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = all.entry(self.key.clone()).or_insert_with(|| VecDeque::from([(self.now, current)]));
        recent.retain(|(at, _)| self.now.duration_since(*at).as_secs() <= window);
        recent.push_back((self.now, wanted));
        if recent.len() > REMEMBERED {
            recent.pop_front();
        }
        let highest = recent.iter().map(|(_, replicas)| *replicas).max().unwrap_or(wanted);
        drop(all);
        let stable = if wanted < current { highest.min(current) } else { wanted };
        if stable > wanted {
            let message = "recent recommendations were higher than current one, applying the highest recent \
                           recommendation";
            self.set("AbleToScale", true, "ScaleDownStabilized", message);
        } else {
            let message = "recommended size matches current size";
            self.set("AbleToScale", true, "ReadyForNewScale", message);
        }
        stable
    }

    /// Keeps to the bounds, and to how fast Pods may be added.
    fn within(&mut self, spec: &HorizontalPodAutoscalerSpec, current: i32, wanted: i32) -> i32 {
        let (least, most) = (spec.min_replicas.unwrap_or(1), spec.max_replicas);
        let fastest = current.saturating_mul(2).max(4);
        let (limited, reason, message, desired) = if wanted > most {
            let message = "the desired replica count is more than the maximum replica count";
            (true, "TooManyReplicas", message, most.min(fastest))
        } else if wanted < least {
            let message = "the desired replica count is less than the minimum replica count";
            (true, "TooFewReplicas", message, least)
        } else if wanted > fastest {
            let message = "the desired replica count is increasing faster than the maximum scale rate";
            (true, "ScaleUpLimit", message, fastest)
        } else {
            let message = "the desired count is within the acceptable range";
            (false, "DesiredWithinRange", message, wanted)
        };
        self.set("ScalingLimited", limited, reason, message);
        desired
    }

    fn warn(&self, reason: &str, message: &str) {
        self.controller.recorder.record(&self.about, true, reason, message);
    }

    fn set(&mut self, kind: &str, holds: bool, reason: &str, message: &str) {
        let status = if holds { "True" } else { "False" };
        let conditions = self.status.conditions.get_or_insert_default();
        let old = conditions.iter_mut().find(|condition| condition.type_ == kind);
        let since = old.as_ref().filter(|old| old.status == status);
        let since = since.and_then(|old| old.last_transition_time.clone());
        let new = HorizontalPodAutoscalerCondition {
            type_: kind.to_owned(),
            observed_generation: None,
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            last_transition_time: Some(since.unwrap_or_else(|| seconds(self.now))),
        };
        match old {
            Some(old) => *old = new,
            None => conditions.push(new),
        }
    }
}

//! Which Pods the node has room for, and what it gives to those that are resized.

use k8s_openapi::api::core::v1::{Pod, PodStatus};

use super::{Driver, reference};
use crate::{
    kubelet::{
        allocation::{self, Shortage},
        pod::{Manifest, seconds},
        status_writer,
    },
    pod_resources::{self, Amounts},
};

impl Driver {
    /// Whether there is no room for a Pod that has just come.
    pub(super) fn shortage(&self, manifest: &Manifest) -> Option<Shortage> {
        let (used, others) = self.used_by_others(manifest.uid());
        allocation::shortage(
            &pod_resources::requests(manifest.spec()),
            &used,
            others,
            &self.facts.allocatable,
        )
    }

    /// What the other Pods on the node have been given, and how many these are.
    fn used_by_others(&self, uid: &str) -> (Amounts, usize) {
        let mut used = Amounts::new();
        let mut count = 0;
        let alive = self.pods.iter().filter(|(other, pod)| *other != uid && !pod.machine.has_ended());
        for (_, pod) in alive {
            pod_resources::add(&mut used, &pod_resources::requests(pod.machine.manifest().spec()));
            count += 1;
        }
        (used, count)
    }

    /// A Pod that the node has no room for ends before it begins.
    pub(super) fn reject(&self, manifest: &Manifest, shortage: &Shortage) {
        let reason = format!("OutOf{}", shortage.resource);
        self.recorder.record(&reference(manifest, None), true, &reason, &shortage.message);
        let status = PodStatus {
            phase: Some("Failed".to_owned()),
            reason: Some(reason),
            message: Some(format!("Pod was rejected: {}", shortage.message)),
            qos_class: manifest.status().and_then(|status| status.qos_class.clone()),
            start_time: Some(seconds(self.now())),
            observed_generation: manifest.generation(),
            ..PodStatus::default()
        };
        status_writer::write(&self.facts.client, manifest, &status);
    }

    /// A new version of a Pod, with what the node can give to it.
    pub(super) fn allocate(&mut self, uid: &str, pod: Pod) -> Manifest {
        let (used, _) = self.used_by_others(uid);
        let Some(seated) = self.pods.get_mut(uid) else { return Manifest::new(pod) };
        seated.wanted = None;
        let before = seated.machine.manifest();
        if !before.asks_for_other_resources(&pod) {
            return Manifest::new(pod);
        }
        let wanted = pod.spec.as_ref().map(pod_resources::requests).unwrap_or_default();
        match allocation::resize(&wanted, &used, &self.facts.allocatable) {
            Ok(()) => Manifest::new(pod),
            Err(why) => {
                let manifest = Manifest::not_resized(pod.clone(), before, why);
                seated.wanted = Some(pod);
                manifest
            }
        }
    }

    /// There may be room now for what Pods wait for.
    pub(super) fn retry_resizes(&mut self) {
        let waiting: Vec<Pod> = self.pods.values_mut().filter_map(|pod| pod.wanted.take()).collect();
        for pod in waiting {
            self.pod_applied(pod);
        }
    }
}

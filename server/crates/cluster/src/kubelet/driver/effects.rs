//! What Pods' machines ask for, done.

use std::sync::Arc;

use futures::future::{AbortHandle, Abortable};
use k8s_openapi::api::core::v1::Pod;

use super::{Driver, Message, record};
use crate::{
    DeleteOptions, Preconditions,
    kubelet::{
        pod::{Effect, Task, TaskId},
        status_writer, tasks,
    },
};

impl Driver {
    pub(super) fn effect(&mut self, uid: &str, effect: Effect) {
        let Some(pod) = self.pods.get_mut(uid) else { return };
        let manifest = pod.machine.manifest();
        match effect {
            Effect::Status(status) => status_writer::write(&self.facts.client, manifest, &status),
            Effect::Event(event) => record(&self.recorder, manifest, &event),
            Effect::Run(id, task) => self.run_task(uid, id, task),
            Effect::Abort(id) => {
                if let Some(handle) = pod.running.remove(&id) {
                    handle.abort();
                }
            }
            Effect::Ended { deleted } => {
                self.room_was_made = true;
                pod.seat.state().volumes.clear();
                if deleted {
                    let meant = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
                    let options = DeleteOptions {
                        grace_period_seconds: Some(0),
                        preconditions: Some(meant),
                        ..DeleteOptions::default()
                    };
                    let pods = self.facts.client.namespaced::<Pod>(manifest.namespace());
                    if let Err(error) = pods.delete(manifest.name(), &options)
                        && !error.is_not_found()
                    {
                        tracing::warn!(%error, pod = manifest.name(), "a pod that has ended could not be deleted");
                    }
                }
            }
            Effect::Forget => self.forget(uid),
        }
    }

    fn run_task(&mut self, uid: &str, id: TaskId, task: Task) {
        let Some(pod) = self.pods.get_mut(uid) else { return };
        let (seat, manifest) = (Arc::clone(&pod.seat), Arc::clone(pod.machine.manifest()));
        let (handle, registration) = AbortHandle::new_pair();
        pod.running.insert(id, handle);
        let (outcomes, uid) = (self.outcomes.clone(), uid.to_owned());
        let work = tasks::perform(seat, manifest, task);
        self.facts.client.spawn(async move {
            if let Ok(outcome) = Abortable::new(work, registration).await {
                let _ = outcomes.send(Message::Done(uid, id, outcome)).await;
            }
        });
    }

    fn forget(&mut self, uid: &str) {
        let Some(pod) = self.pods.remove(uid) else { return };
        self.shared.remove(uid);
        for handle in pod.running.values().chain(&pod.watches) {
            handle.abort();
        }
        for instance in pod.seat.state().instances.keys() {
            self.owners.remove(instance);
        }
        let sandbox = pod.seat.state().sandbox.take();
        if let Some(sandbox) = sandbox {
            let node = self.facts.node.clone();
            self.facts.client.spawn(async move { node.remove_sandbox(&sandbox).await });
        }
    }
}

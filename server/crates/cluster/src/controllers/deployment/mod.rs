//! Deployments: a ReplicaSet for each version of their template, and updates that go from one to the next. See
//! "Deployments" in Kubernetes' documentation.

mod numbers;
mod sets;
mod status;

use std::time::Duration;

use k8s_openapi::api::{
    apps::v1::{Deployment, DeploymentSpec, ReplicaSet},
    core::v1::Pod,
};

pub(super) use self::{numbers::scaled, sets::hash as template_hash};
use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    pods,
};
use crate::{
    Client, DeleteOptions,
    client::{Api, Selection},
    events::{Recorder, Reference},
    status::Result,
};

pub(super) struct Deployments {
    recorder: Recorder,
}

impl Deployments {
    pub(super) fn new(client: &Client) -> Self {
        Self { recorder: Recorder::new(client.clone(), "deployment-controller", None) }
    }
}

impl Controller for Deployments {
    fn name(&self) -> &'static str {
        "deployment-controller"
    }

    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::Deployment(deployment) if !change.gone => vec![pods::key_of(&deployment.metadata)],
            Object::ReplicaSet(set) => {
                if pods::controller_of(&set.metadata).is_some() {
                    return pods::owner_key::<Deployment>(&set.metadata).into_iter().collect();
                }
                let namespace = set.metadata.namespace.as_deref().unwrap_or_default();
                let all = client.namespaced::<Deployment>(namespace).list(&Selection::default());
                let could = all.unwrap_or_default().into_iter().filter(|deployment| {
                    let selector = &deployment.spec.selector;
                    crate::label_selector::selects(Some(selector), set.metadata.labels.as_ref())
                });
                could.map(|deployment| pods::key_of(&deployment.metadata)).collect()
            }
            // A Deployment that recreates its Pods waits for the last old one to be gone.
            Object::Pod(pod) if change.gone => {
                let set = pods::owner_key::<ReplicaSet>(&pod.metadata);
                let set =
                    set.and_then(|key| client.namespaced::<ReplicaSet>(&key.namespace).get(&key.name).ok());
                set.and_then(|set| pods::owner_key::<Deployment>(&set.metadata)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let api = client.namespaced::<Deployment>(&key.namespace);
        let Some(deployment) = api.get_opt(&key.name)? else { return Ok(Again::Never) };
        let spec = deployment.spec.clone();
        let mut rollout = Rollout {
            client,
            recorder: &self.recorder,
            sets: sets::of(client, &deployment)?,
            set_api: client.namespaced(&key.namespace),
            api,
            deployment,
            spec,
        };
        rollout.go_on()
    }
}

/// A Deployment that is being looked at.
struct Rollout<'a> {
    client: &'a Client,
    recorder: &'a Recorder,
    api: Api<Deployment>,
    set_api: Api<ReplicaSet>,
    deployment: Deployment,
    spec: DeploymentSpec,
    /// Oldest first.
    sets: Vec<ReplicaSet>,
}

impl Rollout<'_> {
    fn go_on(&mut self) -> Result<Again> {
        if self.deployment.metadata.deletion_timestamp.is_some() {
            self.find_new(false)?;
            return self.write_status(false);
        }
        self.note_pause()?;
        let paused = self.spec.paused == Some(true);
        if paused || self.is_scaled() {
            let new = self.find_new(false)?;
            self.scale(new)?;
            if paused {
                self.forget_old_sets(new)?;
            }
            return self.write_status(false);
        }
        if numbers::is_recreate(&self.spec) {
            self.recreate()?;
        } else {
            self.roll()?;
        }
        self.write_status(true)
    }

    fn wanted(&self) -> i32 {
        self.spec.replicas.unwrap_or(1)
    }

    fn all(&self) -> Vec<&ReplicaSet> {
        self.sets.iter().collect()
    }

    /// Whether the Deployment's number has changed since its ReplicaSets were scaled.
    fn is_scaled(&self) -> bool {
        let active = self.sets.iter().filter(|set| numbers::replicas(set) > 0);
        active.filter_map(sets::desired_of).any(|desired| desired != self.wanted())
    }

    /// Says that the Deployment was paused, or resumed, so that the time of the pause does not count as being stuck.
    fn note_pause(&mut self) -> Result<()> {
        if status::deadline(&self.deployment).is_none() {
            return Ok(());
        }
        let status = self.deployment.status.get_or_insert_default();
        let current = status::find(status, status::PROGRESSING).and_then(|c| c.reason.clone());
        let paused = self.spec.paused == Some(true);
        let is_noted = current.as_deref() == Some("DeploymentPaused");
        let (reason, message) = match (paused, is_noted) {
            _ if current.as_deref() == Some("ProgressDeadlineExceeded") => return Ok(()),
            (true, false) => ("DeploymentPaused", "Deployment is paused"),
            (false, true) => ("DeploymentResumed", "Deployment is resumed"),
            _ => return Ok(()),
        };
        let mut condition =
            status::condition(status::PROGRESSING, true, reason, message.to_owned(), self.client.now());
        condition.status = Some("Unknown".to_owned());
        status::set(status, condition);
        self.deployment = self.api.update_status(&self.deployment)?;
        Ok(())
    }

    /// The new ReplicaSet's position, after it was given its revision; made where it is missing and wanted.
    fn find_new(&mut self, make: bool) -> Result<Option<usize>> {
        let position = sets::position_of_new(&self.spec, &self.sets);
        let others = self.sets.iter().enumerate().filter(|(index, _)| Some(*index) != position);
        let revision = others.map(|(_, set)| sets::revision_of(set)).max().unwrap_or_default() + 1;
        let position = match position {
            Some(position) => {
                self.bring_up_to_date(position, revision)?;
                Some(position)
            }
            None if make => Some(self.make_new(revision)?),
            None => None,
        };
        if let Some(set) = position.and_then(|position| self.sets.get(position)) {
            let revision = sets::revision_of(set).to_string();
            self.note_revision(&revision)?;
        }
        Ok(position)
    }

    fn bring_up_to_date(&mut self, position: usize, revision: i64) -> Result<()> {
        let Some(set) = self.sets.get_mut(position) else { return Ok(()) };
        let before = set.clone();
        sets::set_revision(set, revision);
        let annotations = set.metadata.annotations.get_or_insert_default();
        annotations.extend(sets::inherited(&self.deployment));
        annotations.extend(sets::scale_annotations(&self.spec));
        set.spec.min_ready_seconds = self.spec.min_ready_seconds;
        if *set != before {
            *set = self.set_api.update(set)?;
        }
        let name = set.metadata.name.clone().unwrap_or_default();
        let known =
            self.deployment.status.as_ref().and_then(|s| status::find(s, status::PROGRESSING)).is_some();
        if !known && status::deadline(&self.deployment).is_some() {
            let message = format!("Found new replica set \"{name}\"");
            self.note_progress("FoundNewReplicaSet", message)?;
        }
        Ok(())
    }

    fn make_new(&mut self, revision: i64) -> Result<usize> {
        let replicas = numbers::of_new(&self.deployment, 0, numbers::total(&self.all()));
        let set = sets::new(&self.deployment, &self.spec, replicas, revision);
        let set = match self.set_api.create(&set) {
            Ok(set) => set,
            Err(error) if error.reason == "AlreadyExists" => {
                // Another template has the same hash; the next attempt adds a number to what is hashed.
                let status = self.deployment.status.get_or_insert_default();
                *status.collision_count.get_or_insert_default() += 1;
                self.api.update_status(&self.deployment)?;
                return Err(error);
            }
            Err(error) => {
                let message = format!("Failed to create new replica set \"{}\": {error}", name_of(&set));
                self.note_failure("ReplicaSetCreateError", message)?;
                return Err(error);
            }
        };
        let name = name_of(&set);
        if replicas > 0 {
            self.tell(&format!("Scaled up replica set {name} from 0 to {replicas}"));
        }
        self.sets.push(set);
        if status::deadline(&self.deployment).is_some() {
            self.note_progress("NewReplicaSetCreated", format!("Created new replica set \"{name}\""))?;
        }
        Ok(self.sets.len() - 1)
    }

    fn note_progress(&mut self, reason: &str, message: String) -> Result<()> {
        let condition = status::condition(status::PROGRESSING, true, reason, message, self.client.now());
        status::set(self.deployment.status.get_or_insert_default(), condition);
        self.deployment = self.api.update_status(&self.deployment)?;
        Ok(())
    }

    fn note_failure(&mut self, reason: &str, message: String) -> Result<()> {
        let condition = status::condition(status::PROGRESSING, false, reason, message, self.client.now());
        status::set(self.deployment.status.get_or_insert_default(), condition);
        self.deployment = self.api.update_status(&self.deployment)?;
        Ok(())
    }

    fn note_revision(&mut self, revision: &str) -> Result<()> {
        let annotations = self.deployment.metadata.annotations.get_or_insert_default();
        if annotations.get(sets::REVISION).map(String::as_str) != Some(revision) {
            annotations.insert(sets::REVISION.to_owned(), revision.to_owned());
            self.deployment = self.api.update(&self.deployment)?;
        }
        Ok(())
    }

    fn tell(&self, message: &str) {
        self.recorder.record(&Reference::to(&self.deployment), false, "ScalingReplicaSet", message);
    }

    /// Gives a ReplicaSet another number of replicas.
    fn set_replicas(&mut self, position: usize, replicas: i32) -> Result<bool> {
        let Some(set) = self.sets.get_mut(position) else { return Ok(false) };
        let before = numbers::replicas(set);
        let mut changed = set.clone();
        changed.spec.replicas = Some(replicas);
        changed.metadata.annotations.get_or_insert_default().extend(sets::scale_annotations(&self.spec));
        if changed == *set {
            return Ok(false);
        }
        *set = self.set_api.update(&changed)?;
        if replicas == before {
            return Ok(false);
        }
        let way = if replicas > before { "up" } else { "down" };
        let message = format!("Scaled {way} replica set {} from {before} to {replicas}", name_of(&changed));
        self.tell(&message);
        Ok(true)
    }

    /// One step of a rolling update.
    fn roll(&mut self) -> Result<()> {
        let Some(new) = self.find_new(true)? else { return Ok(()) };
        let Some(set) = self.sets.get(new) else { return Ok(()) };
        let now = numbers::replicas(set);
        let wanted = if now > self.wanted() {
            self.wanted()
        } else {
            numbers::of_new(&self.deployment, now, numbers::total(&self.all()))
        };
        if wanted != now && self.set_replicas(new, wanted)? {
            return Ok(());
        }
        let old: Vec<usize> = (0..self.sets.len()).filter(|index| *index != new).collect();
        let Some(set) = self.sets.get(new) else { return Ok(()) };
        let old_sets: Vec<&ReplicaSet> = old.iter().filter_map(|index| self.sets.get(*index)).collect();
        let plan = numbers::of_old(&self.spec, set, &old_sets);
        let mut changed = false;
        for (index, replicas) in old.into_iter().zip(plan) {
            changed |= self.set_replicas(index, replicas)?;
        }
        if changed {
            return Ok(());
        }
        self.forget_if_complete(Some(new))
    }

    /// One step of an update that ends all old Pods before it makes new ones.
    fn recreate(&mut self) -> Result<()> {
        let new = self.find_new(false)?;
        let mut changed = false;
        for index in 0..self.sets.len() {
            let active = self.sets.get(index).is_some_and(|set| numbers::replicas(set) > 0);
            if Some(index) != new && active {
                changed |= self.set_replicas(index, 0)?;
            }
        }
        if changed || self.old_pods_run(new)? {
            return Ok(());
        }
        let Some(new) = self.find_new(true)? else { return Ok(()) };
        self.set_replicas(new, self.wanted())?;
        self.forget_if_complete(Some(new))
    }

    fn old_pods_run(&self, new: Option<usize>) -> Result<bool> {
        let new = new.and_then(|index| self.sets.get(index)).and_then(|set| set.metadata.uid.clone());
        let old: Vec<_> = self.sets.iter().filter_map(|set| set.metadata.uid.clone()).collect();
        let namespace = self.deployment.metadata.namespace.as_deref().unwrap_or_default();
        let pods = self.client.namespaced::<Pod>(namespace).list(&Selection::default())?;
        Ok(pods.iter().filter(|pod| !pods::has_ended(pod)).any(|pod| {
            let owner = pods::controller_of(&pod.metadata).map(|owner| &owner.uid);
            owner.is_some_and(|owner| old.contains(owner) && Some(owner) != new.as_ref())
        }))
    }

    /// Follows a change of the number, without going on with an update.
    fn scale(&mut self, new: Option<usize>) -> Result<()> {
        let active: Vec<usize> = (0..self.sets.len())
            .filter(|index| self.sets.get(*index).is_some_and(|set| numbers::replicas(set) > 0))
            .collect();
        let only = match active.as_slice() {
            [] => new.or_else(|| self.sets.len().checked_sub(1)),
            [one] => Some(*one),
            _ => None,
        };
        if let Some(only) = only {
            self.set_replicas(only, self.wanted())?;
            return Ok(());
        }
        if active.is_empty() {
            return Ok(());
        }
        let new_set = new.and_then(|index| self.sets.get(index));
        let saturated = new_set.is_some_and(|set| {
            let desired = sets::desired_of(set) == Some(self.wanted());
            numbers::replicas(set) == self.wanted() && desired && numbers::available(&[set]) == self.wanted()
        });
        if saturated {
            for index in active.into_iter().filter(|index| Some(*index) != new) {
                self.set_replicas(index, 0)?;
            }
            return Ok(());
        }
        if !numbers::is_recreate(&self.spec) {
            let chosen: Vec<_> = active
                .iter()
                .filter_map(|index| self.sets.get(*index))
                .map(|set| (set, sets::desired_of(set)))
                .collect();
            let plan = numbers::in_proportion(&self.spec, &chosen);
            for (index, replicas) in active.into_iter().zip(plan) {
                self.set_replicas(index, replicas)?;
            }
        }
        Ok(())
    }

    fn forget_if_complete(&mut self, new: Option<usize>) -> Result<()> {
        let status = self.deployment.status.clone().unwrap_or_default();
        if status::is_complete(&self.deployment, &status) {
            self.forget_old_sets(new)?;
        }
        Ok(())
    }

    /// Deletes old ReplicaSets past the history's limit.
    fn forget_old_sets(&mut self, new: Option<usize>) -> Result<()> {
        let limit = self.spec.revision_history_limit.unwrap_or(10);
        let Ok(limit) = usize::try_from(limit) else { return Ok(()) };
        let old = self.sets.iter().enumerate().filter(|(index, _)| Some(*index) != new);
        let mut old: Vec<ReplicaSet> = old.map(|(_, set)| set.clone()).collect();
        old.retain(|set| set.metadata.deletion_timestamp.is_none());
        old.sort_by_key(sets::revision_of);
        let surplus = old.len().saturating_sub(limit);
        for set in old.into_iter().take(surplus) {
            let replicas = set.status.as_ref().map_or(0, |status| status.replicas);
            if replicas != 0 || numbers::replicas(&set) != 0 {
                continue;
            }
            self.set_api.delete(&name_of(&set), &DeleteOptions::default())?;
            self.sets.retain(|kept| kept.metadata.uid != set.metadata.uid);
        }
        Ok(())
    }

    fn write_status(&mut self, rolling: bool) -> Result<Again> {
        let now = self.client.now();
        let new = sets::position_of_new(&self.spec, &self.sets).and_then(|index| self.sets.get(index));
        let all = self.all();
        let status = if rolling {
            status::rollout(&self.deployment, &all, new, now)
        } else {
            status::numbers(&self.deployment, &all, new, now)
        };
        let again = status::stuck_at(&self.deployment, &status).map_or(Again::Never, |at| {
            Again::After(Duration::try_from(at.duration_since(now)).unwrap_or_default())
        });
        if self.deployment.status.as_ref() != Some(&status) {
            self.deployment.status = Some(status);
            self.deployment = self.api.update_status(&self.deployment)?;
        }
        Ok(again)
    }
}

fn name_of(set: &ReplicaSet) -> String {
    set.metadata.name.clone().unwrap_or_default()
}

//! Starting one container: back-off, images (see [`super::images`]), creation, start, postStart hook.

use jiff::Timestamp;

use super::{
    actions::{Kill, KillCause},
    event::PodEvent,
    images::Purpose,
    kill::KillGroup,
    machine::{PodMachine, Stage, Step},
    manifest::Place,
    runtime::{Instance, InstanceState},
    status::WaitingReason,
    task::{Created, Hook, Outcome, StartError, Task, TaskId},
};
use crate::go_text;

/// A container that is being started.
#[derive(Clone, Debug)]
pub(super) struct Starting {
    place: Place,
    at: At,
}

/// Where the start is.
#[derive(Clone, Debug)]
pub(super) enum At {
    Inspecting(TaskId, Purpose),
    Pulling(TaskId, Purpose, Timestamp),
    Creating(TaskId),
    Starting(TaskId, String),
    Hook(TaskId, String),
    /// The hook failed with this message; the instance is being killed.
    Killing(KillGroup, String),
}

impl Starting {
    /// The tasks to drop if the start is given up; `None` while the runtime is making or starting the instance, which
    /// has to be waited for, or nobody would stop it.
    pub(super) fn tasks(&self) -> Option<Vec<TaskId>> {
        match &self.at {
            At::Inspecting(task, _) | At::Pulling(task, ..) | At::Hook(task, _) => Some(vec![*task]),
            At::Creating(_) | At::Starting(..) => None,
            At::Killing(group, _) => Some(group.tasks()),
        }
    }

    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        match &self.at {
            At::Killing(group, _) => group.next_wake(),
            _ => None,
        }
    }
}

impl PodMachine {
    /// Begins to start a container, unless it has to wait for its back-off to pass.
    pub(super) fn begin_start(&mut self, place: Place, now: Timestamp) -> Option<Starting> {
        let container = self.manifest.container(place)?;
        let (name, image) = (container.name.clone(), container.image.clone().unwrap_or_default());
        let key = format!("{name} {image}");
        if let Some(exit) = self.runtime.latest(&name).and_then(Instance::exit) {
            let ended = exit.finished_at;
            if let Some(delay) = self.restarts.since(&key, ended, now) {
                let pod = self.manifest.full_name();
                let message = format!("Back-off restarting failed container {name} in pod {pod}");
                self.tell([PodEvent::warning("BackOff", message).of(place)]);
                let length = go_text::duration(delay.length);
                let message = format!("back-off {length} restarting failed container={name} pod={pod}");
                let why = WaitingReason { reason: "CrashLoopBackOff", message };
                self.start_failed(place, why, Some(delay.until));
                return None;
            }
            self.restarts.extend(&key, ended, now);
        }
        self.look_for_image(place).map(|at| Starting { place, at })
    }

    /// Goes on with a start that waits for time to pass.
    pub(super) fn start_on(&mut self, starting: Starting, now: Timestamp) -> bool {
        let Starting { place, at } = starting;
        let At::Killing(group, message) = at else {
            self.step = Some(Step::Start(Starting { place, at }));
            return false;
        };
        let (group, went_on) = self.advance_kills(group, now);
        if group.is_done() {
            self.start_failed(place, WaitingReason { reason: "PostStartHookError", message }, None);
            return true;
        }
        self.step = Some(Step::Start(Starting { place, at: At::Killing(group, message) }));
        went_on
    }

    /// Takes a task's outcome.
    pub(super) fn start_done(&mut self, starting: Starting, task: TaskId, outcome: Outcome, now: Timestamp) {
        let place = starting.place;
        let next = match (starting.at, outcome) {
            (At::Inspecting(expected, purpose), Outcome::Image(found)) if expected == task => {
                self.inspected(place, purpose, found, now)
            }
            (At::Pulling(expected, purpose, since), Outcome::Pulled(result)) if expected == task => {
                self.pulled(place, purpose, result, since, now)
            }
            (At::Creating(expected), Outcome::Created(result)) if expected == task => {
                self.created(place, result)
            }
            (At::Starting(expected, instance), Outcome::Started(state, result)) if expected == task => {
                self.started(place, instance, state, result)
            }
            (At::Hook(expected, instance), Outcome::Hook(result)) if expected == task => {
                self.hooked(place, instance, result)
            }
            (At::Killing(group, message), outcome) => {
                let group = self.kill_outcome(group, task, outcome, now);
                Some(At::Killing(group, message))
            }
            (at, _) => Some(at),
        };
        self.step = next.map(|at| Step::Start(Starting { place, at }));
    }

    pub(super) fn create(&mut self, place: Place) -> Option<At> {
        let attempt = self.next_attempt(&self.manifest.container(place)?.name);
        Some(At::Creating(self.run(Task::CreateContainer { place, attempt })))
    }

    /// How many instances of a container there were; those that are forgotten are counted in the status.
    fn next_attempt(&self, name: &str) -> u32 {
        if let Some(instance) = self.runtime.latest(name) {
            return instance.attempt + 1;
        }
        let statuses = self.status.init_container_statuses.iter().chain(&self.status.container_statuses);
        let counted =
            statuses.flatten().find(|status| status.name == name).map(|status| status.restart_count);
        counted.and_then(|count| u32::try_from(count).ok()).unwrap_or_default()
    }

    fn created(&mut self, place: Place, result: Result<Created, StartError>) -> Option<At> {
        let container = self.manifest.container(place)?;
        let created = match result {
            Ok(created) => created,
            Err(error) => {
                let (reason, message) = match error {
                    StartError::Config(message) => ("CreateContainerConfigError", message),
                    StartError::Create(message) => ("CreateContainerError", message),
                };
                self.tell([PodEvent::warning("Failed", format!("Error: {message}")).of(place)]);
                self.start_failed(place, WaitingReason { reason, message }, None);
                return None;
            }
        };
        let attempt = self.next_attempt(&container.name);
        self.runtime.instances.push(Instance {
            id: created.instance.clone(),
            name: container.name.clone(),
            attempt,
            requested_image: container.image.clone().unwrap_or_default(),
            image: created.image,
            image_id: created.image_id,
            resources: container.resources.clone(),
            user: created.user,
            state: InstanceState::Created,
        });
        self.changed = true;
        self.tell([PodEvent::normal("Created", "Container created").of(place)]);
        if self.stage != Stage::Syncing {
            return None;
        }
        let instance = created.instance;
        let task = self.run(Task::StartContainer { instance: instance.clone() });
        Some(At::Starting(task, instance))
    }

    fn started(
        &mut self,
        place: Place,
        instance: String,
        state: Option<InstanceState>,
        result: Result<(), String>,
    ) -> Option<At> {
        if let Some(state) = state {
            self.runtime.set_state(&instance, state);
        }
        if let Err(message) = result {
            self.tell([PodEvent::warning("Failed", format!("Error: {message}")).of(place)]);
            self.start_failed(place, WaitingReason { reason: "RunContainerError", message }, None);
            return None;
        }
        self.tell([PodEvent::normal("Started", "Container started").of(place)]);
        if self.stage != Stage::Syncing {
            return None;
        }
        let container = self.manifest.container(place)?;
        let hook = container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.post_start.as_ref());
        if hook.is_none() {
            self.waiting.remove(&container.name.clone());
            return None;
        }
        let (hook, id) = (Hook::PostStart, instance.clone());
        Some(At::Hook(self.run(Task::RunHook { place, instance: id, hook }), instance))
    }

    fn hooked(&mut self, place: Place, instance: String, result: Result<(), String>) -> Option<At> {
        let name = self.manifest.container(place)?.name.clone();
        let Err(message) = result else {
            self.waiting.remove(&name);
            return None;
        };
        // The message itself may hold secrets of the container; it is in the status only.
        self.tell([PodEvent::warning("FailedPostStartHook", "PostStartHook failed").of(place)]);
        let why = "FailedPostStartHook".to_owned();
        let kill = Kill { instance, place, message: why, cause: KillCause::Other };
        Some(At::Killing(KillGroup::some(vec![kill]), message))
    }
}

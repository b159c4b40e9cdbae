//! The machine against scripted runtimes: `tests/golden/pod`. Each input has a Pod and says how its containers, probes,
//! hooks and volumes behave; each output has all versions of its status, as far as they differ, and all its events.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{
        ContainerState, ContainerStatus, LinuxContainerUser, Pod, PodStatus, ResourceRequirements,
    },
    apimachinery::pkg::apis::meta::v1::Time,
};
use serde::Deserialize;

use super::{runtime::Instance, *};

#[test]
fn the_life_of_pods() {
    crate::golden::run("pod", |case: Case| Play::new(case).run());
}

/// A script.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[expect(dead_code, reason = "for the reader")]
    about: String,
    pod: Pod,
    #[serde(default)]
    containers: BTreeMap<String, Script>,
    /// Images that are not on the node, and what comes of pulling them.
    #[serde(default)]
    images: BTreeMap<String, Pull>,
    /// `CONTAINER KIND` to results up to their times.
    #[serde(default)]
    probes: BTreeMap<String, Vec<ProbePart>>,
    /// `CONTAINER HOOK` to what it does.
    #[serde(default)]
    hooks: BTreeMap<String, HookScript>,
    /// Volumes that cannot be made before some time.
    #[serde(default)]
    volumes: BTreeMap<String, VolumePart>,
    #[serde(default)]
    then: Vec<Then>,
    until: f64,
}

/// How the instances of a container behave, one after the other; the last one's behaviour stays.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Script {
    runs: Vec<Run>,
    /// What it exits with some time after SIGTERM; without it the signal is ignored.
    on_term: Option<(f64, i32)>,
    start_error: Option<String>,
    config_error: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    after: f64,
    exit: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pull {
    takes: f64,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbePart {
    #[serde(default = "forever")]
    until: f64,
    failure: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HookScript {
    takes: f64,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VolumePart {
    until: f64,
    error: String,
}

/// Something that is done to the Pod.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Then {
    at: f64,
    /// Deletes it with this grace period.
    delete: Option<i64>,
    /// Changes the image of a container.
    image: Option<(String, String)>,
    /// Changes what a container is given.
    resources: Option<(String, ResourceRequirements)>,
    #[serde(default)]
    evict: bool,
}

fn forever() -> f64 {
    f64::INFINITY
}

/// What happens at a time.
enum Turn {
    Input(Input),
    Done(TaskId, Box<Task>),
    Then(Then),
    Exit { id: String, code: i32 },
}

/// A performance of a script.
struct Play {
    case: Case,
    machine: PodMachine,
    pod: Pod,
    now: Duration,
    turns: BTreeMap<(Duration, u32), Turn>,
    made: u32,
    names: BTreeMap<String, (String, u32)>,
    started: BTreeMap<String, Timestamp>,
    aborted: BTreeSet<TaskId>,
    shown: PodStatus,
    lines: Vec<String>,
    order: u32,
}

const EPOCH: i64 = 1_700_000_000;

fn seconds(value: f64) -> Duration {
    Duration::from_secs_f64(value.min(1e9))
}

impl Play {
    fn new(case: Case) -> Self {
        let mut pod = case.pod.clone();
        pod.metadata.namespace = Some("ns".into());
        pod.metadata.uid = Some("uid".into());
        pod.metadata.generation = Some(1);
        let machine = PodMachine::new(Arc::new(Manifest::new(pod.clone())), vec!["192.0.2.2".into()]);
        let mut play = Self {
            machine,
            pod,
            now: Duration::ZERO,
            turns: BTreeMap::new(),
            made: 0,
            names: BTreeMap::new(),
            started: BTreeMap::new(),
            aborted: BTreeSet::new(),
            shown: PodStatus::default(),
            lines: Vec::new(),
            order: 0,
            case,
        };
        for then in std::mem::take(&mut play.case.then) {
            play.later(seconds(then.at), Turn::Then(then));
        }
        play
    }

    fn run(mut self) -> Vec<String> {
        self.input(Input::Tick);
        let until = seconds(self.case.until);
        loop {
            let wake = self.machine.next_wake().map(|at| self.since_start(at).max(self.now));
            let turn = self.turns.first_key_value().map(|((at, _), _)| *at);
            let Some(next) = [wake, turn].into_iter().flatten().min().filter(|next| *next <= until) else {
                return self.lines;
            };
            assert!(self.order < 20_000, "the machine is busy without end");
            self.order += 1;
            self.now = next;
            match self.turns.first_entry().filter(|entry| entry.key().0 <= next) {
                Some(entry) => {
                    let turn = entry.remove();
                    self.take(turn);
                }
                None => self.input(Input::Tick),
            }
        }
    }

    fn timestamp(&self) -> Timestamp {
        Timestamp::from_second(EPOCH).unwrap() + self.now
    }

    fn since_start(&self, at: Timestamp) -> Duration {
        Duration::try_from(at.duration_since(Timestamp::from_second(EPOCH).unwrap())).unwrap_or_default()
    }

    fn later(&mut self, at: Duration, turn: Turn) {
        self.order += 1;
        self.turns.insert((at, self.order), turn);
    }

    fn say(&mut self, what: &str) {
        let line = format!("{:7.3} {what}", self.now.as_secs_f64());
        self.lines.push(line);
    }

    fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Input(input) => self.input(input),
            Turn::Then(then) => self.then(then),
            Turn::Exit { id, code } => {
                let running = self.machine.runtime().by_id(&id).is_some_and(Instance::is_running);
                if running {
                    let state = self.ended(&id, code);
                    self.input(Input::Instance { id, state });
                }
            }
            Turn::Done(id, task) => {
                if !self.aborted.contains(&id) {
                    let outcome = self.outcome(*task);
                    self.input(Input::Done(id, outcome));
                }
            }
        }
    }

    fn then(&mut self, then: Then) {
        if let Some(grace) = then.delete {
            self.say(&format!("> delete with {grace} s"));
            let at = self.timestamp() + Duration::from_secs(u64::try_from(grace).unwrap());
            self.pod.metadata.deletion_timestamp = Some(Time(at));
            self.pod.metadata.deletion_grace_period_seconds = Some(grace);
        }
        if let Some((name, image)) = then.image {
            self.say(&format!("> image of {name} becomes {image}"));
            let spec = self.pod.spec.as_mut().unwrap();
            let init = spec.init_containers.iter_mut().flatten();
            for container in spec.containers.iter_mut().chain(init).filter(|c| c.name == name) {
                container.image = Some(image.clone());
            }
        }
        if let Some((name, resources)) = then.resources {
            self.say(&format!("> resources of {name} change"));
            let spec = self.pod.spec.as_mut().unwrap();
            let init = spec.init_containers.iter_mut().flatten();
            for container in spec.containers.iter_mut().chain(init).filter(|c| c.name == name) {
                container.resources = Some(resources.clone());
            }
        }
        if then.evict {
            self.say("> evict");
            let message = "The node was low on resource: memory. ".to_owned();
            let (reason, grace_seconds) = ("Evicted", Some(0));
            self.input(Input::Evict(Eviction { reason, message, grace_seconds, fails_at_once: false }));
            return;
        }
        *self.pod.metadata.generation.as_mut().unwrap() += 1;
        self.pod.status = Some(self.machine.status().clone());
        let manifest = Arc::new(Manifest::new(self.pod.clone()));
        self.input(Input::Pod(manifest));
    }

    fn input(&mut self, input: Input) {
        for effect in self.machine.handle(input, self.timestamp()) {
            match effect {
                Effect::Status(status) => self.show(*status),
                Effect::Event(event) => {
                    let kind = if event.warning { "Warning" } else { "Normal" };
                    let of = event.container.and_then(|place| self.machine.manifest().field_path(place));
                    let of = of.unwrap_or_default();
                    self.say(&format!("event {kind} {} {of} {}", event.reason, event.message));
                }
                Effect::Run(id, task) => {
                    let after = self.duration(&task);
                    self.later(self.now + after, Turn::Done(id, Box::new(task)));
                }
                Effect::Abort(id) => {
                    self.aborted.insert(id);
                }
                Effect::Ended { deleted } => {
                    self.say(&format!("ended, deleted: {deleted}"));
                    if deleted {
                        self.later(self.now, Turn::Input(Input::Removed));
                    }
                }
                Effect::Forget => self.say("forget"),
            }
        }
    }

    fn script(&self, instance: &str) -> (Script, u32) {
        let (name, attempt) = self.names.get(instance).cloned().unwrap_or_default();
        (self.case.containers.get(&name).cloned().unwrap_or_default(), attempt)
    }

    fn duration(&mut self, task: &Task) -> Duration {
        match task {
            Task::RunSandbox { .. } | Task::StartContainer { .. } => Duration::from_millis(100),
            Task::PullImage { image } => seconds(self.case.images.get(image).map_or(0.5, |pull| pull.takes)),
            Task::StopContainer { instance, grace } => match self.script(instance).0.on_term {
                Some((takes, _)) if seconds(takes) <= *grace => seconds(takes),
                _ => *grace,
            },
            Task::RunHook { place, hook, .. } => {
                seconds(self.hook(*place, *hook).map_or(0.0, |hook| hook.takes))
            }
            _ => Duration::ZERO,
        }
    }

    fn hook(&self, place: Place, hook: Hook) -> Option<&HookScript> {
        let name = &self.machine.manifest().container(place)?.name;
        let hook = if hook == Hook::PreStop { "preStop" } else { "postStart" };
        self.case.hooks.get(&format!("{name} {hook}"))
    }

    fn outcome(&mut self, task: Task) -> Outcome {
        let now = self.now.as_secs_f64();
        match task {
            Task::SetUpVolume { volume } => {
                let part = self.case.volumes.get(&volume).filter(|part| now < part.until);
                Outcome::Volume(part.map_or(Ok(()), |part| Err(part.error.clone())))
            }
            Task::RunSandbox { attempt } => Outcome::Sandbox(Ok(Sandbox {
                id: "sandbox".into(),
                attempt,
                ready: true,
                ips: vec!["10.244.0.7".into()],
            })),
            Task::StopSandbox { .. } | Task::RemoveContainer { .. } => Outcome::Done,
            Task::UpdateResources { .. } => Outcome::Resized(Ok(())),
            Task::InspectImage { image } if image.starts_with(char::is_uppercase) => {
                Outcome::Image(Err(format!("couldn't parse image name \"{image}\"")))
            }
            Task::InspectImage { image } => {
                let absent = self.case.images.contains_key(&image);
                Outcome::Image(Ok((!absent).then_some(Image { size_bytes: 1000 })))
            }
            Task::PullImage { image } => {
                let error = self.case.images.get(&image).and_then(|pull| pull.error.clone());
                if error.is_none() {
                    self.case.images.remove(&image);
                }
                Outcome::Pulled(error.map_or(Ok(Image { size_bytes: 1000 }), Err))
            }
            Task::CreateContainer { place, attempt } => self.create(place, attempt),
            Task::StartContainer { instance } => self.start(&instance),
            Task::StopContainer { instance, grace } => {
                let code = match self.script(&instance).0.on_term {
                    Some((takes, code)) if seconds(takes) <= grace => code,
                    _ => 137,
                };
                let running = self.machine.runtime().by_id(&instance).is_some_and(Instance::is_running);
                Outcome::Stopped(running.then(|| self.ended(&instance, code)))
            }
            Task::RunHook { place, hook, .. } => {
                let error = self.hook(place, hook).and_then(|hook| hook.error.clone());
                Outcome::Hook(error.map_or(Ok(()), Err))
            }
            Task::Probe { place, kind, .. } => {
                let name = &self.machine.manifest().container(place).unwrap().name;
                let parts = self.case.probes.get(&format!("{name} {kind:?}"));
                let part = parts.into_iter().flatten().find(|part| now < part.until);
                let failure = part.and_then(|part| part.failure.clone());
                Outcome::Probe(failure.map_or(ProbeOutcome::Success, ProbeOutcome::Failure))
            }
        }
    }

    fn create(&mut self, place: Place, attempt: u32) -> Outcome {
        let container = self.machine.manifest().container(place).unwrap().clone();
        let script = self.case.containers.get(&container.name).cloned().unwrap_or_default();
        if let Some(error) = script.config_error {
            return Outcome::Created(Err(StartError::Config(error)));
        }
        self.made += 1;
        let instance = format!("{}-{attempt}", container.name);
        self.names.insert(instance.clone(), (container.name, attempt));
        Outcome::Created(Ok(Created {
            instance,
            image: container.image.unwrap_or_default(),
            image_id: "sha256:1".into(),
            user: Some(LinuxContainerUser { uid: 0, gid: 0, supplemental_groups: Some(vec![0]) }),
        }))
    }

    fn start(&mut self, instance: &str) -> Outcome {
        let (script, attempt) = self.script(instance);
        let now = self.timestamp();
        if let Some(error) = script.start_error {
            let exit = Exit {
                code: 128,
                reason: "StartError".into(),
                message: Some(error.clone()),
                started_at: Timestamp::UNIX_EPOCH,
                finished_at: now,
            };
            return Outcome::Started(Some(InstanceState::Exited(exit)), Err(error));
        }
        self.started.insert(instance.to_owned(), now);
        let last = script.runs.len().saturating_sub(1);
        if let Some(run) = script.runs.get(usize::try_from(attempt).unwrap().min(last)) {
            let turn = Turn::Exit { id: instance.to_owned(), code: run.exit };
            self.later(self.now + seconds(run.after), turn);
        }
        Outcome::Started(Some(InstanceState::Running { started_at: now }), Ok(()))
    }

    fn ended(&self, instance: &str, code: i32) -> InstanceState {
        InstanceState::Exited(Exit {
            code,
            reason: if code == 0 { "Completed" } else { "Error" }.into(),
            message: None,
            started_at: self.started[instance],
            finished_at: self.timestamp(),
        })
    }

    /// Says what is new in a status.
    fn show(&mut self, status: PodStatus) {
        let before = std::mem::replace(&mut self.shown, status.clone());
        let old = self.parts(&before);
        for (key, part) in self.parts(&status) {
            if !old.contains(&(key.clone(), part.clone())) {
                self.say(&format!("status {key} {part}"));
            }
        }
    }

    fn parts(&self, status: &PodStatus) -> Vec<(String, String)> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut parts = vec![
            (
                "phase".to_owned(),
                format!("{} {} {}", text(&status.phase), text(&status.reason), text(&status.message)),
            ),
            ("podIP".to_owned(), text(&status.pod_ip)),
            ("observedGeneration".to_owned(), status.observed_generation.unwrap_or_default().to_string()),
        ];
        for condition in status.conditions.iter().flatten() {
            let since =
                condition.last_transition_time.as_ref().map(|time| self.since_start(time.0).as_secs());
            let part = format!(
                "{} since {} {} {}",
                condition.status,
                since.unwrap_or_default(),
                text(&condition.reason),
                text(&condition.message)
            );
            parts.push((condition.type_.clone(), part));
        }
        let lists = [
            ("init", &status.init_container_statuses),
            ("container", &status.container_statuses),
            ("ephemeral", &status.ephemeral_container_statuses),
        ];
        for (list, containers) in lists {
            for container in containers.iter().flatten() {
                parts.push((format!("{list} {}", container.name), self.container(container)));
            }
        }
        parts.into_iter().map(|(key, part)| (key, part.trim_end().to_owned())).collect()
    }

    fn container(&self, status: &ContainerStatus) -> String {
        let mut words = Vec::new();
        words.extend(status.ready.then_some("ready"));
        words.extend((status.started == Some(true)).then_some("started"));
        let last = self.state(status.last_state.as_ref());
        let last = if last.is_empty() { last } else { format!(" last: {last}") };
        let state = self.state(status.state.as_ref());
        format!("[{}] restarts {} {state}{last}", words.join(" "), status.restart_count)
    }

    fn state(&self, state: Option<&ContainerState>) -> String {
        let time = |time: &Option<Time>| match time {
            Some(time) if time.0 == Timestamp::UNIX_EPOCH => "never".to_owned(),
            Some(time) => self.since_start(time.0).as_secs().to_string(),
            None => "-".to_owned(),
        };
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        match state {
            Some(ContainerState { running: Some(running), .. }) => {
                format!("running since {}", time(&running.started_at))
            }
            Some(ContainerState { terminated: Some(ended), .. }) => {
                let (from, to) = (time(&ended.started_at), time(&ended.finished_at));
                let (reason, message) = (text(&ended.reason), text(&ended.message));
                format!("terminated {reason} {} from {from} to {to} {message}", ended.exit_code)
                    .trim_end()
                    .to_owned()
            }
            Some(ContainerState { waiting: Some(waiting), .. }) => {
                format!("waiting {} {}", text(&waiting.reason), text(&waiting.message)).trim_end().to_owned()
            }
            _ => String::new(),
        }
    }
}

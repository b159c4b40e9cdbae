//! Whatever happens, in whatever order: the machine goes on, and what it says of the Pod is legal.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{Pod, PodStatus},
    apimachinery::pkg::apis::meta::v1::Time,
};
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Something that may happen.
#[derive(Clone, Debug)]
enum Happening {
    /// One of the tasks under way ends, well or not.
    Finish(prop::sample::Index, bool),
    /// One of the running instances ends by itself.
    Exit(prop::sample::Index, i32),
    Pass(u64),
    Delete(i64),
    Remove,
    Evict,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let one = prop_oneof![
        12 => (any::<prop::sample::Index>(), prop::bool::weighted(0.85))
            .prop_map(|(index, good)| Happening::Finish(index, good)),
        4 => (any::<prop::sample::Index>(), 0..3_i32).prop_map(|(index, code)| Happening::Exit(index, code)),
        3 => (0..40_u64).prop_map(Happening::Pass),
        1 => (0..30_i64).prop_map(Happening::Delete),
        1 => Just(Happening::Remove),
        1 => Just(Happening::Evict),
    ];
    prop::collection::vec(one, 1..120)
}

fn pod(policy: &str, init: bool, sidecar: bool, probes: bool) -> Pod {
    let mut inits = Vec::new();
    if init {
        inits.push(json!({"name": "init", "image": "busybox"}));
    }
    if sidecar {
        inits.push(json!({"name": "side", "image": "busybox", "restartPolicy": "Always"}));
    }
    let probe = json!({"exec": {"command": ["true"]}, "periodSeconds": 3, "timeoutSeconds": 1,
        "failureThreshold": 2, "successThreshold": 1});
    let mut main = json!({"name": "main", "image": "busybox",
        "lifecycle": {"preStop": {"sleep": {"seconds": 2}}, "postStart": {"exec": {"command": ["true"]}}}});
    if probes {
        for kind in ["readinessProbe", "livenessProbe", "startupProbe"] {
            main[kind] = probe.clone();
        }
    }
    serde_json::from_value(json!({
        "metadata": {"name": "p", "namespace": "default", "uid": "u", "generation": 1},
        "spec": {"restartPolicy": policy, "initContainers": inits, "terminationGracePeriodSeconds": 30,
            "volumes": [{"name": "v", "emptyDir": {}}],
            "containers": [main, {"name": "other", "image": "busybox"}]},
        "status": {"phase": "Pending"},
    }))
    .unwrap()
}

struct World {
    machine: PodMachine,
    pod: Pod,
    now: Timestamp,
    pending: BTreeMap<TaskId, Task>,
    running: Vec<String>,
    made: u32,
    seen: PodStatus,
    forgotten: bool,
}

impl World {
    fn input(&mut self, input: Input) -> Result<(), TestCaseError> {
        for effect in self.machine.handle(input, self.now) {
            prop_assert!(!self.forgotten, "nothing is asked for once the pod is forgotten: {effect:?}");
            match effect {
                Effect::Status(status) => self.status(*status)?,
                Effect::Run(id, task) => {
                    prop_assert!(self.pending.insert(id, task).is_none(), "a task's name is used twice");
                }
                Effect::Abort(id) => {
                    self.pending.remove(&id);
                }
                Effect::Forget => self.forgotten = true,
                Effect::Event(_) | Effect::Ended { .. } => {}
            }
        }
        if let Some(wake) = self.machine.next_wake() {
            // A time that has passed must have been used.
            prop_assert!(wake > self.now || self.forgotten, "a wake-up at {wake}, but it is {}", self.now);
        }
        Ok(())
    }

    fn status(&mut self, status: PodStatus) -> Result<(), TestCaseError> {
        let phase = status.phase.clone().unwrap_or_default();
        let before = self.seen.phase.clone().unwrap_or_default();
        let legal = match before.as_str() {
            "Succeeded" | "Failed" => phase == before,
            "Running" => phase != "Pending",
            _ => matches!(phase.as_str(), "Pending" | "Running" | "Succeeded" | "Failed"),
        };
        prop_assert!(legal, "{before} became {phase}");
        for container in status.container_statuses.iter().flatten() {
            let old = self.seen.container_statuses.iter().flatten().find(|old| old.name == container.name);
            prop_assert!(
                old.is_none_or(|old| old.restart_count <= container.restart_count),
                "restarts are counted back"
            );
            let state = container.state.clone().unwrap_or_default();
            let states = [state.waiting.is_some(), state.running.is_some(), state.terminated.is_some()];
            prop_assert_eq!(states.into_iter().filter(|is| *is).count(), 1, "one state at a time");
            if matches!(phase.as_str(), "Succeeded" | "Failed") {
                prop_assert!(!container.ready, "a pod that has ended is not ready");
            }
        }
        self.seen = status;
        Ok(())
    }

    fn exit(&self, code: i32) -> InstanceState {
        let reason = if code == 0 { "Completed" } else { "Error" }.to_owned();
        InstanceState::Exited(Exit {
            code,
            reason,
            message: None,
            started_at: self.now,
            finished_at: self.now,
        })
    }

    fn finish(&mut self, id: TaskId, good: bool) -> Result<(), TestCaseError> {
        let Some(task) = self.pending.remove(&id) else { return Ok(()) };
        let bad = || "bad luck".to_owned();
        let result = if good { Ok(()) } else { Err(bad()) };
        let outcome = match task {
            Task::SetUpVolume { .. } => Outcome::Volume(result),
            Task::RunSandbox { attempt } => Outcome::Sandbox(result.map(|()| Sandbox {
                id: format!("s{attempt}"),
                attempt,
                ready: true,
                ips: vec!["10.0.0.1".into()],
            })),
            Task::StopSandbox { .. } | Task::RemoveContainer { .. } => Outcome::Done,
            Task::UpdateResources { .. } => Outcome::Resized(result),
            Task::InspectImage { .. } => Outcome::Image(Ok(good.then_some(Image { size_bytes: 1 }))),
            Task::PullImage { .. } => Outcome::Pulled(result.map(|()| Image { size_bytes: 1 })),
            Task::CreateContainer { .. } => {
                self.made += 1;
                Outcome::Created(result.map_err(StartError::Config).map(|()| Created {
                    instance: format!("i{}", self.made),
                    image: "busybox".into(),
                    image_id: "sha256:1".into(),
                    user: None,
                }))
            }
            Task::StartContainer { instance } => {
                if good {
                    self.running.push(instance);
                    Outcome::Started(Some(InstanceState::Running { started_at: self.now }), Ok(()))
                } else {
                    Outcome::Started(Some(self.exit(128)), Err(bad()))
                }
            }
            Task::StopContainer { instance, .. } => {
                self.running.retain(|running| *running != instance);
                Outcome::Stopped(Some(self.exit(if good { 0 } else { 137 })))
            }
            Task::RunHook { .. } => Outcome::Hook(result),
            Task::Probe { .. } => {
                Outcome::Probe(if good { ProbeOutcome::Success } else { ProbeOutcome::Failure(bad()) })
            }
        };
        self.input(Input::Done(id, outcome))
    }

    fn happen(&mut self, happening: Happening) -> Result<(), TestCaseError> {
        match happening {
            Happening::Finish(index, good) => {
                if self.pending.is_empty() {
                    return Ok(());
                }
                let id = *index.get(&self.pending.keys().copied().collect::<Vec<_>>());
                self.finish(id, good)
            }
            Happening::Exit(index, code) => {
                if self.running.is_empty() {
                    return Ok(());
                }
                let at = index.index(self.running.len());
                let id = self.running.swap_remove(at);
                let state = self.exit(code);
                self.input(Input::Instance { id, state })
            }
            Happening::Pass(seconds) => {
                self.now += Duration::from_secs(seconds);
                self.input(Input::Tick)
            }
            Happening::Delete(grace) => {
                self.pod.metadata.deletion_timestamp = Some(Time(self.now));
                self.pod.metadata.deletion_grace_period_seconds = Some(grace);
                self.pod.status = Some(self.seen.clone());
                self.input(Input::Pod(Arc::new(Manifest::new(self.pod.clone()))))
            }
            Happening::Remove => self.input(Input::Removed),
            Happening::Evict => self.input(Input::Evict(Eviction {
                reason: "Evicted",
                message: "full".into(),
                grace_seconds: Some(0),
                fails_at_once: false,
            })),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_events_leaves_a_legal_pod(
        policy in prop::sample::select(vec!["Always", "OnFailure", "Never"]),
        init in any::<bool>(),
        sidecar in any::<bool>(),
        probes in any::<bool>(),
        happenings in happenings(),
    ) {
        let pod = pod(policy, init, sidecar, probes);
        let machine = PodMachine::new(Arc::new(Manifest::new(pod.clone())), vec!["192.0.2.1".into()]);
        let mut world = World {
            machine,
            pod,
            now: Timestamp::from_second(1_800_000_000).unwrap(),
            pending: BTreeMap::new(),
            running: Vec::new(),
            made: 0,
            seen: PodStatus::default(),
            forgotten: false,
        };
        world.input(Input::Tick)?;
        for happening in happenings {
            if world.forgotten {
                break;
            }
            world.happen(happening)?;
        }
        if world.forgotten {
            return Ok(());
        }
        // Whatever was, a pod that is deleted ends once its tasks do.
        world.happen(Happening::Delete(5))?;
        world.happen(Happening::Remove)?;
        for _ in 0..400 {
            if world.forgotten {
                break;
            }
            match world.pending.keys().next().copied() {
                Some(id) => world.finish(id, true)?,
                None => world.happen(Happening::Pass(1))?,
            }
        }
        prop_assert!(world.forgotten, "the pod never ends: {:?}", world.machine.next_wake());
    }
}

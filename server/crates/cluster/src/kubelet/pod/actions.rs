//! What has to be done for a Pod, from its manifest and from what the runtime has.
//!
//! The decisions, and their order, are those of the kubelet's `computePodActions`; those about init containers are in
//! [`super::init_actions`].

use super::{
    init_actions,
    manifest::{Group, Manifest, Place, RestartPolicy, restarts},
    probes::{ProbeKind, Probes, Verdict},
    resize::{self, Change},
    runtime::{Instance, InstanceState, RuntimeStatus},
};

/// What has to be done, in this order: kill, make the sandbox, resize, start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Actions {
    /// Stop everything that runs, and the sandbox.
    pub(crate) kill_pod: bool,
    /// Make a sandbox, the n-th of this Pod.
    pub(crate) create_sandbox: Option<u32>,
    /// Instances to stop.
    pub(crate) kill: Vec<Kill>,
    /// Running instances to be given what their containers were given.
    pub(crate) resize: Vec<(Place, String)>,
    /// Containers to start, one after the other.
    pub(crate) start: Vec<Place>,
}

/// An instance to stop, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kill {
    pub(crate) instance: String,
    pub(crate) place: Place,
    /// What the event says; `Stopping container x` where it is empty.
    pub(crate) message: String,
    pub(crate) cause: KillCause,
}

/// Which grace period applies to a kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KillCause {
    LivenessProbe,
    StartupProbe,
    /// None at all, and no hook: the whole Pod restarts.
    RestartAll,
    /// The Pod's own.
    Other,
}

/// Works out what has to be done.
pub(crate) fn compute(manifest: &Manifest, runtime: &RuntimeStatus, probes: &Probes) -> Actions {
    if !runtime.sandbox_ready() {
        return with_new_sandbox(manifest, runtime);
    }
    let mut actions = Actions::default();
    for (index, container) in manifest.ephemeral().iter().enumerate() {
        if runtime.latest(&container.name).is_none() {
            actions.start.push(Place { group: Group::Ephemeral, index });
        }
    }
    let initialized = init_actions::compute(manifest, runtime, probes, &mut actions);
    if !actions.kill_pod && initialized {
        regular(manifest, runtime, probes, &mut actions);
    }
    actions
}

/// Without a sandbox everything begins from the beginning, unless the Pod has done its work.
fn with_new_sandbox(manifest: &Manifest, runtime: &RuntimeStatus) -> Actions {
    let attempt = runtime.sandbox.as_ref().map_or(0, |sandbox| sandbox.attempt + 1);
    let mut actions = Actions { kill_pod: true, ..Actions::default() };
    let policy = manifest.restart_policy();
    if policy == RestartPolicy::Never && attempt != 0 && !runtime.instances.is_empty() {
        return actions;
    }
    let start: Vec<Place> = places(manifest, Group::Regular)
        .filter(|place| {
            let exit = latest_of(manifest, runtime, *place).and_then(Instance::exit);
            policy != RestartPolicy::OnFailure || exit.is_none_or(|exit| exit.code != 0)
        })
        .collect();
    let ran = manifest.regular().iter().any(|container| runtime.latest(&container.name).is_some());
    if start.is_empty() && ran {
        return actions;
    }
    actions.create_sandbox = Some(attempt);
    actions.start = match manifest.init() {
        [] => start,
        _ => vec![Place { group: Group::Init, index: 0 }],
    };
    actions
}

fn regular(manifest: &Manifest, runtime: &RuntimeStatus, probes: &Probes, actions: &mut Actions) {
    let mut kept = 0;
    let mut start = Vec::new();
    for place in places(manifest, Group::Regular) {
        let Some(container) = manifest.container(place) else { continue };
        let Some(instance) = runtime.latest(&container.name).filter(|instance| instance.is_running()) else {
            if to_be_started(manifest, runtime, place) {
                start.push(place);
            }
            continue;
        };
        let mut restart = manifest.restart_policy() != RestartPolicy::Never;
        if let Some(own) = container.restart_policy.as_deref() {
            restart = RestartPolicy::parse(Some(own)) != RestartPolicy::Never;
        }
        let failed = |kind| probes.verdict(&container.name, kind, &instance.id) == Some(Verdict::Failure);
        let (why, cause) = if is_changed(container.image.as_deref(), instance) {
            restart = true;
            ("definition changed", KillCause::Other)
        } else if failed(ProbeKind::Liveness) {
            ("failed liveness probe", KillCause::LivenessProbe)
        } else if failed(ProbeKind::Startup) {
            ("failed startup probe", KillCause::StartupProbe)
        } else {
            match resize::change(container, instance) {
                Change::Restart => {
                    let message = format!("Container {} resize requires restart", container.name);
                    let (instance, cause) = (instance.id.clone(), KillCause::Other);
                    actions.kill.push(Kill { instance, place, message, cause });
                    start.push(place);
                    continue;
                }
                Change::InPlace => actions.resize.push((place, instance.id.clone())),
                Change::None => {}
            }
            kept += 1;
            continue;
        };
        let mut message = format!("Container {} {why}", container.name);
        if restart {
            message.push_str(", will be restarted");
            start.push(place);
        }
        actions.kill.push(Kill { instance: instance.id.clone(), place, message, cause });
    }
    if kept == 0 && start.is_empty() {
        actions.kill_pod = true;
        actions.start.clear();
        actions.kill.clear();
        actions.resize.clear();
    }
    actions.start.append(&mut start);
}

/// Whether a container that does not run is to be started: for the first time, or again.
pub(crate) fn to_be_started(manifest: &Manifest, runtime: &RuntimeStatus, place: Place) -> bool {
    let Some(container) = manifest.container(place) else { return false };
    if manifest.is_deleted() {
        return false;
    }
    match runtime.latest(&container.name).map(|instance| &instance.state) {
        None | Some(InstanceState::Created) => true,
        Some(InstanceState::Running { .. }) => false,
        Some(InstanceState::Exited(exit)) => restarts(container, manifest.restart_policy(), exit.code),
    }
}

/// The only change to a container that the API allows, and that takes a restart, is another image.
pub(super) fn is_changed(image: Option<&str>, instance: &Instance) -> bool {
    image.unwrap_or_default() != instance.requested_image
}

fn places(manifest: &Manifest, group: Group) -> impl Iterator<Item = Place> {
    (0..manifest.group(group).len()).map(move |index| Place { group, index })
}

fn latest_of<'r>(manifest: &Manifest, runtime: &'r RuntimeStatus, place: Place) -> Option<&'r Instance> {
    runtime.latest(&manifest.container(place)?.name)
}

//! A Pod as the API has it, with what the kubelet looks up all the time.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    Container, ContainerRestartRule, EphemeralContainer, Pod, PodSpec, PodStatus,
};

use super::resize::{Pending, resizable, summary};

/// A Pod bound to this node, with what the node has given to its containers.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    pod: Pod,
    spec: PodSpec,
    /// The ephemeral containers as ordinary ones, which they are but for their target.
    ephemeral: Vec<Container>,
    /// Why it does not have the resources that it asks for, and what these are.
    pending: Option<(Pending, String)>,
}

/// Which of a Pod's three lists a container is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Group {
    Init,
    Regular,
    Ephemeral,
}

/// A container's place in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) group: Group,
    pub(crate) index: usize,
}

/// `restartPolicy` of a Pod or of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestartPolicy {
    Always,
    OnFailure,
    Never,
}

impl RestartPolicy {
    pub(crate) fn parse(text: Option<&str>) -> Self {
        match text {
            Some("OnFailure") => Self::OnFailure,
            Some("Never") => Self::Never,
            _ => Self::Always,
        }
    }
}

impl Manifest {
    pub(crate) fn new(mut pod: Pod) -> Self {
        let spec = pod.spec.take().unwrap_or_default();
        let ephemeral = spec.ephemeral_containers.iter().flatten().map(ordinary).collect();
        Self { pod, spec, ephemeral, pending: None }
    }

    /// A new version of a Pod that asks for resources that it is not given: it keeps those of `before`.
    pub(crate) fn not_resized(pod: Pod, before: &Self, why: Pending) -> Self {
        let mut manifest = Self::new(pod);
        let (init, regular) = (manifest.init(), manifest.regular());
        let summary = summary(init, regular, manifest.generation(), Some(&why.message));
        let init = manifest.spec.init_containers.iter_mut().flatten();
        for container in manifest.spec.containers.iter_mut().chain(init) {
            if let Some((_, before)) = before.by_name(&container.name) {
                container.resources.clone_from(&before.resources);
            }
        }
        manifest.pending = Some((why, summary));
        manifest
    }

    /// Why the Pod does not have the resources that it asks for.
    pub(crate) fn pending(&self) -> Option<&Pending> {
        self.pending.as_ref().map(|(pending, _)| pending)
    }

    /// The resources that the Pod asks for and does not have.
    pub(crate) fn pending_summary(&self) -> &str {
        self.pending.as_ref().map_or("", |(_, summary)| summary)
    }

    /// Whether a version of the Pod asks for other resources than these.
    pub(crate) fn asks_for_other_resources(&self, pod: &Pod) -> bool {
        let spec = pod.spec.iter();
        let containers =
            spec.flat_map(|spec| spec.containers.iter().chain(spec.init_containers.iter().flatten()));
        containers.into_iter().any(|container| {
            let before = self.by_name(&container.name).map(|(_, before)| before);
            before.is_some_and(|before| {
                resizable(before.resources.as_ref()) != resizable(container.resources.as_ref())
            })
        })
    }

    pub(crate) fn spec(&self) -> &PodSpec {
        &self.spec
    }

    /// The status that the API has.
    pub(crate) fn status(&self) -> Option<&PodStatus> {
        self.pod.status.as_ref()
    }

    pub(crate) fn metadata(&self) -> &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
        &self.pod.metadata
    }

    pub(crate) fn name(&self) -> &str {
        self.pod.metadata.name.as_deref().unwrap_or_default()
    }

    pub(crate) fn namespace(&self) -> &str {
        self.pod.metadata.namespace.as_deref().unwrap_or_default()
    }

    pub(crate) fn uid(&self) -> &str {
        self.pod.metadata.uid.as_deref().unwrap_or_default()
    }

    /// `name_namespace(uid)`, as the kubelet's messages name a Pod.
    pub(crate) fn full_name(&self) -> String {
        format!("{}_{}({})", self.name(), self.namespace(), self.uid())
    }

    pub(crate) fn generation(&self) -> Option<i64> {
        self.pod.metadata.generation
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.pod.metadata.deletion_timestamp.is_some()
    }

    /// How long the containers have to end, in seconds: the deletion's own period, or the manifest's.
    pub(crate) fn grace_seconds(&self) -> i64 {
        let metadata = &self.pod.metadata;
        let deletion = metadata.deletion_timestamp.as_ref().and(metadata.deletion_grace_period_seconds);
        deletion.or(self.spec.termination_grace_period_seconds).unwrap_or(30)
    }

    pub(crate) fn restart_policy(&self) -> RestartPolicy {
        RestartPolicy::parse(self.spec.restart_policy.as_deref())
    }

    pub(crate) fn host_network(&self) -> bool {
        self.spec.host_network == Some(true)
    }

    /// When the Pod has been active for `activeDeadlineSeconds`, if it has such a limit and has started.
    pub(crate) fn deadline(&self, start: Option<Timestamp>) -> Option<Timestamp> {
        let seconds = u64::try_from(self.spec.active_deadline_seconds?).ok()?;
        Some(super::backoff::after(start?, Duration::from_secs(seconds)))
    }

    pub(crate) fn init(&self) -> &[Container] {
        self.spec.init_containers.as_deref().unwrap_or_default()
    }

    pub(crate) fn regular(&self) -> &[Container] {
        &self.spec.containers
    }

    pub(crate) fn ephemeral(&self) -> &[Container] {
        &self.ephemeral
    }

    pub(crate) fn group(&self, group: Group) -> &[Container] {
        match group {
            Group::Init => self.init(),
            Group::Regular => self.regular(),
            Group::Ephemeral => self.ephemeral(),
        }
    }

    /// All containers: init, regular, ephemeral.
    pub(crate) fn containers(&self) -> impl Iterator<Item = (Place, &Container)> {
        [Group::Init, Group::Regular, Group::Ephemeral].into_iter().flat_map(|group| {
            self.group(group)
                .iter()
                .enumerate()
                .map(move |(index, container)| (Place { group, index }, container))
        })
    }

    pub(crate) fn container(&self, place: Place) -> Option<&Container> {
        self.group(place.group).get(place.index)
    }

    /// The place and definition of a container; names are unique in a Pod.
    pub(crate) fn by_name(&self, name: &str) -> Option<(Place, &Container)> {
        self.containers().find(|(_, container)| container.name == name)
    }

    /// The container whose processes an ephemeral container joins.
    pub(crate) fn target_of(&self, place: Place) -> Option<&str> {
        let list = self.spec.ephemeral_containers.as_ref()?;
        let target = list.get(place.index)?.target_container_name.as_deref();
        target.filter(|name| place.group == Group::Ephemeral && !name.is_empty())
    }

    /// A container's field path in an event's `involvedObject`.
    pub(crate) fn field_path(&self, place: Place) -> Option<String> {
        let list = match place.group {
            Group::Init => "initContainers",
            Group::Regular => "containers",
            Group::Ephemeral => "ephemeralContainers",
        };
        Some(format!("spec.{list}{{{}}}", self.container(place)?.name))
    }
}

/// Whether an init container is a native sidecar: it starts in its turn, and then stays.
pub(crate) fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

/// Whether a container that ended with `exit_code` is to run again: by its own rules, its own policy, or the Pod's.
pub(crate) fn restarts(container: &Container, policy: RestartPolicy, exit_code: i32) -> bool {
    let own = container.restart_policy.as_deref().map(|text| RestartPolicy::parse(Some(text)));
    // Both actions that there are restart the container itself.
    matching_rule(container, exit_code).is_some()
        || match own.unwrap_or(policy) {
            RestartPolicy::Always => true,
            RestartPolicy::OnFailure => exit_code != 0,
            RestartPolicy::Never => false,
        }
}

/// Whether a container that ended with `exit_code` takes the whole Pod along.
pub(crate) fn restarts_all(container: &Container, exit_code: i32) -> bool {
    matching_rule(container, exit_code).is_some_and(|rule| rule.action == "RestartAllContainers")
}

/// The first of a container's own rules that an exit fits. Rules count beside a policy of the container's own only.
fn matching_rule(container: &Container, exit_code: i32) -> Option<&ContainerRestartRule> {
    container.restart_policy.as_ref()?;
    container.restart_policy_rules.iter().flatten().find(|rule| {
        matches!(rule.action.as_str(), "Restart" | "RestartAllContainers")
            && rule.exit_codes.as_ref().is_some_and(|codes| {
                let listed = codes.values.iter().flatten().any(|value| *value == exit_code);
                listed == (codes.operator == "In")
            })
    })
}

fn ordinary(ephemeral: &EphemeralContainer) -> Container {
    let e = ephemeral.clone();
    Container {
        args: e.args,
        command: e.command,
        env: e.env,
        env_from: e.env_from,
        image: e.image,
        image_pull_policy: e.image_pull_policy,
        lifecycle: e.lifecycle,
        liveness_probe: e.liveness_probe,
        name: e.name,
        ports: e.ports,
        readiness_probe: e.readiness_probe,
        resize_policy: e.resize_policy,
        resources: e.resources,
        restart_policy: e.restart_policy,
        restart_policy_rules: e.restart_policy_rules,
        security_context: e.security_context,
        startup_probe: e.startup_probe,
        stdin: e.stdin,
        stdin_once: e.stdin_once,
        termination_message_path: e.termination_message_path,
        termination_message_policy: e.termination_message_policy,
        tty: e.tty,
        volume_devices: e.volume_devices,
        volume_mounts: e.volume_mounts,
        working_dir: e.working_dir,
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ContainerRestartRuleOnExitCodes;

    use super::*;

    fn container(policy: Option<&str>) -> Container {
        Container { name: "c".into(), restart_policy: policy.map(str::to_owned), ..Container::default() }
    }

    #[test]
    fn the_pods_policy_decides_where_the_container_has_none() {
        let c = container(None);
        assert!(restarts(&c, RestartPolicy::Always, 0));
        assert!(!restarts(&c, RestartPolicy::OnFailure, 0));
        assert!(restarts(&c, RestartPolicy::OnFailure, 1));
        assert!(!restarts(&c, RestartPolicy::Never, 1));
    }

    #[test]
    fn a_containers_own_policy_wins_over_the_pods() {
        assert!(restarts(&container(Some("Always")), RestartPolicy::Never, 0));
        assert!(!restarts(&container(Some("Never")), RestartPolicy::Always, 1));
    }

    #[test]
    fn a_rule_on_exit_codes_restarts_what_its_policy_would_leave() {
        let mut c = container(Some("Never"));
        let codes = ContainerRestartRuleOnExitCodes { operator: "In".into(), values: Some(vec![42]) };
        c.restart_policy_rules =
            Some(vec![ContainerRestartRule { action: "Restart".into(), exit_codes: Some(codes) }]);
        assert!(restarts(&c, RestartPolicy::Never, 42));
        assert!(!restarts(&c, RestartPolicy::Never, 1));
    }
}

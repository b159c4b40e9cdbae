//! What the runtime has reported of one Pod: its sandbox, and every instance of its containers that still exists.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{LinuxContainerUser, ResourceRequirements};

/// The namespaces that the containers of a Pod share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sandbox {
    pub(crate) id: String,
    /// How many there were before it.
    pub(crate) attempt: u32,
    /// Whether containers can run in it.
    pub(crate) ready: bool,
    /// The Pod's addresses.
    pub(crate) ips: Vec<String>,
}

/// One run of a container. A restart makes a new instance.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Instance {
    /// The runtime's identifier, without its `containerd://`.
    pub(crate) id: String,
    /// The container's name in the Pod.
    pub(crate) name: String,
    /// How many instances there were before it.
    pub(crate) attempt: u32,
    /// The image that the Pod asked for when the instance was made.
    pub(crate) requested_image: String,
    /// The name that the runtime knows the image by.
    pub(crate) image: String,
    /// The image's name and digest.
    pub(crate) image_id: String,
    /// What it has been given.
    pub(crate) resources: Option<ResourceRequirements>,
    /// Who its first process runs as.
    pub(crate) user: Option<LinuxContainerUser>,
    pub(crate) state: InstanceState,
}

/// Where an instance is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InstanceState {
    /// Made, not started.
    Created,
    Running {
        started_at: Timestamp,
    },
    Exited(Exit),
}

/// How an instance ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) code: i32,
    /// `Completed`, `Error`, `OOMKilled`, `StartError`.
    pub(crate) reason: String,
    /// The termination message.
    pub(crate) message: Option<String>,
    /// The epoch's beginning where it never started.
    pub(crate) started_at: Timestamp,
    pub(crate) finished_at: Timestamp,
}

impl Instance {
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.state, InstanceState::Running { .. })
    }

    pub(crate) fn exit(&self) -> Option<&Exit> {
        match &self.state {
            InstanceState::Exited(exit) => Some(exit),
            InstanceState::Created | InstanceState::Running { .. } => None,
        }
    }
}

/// Everything that the runtime has of a Pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RuntimeStatus {
    pub(crate) sandbox: Option<Sandbox>,
    /// In the order in which they were made.
    pub(crate) instances: Vec<Instance>,
}

impl RuntimeStatus {
    /// The last instance of a container.
    pub(crate) fn latest(&self, name: &str) -> Option<&Instance> {
        self.instances.iter().rev().find(|instance| instance.name == name)
    }

    /// The instance before the last one, where it still exists.
    pub(crate) fn previous(&self, name: &str) -> Option<&Instance> {
        self.instances.iter().rev().filter(|instance| instance.name == name).nth(1)
    }

    #[cfg(test)]
    pub(crate) fn by_id(&self, id: &str) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.id == id)
    }

    pub(crate) fn by_id_mut(&mut self, id: &str) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|instance| instance.id == id)
    }

    /// Takes what is known of an instance; returns whether it is new.
    pub(crate) fn set_state(&mut self, id: &str, state: InstanceState) -> bool {
        let Some(instance) = self.by_id_mut(id) else { return false };
        // What was asked for and what was told may arrive in either order; an end is final.
        let is_new = instance.exit().is_none() && instance.state != state;
        if is_new {
            instance.state = state;
        }
        is_new
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|instance| instance.is_running())
    }

    /// Whether the sandbox can hold running containers.
    pub(crate) fn sandbox_ready(&self) -> bool {
        self.sandbox.as_ref().is_some_and(|sandbox| sandbox.ready)
    }

    /// The Pod's addresses, while it has a sandbox.
    pub(crate) fn ips(&self) -> &[String] {
        self.sandbox.as_ref().map_or(&[], |sandbox| &sandbox.ips)
    }

    /// Forgets the dead instances of a container but the last, and returns their identifiers: like the kubelet, which
    /// keeps one dead instance of each container for its log.
    pub(crate) fn prune(&mut self, name: &str) -> Vec<String> {
        let dead = |instance: &Instance| instance.name == name && instance.exit().is_some();
        let Some(keep) = self.instances.iter().rev().find(|i| dead(i)).map(|i| i.id.clone()) else {
            return Vec::new();
        };
        let (gone, kept) = std::mem::take(&mut self.instances)
            .into_iter()
            .partition::<Vec<_>, _>(|instance| dead(instance) && instance.id != keep);
        self.instances = kept;
        gone.into_iter().map(|instance| instance.id).collect()
    }

    /// Forgets all instances of a container, and returns their identifiers.
    pub(crate) fn remove(&mut self, name: &str) -> Vec<String> {
        let gone = self.instances.extract_if(.., |instance| instance.name == name);
        gone.map(|instance| instance.id).collect()
    }
}

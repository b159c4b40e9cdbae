//! What the machine asks its surroundings to do, and what can come of it.

use std::time::Duration;

use k8s_openapi::api::core::v1::LinuxContainerUser;

use super::{
    manifest::Place,
    probes::{ProbeKind, ProbeOutcome},
    runtime::{InstanceState, Sandbox},
};

/// Names a task of one Pod; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TaskId(pub(crate) u64);

/// Something to do that may take time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Make a volume of the Pod ready. Ends with [`Outcome::Volume`].
    SetUpVolume { volume: String },
    /// Make the Pod's sandbox. Ends with [`Outcome::Sandbox`].
    RunSandbox { attempt: u32 },
    /// Ends with [`Outcome::Done`].
    StopSandbox { sandbox: String },
    /// Whether an image is on the node. Ends with [`Outcome::Image`].
    InspectImage { image: String },
    /// Ends with [`Outcome::Pulled`].
    PullImage { image: String },
    /// Make an instance of a container, without starting it. Ends with [`Outcome::Created`].
    CreateContainer { place: Place, attempt: u32 },
    /// Ends with [`Outcome::Started`].
    StartContainer { instance: String },
    /// Give a running instance what its container was given. Ends with [`Outcome::Resized`].
    UpdateResources { place: Place, instance: String },
    /// Ask an instance to end, and kill it after `grace`. Ends with [`Outcome::Stopped`].
    StopContainer { instance: String, grace: Duration },
    /// Forget an instance that has ended. Ends with [`Outcome::Done`].
    RemoveContainer { instance: String },
    /// Run a lifecycle hook. Ends with [`Outcome::Hook`].
    RunHook { place: Place, instance: String, hook: Hook },
    /// Probe an instance. Ends with [`Outcome::Probe`].
    Probe { place: Place, instance: String, kind: ProbeKind },
}

/// A lifecycle hook of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    PostStart,
    PreStop,
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Done,
    Volume(Result<(), String>),
    Sandbox(Result<Sandbox, String>),
    /// The image, if it is on the node; an error where its name is none.
    Image(Result<Option<Image>, String>),
    Pulled(Result<Image, String>),
    Created(Result<Created, StartError>),
    /// The instance's state after the attempt to start it, and why that failed.
    Started(Option<InstanceState>, Result<(), String>),
    Resized(Result<(), String>),
    /// The instance's state after the attempt to stop it.
    Stopped(Option<InstanceState>),
    /// An error says what went wrong.
    Hook(Result<(), String>),
    Probe(ProbeOutcome),
}

/// An image on the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) size_bytes: u64,
}

/// A container was made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Created {
    pub(crate) instance: String,
    pub(crate) image: String,
    pub(crate) image_id: String,
    pub(crate) user: Option<LinuxContainerUser>,
}

/// Why a container was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StartError {
    /// `CreateContainerConfigError`: something that its configuration names is missing or wrong.
    Config(String),
    /// `CreateContainerError`: the runtime could not make it.
    Create(String),
}

//! What the kubelet tells about a Pod, in the words of Kubernetes' events.

use super::manifest::Place;

/// An event about a Pod, or about one of its containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodEvent {
    pub(crate) warning: bool,
    /// Why, in CamelCase.
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// The container that it is about.
    pub(crate) container: Option<Place>,
}

impl PodEvent {
    pub(crate) fn normal(reason: &'static str, message: impl Into<String>) -> Self {
        Self { warning: false, reason, message: message.into(), container: None }
    }

    pub(crate) fn warning(reason: &'static str, message: impl Into<String>) -> Self {
        Self { warning: true, reason, message: message.into(), container: None }
    }

    /// The same about one container.
    pub(crate) fn of(self, container: Place) -> Self {
        Self { container: Some(container), ..self }
    }
}

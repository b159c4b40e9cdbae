//! `logs`: what a container prints.

use std::time::Duration;

use serde::Deserialize;

use super::{Condition, PodRef, Spec};
use crate::content::period::Period;

/// A container's log, as `kubectl logs` prints it.
///
/// ```yaml
/// logs: {pod: busybox, container: busybox2}
/// cel: text == 'Hello World\n'
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Logs {
    /// The Pod.
    pub pod: PodRef,
    /// The container; without it, the Pod's only one.
    pub container: Option<String>,
    /// Whether the log of the container's run before this one is meant.
    #[serde(default)]
    pub previous: bool,
    /// The time after which the log is read a second time.
    pub again: Option<Period>,
}

impl Spec for Logs {
    const CONDITION: Condition = Condition::Required;
    const WITHIN: Duration = Duration::from_secs(10);

    fn variables(&self) -> Vec<&'static str> {
        let mut names = vec!["text", "lines"];
        names.extend(self.again.map(|_| "earlier"));
        names
    }

    fn faults(&self) -> Vec<String> {
        Vec::new()
    }

    fn expects(&self) -> Vec<(String, String)> {
        self.pod.expects()
    }
}

//! `exec`: a command in a container.

use std::time::Duration;

use serde::Deserialize;

use super::{Condition, PodRef, Spec};
use crate::content::period::Period;

/// A command, run as `kubectl exec` runs it, without a shell of podlab's own.
///
/// ```yaml
/// exec: {pod: mc1, container: 1st, command: [cat, /usr/share/nginx/html/index.html]}
/// cel: exitCode == 0 && stdout != ''
/// ```
///
/// `{{ nonce }}` in an argument becomes a text that no one can guess, which the condition knows as `nonce`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Exec {
    /// The Pod.
    pub pod: PodRef,
    /// The container; without it, the Pod's only one.
    pub container: Option<String>,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// What it reads from its standard input.
    pub stdin: Option<String>,
    /// The time after which it is run a second time.
    pub again: Option<Period>,
}

impl Spec for Exec {
    const CONDITION: Condition = Condition::Optional;
    const WITHIN: Duration = Duration::from_secs(10);

    fn variables(&self) -> Vec<&'static str> {
        let mut names = vec!["exitCode", "stdout", "stderr", "nonce"];
        names.extend(self.again.map(|_| "earlier"));
        names
    }

    fn faults(&self) -> Vec<String> {
        self.command.is_empty().then(|| "`command` is empty".to_owned()).into_iter().collect()
    }

    fn expects(&self) -> Vec<(String, String)> {
        self.pod.expects()
    }
}

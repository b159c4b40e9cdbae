//! `probe`: whether two containers see the same file.

use std::time::Duration;

use serde::Deserialize;

use super::{Condition, Container, PodRef, Spec};

/// A text that no one can guess is written to a file in one container and must be read from a file in another. That
/// holds when both have mounted the same volume there, however it is called and wherever else it is mounted. The file
/// is removed afterwards.
///
/// ```yaml
/// probe: {pod: mc1, write: {container: 2nd, path: /html/probe}, read: {container: 1st, path: /srv/probe}}
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Probe {
    /// The Pod of both containers.
    pub pod: PodRef,
    /// Where the text is written.
    pub write: File,
    /// Where it must be found.
    pub read: File,
}

/// A file in a container.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct File {
    /// The container.
    pub container: String,
    /// The file; nothing may be there already.
    pub path: String,
}

impl Probe {
    /// The container that writes.
    pub fn writer(&self) -> Container {
        Container { pod: self.pod.clone(), container: Some(self.write.container.clone()) }
    }

    /// The container that reads.
    pub fn reader(&self) -> Container {
        Container { pod: self.pod.clone(), container: Some(self.read.container.clone()) }
    }
}

impl Spec for Probe {
    const CONDITION: Condition = Condition::Fixed;
    const WITHIN: Duration = Duration::from_secs(10);

    fn variables(&self) -> Vec<&'static str> {
        vec!["written", "read", "stderr"]
    }

    fn faults(&self) -> Vec<String> {
        [&self.write.path, &self.read.path]
            .into_iter()
            .filter(|path| !path.starts_with('/') || path.ends_with('/'))
            .map(|path| format!("`{path}` must be the absolute path of a file"))
            .collect()
    }

    fn expects(&self) -> Vec<(String, String)> {
        self.pod.expects()
    }
}

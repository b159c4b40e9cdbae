//! `event`: something that the cluster reported about an object.

use std::time::Duration;

use serde::Deserialize;

use super::{Condition, Spec};

/// Events about an object, as `kubectl describe` lists them.
///
/// ```yaml
/// event: {kind: Pod, name: web, reason: Unhealthy}
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Event {
    /// The kind of the object.
    pub kind: String,
    /// The name of the object.
    pub name: String,
    /// The reason that the events must have.
    pub reason: Option<String>,
    /// The type that they must have: `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub type_: Option<String>,
}

impl Spec for Event {
    const CONDITION: Condition = Condition::Optional;
    const WITHIN: Duration = Duration::from_secs(10);

    fn variables(&self) -> Vec<&'static str> {
        vec!["events"]
    }

    fn faults(&self) -> Vec<String> {
        let faulty = self.type_.as_ref().is_some_and(|t| t != "Normal" && t != "Warning");
        faulty.then(|| "`type` must be Normal or Warning".to_owned()).into_iter().collect()
    }

    fn expects(&self) -> Vec<(String, String)> {
        vec![(self.kind.clone(), self.name.clone())]
    }
}

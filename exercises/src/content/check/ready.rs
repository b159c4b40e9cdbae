//! `ready`: a status condition of an object, reached within a time and held for one.

use std::time::Duration;

use serde::Deserialize;

use super::{Condition, Spec};
use crate::content::period::Period;

/// A condition such as `Ready` that must be `True`.
///
/// ```yaml
/// ready: {pod: mc1, for: 10s}
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Ready {
    /// The Pod, by name: short for `kind: Pod` with a `name`.
    pub pod: Option<String>,
    /// The kind of the object.
    pub kind: Option<String>,
    /// The name of the object.
    pub name: Option<String>,
    /// The condition's type; `Ready` where it is not given.
    pub condition: Option<String>,
    /// How long it must stay so, without a container starting anew meanwhile.
    #[serde(rename = "for")]
    pub lasting: Option<Period>,
}

impl Ready {
    /// The kind of the object.
    pub fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("Pod")
    }

    /// The name of the object.
    pub fn name(&self) -> &str {
        self.pod.as_deref().or(self.name.as_deref()).unwrap_or_default()
    }

    /// The type of the condition.
    pub fn condition(&self) -> &str {
        self.condition.as_deref().unwrap_or("Ready")
    }

    /// How long it must stay so.
    pub fn lasting(&self) -> Duration {
        self.lasting.map_or(Duration::ZERO, Duration::from)
    }
}

impl Spec for Ready {
    const CONDITION: Condition = Condition::Fixed;
    /// Images may have to be pulled, and a probe may ask for patience.
    const WITHIN: Duration = Duration::from_secs(60);

    fn variables(&self) -> Vec<&'static str> {
        vec!["object"]
    }

    fn faults(&self) -> Vec<String> {
        let by_pod = self.pod.is_some() && self.kind.is_none() && self.name.is_none();
        let by_kind = self.pod.is_none() && self.kind.is_some() && self.name.is_some();
        let faulty = !by_pod && !by_kind;
        faulty.then(|| "give either `pod`, or `kind` and `name`".to_owned()).into_iter().collect()
    }

    fn expects(&self) -> Vec<(String, String)> {
        vec![(self.kind().to_owned(), self.name().to_owned())]
    }
}

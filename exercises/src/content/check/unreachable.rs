//! `unreachable`: a port that should not answer.

use std::time::Duration;

use serde::Deserialize;

use super::{Condition, Container, PodRef, Port, Spec, place};

/// A port where nothing may answer: no answer over HTTP of any status, no connection.
///
/// ```yaml
/// unreachable: {service: mc3, port: 5000}
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Unreachable {
    /// The Pod that is asked.
    pub pod: Option<PodRef>,
    /// The Service that is asked.
    pub service: Option<String>,
    /// The port.
    pub port: Port,
    /// The container that asks; without it, the API server's proxy does.
    pub from: Option<Container>,
}

impl Spec for Unreachable {
    const CONDITION: Condition = Condition::Fixed;
    const WITHIN: Duration = Duration::ZERO;

    fn variables(&self) -> Vec<&'static str> {
        vec!["status", "text"]
    }

    fn faults(&self) -> Vec<String> {
        place::one_of_pod_and_service(self.pod.as_ref(), self.service.as_ref()).into_iter().collect()
    }

    fn expects(&self) -> Vec<(String, String)> {
        place::expected(self.pod.as_ref(), self.service.as_ref())
    }
}

//! `http`: what answers at a port of a Pod or a Service.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use super::{Condition, Container, PodRef, Port, Spec, place};
use crate::content::period::Period;

/// A request over HTTP, made through the API server's proxy or from inside a container.
///
/// ```yaml
/// http: {service: mc3, port: 80, path: "/{{ nonce }}", other: {pod: mc3, port: 5000, path: "/{{ nonce }}"}}
/// cel: status == other.status && text == other.text
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Http {
    /// The Pod that is asked.
    pub pod: Option<PodRef>,
    /// The Service that is asked.
    pub service: Option<String>,
    /// The port.
    pub port: Port,
    /// The path, `/` where it is not given; `{{ nonce }}` becomes a text that no one can guess.
    pub path: Option<String>,
    /// The method, `GET` where it is not given.
    pub method: Option<String>,
    /// Headers to send.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The container that asks; without it, the API server's proxy does.
    pub from: Option<Container>,
    /// The time after which it is asked a second time.
    pub again: Option<Period>,
    /// A request beside this one, whose answer the condition compares with.
    pub other: Option<Box<Http>>,
}

impl Http {
    /// The path that is asked for.
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/")
    }

    /// The method.
    pub fn method(&self) -> &str {
        self.method.as_deref().unwrap_or("GET")
    }
}

impl Spec for Http {
    const CONDITION: Condition = Condition::Optional;
    const WITHIN: Duration = Duration::from_secs(10);

    fn variables(&self) -> Vec<&'static str> {
        let mut names = vec!["status", "text", "json", "headers", "nonce"];
        names.extend(self.again.map(|_| "earlier"));
        names.extend(self.other.as_ref().map(|_| "other"));
        names
    }

    fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> =
            place::one_of_pod_and_service(self.pod.as_ref(), self.service.as_ref()).into_iter().collect();
        if !self.path().starts_with('/') {
            faults.push("`path` must begin with `/`".to_owned());
        }
        if !["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"].contains(&self.method()) {
            faults.push(format!("`{}` is no method of HTTP", self.method()));
        }
        if let Some(other) = &self.other {
            faults.extend(other.faults().into_iter().map(|fault| format!("other: {fault}")));
            if other.other.is_some() || other.again.is_some() {
                faults.push("`other` is one request: it takes no `other` and no `again`".to_owned());
            }
        }
        faults
    }

    fn expects(&self) -> Vec<(String, String)> {
        let mut expected = place::expected(self.pod.as_ref(), self.service.as_ref());
        expected.extend(self.other.iter().flat_map(|other| other.expects()));
        expected
    }
}

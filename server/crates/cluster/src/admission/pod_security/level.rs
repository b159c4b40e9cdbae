//! The labels of a namespace: which level in which mode.

use std::fmt;

use serde_json::Value;

/// How much is allowed, from all to little.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Privileged,
    Baseline,
    Restricted,
}

/// A level and the version of Kubernetes whose rules it means, for messages.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) level: Level,
    version: String,
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        };
        write!(f, "{level}:{}", self.version)
    }
}

/// What happens to a Pod that a level does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is refused.
    Enforce,
    /// The person at the client is told.
    Warn,
}

impl Mode {
    /// The policy of a namespace. Where nothing is said of warnings, what is enforced is warned about too.
    pub(super) fn of(self, namespace: &Value) -> Policy {
        let labels = namespace.pointer("/metadata/labels");
        let label = |name: &str| {
            let key = format!("pod-security.kubernetes.io/{name}");
            labels.and_then(|labels| labels.get(&key)).and_then(Value::as_str)
        };
        let name = match self {
            Self::Warn if label("warn").is_some() => "warn",
            _ => "enforce",
        };
        let level = match label(name) {
            None | Some("privileged") => Level::Privileged,
            Some("baseline") => Level::Baseline,
            // What is misspelt is meant to protect.
            Some(_) => Level::Restricted,
        };
        let version = label(&format!("{name}-version")).unwrap_or("latest").to_owned();
        Policy { level, version }
    }
}

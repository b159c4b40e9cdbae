//! The labels of a namespace: which level in which mode.

use std::fmt;

use serde_json::Value;

use crate::validation::{ErrorList, Path};

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

/// The labels of a namespace that say what its Pods may be.
pub(crate) fn validate_labels(namespace: &Value, errors: &mut ErrorList) {
    let labels = namespace.pointer("/metadata/labels");
    for mode in ["enforce", "audit", "warn"] {
        for (suffix, is_valid, detail) in [
            ("", is_level as fn(&str) -> bool, "must be one of privileged, baseline, restricted"),
            ("-version", is_version, "must be \"latest\" or \"v1.x\""),
        ] {
            let key = format!("pod-security.kubernetes.io/{mode}{suffix}");
            let value = labels.and_then(|labels| labels.get(&key)).and_then(Value::as_str);
            if let Some(value) = value.filter(|value| !is_valid(value)) {
                errors.invalid(&Path::new("metadata").child("labels").key(&key), value, detail);
            }
        }
    }
}

fn is_level(text: &str) -> bool {
    matches!(text, "privileged" | "baseline" | "restricted")
}

fn is_version(text: &str) -> bool {
    let minor = text.strip_prefix("v1.").unwrap_or_default();
    let is_number = !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit());
    text == "latest" || (is_number && (minor == "0" || !minor.starts_with('0')))
}

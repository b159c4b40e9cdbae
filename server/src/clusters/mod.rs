//! Where a cluster comes from: the one decision behind `--cluster`.

pub mod fast;
pub mod in_process;
pub mod real;
pub mod standalone;

use std::{fmt, str::FromStr};

/// What `--cluster` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// podlab's own cluster, in this process.
    Embedded,
    /// The cluster of a kubeconfig: of the context that is named, or of the current one.
    Kubeconfig {
        /// The context's name.
        context: Option<String>,
    },
    /// The cluster that this process runs in, by its service account.
    InCluster,
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            // Nobody is surprised by a real cluster: it is used when it is asked for.
            None if matches!(text, "auto" | "embedded") => Ok(Self::Embedded),
            None if text == "kubeconfig" => Ok(Self::Kubeconfig { context: None }),
            None if text == "in-cluster" => Ok(Self::InCluster),
            Some(("kubeconfig", context)) if !context.is_empty() => {
                Ok(Self::Kubeconfig { context: Some(context.into()) })
            }
            _ => Err("use auto, embedded, kubeconfig, kubeconfig:CONTEXT or in-cluster".into()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Kubeconfig { context: None } => f.write_str("kubeconfig"),
            Self::Kubeconfig { context: Some(context) } => write!(f, "kubeconfig:{context}"),
            Self::InCluster => f.write_str("in-cluster"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn auto_is_the_embedded_cluster() {
        assert_eq!("auto".parse(), Ok(Source::Embedded));
        assert_eq!("embedded".parse(), Ok(Source::Embedded));
    }

    #[test]
    fn a_context_may_hold_colons() {
        let context = Some("arn:aws:eks:one".to_string());
        assert_eq!("kubeconfig:arn:aws:eks:one".parse(), Ok(Source::Kubeconfig { context }));
    }

    #[test]
    fn anything_else_is_refused_with_what_would_do() {
        for text in ["", "kind", "kubeconfig:", "auto:x", "Embedded"] {
            let error = text.parse::<Source>().unwrap_err();
            assert!(error.contains("kubeconfig:CONTEXT"), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_shown_can_be_parsed() {
        for text in ["embedded", "kubeconfig", "kubeconfig:minikube", "in-cluster"] {
            assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
        }
    }
}

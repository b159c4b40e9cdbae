//! What keeps the grader from grading. None of it is the learner's doing: what is, is in the verdict.

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum GraderError {
    /// The cluster could not be asked, or refused what the grader needs.
    #[error("while {doing}: {}", explain(source))]
    Cluster {
        /// What the grader was doing, as in "while creating a sandbox".
        doing: &'static str,
        /// What came back.
        source: Box<kube::Error>,
    },
    /// The cluster answered and then did nothing.
    #[error("{waiting_for} took more than {seconds} s")]
    Late {
        /// What was waited for.
        waiting_for: &'static str,
        /// How long, in cluster time.
        seconds: u64,
    },
}

impl GraderError {
    pub(crate) fn cluster(doing: &'static str) -> impl FnOnce(kube::Error) -> Self {
        move |source| Self::Cluster { doing, source: Box::new(source) }
    }
}

/// An error of the client in words: the API's message alone where it is the API's.
pub(crate) fn explain(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => {
            let mut words = other.to_string();
            let mut cause = std::error::Error::source(other);
            while let Some(inner) = cause {
                let inner_words = inner.to_string();
                if !words.contains(&inner_words) {
                    words = format!("{words}: {inner_words}");
                }
                cause = inner.source();
            }
            words
        }
    }
}

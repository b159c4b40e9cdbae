//! What the lab does: its content, its database and its graders, as one learner sees them.

mod learners_lab;
mod views;

use std::sync::Arc;

use podlab_app::api::{ApiError, ClusterInfo};
use podlab_exercises::content::{Content, ExerciseContent};

use crate::{
    database::{Database, DatabaseError},
    grading::Graders,
};
pub use learners_lab::LearnersLab;

/// The largest manifest that is recorded, in bytes: far beyond any exercise, and what the grader reads.
pub const MANIFEST_LIMIT: usize = 1 << 20;

/// How many submissions of one learner may be under way at once.
const UNDER_WAY_LIMIT: i64 = 2;

/// How many submissions a progress page lists.
const HISTORY_LIMIT: i64 = 100;

/// The lab. Cloning shares it.
#[derive(Clone)]
pub struct Lab {
    inner: Arc<Inner>,
}

struct Inner {
    content: Arc<Content>,
    database: Database,
    graders: Graders,
    cluster: ClusterInfo,
}

impl Lab {
    /// A lab with this content, which keeps what it must in `database` and lets `graders` grade on `cluster`.
    pub fn new(content: Arc<Content>, database: Database, graders: Graders, cluster: ClusterInfo) -> Self {
        Self { inner: Arc::new(Inner { content, database, graders, cluster }) }
    }

    /// The lab as the learner with this key sees it; `source` is noted with what they submit.
    pub fn of(&self, learner: String, source: &'static str) -> LearnersLab {
        LearnersLab::new(self.clone(), learner, source)
    }

    fn exercise(&self, name: &str) -> Result<&ExerciseContent, ApiError> {
        self.inner.content.exercise(name).ok_or_else(|| {
            refusal(404, format!("There is no exercise called '{name}'. The catalogue lists all of them."))
        })
    }
}

/// What is said about a manifest past [`MANIFEST_LIMIT`].
pub fn too_large() -> String {
    "What you submit is larger than 1 MiB, the most that podlab takes. Submit the manifest that the exercise asks for, \
     without anything else."
        .into()
}

fn refusal(status: u16, message: impl Into<String>) -> ApiError {
    ApiError { status, message: message.into() }
}

/// A fault of podlab's: what happened is for its log, and the learner is told what to do.
fn fault(error: &DatabaseError) -> ApiError {
    tracing::error!(%error, "the database failed");
    refusal(
        500,
        "podlab could not read or write its database. Try again; what was acknowledged before is kept.",
    )
}

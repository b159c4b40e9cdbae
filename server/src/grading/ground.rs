//! Where submissions are graded: a fresh embedded cluster on fast time for each, or sandbox namespaces of a real one.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use podlab_cluster::Config;
use podlab_exercises::{
    CheckResult, Outcome, Progress, Verdict,
    content::{Content, ExerciseContent},
};

use crate::clusters::{
    Source,
    fast::{self, FastError},
    real::{RealCluster, RealError},
};

/// How long grading on an embedded cluster may take in real time, whatever happens in it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many submissions a real cluster grades at the same time.
const REAL_WIDTH: usize = 4;

/// Where submissions are graded.
#[derive(Clone)]
pub struct Ground(Kind);

#[derive(Clone)]
enum Kind {
    Embedded,
    Real(RealCluster),
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum GroundError {
    /// The embedded cluster could not be run.
    #[error(transparent)]
    Fast(#[from] FastError),
    /// The grader could not do its work.
    #[error(transparent)]
    Grader(#[from] podlab_grader::GraderError),
    /// It took too long.
    #[error("grading did not end within {} s of real time and was stopped", PATIENCE.as_secs())]
    Stuck,
    /// The exercise is not part of the content.
    #[error("there is no exercise called '{0}'")]
    NoExercise(String),
}

impl Ground {
    /// The ground that `--cluster` names.
    ///
    /// # Errors
    ///
    /// Where a real cluster cannot be reached.
    pub async fn of(source: &Source) -> Result<Self, RealError> {
        Ok(Self(match source {
            Source::Embedded => Kind::Embedded,
            Source::Kubeconfig { context } => Kind::Real(RealCluster::of_kubeconfig(context.clone()).await?),
            Source::InCluster => Kind::Real(RealCluster::around().await?),
        }))
    }

    /// The name that is recorded with a submission.
    pub fn name(&self) -> &str {
        match &self.0 {
            Kind::Embedded => "embedded",
            Kind::Real(cluster) => &cluster.name,
        }
    }

    /// Whether containers are simulated.
    pub fn is_simulated(&self) -> bool {
        matches!(self.0, Kind::Embedded)
    }

    /// The Kubernetes version.
    pub fn version(&self) -> Option<String> {
        match &self.0 {
            Kind::Embedded => {
                let version = Config::default().version;
                Some(format!("v1.{}.{}", version.minor, version.patch))
            }
            Kind::Real(cluster) => Some(cluster.version.clone()),
        }
    }

    /// How many submissions are graded at the same time.
    pub fn width(&self) -> usize {
        match &self.0 {
            Kind::Embedded => std::thread::available_parallelism().map_or(1, usize::from),
            Kind::Real(_) => REAL_WIDTH,
        }
    }

    /// Removes what an earlier podlab left on the cluster.
    pub async fn sweep(&self) {
        if let Kind::Real(cluster) = &self.0
            && let Err(error) = podlab_grader::sweep(&cluster.client).await
        {
            tracing::warn!(%error, "sandboxes that an earlier podlab left could not be removed");
        }
    }

    /// Grades `manifest` for the exercise called `name` and calls `tell` with each event as it happens.
    ///
    /// # Errors
    ///
    /// Where podlab or the cluster is at fault; whatever is wrong with the submission is a verdict.
    pub async fn grade(
        &self,
        content: Arc<Content>,
        name: String,
        manifest: String,
        tell: impl Fn(Progress) + Send + Sync + 'static,
    ) -> Result<Verdict, GroundError> {
        let exercise = |content: &Content| {
            content.exercise(&name).cloned().ok_or_else(|| GroundError::NoExercise(name.clone()))
        };
        let exercise = exercise(&content)?;
        match &self.0 {
            Kind::Real(cluster) => {
                Ok(podlab_grader::grade(&content, &exercise, &manifest, cluster.client.clone(), (), &tell).await?)
            }
            Kind::Embedded => {
                let work = move |client, clock| async move {
                    podlab_grader::grade(&content, &exercise, &manifest, client, clock, &tell).await
                };
                let grading = fast::with_cluster(Config::default(), Timestamp::now(), rand::random(), work);
                let verdict = tokio::time::timeout(PATIENCE, grading).await.map_err(|_| GroundError::Stuck)??;
                Ok(verdict?)
            }
        }
    }
}

/// The verdict where grading itself failed: nothing is held against the learner.
pub(super) fn fault_verdict(content: &ExerciseContent, error: &GroundError) -> Verdict {
    let checks = content.checks.iter().map(|check| CheckResult {
        id: check.id.clone(),
        title: check.title.clone(),
        outcome: Outcome::Error,
        points: 0,
        max_points: check.points,
        message: format!("This could not be decided, which is not your fault: {error}. Submit again."),
        observed: None,
    });
    Verdict {
        exercise: content.exercise.name.clone(),
        passed: false,
        points: 0,
        max_points: content.max_points(),
        checks: checks.collect(),
        problems: vec![],
        duration_ms: 0,
        cluster_ms: 0,
    }
}

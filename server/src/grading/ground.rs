//! Where submissions are graded: a fresh embedded cluster on fast time for each, or sandbox namespaces of a real one.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use podlab_cluster::{Config, NodeConfig};
use podlab_exercises::{
    CheckResult, Outcome, Progress, Verdict,
    content::{Content, ExerciseContent},
};
use podlab_grader::{GraderError, Host, Tenancy};
use podlab_node::env::TokioClock;

use crate::clusters::{
    Source,
    fast::{self, FastError},
    real::{RealCluster, RealError},
};

/// How long grading on an embedded cluster may take in real time, whatever happens in it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A cluster to grade on. Its clock waits for what runs: a container that never rests, such as a loop whose `sleep` is
/// misspelt, must not take long to come through the seconds that checks look at.
fn sandbox() -> Config {
    let node = NodeConfig { burst_steps: 250_000, busy_steps_per_second: 25_000, ..NodeConfig::default() };
    Config { nodes: vec![node], ..Config::default() }
}

/// How many submissions a real cluster grades at the same time.
const REAL_WIDTH: usize = 4;

/// Where submissions are graded.
#[derive(Clone)]
pub struct Ground(Kind);

#[derive(Clone)]
enum Kind {
    Embedded,
    Real { cluster: RealCluster, host: Host },
}

/// A submission and whose it is.
#[derive(Clone, Debug)]
pub struct Work {
    /// The exercise's name.
    pub exercise: String,
    /// What was submitted.
    pub manifest: Vec<u8>,
    /// Stands for the learner on a shared cluster: a label's value, never a name.
    pub owner: String,
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum GroundError {
    /// The embedded cluster could not be run.
    #[error(transparent)]
    Fast(#[from] FastError),
    /// The grader could not do its work.
    #[error(transparent)]
    Grader(#[from] GraderError),
    /// It took too long.
    #[error("grading did not end within {} s of real time and was stopped", PATIENCE.as_secs())]
    Stuck,
    /// The exercise is not part of the content.
    #[error("there is no exercise called '{0}'")]
    NoExercise(String),
}

impl Ground {
    /// The ground that `--cluster` names. `installation` stands for this podlab on a shared cluster: the same after a
    /// restart, so that what a killed one left is found.
    ///
    /// # Errors
    ///
    /// Where a real cluster cannot be reached.
    pub async fn of(source: &Source, installation: &str) -> Result<Self, RealError> {
        let cluster = match source {
            Source::Embedded => return Ok(Self(Kind::Embedded)),
            Source::Kubeconfig { context } => RealCluster::of_kubeconfig(context.clone()).await?,
            Source::InCluster => RealCluster::around().await?,
        };
        let host = Host { installation: installation.into(), run: format!("{:016x}", rand::random::<u64>()) };
        Ok(Self(Kind::Real { cluster, host }))
    }

    /// The embedded cluster.
    pub fn embedded() -> Self {
        Self(Kind::Embedded)
    }

    /// The name that is recorded with a submission.
    pub fn name(&self) -> &str {
        match &self.0 {
            Kind::Embedded => "embedded",
            Kind::Real { cluster, .. } => &cluster.name,
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
            Kind::Real { cluster, .. } => Some(cluster.version.clone()),
        }
    }

    /// How many submissions are graded at the same time.
    pub fn width(&self) -> usize {
        match &self.0 {
            Kind::Embedded => std::thread::available_parallelism().map_or(1, usize::from),
            Kind::Real { .. } => REAL_WIDTH,
        }
    }

    /// Removes what an earlier run left on a shared cluster.
    pub async fn sweep(&self) {
        let Kind::Real { cluster, host } = &self.0 else { return };
        match podlab_grader::sweep(&cluster.client, host, Timestamp::now()).await {
            Ok(swept) => {
                for namespace in swept.removed {
                    tracing::info!(namespace, "a sandbox that an earlier run left behind is being removed");
                }
                for (namespace, error) in swept.failed {
                    tracing::warn!(
                        namespace,
                        error,
                        "a sandbox that an earlier run left behind could not be removed"
                    );
                }
            }
            Err(error) => {
                tracing::warn!(%error, "sandboxes that an earlier run left behind could not be looked for")
            }
        }
    }

    /// Grades `work` and calls `tell` with each event as it happens.
    ///
    /// # Errors
    ///
    /// Where podlab or the cluster is at fault; whatever is wrong with the submission is in the verdict.
    pub async fn grade(
        &self,
        content: Arc<Content>,
        work: Work,
        tell: impl Fn(Progress) + Send + Sync + 'static,
    ) -> Result<Verdict, GroundError> {
        let Work { exercise, manifest, owner } = work;
        if content.exercise(&exercise).is_none() {
            return Err(GroundError::NoExercise(exercise));
        }
        let grade = async move |cluster: podlab_grader::Cluster| match content.exercise(&exercise) {
            Some(exercise) => Ok(podlab_grader::grade(exercise, &manifest, &content, &cluster, &tell).await?),
            None => Err(GroundError::NoExercise(exercise)),
        };
        match &self.0 {
            Kind::Real { cluster, host } => {
                let (client, tenancy) = (cluster.client.clone(), Tenancy::Shared(host.clone()));
                let clock: Arc<dyn podlab_grader::Clock> =
                    Arc::new(GradersClock(Arc::new(TokioClock::new(Timestamp::now()))));
                grade(podlab_grader::Cluster { client, clock, tenancy, owner }).await
            }
            Kind::Embedded => {
                let on_cluster = move |client, clock| {
                    let clock: Arc<dyn podlab_grader::Clock> = Arc::new(GradersClock(clock));
                    grade(podlab_grader::Cluster { client, clock, tenancy: Tenancy::Private, owner })
                };
                let grading = fast::with_cluster(sandbox(), Timestamp::now(), rand::random(), on_cluster);
                tokio::time::timeout(PATIENCE, grading).await.map_err(|_| GroundError::Stuck)??
            }
        }
    }
}

/// A cluster's clock as the grader, which knows no clusters, has it.
struct GradersClock(Arc<dyn podlab_node::Clock>);

impl podlab_grader::Clock for GradersClock {
    fn uptime(&self) -> Duration {
        self.0.uptime()
    }

    fn sleep_until(&self, deadline: Duration) -> podlab_grader::clock::BoxFuture<()> {
        self.0.sleep_until(deadline)
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

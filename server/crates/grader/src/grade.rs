//! Grading, as one sentence: a submission is applied to a sandbox, the cluster's state is observed, checks turn the
//! observation into a verdict.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use kube::api::ApiResource;
use podlab_exercises::{
    CheckResult, Outcome, Problem, Progress, Verdict,
    content::{
        Content, ExerciseContent,
        check::{Check, Subject},
    },
};

use crate::{
    apply::{Applied, apply},
    check::{decide, skipped},
    cluster::Cluster,
    error::GraderError,
    kinds,
    observe::scene::Scene,
    sandbox::Sandbox,
    schedule,
    settle::settle,
    submission::{self, Document},
};

/// Grades a submission (YAML or JSON, one document or several) for an exercise of `content`, and tells `progress` what
/// happens, the verdict last.
///
/// What is wrong with the submission is in the verdict: as a problem where it cannot be applied, as a failed check where
/// it does not do what it should. Dropping the future cancels the grading; the sandbox is removed all the same.
///
/// # Errors
///
/// Where the cluster cannot be reached or refuses what the grader needs, which is never held against the learner.
pub async fn grade(
    exercise: &ExerciseContent,
    submission: &[u8],
    content: &Content,
    cluster: &Cluster,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Verdict, GraderError> {
    let report =
        Report { progress, exercise, cluster, started: Instant::now(), began: cluster.clock.uptime() };
    let documents = match submission::read(submission, exercise, content) {
        Ok(documents) => documents,
        Err(problems) => return Ok(report.nothing_applied(problems)),
    };
    report.phase("Making a sandbox");
    let sandbox = Sandbox::create(&exercise.exercise.name, cluster).await?;
    report.phase(&format!("Applying {}", counted(documents.len(), "object")));
    let verdict = in_sandbox(&documents, exercise, &sandbox, cluster, &report).await;
    if let Err(error) = sandbox.remove().await {
        // The verdict stands; the next sweep finds what is left.
        tracing::warn!(%error, "a sandbox could not be removed");
    }
    verdict.map(|verdict| report.done(verdict))
}

/// Applies, waits, looks.
async fn in_sandbox(
    documents: &[Document],
    exercise: &ExerciseContent,
    sandbox: &Sandbox,
    cluster: &Cluster,
    report: &Report<'_>,
) -> Result<Verdict, GraderError> {
    let applied = apply(documents, sandbox.name(), cluster).await?;
    if applied.objects.is_empty() {
        return Ok(report.unseen(applied.problems));
    }
    let kinds = kinds_to_watch(exercise, cluster).await?;
    let (scene, watches) = Scene::open(cluster, sandbox.name(), kinds, &applied.refused);
    let observed = observe(exercise, &applied, &scene, report);
    let checks = tokio::select! {
        checks = observed => checks,
        () = watches.run() => unreachable_end(exercise),
    };
    Ok(report.verdict(checks, applied.problems))
}

/// Waits until the Pods are what they will be, then decides all checks.
async fn observe(
    exercise: &ExerciseContent,
    applied: &Applied,
    scene: &Scene<'_>,
    report: &Report<'_>,
) -> Vec<CheckResult> {
    let pods: Vec<&str> =
        applied.objects.iter().filter(|(kind, _)| *kind == "Pod").map(|(_, name)| name.as_str()).collect();
    if !pods.is_empty() {
        settle(&pods, exercise.settle, scene, |words| report.phase(words)).await;
    }
    report.phase(&format!("Looking at {}", counted(exercise.checks.len(), "requirement")));
    schedule::run(exercise, |check| decide(check, scene), |result| report.check(result)).await
}

/// Every kind that a check speaks of, and Pods and Services, which most do.
async fn kinds_to_watch(
    exercise: &ExerciseContent,
    cluster: &Cluster,
) -> Result<Vec<ApiResource>, GraderError> {
    let mut wanted: BTreeSet<(&str, Option<&str>)> = BTreeSet::from([("Pod", None), ("Service", None)]);
    wanted.extend(exercise.checks.iter().filter_map(|check| kind_of(&check.subject)));
    let mut resources: Vec<ApiResource> = Vec::new();
    for (kind, api_version) in wanted {
        let found = kinds::resource(&cluster.client, api_version, kind)
            .await
            .map_err(GraderError::cluster("asking which kinds the cluster has"))?;
        resources.extend(found.filter(|found| !resources.iter().any(|other| other.kind == found.kind)));
    }
    Ok(resources)
}

fn kind_of(subject: &Subject) -> Option<(&str, Option<&str>)> {
    match subject {
        Subject::Object(object) => Some((&object.kind, object.api_version.as_deref())),
        Subject::Absent(absent) => Some((&absent.kind, absent.api_version.as_deref())),
        Subject::Ready(ready) => Some((ready.kind(), None)),
        Subject::Event(_) => Some(("Event", None)),
        _ => None,
    }
}

/// Watches run for as long as somebody looks; should they end, nothing could be decided.
fn unreachable_end(exercise: &ExerciseContent) -> Vec<CheckResult> {
    let undecided = |check: &Check| CheckResult {
        outcome: Outcome::Error,
        ..skipped(
            check,
            "This could not be decided, which is not your fault: the cluster stopped telling what changes.",
        )
    };
    exercise.checks.iter().map(undecided).collect()
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Tells what happens, and makes the verdict out of it.
struct Report<'a> {
    progress: &'a (dyn Fn(Progress) + Send + Sync),
    exercise: &'a ExerciseContent,
    cluster: &'a Cluster,
    /// In real time.
    started: Instant,
    /// In cluster time.
    began: Duration,
}

impl Report<'_> {
    fn phase(&self, message: &str) {
        (self.progress)(Progress::Phase { message: message.to_owned(), cluster_ms: self.cluster_ms() });
    }

    fn check(&self, result: &CheckResult) {
        (self.progress)(Progress::Check { result: result.clone(), cluster_ms: self.cluster_ms() });
    }

    fn done(&self, mut verdict: Verdict) -> Verdict {
        verdict.duration_ms = milliseconds(self.started.elapsed());
        (self.progress)(Progress::Done { verdict: verdict.clone() });
        verdict
    }

    /// The verdict on a submission that cannot be applied.
    fn nothing_applied(&self, problems: Vec<Problem>) -> Verdict {
        self.done(self.unseen(problems))
    }

    /// A verdict without anything looked at.
    fn unseen(&self, problems: Vec<Problem>) -> Verdict {
        let because = "Not looked at: nothing of the submission could be applied.";
        let checks: Vec<CheckResult> =
            self.exercise.checks.iter().map(|check| skipped(check, because)).collect();
        checks.iter().for_each(|result| self.check(result));
        self.verdict(checks, problems)
    }

    fn verdict(&self, checks: Vec<CheckResult>, problems: Vec<Problem>) -> Verdict {
        Verdict {
            exercise: self.exercise.exercise.name.clone(),
            passed: problems.is_empty() && checks.iter().all(|check| check.outcome == Outcome::Pass),
            points: checks.iter().map(|check| check.points).sum(),
            max_points: self.exercise.max_points(),
            checks,
            problems,
            duration_ms: 0,
            cluster_ms: self.cluster_ms(),
        }
    }

    fn cluster_ms(&self) -> u64 {
        milliseconds(self.cluster.clock.uptime().saturating_sub(self.began))
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grading_can_run_on_any_runtime() {
        fn sendable<T: Send>(_: impl FnOnce() -> T) {}
        // Never called: that it compiles is the test.
        #[expect(unreachable_code, reason = "only the type matters")]
        fn future() -> impl Future<Output = Result<Verdict, GraderError>> {
            grade(panic!(), panic!(), panic!(), panic!(), panic!())
        }
        sendable(future);
    }
}

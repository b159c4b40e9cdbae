//! What a Job needs next: pure.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::{
    batch::v1::{Job, JobSpec, JobStatus, UncountedTerminatedPods},
    core::v1::Pod,
};

use super::{
    conditions::{condition, find, holds, is_finished, mark, set},
    failure_policy::{self, Verdict},
    indexes::{self, Indexes},
    success_policy,
};
use crate::{
    controllers::pods::{self, count, unless_zero},
    kubelet::{after, seconds},
};

/// Holds a Pod until it has been counted.
pub(super) const TRACKING: &str = "batch.kubernetes.io/job-tracking";

/// The label and annotation with a Pod's index.
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// After a failure; doubled with each further one.
const BACKOFF: Duration = Duration::from_secs(10);
const MAX_BACKOFF: Duration = Duration::from_secs(600);

/// The most Pods to make or delete at a time: the others' turn comes when these are seen.
const BURST: usize = 500;

/// What is to be done, in this order: Pods are released, deleted, made; the status is written; events are told.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Pods that have been counted.
    pub(super) release: Vec<Pod>,
    pub(super) delete: Vec<Pod>,
    /// Pods to make, with their indexes where the Job has some.
    pub(super) create: Vec<Option<i32>>,
    pub(super) status: JobStatus,
    /// Warning or not, reason, message.
    pub(super) events: Vec<(bool, &'static str, String)>,
    pub(super) again: Option<Duration>,
}

/// The state of a Job's Pods.
struct Census<'a> {
    active: Vec<&'a Pod>,
    /// When the last one failed, counted before or not.
    last_failure: Option<Timestamp>,
    /// How often each index failed, and when it did last.
    failures: BTreeMap<i32, (i32, Timestamp)>,
    /// Ended since the Job was last looked at.
    succeeded: Vec<&'a Pod>,
    failed: Vec<&'a Pod>,
    terminating: i32,
    ready: i32,
}

pub(super) fn is_indexed(spec: &JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some("Indexed")
}

/// Works out what a Job that has not finished needs.
pub(super) fn plan(job: &Job, pods: &[Pod], now: Timestamp) -> Plan {
    let spec = job.spec.clone().unwrap_or_default();
    let mut status = job.status.clone().unwrap_or_default();
    let mut plan = Plan::default();
    let suspended = spec.suspend == Some(true);
    if status.start_time.is_none() && !suspended {
        status.start_time = Some(seconds(now));
    }
    let census = census(&spec, pods);
    plan.release = census.succeeded.iter().chain(&census.failed).map(|pod| (*pod).clone()).collect();
    let done = tally(&spec, &mut status, &census);
    let succeeds = holds(&status, "SuccessCriteriaMet");
    let ending = if succeeds { None } else { failure(&spec, &status, &census, now) };
    let active = match ending {
        Some((reason, message)) => {
            plan.delete = census.active.iter().map(|pod| (*pod).clone()).collect();
            mark(&mut status, "FailureTarget", reason, &message, now);
            0
        }
        None => go_on(job, &spec, &mut status, &census, &done, &mut plan, now),
    };
    status.active = unless_zero(active);
    status.ready = Some(if active == 0 { 0 } else { census.ready });
    let terminating = census.terminating + count(plan.delete.len());
    status.terminating = Some(terminating);
    status.uncounted_terminated_pods = Some(UncountedTerminatedPods::default());
    finish(&mut status, active + terminating, &mut plan, now);
    plan.status = status;
    let deadline = spec.active_deadline_seconds.filter(|_| !suspended && !is_finished(&plan.status));
    if let (Some(limit), Some(start)) = (deadline, &plan.status.start_time) {
        let end = after(start.0, Duration::from_secs(u64::try_from(limit).unwrap_or_default()));
        let left = Duration::try_from(end.duration_since(now)).unwrap_or_default();
        plan.again = Some(plan.again.map_or(left, |again| again.min(left)));
    }
    plan
}

fn census<'a>(spec: &JobSpec, pods: &'a [Pod]) -> Census<'a> {
    let only_failed = spec.pod_replacement_policy.as_deref() == Some("Failed");
    let last_failure = pods.iter().filter(|pod| pods::phase(pod) == "Failed").filter_map(finished_at).max();
    let (active, succeeded, failed) = (Vec::new(), Vec::new(), Vec::new());
    let failures = BTreeMap::new();
    let mut census = Census { active, last_failure, failures, succeeded, failed, terminating: 0, ready: 0 };
    for pod in pods {
        if pods::phase(pod) == "Failed"
            && let (Some(index), Some(end)) = (index_of(pod), finished_at(pod))
        {
            let failures = (failures_of_index(pod) + 1, end);
            let known = census.failures.entry(index).or_insert(failures);
            *known = (*known).max(failures);
        }
        let ending = pod.metadata.deletion_timestamp.is_some();
        let tracked = pod.metadata.finalizers.iter().flatten().any(|finalizer| finalizer == TRACKING);
        let (succeeded, failed) = match pods::phase(pod) {
            "Succeeded" => (true, false),
            "Failed" => (false, true),
            _ => (false, ending && !only_failed),
        };
        census.terminating += i32::from(ending && !pods::has_ended(pod));
        if succeeded && tracked {
            census.succeeded.push(pod);
        } else if failed && tracked {
            census.failed.push(pod);
        } else if pods::is_active(pod) {
            census.active.push(pod);
            census.ready += i32::from(pods::is_ready(pod));
        }
    }
    census
}

/// The indexes that are done.
#[derive(Default)]
struct Done {
    succeeded: Indexes,
    failed: Indexes,
}

/// Counts the Pods that have ended.
fn tally(spec: &JobSpec, status: &mut JobStatus, census: &Census<'_>) -> Done {
    let completions = spec.completions.unwrap_or_default();
    let counted = |pod: &&&Pod| !matches!(failure_policy::verdict(spec, pod), Verdict::Ignore);
    let failed = count(census.failed.iter().filter(counted).count());
    status.failed = unless_zero(status.failed.unwrap_or_default() + failed);
    let mut done = Done::default();
    if !is_indexed(spec) {
        status.succeeded = unless_zero(status.succeeded.unwrap_or_default() + count(census.succeeded.len()));
        return done;
    }
    done.succeeded = indexes::parse(status.completed_indexes.as_deref().unwrap_or_default(), completions);
    done.succeeded.extend(census.succeeded.iter().filter_map(|pod| index_of(pod)));
    let text = indexes::format(&done.succeeded);
    status.completed_indexes = Some(text).filter(|text| !text.is_empty());
    status.succeeded = unless_zero(count(done.succeeded.len()));
    if let Some(limit) = spec.backoff_limit_per_index {
        done.failed = indexes::parse(status.failed_indexes.as_deref().unwrap_or_default(), completions);
        for pod in &census.failed {
            let given_up = matches!(failure_policy::verdict(spec, pod), Verdict::FailIndex);
            if given_up || failures_of_index(pod) >= limit {
                done.failed.extend(index_of(pod));
            }
        }
        status.failed_indexes = Some(indexes::format(&done.failed));
    }
    done
}

/// How often an index had failed before this Pod.
fn failures_of_index(pod: &Pod) -> i32 {
    let annotations = pod.metadata.annotations.as_ref();
    let text = annotations.and_then(|all| all.get("batch.kubernetes.io/job-index-failure-count"));
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

pub(super) fn index_of(pod: &Pod) -> Option<i32> {
    pod.metadata.annotations.as_ref()?.get(INDEX)?.parse().ok()
}

/// Why the Job has to fail, if it has to.
fn failure(
    spec: &JobSpec,
    status: &JobStatus,
    census: &Census<'_>,
    now: Timestamp,
) -> Option<(&'static str, String)> {
    if let Some(target) = find(status, "FailureTarget") {
        let reason = ["BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy", "FailedIndexes"];
        let known = reason.into_iter().find(|known| target.reason.as_deref() == Some(known));
        return Some((known.unwrap_or("BackoffLimitExceeded"), target.message.clone().unwrap_or_default()));
    }
    for pod in &census.failed {
        if let Verdict::FailJob(message) = failure_policy::verdict(spec, pod) {
            return Some(("PodFailurePolicy", message));
        }
    }
    let limit =
        spec.backoff_limit.unwrap_or(if spec.backoff_limit_per_index.is_some() { i32::MAX } else { 6 });
    if status.failed.unwrap_or_default() > limit || too_many_restarts(spec, census, limit) {
        return Some(("BackoffLimitExceeded", "Job has reached the specified backoff limit".to_owned()));
    }
    let start = status.start_time.as_ref().filter(|_| spec.suspend != Some(true))?;
    let allowed = u64::try_from(spec.active_deadline_seconds?).ok()?;
    let late = after(start.0, Duration::from_secs(allowed)) <= now;
    late.then(|| ("DeadlineExceeded", "Job was active longer than specified deadline".to_owned()))
}

/// Pods that restart their containers themselves count those restarts.
fn too_many_restarts(spec: &JobSpec, census: &Census<'_>, limit: i32) -> bool {
    let template = spec.template.spec.as_ref();
    if template.and_then(|spec| spec.restart_policy.as_deref()) != Some("OnFailure") {
        return false;
    }
    let of = |pod: &&Pod| -> i32 {
        let status = pod.status.as_ref();
        let init = status.and_then(|status| status.init_container_statuses.as_ref());
        let regular = status.and_then(|status| status.container_statuses.as_ref());
        init.into_iter().chain(regular).flatten().map(|container| container.restart_count).sum()
    };
    let restarts: i32 = census.active.iter().map(of).sum();
    if limit == 0 { restarts > 0 } else { restarts >= limit }
}

/// Makes or deletes Pods of a Job that has not failed. Returns how many are active after that.
fn go_on(
    job: &Job,
    spec: &JobSpec,
    status: &mut JobStatus,
    census: &Census<'_>,
    done: &Done,
    plan: &mut Plan,
    now: Timestamp,
) -> i32 {
    let active = count(census.active.len());
    let succeeded = status.succeeded.unwrap_or_default();
    let complete = match spec.completions {
        None => succeeded > 0 && active == 0,
        Some(completions) => succeeded >= completions,
    };
    let failed_indexes = count(done.failed.len());
    if !holds(status, "SuccessCriteriaMet")
        && let Some(completions) = spec.completions
        && failed_indexes > 0
    {
        let too_many = spec.max_failed_indexes.is_some_and(|most| failed_indexes > most);
        if too_many || (succeeded + failed_indexes >= completions && active == 0) {
            let (reason, message) = if too_many {
                (
                    "MaxFailedIndexesExceeded",
                    "Job has exceeded the specified maximal number of failed indexes",
                )
            } else {
                ("FailedIndexes", "Job has failed indexes")
            };
            mark(status, "FailureTarget", reason, message, now);
            plan.delete = census.active.iter().map(|pod| (*pod).clone()).collect();
            return 0;
        }
    }
    let early = success_policy::matched(spec, &done.succeeded);
    if complete || early.is_some() || holds(status, "SuccessCriteriaMet") {
        let (reason, message) = match early {
            Some(message) => ("SuccessPolicy", message),
            None => ("CompletionsReached", "Reached expected number of succeeded pods".to_owned()),
        };
        mark(status, "SuccessCriteriaMet", reason, &message, now);
        plan.delete = census.active.iter().map(|pod| (*pod).clone()).collect();
        return 0;
    }
    if spec.suspend == Some(true) {
        plan.delete = census.active.iter().map(|pod| (*pod).clone()).collect();
        if !holds(status, "Suspended") {
            set(status, condition("Suspended", true, "JobSuspended", "Job suspended", now));
            status.start_time = None;
            plan.events.push((false, "Suspended", "Job suspended".to_owned()));
        }
        return 0;
    }
    if holds(status, "Suspended") {
        set(status, condition("Suspended", false, "JobResumed", "Job resumed", now));
        status.start_time = Some(seconds(now));
        plan.events.push((false, "Resumed", "Job resumed".to_owned()));
    }
    if job.metadata.deletion_timestamp.is_some() {
        return active;
    }
    let parallelism = spec.parallelism.unwrap_or(1);
    let wanted = match spec.completions {
        None if succeeded > 0 => active,
        None => parallelism,
        Some(completions) => (completions - succeeded - failed_indexes).min(parallelism),
    };
    if active > wanted {
        let surplus = usize::try_from(active - wanted).unwrap_or_default();
        let order = pods::in_order_of_deletion(census.active.iter().map(|pod| (*pod).clone()).collect());
        plan.delete = order.into_iter().take(surplus.min(BURST)).collect();
        return wanted.max(0);
    }
    let waiting =
        if spec.pod_replacement_policy.as_deref() == Some("Failed") { census.terminating } else { 0 };
    let missing = wanted - active - waiting;
    if missing <= 0 {
        return active;
    }
    if let Some(left) = backoff_left(spec, status, census, now) {
        plan.again = Some(left);
        return active;
    }
    let wanted = new_pods(spec, census, done, missing);
    let rests: Vec<Option<Duration>> =
        wanted.iter().map(|index| index_backoff_left(spec, census, *index, now)).collect();
    plan.create =
        wanted.into_iter().zip(&rests).filter(|(_, rest)| rest.is_none()).map(|(index, _)| index).collect();
    if plan.create.is_empty() {
        plan.again = rests.into_iter().flatten().min();
    }
    active + count(plan.create.len())
}

/// The indexes of the Pods to make.
fn new_pods(spec: &JobSpec, census: &Census<'_>, done: &Done, missing: i32) -> Vec<Option<i32>> {
    let missing = usize::try_from(missing).unwrap_or_default().min(BURST);
    if !is_indexed(spec) {
        return vec![None; missing];
    }
    let running: Indexes = census.active.iter().filter_map(|pod| index_of(pod)).collect();
    let all = 0..spec.completions.unwrap_or_default();
    let open = all.filter(|index| {
        !running.contains(index) && !done.succeeded.contains(index) && !done.failed.contains(index)
    });
    open.map(Some).take(missing).collect()
}

/// How long to wait after failures before making more Pods.
fn backoff_left(spec: &JobSpec, status: &JobStatus, census: &Census<'_>, now: Timestamp) -> Option<Duration> {
    if spec.backoff_limit_per_index.is_some() {
        return None;
    }
    rest_after(census.last_failure?, status.failed.unwrap_or_default(), now)
}

/// How long to wait after failures of an index before making another Pod for it, where each index has a limit of its own.
fn index_backoff_left(
    spec: &JobSpec,
    census: &Census<'_>,
    index: Option<i32>,
    now: Timestamp,
) -> Option<Duration> {
    spec.backoff_limit_per_index?;
    let (failures, last) = census.failures.get(&index?)?;
    rest_after(*last, *failures, now)
}

/// What is left of the time to wait after the last of some failures.
fn rest_after(last: Timestamp, failures: i32, now: Timestamp) -> Option<Duration> {
    let failures = u32::try_from(failures).ok().filter(|failures| *failures > 0)?;
    let delay = BACKOFF.saturating_mul(2_u32.saturating_pow((failures - 1).min(16))).min(MAX_BACKOFF);
    let until = after(last, delay);
    (until > now).then(|| Duration::try_from(until.duration_since(now)).unwrap_or_default())
}

/// When the last container of a Pod ended.
pub(super) fn finished_at(pod: &Pod) -> Option<Timestamp> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let ends = statuses.iter().filter_map(|container| {
        container.state.as_ref()?.terminated.as_ref()?.finished_at.as_ref().map(|time| time.0)
    });
    ends.max().or_else(|| pod.metadata.deletion_timestamp.as_ref().map(|time| time.0))
}

/// The end of a Job shows only when all its Pods have ended.
fn finish(status: &mut JobStatus, running: i32, plan: &mut Plan, now: Timestamp) {
    if running > 0 {
        return;
    }
    if let Some(target) = find(status, "FailureTarget").cloned() {
        let (reason, message) = (target.reason.unwrap_or_default(), target.message.unwrap_or_default());
        set(status, condition("Failed", true, &reason, &message, now));
        let known = ["BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy", "FailedIndexes"];
        let reason = known.into_iter().find(|known| *known == reason).unwrap_or("MaxFailedIndexesExceeded");
        plan.events.push((true, reason, message));
    } else if let Some(met) = find(status, "SuccessCriteriaMet").filter(|met| met.status == "True") {
        let (reason, message) = (met.reason.clone(), met.message.clone());
        let (reason, message) = (reason.unwrap_or_default(), message.unwrap_or_default());
        set(status, condition("Complete", true, &reason, &message, now));
        status.completion_time = Some(seconds(now));
        plan.events.push((false, "Completed", "Job completed".to_owned()));
    }
}

/// How often each index has failed so far, for the Pods that take its place.
pub(super) fn failures_by_index(pods: &[Pod]) -> BTreeMap<i32, i32> {
    let mut failures = BTreeMap::new();
    for pod in pods.iter().filter(|pod| pods::phase(pod) == "Failed") {
        if let Some(index) = index_of(pod) {
            let entry: &mut i32 = failures.entry(index).or_default();
            *entry = (*entry).max(failures_of_index(pod) + 1);
        }
    }
    failures
}

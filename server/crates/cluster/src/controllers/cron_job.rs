//! CronJobs: a Job at every time of a schedule. See "CronJob" in Kubernetes' documentation.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use k8s_openapi::{
    Metadata,
    api::{
        batch::v1::{CronJob, CronJobSpec, CronJobStatus, Job},
        core::v1::ObjectReference,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    job::is_finished,
    pods,
};
use crate::{
    Client, DeleteOptions,
    client::{Api, Selection},
    events::{Recorder, Reference},
    kubelet::seconds,
    schedule::{Schedule, time_zone},
    status::Result,
};

/// The annotation with the time that a Job was made for.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// After so many missed times the schedule, or the clock, cannot be right.
const MANY: i64 = 100;

pub(super) struct CronJobs {
    recorder: Recorder,
}

impl CronJobs {
    pub(super) fn new(client: &Client) -> Self {
        Self { recorder: Recorder::new(client.clone(), "cronjob-controller", None) }
    }
}

impl Controller for CronJobs {
    fn name(&self) -> &'static str {
        "cronjob-controller"
    }

    fn concerns(&self, _: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::CronJob(job) if !change.gone => vec![pods::key_of(&job.metadata)],
            Object::Job(job) => pods::owner_key::<CronJob>(&job.metadata).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let api = client.namespaced::<CronJob>(&key.namespace);
        let Some(cron_job) = api.get_opt(&key.name)? else { return Ok(Again::Never) };
        let spec = cron_job.spec.clone();
        let status = cron_job.status.clone().unwrap_or_default();
        let mut round = Round {
            client,
            recorder: &self.recorder,
            about: Reference::to(&cron_job),
            jobs: client.namespaced(&key.namespace),
            cron_job,
            spec,
            status,
        };
        let outcome = round.go();
        if round.cron_job.status.as_ref() != Some(&round.status) {
            round.cron_job.status = Some(round.status);
            api.update_status(&round.cron_job)?;
        }
        outcome
    }
}

/// A CronJob that is being looked at.
struct Round<'a> {
    client: &'a Client,
    recorder: &'a Recorder,
    about: Reference,
    jobs: Api<Job>,
    cron_job: CronJob,
    spec: CronJobSpec,
    status: CronJobStatus,
}

impl Round<'_> {
    fn go(&mut self) -> Result<Again> {
        let mut own = self.jobs.list(&Selection::default())?;
        own.retain(|job| {
            pods::controller_of(&job.metadata)
                .is_some_and(|owner| Some(&owner.uid) == self.cron_job.metadata.uid.as_ref())
        });
        self.take_stock(&own);
        self.forget_finished(&own)?;
        if self.cron_job.metadata.deletion_timestamp.is_some() || self.spec.suspend == Some(true) {
            return Ok(Again::Never);
        }
        let Some(zone) = time_zone(self.spec.time_zone.as_deref()) else {
            let name = self.spec.time_zone.clone().unwrap_or_default();
            self.warn("UnknownTimeZone", &format!("invalid timeZone: {name:?}: unknown time zone {name}"));
            return Ok(Again::Never);
        };
        let schedule = match Schedule::parse(&self.spec.schedule) {
            Ok(schedule) => schedule,
            Err(error) => {
                let text = &self.spec.schedule;
                self.warn("UnparseableSchedule", &format!("unparseable schedule: {text} : {error}"));
                return Ok(Again::Never);
            }
        };
        if let Some(due) = self.due(&schedule, &zone) {
            self.start(due)?;
        }
        let now = self.client.now();
        let next = schedule.next(now, &zone);
        Ok(next.map_or(Again::Never, |next| {
            Again::After(Duration::try_from(next.duration_since(now)).unwrap_or_default())
        }))
    }

    /// Brings the list of active Jobs up to date.
    fn take_stock(&mut self, own: &[Job]) {
        let mut active = self.status.active.clone().unwrap_or_default();
        for job in own {
            let uid = job.metadata.uid.as_deref();
            let name = name_of(&job.metadata);
            let listed = active.iter().position(|reference| reference.uid.as_deref() == uid);
            match (listed, end_of(job)) {
                (Some(index), Some(condition)) => {
                    active.remove(index);
                    let message = format!("Saw completed job: {name}, condition: {condition}");
                    self.recorder.record(&self.about, false, "SawCompletedJob", &message);
                }
                (None, None) => {
                    let message = format!("Saw a job that the controller did not create or forgot: {name}");
                    self.warn("UnexpectedJob", &message);
                }
                _ => {}
            }
            let end = job.status.as_ref().and_then(|status| status.completion_time.clone());
            if let Some(end) = end
                && self.status.last_successful_time.as_ref().is_none_or(|last| last.0 < end.0)
            {
                self.status.last_successful_time = Some(end);
            }
        }
        let mut missing = Vec::new();
        active.retain(|reference| {
            let there = own.iter().any(|job| job.metadata.uid == reference.uid);
            if !there {
                missing.push(reference.name.clone().unwrap_or_default());
            }
            there
        });
        for name in missing {
            let message = format!("Active job went missing: {name}");
            self.recorder.record(&self.about, false, "MissingJob", &message);
        }
        self.status.active = Some(active).filter(|active| !active.is_empty());
    }

    /// Deletes the oldest Jobs that have ended, past the limits.
    fn forget_finished(&self, own: &[Job]) -> Result<()> {
        let limits = [
            ("Complete", self.spec.successful_jobs_history_limit.unwrap_or(3)),
            ("Failed", self.spec.failed_jobs_history_limit.unwrap_or(1)),
        ];
        for (end, limit) in limits {
            let mut ended: Vec<&Job> = own.iter().filter(|job| end_of(job) == Some(end)).collect();
            ended.sort_by_key(|job| {
                let start = job.status.as_ref().and_then(|status| status.start_time.as_ref());
                (start.map(|time| time.0), job.metadata.name.clone())
            });
            let surplus = ended.len().saturating_sub(usize::try_from(limit).unwrap_or_default());
            for job in ended.into_iter().take(surplus) {
                self.delete(job)?;
            }
        }
        Ok(())
    }

    fn delete(&self, job: &Job) -> Result<()> {
        let options =
            DeleteOptions { propagation_policy: Some("Background".to_owned()), ..DeleteOptions::default() };
        let name = name_of(&job.metadata);
        match self.jobs.delete(name, &options) {
            Err(error) if !error.is_not_found() => Err(error),
            _ => {
                let message = format!("Deleted job {name}");
                self.recorder.record(&self.about, false, "SuccessfulDelete", &message);
                Ok(())
            }
        }
    }

    /// The time that a Job has yet to be made for: the latest one that has passed.
    fn due(&self, schedule: &Schedule, zone: &TimeZone) -> Option<Timestamp> {
        let now = self.client.now();
        let made = self.cron_job.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let last = self.status.last_schedule_time.as_ref().map(|time| time.0);
        let mut from = last.or(made).unwrap_or(now);
        let deadline = self.spec.starting_deadline_seconds.and_then(|limit| u64::try_from(limit).ok());
        if let Some(limit) = deadline.and_then(|limit| now.checked_sub(Duration::from_secs(limit)).ok()) {
            from = from.max(limit);
        }
        let (due, missed) = schedule.latest(from, now, zone)?;
        if missed > MANY {
            self.warn(
                "TooManyMissedTimes",
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
            );
        }
        Some(due)
    }

    fn start(&mut self, due: Timestamp) -> Result<()> {
        let name = format!("{}-{}", self.about.name, due.as_second() / 60);
        let active = self.status.active.clone().unwrap_or_default();
        if active.iter().any(|reference| reference.name.as_ref() == Some(&name)) {
            return Ok(());
        }
        match self.spec.concurrency_policy.as_deref() {
            Some("Forbid") if !active.is_empty() => {
                let message =
                    "Not starting job because prior execution is running and concurrency policy is Forbid";
                self.recorder.record(&self.about, false, "JobAlreadyActive", message);
                return Ok(());
            }
            Some("Replace") => {
                for reference in &active {
                    if let Some(job) = self.jobs.get_opt(reference.name.as_deref().unwrap_or_default())? {
                        self.delete(&job)?;
                    }
                }
                self.status.active = None;
            }
            _ => {}
        }
        let made = match self.jobs.create(&self.job(&name, due)) {
            Err(error) if error.is("AlreadyExists") => self.jobs.get(&name)?,
            Err(error) => {
                self.warn("FailedCreate", &format!("Error creating job: {error}"));
                return Err(error);
            }
            Ok(job) => {
                self.recorder.record(&self.about, false, "SuccessfulCreate", &format!("Created job {name}"));
                job
            }
        };
        let reference = ObjectReference {
            api_version: Some("batch/v1".to_owned()),
            kind: Some("Job".to_owned()),
            namespace: made.metadata().namespace.clone(),
            name: Some(name),
            uid: made.metadata().uid.clone(),
            resource_version: made.metadata().resource_version.clone(),
            field_path: None,
        };
        self.status.active.get_or_insert_default().push(reference);
        self.status.last_schedule_time = Some(seconds(due));
        Ok(())
    }

    fn job(&self, name: &str, due: Timestamp) -> Job {
        let template = &self.spec.job_template;
        let wanted = template.metadata.clone().unwrap_or_default();
        let mut annotations = wanted.annotations.unwrap_or_default();
        let zone = time_zone(self.spec.time_zone.as_deref()).unwrap_or(TimeZone::UTC);
        let shown = due.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        let shown = shown.strip_suffix("+00:00").map(|utc| format!("{utc}Z")).unwrap_or(shown);
        annotations.insert(SCHEDULED.to_owned(), shown);
        Job {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                namespace: Some(self.about.namespace.clone()),
                labels: wanted.labels,
                annotations: Some(annotations),
                owner_references: Some(vec![pods::controlled_by(&self.cron_job)]),
                ..ObjectMeta::default()
            },
            spec: template.spec.clone(),
            status: None,
        }
    }

    fn warn(&self, reason: &str, message: &str) {
        self.recorder.record(&self.about, true, reason, message);
    }
}

fn name_of(metadata: &ObjectMeta) -> &str {
    metadata.name.as_deref().unwrap_or_default()
}

/// `Complete` or `Failed`, for a Job that has ended.
fn end_of(job: &Job) -> Option<&'static str> {
    let status = job.status.as_ref().filter(|status| is_finished(status))?;
    let failed = status.conditions.iter().flatten().any(|c| c.type_ == "Failed" && c.status == "True");
    Some(if failed { "Failed" } else { "Complete" })
}

//! The conditions of a Job.

use jiff::Timestamp;
use k8s_openapi::{
    api::batch::v1::{JobCondition, JobStatus},
    apimachinery::pkg::apis::meta::v1::Time,
};

use crate::{conditions, kubelet::seconds};

/// Whether the Job has come to its end, one way or the other.
pub(in crate::controllers) fn is_finished(status: &JobStatus) -> bool {
    ["Complete", "Failed"].iter().any(|kind| holds(status, kind))
}

pub(super) fn find<'s>(status: &'s JobStatus, kind: &str) -> Option<&'s JobCondition> {
    conditions::find(status.conditions.as_deref(), kind)
}

pub(super) fn holds(status: &JobStatus, kind: &str) -> bool {
    find(status, kind).is_some_and(|condition| condition.status == "True")
}

pub(super) fn mark(status: &mut JobStatus, kind: &str, reason: &str, message: &str, now: Timestamp) {
    if !holds(status, kind) {
        set(status, condition(kind, true, reason, message, now));
    }
}

pub(super) fn condition(
    kind: &str,
    holds: bool,
    reason: &str,
    message: &str,
    now: Timestamp,
) -> JobCondition {
    let now: Time = seconds(now);
    JobCondition {
        type_: kind.to_owned(),
        status: conditions::status(holds).to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_probe_time: Some(now.clone()),
        last_transition_time: Some(now),
    }
}

pub(super) fn set(status: &mut JobStatus, condition: JobCondition) {
    conditions::set(&mut status.conditions, condition);
}

//! `pods/NAME/log`.

use std::convert::Infallible;

use axum::{body::Body, response::Response};
use futures::StreamExt;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::{Call, Target, find, refused};
use crate::{
    http::answer,
    node_agent::{ContainerRef, LogOptions, LogStream},
    resource::Resource,
    status::{Cause, Result, Status},
};

const TEXT: &str = "text/plain";

/// Sends a container's log, as it grows if the client follows it.
pub(in crate::http) async fn log(call: &Call, resource: &Resource, target: &Target) -> Result<Response> {
    let options = options(call)?;
    let found = find(call, resource, target)?;
    let container = found.container(call.query.get("container"))?;
    if found.node().is_empty() {
        // Nothing has been written yet by a Pod that is on no node.
        return Ok(answer::response(StatusCode::OK, TEXT, Body::empty()));
    }
    let agent = found.agent(call)?;
    let reference = ContainerRef { pod: found.reference.clone(), container };
    let lines = agent.logs(reference, options).await.map_err(|e| refused(e, resource, found.name()))?;
    let ended = call.server.ended.clone();
    let until_the_end = lines.take_until(async move { ended.cancelled().await });
    Ok(answer::response(StatusCode::OK, TEXT, Body::from_stream(until_the_end.map(Ok::<_, Infallible>))))
}

fn options(call: &Call) -> Result<LogOptions> {
    let query = &call.query;
    let invalid = |field: &str, message: String| {
        let cause = Cause { reason: "FieldValueInvalid", message, field: field.into() };
        Err(Status::invalid("", "PodLogOptions", &call_name(call), vec![cause]))
    };
    let not_negative = |field: &'static str, least: i64| match query.number(field)? {
        Some(number) if number < least => {
            let bound =
                if least == 0 { "must be greater than or equal to 0" } else { "must be greater than 0" };
            invalid(field, format!("Invalid value: {number}: {bound}")).map(|()| None)
        }
        number => Ok(number.map(i64::unsigned_abs)),
    };
    let tail_lines = not_negative("tailLines", 0)?;
    let limit_bytes = not_negative("limitBytes", 1)?;
    let since_seconds = not_negative("sinceSeconds", 1)?;
    let since = match (since_seconds, query.get("sinceTime")) {
        (Some(_), time) if !time.is_empty() => {
            return Err(Status::invalid(
                "",
                "PodLogOptions",
                &call_name(call),
                vec![Cause {
                    reason: "FieldValueForbidden",
                    message: "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
                        .into(),
                    field: String::new(),
                }],
            ));
        }
        (Some(seconds), _) => {
            let seconds = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
            Some(call.server.env.clock.now().checked_sub(seconds).unwrap_or(Timestamp::UNIX_EPOCH))
        }
        (None, "") => None,
        (None, time) => Some(time.parse().map_err(|_| {
            Status::bad_request(format!(
                "parsing time {time:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse it"
            ))
        })?),
    };
    Ok(LogOptions {
        follow: query.is_true("follow"),
        previous: query.is_true("previous"),
        since,
        tail_lines,
        limit_bytes,
        timestamps: query.is_true("timestamps"),
        stream: match query.get("stream") {
            "" | "All" => LogStream::All,
            "Stdout" => LogStream::Stdout,
            "Stderr" => LogStream::Stderr,
            other => {
                return Err(Status::bad_request(format!(
                    "Unsupported value: {other:?}: supported values: \"All\", \"Stderr\", \"Stdout\""
                )));
            }
        },
    })
}

/// The name in the path, for messages.
fn call_name(call: &Call) -> String {
    let path = call.parts.uri.path();
    path.rsplit('/').nth(1).unwrap_or_default().to_owned()
}

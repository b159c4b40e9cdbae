//! Questions that are answered and not kept: who somebody is, and what they may do.

use axum::{body::Body, response::Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Call, answer, body, identity, path::Target};
use crate::{
    access::{self, Action, rbac},
    caller::Caller,
    object::text_at,
    resource::Resource,
    status::{Result, Status},
    tokens,
};

/// Answers a question with itself and a status.
pub(super) async fn create(
    call: &Call,
    resource: &Resource,
    target: &Target,
    body: Body,
) -> Result<Response> {
    let bytes = body::read(body).await?;
    let request = call.request("")?;
    let mut review = body::decode(call, &request, resource, &bytes)?;
    let status = match &*resource.kind {
        "SelfSubjectReview" => json!({ "userInfo": user_info(&call.caller) }),
        "TokenReview" => token(call, &review),
        "SelfSubjectRulesReview" => rules(call, &review),
        "SelfSubjectAccessReview" => allowed(call, &call.caller, &review)?,
        "LocalSubjectAccessReview" => {
            if text_at(&review, "/spec/resourceAttributes/namespace") != target.namespace {
                return Err(Status::bad_request(
                    "spec.resourceAttributes.namespace must match metadata.namespace",
                ));
            }
            allowed(call, &somebody(&review), &review)?
        }
        "SubjectAccessReview" => allowed(call, &somebody(&review), &review)?,
        _ => return Err(Status::method_not_allowed()),
    };
    review["apiVersion"] = json!(resource.api_version());
    review["kind"] = json!(resource.kind);
    review["status"] = status;
    Ok(answer::value(call, StatusCode::CREATED, &review))
}

fn user_info(caller: &Caller) -> Value {
    let mut info = json!({ "username": caller.name, "groups": caller.groups });
    if !caller.uid.is_empty() {
        info["uid"] = json!(caller.uid);
    }
    info
}

/// The user that a review is about.
fn somebody(review: &Value) -> Caller {
    let groups = review.pointer("/spec/groups").and_then(Value::as_array).into_iter().flatten();
    Caller {
        name: text_at(review, "/spec/user").to_owned(),
        uid: text_at(review, "/spec/uid").to_owned(),
        groups: groups.filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}

fn allowed(call: &Call, caller: &Caller, review: &Value) -> Result<Value> {
    let (resource, path) =
        (review.pointer("/spec/resourceAttributes"), review.pointer("/spec/nonResourceAttributes"));
    let action = match (resource, path) {
        (Some(of), None) => {
            let text = |key: &str| of.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            Action {
                verb: text("verb"),
                group: text("group"),
                resource: text("resource"),
                subresource: text("subresource"),
                namespace: text("namespace"),
                name: text("name"),
                path: String::new(),
            }
        }
        (None, Some(of)) => Action {
            verb: text_at(of, "/verb").to_owned(),
            path: text_at(of, "/path").to_owned(),
            ..Action::default()
        },
        _ => {
            return Err(Status::bad_request(
                "exactly one of nonResourceAttributes or resourceAttributes must be specified",
            ));
        }
    };
    let decision = access::decide(&call.server, caller, &action);
    let mut status = json!({ "allowed": decision.allowed });
    if !decision.reason.is_empty() {
        status["reason"] = json!(decision.reason);
    }
    Ok(status)
}

fn rules(call: &Call, review: &Value) -> Value {
    let namespace = text_at(review, "/spec/namespace");
    let all = rbac::rules_of(&call.server.store, &call.caller, namespace);
    let (paths, resources): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|rule| rule.non_resource_urls.as_ref().is_some_and(|urls| !urls.is_empty()));
    json!({ "incomplete": false, "nonResourceRules": paths, "resourceRules": resources })
}

fn token(call: &Call, review: &Value) -> Value {
    let wanted = review.pointer("/spec/audiences").and_then(Value::as_array).cloned().unwrap_or_default();
    let wanted = if wanted.is_empty() { vec![json!(tokens::ISSUER)] } else { wanted };
    match identity::bearer(&call.server, text_at(review, "/spec/token")) {
        Ok((caller, claims)) => {
            let both: Vec<&String> = claims.aud.iter().filter(|own| wanted.contains(&json!(own))).collect();
            if both.is_empty() {
                return json!({ "user": {}, "error": "token audiences do not match the requested audiences" });
            }
            json!({ "authenticated": true, "user": user_info(&caller), "audiences": both })
        }
        Err(why) => json!({ "user": {}, "error": why }),
    }
}

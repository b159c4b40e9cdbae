//! `serviceaccounts/NAME/token`: a token that says who its bearer is.

use axum::{body::Body, response::Response};
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    http::{Call, answer, body, path::Target},
    object::text_at,
    resource::Resource,
    server::rfc3339_seconds,
    status::{Result, Status},
    tokens::{Binding, Claims, ISSUER, Named},
    validation::{ErrorList, Path},
    verbs,
};

/// How long a token lasts where nothing is said, and at least, in seconds.
const DEFAULT: i64 = 3600;
const LEAST: i64 = 600;
/// And at most.
const MOST: i64 = 1 << 32;

/// Issues a token.
pub(super) async fn create(
    call: &Call,
    resource: &Resource,
    target: &Target,
    body: Body,
) -> Result<Response> {
    let bytes = body::read(body).await?;
    let mut review = body::decode_as(call, &bytes, "api.authentication.v1.TokenRequest", "TokenRequest")?;
    let account = verbs::get(&call.server, resource, &target.namespace, &target.name)?;
    let seconds = review.pointer("/spec/expirationSeconds").and_then(Value::as_i64).unwrap_or(DEFAULT);
    let mut errors = ErrorList::default();
    let path = Path::new("spec").child("expirationSeconds");
    if seconds < LEAST {
        errors.invalid(&path, seconds, "may not specify a duration less than 10 minutes");
    }
    if seconds > MOST {
        errors.invalid(&path, seconds, "may not specify a duration larger than 2^32 seconds");
    }
    if !errors.is_empty() {
        return Err(Status::invalid("authentication.k8s.io", "TokenRequest", "", errors.into_causes()));
    }
    let pod = bound_pod(call, &review, &target.namespace)?;
    let audiences = review.pointer("/spec/audiences").and_then(Value::as_array).into_iter().flatten();
    let mut audiences: Vec<String> = audiences.filter_map(Value::as_str).map(str::to_owned).collect();
    if audiences.is_empty() {
        audiences.push(ISSUER.to_owned());
    }
    let now = call.server.env.clock.now();
    let claims = Claims {
        aud: audiences.clone(),
        exp: now.as_second().saturating_add(seconds),
        iat: now.as_second(),
        iss: ISSUER.to_owned(),
        jti: call.server.rng.uuid(),
        kubernetes: Binding {
            namespace: target.namespace.clone(),
            pod,
            serviceaccount: Named { name: target.name.clone(), uid: account.uid().to_owned() },
        },
        nbf: now.as_second(),
        sub: format!("system:serviceaccount:{}:{}", target.namespace, target.name),
    };
    let ends = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
    review["apiVersion"] = json!("authentication.k8s.io/v1");
    review["kind"] = json!("TokenRequest");
    review["metadata"] =
        json!({ "name": target.name, "namespace": target.namespace, "creationTimestamp": call.server.now() });
    review["spec"]["audiences"] = json!(audiences);
    review["spec"]["expirationSeconds"] = json!(seconds);
    review["status"] =
        json!({ "token": call.server.tokens.sign(&claims), "expirationTimestamp": rfc3339_seconds(ends) });
    Ok(answer::value(call, StatusCode::CREATED, &review))
}

/// The Pod with which the token ends.
fn bound_pod(call: &Call, review: &Value, namespace: &str) -> Result<Option<Named>> {
    let Some(reference) = review.pointer("/spec/boundObjectRef").filter(|r| !r.is_null()) else {
        return Ok(None);
    };
    let (kind, name, uid) =
        (text_at(reference, "/kind"), text_at(reference, "/name"), text_at(reference, "/uid"));
    if kind != "Pod" {
        return Err(Status::bad_request(format!(
            "cannot bind token for serviceaccount to object of kind {kind:?}"
        )));
    }
    let Some(pod) = call.server.store.get("pods", namespace, name) else {
        return Err(Status::not_found("", "pods", name));
    };
    if !uid.is_empty() && uid != pod.uid() {
        let why = format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
        );
        return Err(Status::conflict("", "pods", name, &why));
    }
    Ok(Some(Named { name: name.to_owned(), uid: pod.uid().to_owned() }))
}

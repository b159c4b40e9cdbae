//! What lies below an object.

use std::sync::Arc;

use axum::{body::Body, response::Response};
use http::Method;

use super::{Call, objects, path::Target};
use crate::{
    resource::Resource,
    status::{Result, Status},
};

/// Dispatches by subresource and method.
pub(super) async fn serve(
    call: Call,
    resource: &Arc<Resource>,
    target: &Target,
    body: Body,
) -> Result<Response> {
    let Some(sub) = resource.subresource(&target.subresource) else { return Err(Status::no_such_resource()) };
    let verb = match call.parts.method {
        Method::GET | Method::HEAD => "get",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => return Err(Status::method_not_allowed()),
    };
    if !sub.verbs.contains(&verb) {
        return Err(Status::method_not_allowed());
    }
    match (sub.name, verb) {
        ("status" | "ephemeralcontainers" | "resize" | "approval" | "finalize", "get") => {
            objects::get(&call, resource, target)
        }
        ("status" | "ephemeralcontainers" | "resize" | "approval" | "finalize", "update") => {
            objects::update(&call, resource, target, body).await
        }
        ("status" | "ephemeralcontainers" | "resize" | "approval" | "finalize", "patch") => {
            objects::patch(&call, resource, target, body).await
        }
        _ => Err(Status::no_such_resource()),
    }
}

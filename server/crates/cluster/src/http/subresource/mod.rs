//! What lies below an object.

mod eviction;
mod scale;
mod token;

use std::sync::Arc;

use axum::{body::Body, response::Response};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Call, answer, body, objects, path::Target, pod, proxy};
use crate::{
    object::{metadata_str, text_at},
    resource::Resource,
    status::{Result, Status},
    verbs,
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
    super::authorize(&call, target, verb)?;
    match (sub.name, verb) {
        ("status" | "ephemeralcontainers" | "resize" | "approval" | "finalize", verb) => match verb {
            "get" => objects::get(&call, resource, target),
            "update" => objects::update(&call, resource, target, body).await,
            _ => objects::patch(&call, resource, target, body).await,
        },
        ("proxy", _) => proxy::serve(call, resource, target, body).await,
        ("log", _) => pod::log(&call, resource, target).await,
        ("exec", _) => pod::exec(call, resource, target).await,
        ("attach", _) => pod::attach(call, resource, target).await,
        ("portforward", _) => pod::port_forward(call, resource, target).await,
        ("scale", verb) => scale::serve(&call, resource, target, verb, body).await,
        ("eviction", _) => eviction::create(&call, resource, target, body).await,
        ("token", _) => token::create(&call, resource, target, body).await,
        ("binding", _) => bind(&call, resource, target, body).await,
        _ => Err(Status::no_such_resource()),
    }
}

async fn bind(call: &Call, resource: &Resource, target: &Target, body: Body) -> Result<Response> {
    let bytes = body::read(body).await?;
    let request = call.request("binding")?;
    let binding = body::decode_as(call, &bytes, "api.core.v1.Binding", "Binding")?;
    let name = metadata_str(&binding, "name");
    if !name.is_empty() && name != target.name {
        return Err(Status::bad_request("name in URL does not match name in Binding object"));
    }
    let node = text_at(&binding, "/target/name");
    verbs::bind(&call.server, &request, resource, &target.namespace, &target.name, node)?;
    Ok(answer::value(call, StatusCode::CREATED, &success()))
}

fn success() -> Value {
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 })
}

//! The API over HTTP: one handler that reads a request's path and query as the real server does, calls a verb and
//! encodes the answer in the form that the client accepts.

mod answer;
mod body;
mod discovery;
mod health;
mod identity;
mod negotiate;
mod objects;
mod openapi;
mod path;
mod pod;
mod proxy;
mod query;
mod reviews;
mod subresource;
mod table;
mod watch;
mod yaml;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Method, request::Parts},
    response::{IntoResponse, Response},
};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) use self::identity::Door;
use self::{
    negotiate::Accepted,
    path::{Target, Where},
    query::Query,
};
use crate::{
    access::{self, Action},
    caller::Caller,
    request::Warnings,
    resource::{Resource, Verbs},
    server::Server,
    status::{Result, Status},
};

/// All paths of the API.
pub(crate) fn router(server: Arc<Server>, door: Door) -> Router {
    Router::new().fallback(serve).with_state((server, door))
}

/// Serves one connection of HTTP/1.1 to its end; it may be upgraded.
pub(crate) async fn converse(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, router: Router) {
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service).with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A request as the handlers see it.
struct Call {
    server: Arc<Server>,
    parts: Parts,
    query: Query,
    accepted: Accepted,
    caller: Caller,
    warnings: Arc<Warnings>,
}

async fn serve(
    State((server, door)): State<(Arc<Server>, Door)>,
    request: axum::extract::Request,
) -> Response {
    if server.ended.is_cancelled() {
        return Status::shut_down().into_response();
    }
    let (parts, body) = request.into_parts();
    match open(server, &door, parts) {
        Ok(call) => {
            let (warnings, accepted) = (Arc::clone(&call.warnings), call.accepted);
            let answer = route(call, body).await.unwrap_or_else(|status| answer::failed(&accepted, &status));
            answer::warned(answer, &warnings)
        }
        Err(status) => status.into_response(),
    }
}

fn open(server: Arc<Server>, door: &Door, parts: Parts) -> Result<Call> {
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let accepted = Accepted::parse(&parts.headers, &query)?;
    let caller = identity::of(&server, door, &parts)?;
    Ok(Call { server, query, accepted, parts, caller, warnings: Arc::default() })
}

async fn route(call: Call, body: Body) -> Result<Response> {
    let path = call.parts.uri.path().to_owned();
    let to = path::parse(&path);
    if !matches!(to, Where::Resource(_)) {
        let verb = call.parts.method.as_str().to_lowercase();
        let action = Action { verb, path, ..Action::default() };
        access::authorize(&call.server, &call.caller, &action)?;
    }
    match to {
        Where::Resource(target) => {
            let resource = find(&call.server, &target)?;
            resource_request(call, &resource, &target, body).await
        }
        Where::Group { group, version } => discovery::resources(&call, &group, &version),
        Where::Versions { group } => discovery::group(&call, &group),
        Where::Groups => discovery::groups(&call),
        Where::Legacy => discovery::legacy(&call),
        Where::OpenApiV3(document) => openapi::v3(&call, &document),
        Where::OpenApiV2 => Ok(openapi::v2(&call)),
        Where::Health(check) => Ok(health::check(&call, &check)),
        Where::Version => Ok(health::version(&call)),
        Where::Root => Ok(discovery::paths(&call)),
        Where::Nowhere => Ok(answer::not_found()),
    }
}

fn find(server: &Server, target: &Target) -> Result<Arc<Resource>> {
    server
        .resource_at(&target.group, &target.version, &target.resource)
        .filter(|resource| target.namespace.is_empty() || resource.namespaced)
        .ok_or_else(Status::no_such_resource)
}

async fn resource_request(
    call: Call,
    resource: &Arc<Resource>,
    target: &Target,
    body: Body,
) -> Result<Response> {
    if !target.subresource.is_empty() {
        return subresource::serve(call, resource, target, body).await;
    }
    let verb = match (&call.parts.method, target.name.is_empty()) {
        (&Method::GET | &Method::HEAD, _) if call.query.is_true("watch") => "watch",
        (&Method::GET | &Method::HEAD, false) => "get",
        (&Method::GET | &Method::HEAD, true) => "list",
        (&Method::POST, true) => "create",
        (&Method::PUT, false) => "update",
        (&Method::PATCH, false) => "patch",
        (&Method::DELETE, false) => "delete",
        (&Method::DELETE, true) => "deletecollection",
        _ => return Err(Status::method_not_allowed()),
    };
    if !resource.verbs.has(verb) {
        return Err(Status::method_not_allowed());
    }
    authorize(&call, target, verb)?;
    if let Some(warning) = resource.strategy.deprecated() {
        call.warnings.add(warning.to_owned());
    }
    if resource.verbs == Verbs::CreateOnly {
        return reviews::create(&call, resource, target, body).await;
    }
    match verb {
        "watch" => watch::serve(call, resource, target),
        "get" => objects::get(&call, resource, target),
        "list" => objects::list(&call, resource, target),
        "create" => objects::create(&call, resource, target, body).await,
        "update" => objects::update(&call, resource, target, body).await,
        "patch" => objects::patch(&call, resource, target, body).await,
        "delete" => objects::delete(&call, resource, target, body).await,
        _ => objects::delete_collection(&call, resource, target, body).await,
    }
}

/// Whether the caller may do this to a resource.
fn authorize(call: &Call, target: &Target, verb: &str) -> Result<()> {
    let action = Action {
        verb: verb.to_owned(),
        group: target.group.clone(),
        resource: target.resource.clone(),
        subresource: target.subresource.clone(),
        namespace: target.namespace.clone(),
        name: target.name.clone(),
        path: String::new(),
    };
    access::authorize(&call.server, &call.caller, &action)
}

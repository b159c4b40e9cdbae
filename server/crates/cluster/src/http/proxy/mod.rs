//! `pods/NAME/proxy`, `services/NAME/proxy`: the client's request, sent on from a node. `nodes/NAME/proxy` is the kubelet.

mod kubelet;
mod links;
mod location;

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::BodyExt;
use hyper::{client::conn::http1, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;

use self::{links::Prefix, location::Location};
use super::{Call, openapi, path::Target};
use crate::{
    resource::Resource,
    status::{Result, Status},
};

/// What concerns one connection only (RFC 9110, section 7.6.1), and what only the API server may read.
const NOT_FORWARDED: [HeaderName; 9] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::AUTHORIZATION,
    header::HOST,
];

/// How much of a page is held to rewrite its links; a longer one passes as it is.
const PAGE: usize = 1 << 20;

/// Sends a request on and its answer back.
pub(super) async fn serve(
    mut call: Call,
    resource: &Resource,
    target: &Target,
    body: Body,
) -> Result<Response> {
    if resource.plural == "nodes" {
        let own = call.parts.uri.path().to_owned();
        return kubelet::serve(call, resource, target, rest(&own, target)).await;
    }
    let location = location::find(&call, resource, target)?;
    let own = call.parts.uri.path().to_owned();
    let rest = rest(&own, target);
    let wants_upgrade = call.parts.headers.contains_key(header::UPGRADE);
    if rest.is_empty() && !wants_upgrade {
        // Links of a page are relative to its folder, which ends with a slash.
        return Ok(moved(&format!("{}{own}/", openapi::prefix(&call)), call.parts.uri.query()));
    }
    let prefix = format!("{}{}", openapi::prefix(&call), own.strip_suffix(rest).unwrap_or(&own));
    let client = call.parts.extensions.remove::<OnUpgrade>().filter(|_| wants_upgrade);
    let request = onward(&call, rest, &location, body, wants_upgrade)?;
    let mut answer = send(&call, &location, request).await?;
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        join(&call, client, &mut answer);
        return Ok(answer.map(|_| Body::empty()));
    }
    let links = Prefix::new(prefix, &location.authority());
    links.relocate(answer.headers_mut());
    for name in [header::CONNECTION, header::TRANSFER_ENCODING] {
        answer.headers_mut().remove(name);
    }
    if links::is_page(answer.headers()) { rewritten(answer, &links).await } else { Ok(answer.map(Body::new)) }
}

/// What follows `/proxy` in a path, as it was written.
fn rest<'p>(path: &'p str, target: &Target) -> &'p str {
    // /api/v1/namespaces/NAMESPACE/pods/NAME/proxy, /api/v1/nodes/NAME/proxy
    let segments = if target.namespace.is_empty() { 5 } else { 7 };
    path.match_indices('/').nth(segments).and_then(|(at, _)| path.get(at..)).unwrap_or_default()
}

fn moved(to: &str, query: Option<&str>) -> Response {
    let to = query.map_or_else(|| to.to_owned(), |query| format!("{to}?{query}"));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    if let Ok(to) = HeaderValue::from_str(&to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// The request as the backend gets it.
fn onward(call: &Call, rest: &str, location: &Location, body: Body, upgrade: bool) -> Result<Request<Body>> {
    let query = call.parts.uri.query().map_or_else(String::new, |query| format!("?{query}"));
    let path = if rest.is_empty() { "/" } else { rest };
    let uri: Uri = format!("{path}{query}").parse().map_err(|e| Status::bad_request(format!("{e}")))?;
    let mut headers = HeaderMap::new();
    for (name, value) in &call.parts.headers {
        let kept = upgrade && matches!(*name, header::CONNECTION | header::UPGRADE);
        if kept || !NOT_FORWARDED.contains(name) {
            headers.append(name, value.clone());
        }
    }
    let host = call.parts.headers.get(header::HOST).cloned();
    for (name, value) in [
        ("x-forwarded-host", host),
        ("x-forwarded-proto", Some(HeaderValue::from_static("http"))),
        ("x-forwarded-uri", HeaderValue::from_str(call.parts.uri.path()).ok()),
    ] {
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if let Ok(host) = HeaderValue::from_str(&location.authority()) {
        headers.insert(header::HOST, host);
    }
    let mut request = Request::new(body);
    *request.method_mut() = call.parts.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    if matches!(call.parts.method, Method::GET | Method::HEAD) {
        *request.body_mut() = Body::empty();
    }
    Ok(request)
}

async fn send(
    call: &Call,
    location: &Location,
    request: Request<Body>,
) -> Result<Response<hyper::body::Incoming>> {
    let unreachable =
        |why: &str| Status::service_unavailable(format!("error trying to reach service: {why}"));
    if location.https {
        return Err(unreachable("tls: first record does not look like a TLS handshake"));
    }
    let dialled = location.agent.dial(location.address.clone(), location.port).await;
    let stream = dialled.map_err(|error| unreachable(&error.message))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|e| unreachable(&e.to_string()))?;
    call.server.spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "a connection to a backend ended");
        }
    });
    sender.send_request(request).await.map_err(|error| {
        // The words of Go's client for a peer that closes before it answers.
        unreachable(if error.is_incomplete_message() { "EOF" } else { "malformed HTTP response" })
    })
}

/// Carries bytes both ways between a client and a backend that have switched protocols.
fn join(call: &Call, client: Option<OnUpgrade>, answer: &mut Response<hyper::body::Incoming>) {
    let backend = hyper::upgrade::on(answer);
    let Some(client) = client else { return };
    call.server.spawn(async move {
        let (Ok(client), Ok(backend)) = futures::join!(client, backend) else { return };
        let (mut client, mut backend) = (TokioIo::new(client), TokioIo::new(backend));
        let _ = tokio::io::copy_bidirectional(&mut client, &mut backend).await;
    });
}

/// A page whose links lead through the proxy.
async fn rewritten(answer: Response<hyper::body::Incoming>, links: &Prefix) -> Result<Response> {
    let (mut parts, body) = answer.into_parts();
    let length =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if length.is_none_or(|length| length > PAGE) {
        return Ok(Response::from_parts(parts, Body::new(body)));
    }
    let page = body
        .collect()
        .await
        .map_err(|error| Status::service_unavailable(format!("error trying to reach service: {error}")))?;
    let page = links.rewrite(&page.to_bytes());
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(page.len()));
    Ok(Response::from_parts(parts, Body::from(page)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_proxy_is_sent_as_it_was_written() {
        let within = Target { namespace: "a".into(), ..Target::default() };
        let path = "/api/v1/namespaces/a/pods/b:80/proxy/x%2Fy/";
        assert_eq!(rest(path, &within), "/x%2Fy/");
        assert_eq!(rest("/api/v1/namespaces/a/pods/b/proxy", &within), "");
        assert_eq!(rest("/api/v1/nodes/n/proxy/logs/", &Target::default()), "/logs/");
    }
}

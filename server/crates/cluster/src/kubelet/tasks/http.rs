//! A GET request from the node into a Pod, for probes and hooks. Errors read as those of Go's HTTP client.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures::future::{Either, select};
use http_body_util::{BodyExt, Empty};
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::{Container, HTTPGetAction};
use podlab_node::network::{ConnectError, Origin};

use crate::kubelet::{container::services, seat::Seat};

/// How much of an answer's body is read.
const BODY_LIMIT: usize = 10 * 1024;

/// A request, worked out from its definition.
#[derive(Clone, Debug)]
pub(super) struct Get {
    https: bool,
    /// The host as the URL has it.
    host: String,
    port: u16,
    path: String,
    headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: String,
}

impl Get {
    /// The request that an action asks for.
    pub(super) fn new(container: &Container, action: &HTTPGetAction, pod_ip: &str) -> Result<Self, String> {
        let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let path = named(&action.path).unwrap_or_else(|| "/".to_owned());
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        let headers = action.http_headers.iter().flatten();
        Ok(Self {
            https: action.scheme.as_deref().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")),
            host: named(&action.host).unwrap_or_else(|| pod_ip.to_owned()),
            port: services::port(container, &action.port)?,
            path,
            headers: headers.map(|header| (header.name.clone(), header.value.clone())).collect(),
        })
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn url(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}:{}{}", self.host, self.port, self.path)
    }

    /// The same request for another path.
    pub(super) fn at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self.clone() }
    }
}

/// Sends the request, and gives up after `timeout`.
pub(super) async fn get(
    seat: &Seat,
    request: &Get,
    agent: &str,
    timeout: Duration,
) -> Result<Answer, String> {
    let answer = Box::pin(exchange(seat, request, agent));
    let late = seat.facts.client.env().sleep(timeout);
    let failure = match select(answer, late).await {
        Either::Left((Ok(answer), _)) => return Ok(answer),
        Either::Left((Err(error), _)) => error,
        Either::Right(_) => {
            "context deadline exceeded (Client.Timeout exceeded while awaiting headers)".to_owned()
        }
    };
    Err(format!("Get \"{}\": {failure}", request.url()))
}

async fn exchange(seat: &Seat, get: &Get, agent: &str) -> Result<Answer, String> {
    let stream = dial(seat, &get.host, get.port).await?;
    if get.https {
        // No container here speaks TLS; this is what a client says to one that answers in plain text.
        return Err("http: server gave HTTP response to HTTPS client".to_owned());
    }
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    seat.facts.client.spawn(async move {
        // Its error is the request's, too.
        let _ = connection.await;
    });
    let mut builder = Request::get(&get.path);
    let has = |name: &str| get.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
    if !has("host") {
        builder = builder.header("Host", format!("{}:{}", get.host, get.port));
    }
    if !has("user-agent") {
        builder = builder.header("User-Agent", agent);
    }
    if !has("accept") {
        builder = builder.header("Accept", "*/*");
    }
    for (name, value) in get.headers.iter().filter(|(_, value)| !value.is_empty()) {
        builder = builder.header(name, value);
    }
    let request = builder
        .header("Connection", "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await.map_err(|error| describe(&error))?;
    let status = response.status().as_u16();
    let location =
        response.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = body(response.into_body()).await;
    Ok(Answer { status, location, body })
}

async fn body(mut body: hyper::body::Incoming) -> String {
    let mut kept = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Some(data) = frame.data_ref() {
            let room = BODY_LIMIT.saturating_sub(kept.len()).min(data.len());
            kept.extend_from_slice(data.get(..room).unwrap_or_default());
        }
        if kept.len() >= BODY_LIMIT {
            break;
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// Opens a connection from the node.
pub(super) async fn dial(
    seat: &Seat,
    host: &str,
    port: u16,
) -> Result<podlab_node::network::Connection, String> {
    let ip = if host == "localhost" { "127.0.0.1" } else { host };
    let ip = ip.parse().map_err(|_| format!("dial tcp: lookup {host}: no such host"))?;
    let to = SocketAddr::new(ip, port);
    let origin = Origin::Node(seat.facts.name.clone());
    seat.facts.node.network().connect(&origin, to).await.map_err(|error| {
        let error = match error {
            ConnectError::Refused => "connect: connection refused",
            ConnectError::TimedOut => "i/o timeout",
            ConnectError::Unreachable => "connect: no route to host",
        };
        format!("dial tcp {to}: {error}")
    })
}

fn describe(error: &hyper::Error) -> String {
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return "EOF".to_owned();
    }
    if error.is_parse() {
        return "net/http: HTTP/1.x transport connection broken: malformed HTTP response".to_owned();
    }
    "read: connection reset by peer".to_owned()
}

//! Requests that another server answers: what reverse proxies have in common.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures::future::{Either, select};

use super::listening::{Answer, Request};
use crate::{
    http::{Body, BodyKind, Headers, Wire, within},
    kernel::{errno::Errno, process::Process},
    libc::resolver,
};

/// The longest answer that is passed on, in bytes.
const MAX_ANSWER: usize = 8 << 20;
/// Fields that belong to one connection (RFC 9110, 7.6.1).
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
];

/// Why there is no answer to pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ForwardError {
    /// No connection.
    Connect(Errno),
    /// The other side took too long.
    Timeout,
    /// The connection broke, or what came was no HTTP, or too much.
    Broken,
}

/// The fields of a request that are passed on.
pub(super) fn end_to_end(headers: &Headers) -> Headers {
    let mut kept = Headers::default();
    for (name, value) in headers.iter() {
        if !HOP_BY_HOP.iter().any(|hop| name.eq_ignore_ascii_case(hop))
            && !name.eq_ignore_ascii_case("content-length")
        {
            kept.push(name, value);
        }
    }
    kept
}

/// Has the first server of `to` that takes a connection answer `request`, with these header fields and this target.
pub(super) async fn forward(
    process: &Arc<Process>,
    to: &[SocketAddr],
    request: &Request,
    target: &str,
    headers: &Headers,
    timeout: Duration,
) -> Result<Answer, ForwardError> {
    let connecting = within(process, Some(timeout), connect(process, to)).await;
    let mut wire = connecting.ok_or(ForwardError::Timeout)?.map_err(ForwardError::Connect)?;
    let method = &request.head.method;
    let mut text = format!("{method} {target} HTTP/1.1\r\n{}Connection: close\r\n", headers.text());
    if !request.body.is_empty() || request.head.headers.get("content-length").is_some() {
        text.push_str(&format!("Content-Length: {}\r\n", request.body.len()));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(&request.body);
    wire.write(bytes).await.map_err(|_| ForwardError::Broken)?;
    let exchange = async {
        loop {
            let head = wire.response().await.ok().flatten().ok_or(ForwardError::Broken)?;
            if head.status == 100 {
                continue;
            }
            let kind = BodyKind::of_response(head.status, method == "HEAD", &head.headers);
            let body = Body::new(kind).all(&mut wire, MAX_ANSWER).await.map_err(|_| ForwardError::Broken)?;
            return Ok((head, body));
        }
    };
    let (mut head, body) = within(process, Some(timeout), exchange).await.ok_or(ForwardError::Timeout)??;
    let len = head.headers.get("content-length").filter(|_| method == "HEAD").map(str::to_owned);
    head.headers = end_to_end(&head.headers);
    if let Some(len) = len {
        head.headers.push("Content-Length", len);
    }
    Ok(Answer { head, body })
}

/// Connects to the first address where that is possible.
async fn connect(process: &Arc<Process>, to: &[SocketAddr]) -> Result<Wire, Errno> {
    let mut failed = Errno::EHOSTUNREACH;
    for address in to {
        match Wire::connect(process, *address).await {
            Ok(wire) => return Ok(wire),
            Err(errno) => failed = errno,
        }
    }
    Err(failed)
}

/// The addresses of a host (a name, or an address in brackets perhaps) at a port; none where there is no such name.
pub(super) async fn addresses(process: &Process, host: &str, port: u16) -> Vec<SocketAddr> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found = match host.parse() {
        Ok(ip) => vec![ip],
        Err(_) => resolver::resolve(process, host).await.unwrap_or_default(),
    };
    found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()
}

/// Passes on what both sides send, until both have ended or were silent for too long. Returns how much the client got.
pub(super) async fn relay_both(
    process: &Process,
    client: &mut Wire,
    mut upstream: Wire,
    silence: Duration,
) -> u64 {
    let (mut client_open, mut upstream_open) = (true, true);
    let mut sent = 0;
    while client_open || upstream_open {
        let event = {
            let from_client = std::pin::pin!(async {
                if client_open { client.read().await } else { std::future::pending().await }
            });
            let from_upstream = std::pin::pin!(async {
                if upstream_open { upstream.read().await } else { std::future::pending().await }
            });
            within(process, Some(silence), select(from_client, from_upstream)).await.map(
                |either| match either {
                    Either::Left((bytes, _)) => (true, bytes),
                    Either::Right((bytes, _)) => (false, bytes),
                },
            )
        };
        let Some((of_client, Ok(bytes))) = event else { return sent };
        let result = match (of_client, bytes.is_empty()) {
            (true, true) => {
                client_open = false;
                upstream.stream.shutdown();
                Ok(())
            }
            (false, true) => {
                upstream_open = false;
                client.stream.shutdown();
                Ok(())
            }
            (true, false) => upstream.write(bytes).await,
            (false, false) => {
                sent += bytes.len() as u64;
                client.write(bytes).await
            }
        };
        if result.is_err() {
            return sent;
        }
    }
    sent
}

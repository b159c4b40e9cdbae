//! SPDY/3.1, as far as exec, attach and port-forward use it: the client opens streams, both sides send data on them.
//!
//! - [`frame`]: bytes to frames and back
//! - [`headers`]: the compressed headers of a stream
//! - [`session`]: one connection with its streams
//! - [`exec`], [`forward`]: what travels on them
//! - [`tunnel`]: a connection inside a WebSocket
//!
//! Kubernetes' clients and servers (github.com/moby/spdystream) do without SPDY's flow control, so does this.
//!
//! Source: <https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/>.

pub(crate) mod exec;
pub(crate) mod forward;
pub(crate) mod tunnel;

mod frame;
mod headers;
mod session;

use std::future::Future;

use axum::{body::Body, response::Response};
use http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;

use super::websocket::has_token;
use crate::status::{Result, Status};

/// The name in `Upgrade`.
const PROTOCOL: &str = "SPDY/3.1";

/// Where the client lists what it wants to speak on the streams.
const VERSIONS: HeaderName = HeaderName::from_static("x-stream-protocol-version");

/// Whether a request asks for SPDY.
pub(crate) fn is_asked_for(parts: &Parts) -> bool {
    has_token(parts, &header::CONNECTION, "upgrade") && has_token(parts, &header::UPGRADE, PROTOCOL)
}

/// The first protocol of the client's list that the server has too.
fn agreed(parts: &Parts, known: &[&'static str]) -> Option<&'static str> {
    let listed = parts.headers.get_all(VERSIONS).iter().filter_map(|value| value.to_str().ok());
    let mut listed = listed.flat_map(|value| value.split(',')).map(str::trim);
    listed.find_map(|name| known.iter().find(|known| **known == name)).copied()
}

/// Agrees to the upgrade: the answer, and the connection that there will be once it is sent.
///
/// # Errors
///
/// 403 where there is no protocol that both sides speak, 400 where the connection cannot be upgraded.
pub(crate) fn accept(
    parts: &mut Parts,
    known: &[&'static str],
) -> Result<(Response, impl Future<Output = Option<TokioIo<Upgraded>>> + Send + 'static)> {
    let Some(protocol) = agreed(parts, known) else {
        let message = format!("unable to negotiate protocol: client supports none of {known:?}");
        return Err(Status::new(StatusCode::FORBIDDEN, "Forbidden", message));
    };
    let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else {
        return Err(Status::bad_request("the connection cannot be upgraded"));
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static(PROTOCOL));
    headers.insert(VERSIONS, HeaderValue::from_static(protocol));
    let opened = async move { upgrade.await.ok().map(TokioIo::new) };
    Ok((response, opened))
}

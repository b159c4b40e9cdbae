//! WebSocket connections (RFC 6455) on a request that hyper can upgrade.

use std::future::Future;

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header, request::Parts};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

use crate::status::{Result, Status};

/// The largest message that a client may send, in bytes.
const MESSAGE: usize = 1 << 20;

/// A connection after its handshake.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Whether a request asks for a WebSocket.
pub(crate) fn is_asked_for(parts: &Parts) -> bool {
    has_token(parts, &header::CONNECTION, "upgrade") && has_token(parts, &header::UPGRADE, "websocket")
}

/// Whether a header's list has a word.
pub(crate) fn has_token(parts: &Parts, name: &header::HeaderName, word: &str) -> bool {
    let values = parts.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|token| token.trim().eq_ignore_ascii_case(word))
}

/// The first of the client's subprotocols that the server has too.
pub(crate) fn protocol(parts: &Parts, known: &[&'static str]) -> Option<&'static str> {
    let offered = parts.headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let offered: Vec<&str> =
        offered.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(',')).map(str::trim).collect();
    known.iter().find(|protocol| offered.contains(protocol)).copied()
}

/// Whether the client names no subprotocol at all.
pub(crate) fn has_no_protocol(parts: &Parts) -> bool {
    !parts.headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL)
}

/// Agrees to the upgrade: the answer, and the connection that there will be once it is sent.
///
/// # Errors
///
/// 400 where the request is no proper handshake, or the connection cannot be upgraded.
pub(crate) fn accept(
    parts: &mut Parts,
    protocol: Option<&'static str>,
) -> Result<(Response, impl Future<Output = Option<Socket>> + Send + 'static)> {
    let key = parts.headers.get(header::SEC_WEBSOCKET_KEY);
    let Some(key) = key.map(|key| derive_accept_key(key.as_bytes())) else {
        return Err(Status::bad_request("websocket: challenge key is missing or blank"));
    };
    let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else {
        return Err(Status::bad_request("the connection cannot be upgraded"));
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(key) = HeaderValue::from_str(&key) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    }
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    let opened = async move {
        let upgraded = upgrade.await.ok()?;
        let mut config = WebSocketConfig::default();
        config.max_message_size = Some(MESSAGE);
        config.max_frame_size = Some(MESSAGE);
        Some(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await)
    };
    Ok((response, opened))
}

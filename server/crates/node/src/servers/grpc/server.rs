//! The side that is called.

use std::{
    future::{Future, poll_fn},
    task::Poll,
};

use bytes::Bytes;
use futures::{StreamExt, stream::FuturesUnordered};
use h2::{RecvStream, server::SendResponse};
use http::{HeaderMap, HeaderValue, Request, Response};

use super::{
    Code, Failure, MAX_CALLS, MAX_HEADERS, MAX_RESET, MAX_SEND_BUFFER, Reply, WINDOW, framed, message,
};
use crate::{
    http::{Socket, Wire},
    kernel::errno::Errno,
};

/// What every HTTP/2 connection begins with (RFC 9113, section 3.4), as far as it differs from HTTP/1.
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// Whether whoever has connected begins to speak HTTP/2. What was read is left in `wire`.
pub(in crate::servers) async fn speaks_http2(wire: &mut Wire) -> Result<bool, Errno> {
    loop {
        let seen = wire.buffered();
        let len = seen.len().min(PREFACE.len());
        if seen[..len] != PREFACE[..len] {
            return Ok(false);
        }
        if len == PREFACE.len() {
            return Ok(true);
        }
        if !wire.fill().await? {
            return Ok(false);
        }
    }
}

/// Serves the calls of a connection until it ends. `call` is given the path (`/package.Service/Method`) and the message.
pub(in crate::servers) async fn serve<F: Future<Output = Reply>>(
    wire: Wire,
    call: &impl Fn(String, Bytes) -> F,
) {
    let handshake = h2::server::Builder::new()
        .initial_connection_window_size(WINDOW)
        .initial_window_size(WINDOW)
        .max_concurrent_reset_streams(MAX_RESET)
        .max_concurrent_streams(MAX_CALLS)
        .max_header_list_size(MAX_HEADERS)
        .max_local_error_reset_streams(Some(MAX_RESET))
        .max_pending_accept_reset_streams(MAX_RESET)
        .max_send_buffer_size(MAX_SEND_BUFFER)
        .handshake::<_, Bytes>(Socket::new(wire));
    let Ok(mut connection) = handshake.await else { return };
    let mut calls = FuturesUnordered::new();
    loop {
        // Answers are sent when the connection is polled, which is what they wake.
        let accepted = poll_fn(|cx| {
            let accepted = connection.poll_accept(cx);
            if accepted.is_pending() {
                while let Poll::Ready(Some(())) = calls.poll_next_unpin(cx) {}
            }
            accepted
        });
        match accepted.await {
            Some(Ok((request, respond))) => calls.push(answer(request, respond, call)),
            Some(Err(_)) | None => return,
        }
    }
}

/// Answers one call. Whoever has hung up meanwhile is not told.
async fn answer<F: Future<Output = Reply>>(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    call: &impl Fn(String, Bytes) -> F,
) {
    let (head, mut body) = request.into_parts();
    let kind = head.headers.get("content-type").map_or(&b""[..], HeaderValue::as_bytes);
    if !kind.starts_with(b"application/grpc") {
        let mut response = Response::new(());
        *response.status_mut() = http::StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let _ = respond.send_response(response, true);
        return;
    }
    let reply = match message(&mut body).await {
        Ok(message) => call(head.uri.path().to_owned(), message.unwrap_or_default()).await,
        Err(failure) => Err(failure),
    };
    let mut response = Response::new(());
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    match reply {
        Ok(message) => {
            let Ok(mut stream) = respond.send_response(response, false) else { return };
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
            trailers.insert("grpc-message", HeaderValue::from_static(""));
            if stream.send_data(framed(&message), false).is_ok() {
                let _ = stream.send_trailers(trailers);
            }
        }
        Err(failure) => {
            let headers = response.headers_mut();
            headers.insert("grpc-status", HeaderValue::from(failure.code));
            headers.insert("grpc-message", encoded(&failure));
            let _ = respond.send_response(response, true);
        }
    }
}

/// A failure's message as a header field has it: with `%` before what is not printable ASCII.
fn encoded(failure: &Failure) -> HeaderValue {
    let mut text = String::new();
    for byte in failure.message.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => text.push(char::from(byte)),
            _ => text += &format!("%{byte:02X}"),
        }
    }
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from(Code::Unknown as u16))
}

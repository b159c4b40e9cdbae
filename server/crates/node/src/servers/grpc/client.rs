//! The side that calls.

use std::{
    future::{Future, poll_fn},
    task::Poll,
};

use bytes::Bytes;
use h2::client::{Connection, SendRequest};
use http::{HeaderMap, Request};

use super::{Failure, MAX_CALLS, MAX_HEADERS, MAX_RESET, MAX_SEND_BUFFER, WINDOW, framed, message};
use crate::http::{Socket, Wire, decode_percent};

/// A connection to a server.
pub(in crate::servers) struct Client {
    requests: SendRequest<Bytes>,
    connection: Connection<Socket, Bytes>,
    authority: String,
}

/// Why there is no answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::servers) enum ClientError {
    /// The connection broke, or it is not HTTP/2 that the server speaks.
    Connection(String),
    /// The server says that the call failed.
    Call(Failure),
}

impl ClientError {
    fn of(error: &h2::Error) -> Self {
        Self::Connection(error.to_string())
    }
}

impl Client {
    /// Begins to speak with the server that `wire` leads to, and that goes by the name `authority`.
    pub(in crate::servers) async fn new(wire: Wire, authority: &str) -> Result<Self, ClientError> {
        let handshake = h2::client::Builder::new()
            .enable_push(false)
            .initial_connection_window_size(WINDOW)
            .initial_window_size(WINDOW)
            .max_concurrent_reset_streams(MAX_RESET)
            .max_concurrent_streams(MAX_CALLS)
            .max_header_list_size(MAX_HEADERS)
            .max_local_error_reset_streams(Some(MAX_RESET))
            .max_send_buffer_size(MAX_SEND_BUFFER)
            .handshake::<_, Bytes>(Socket::new(wire));
        let (requests, connection) = handshake.await.map_err(|error| ClientError::of(&error))?;
        Ok(Self { requests, connection, authority: authority.to_owned() })
    }

    /// Calls a method and waits for its answer.
    pub(in crate::servers) async fn call(&mut self, path: &str, text: &[u8]) -> Result<Bytes, ClientError> {
        let request = Request::post(format!("http://{}{path}", self.authority))
            .version(http::Version::HTTP_2)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .map_err(|error| ClientError::Connection(error.to_string()))?;
        let mut requests = self.requests.clone();
        let exchange = async {
            poll_fn(|cx| requests.poll_ready(cx)).await?;
            let (response, mut stream) = requests.send_request(request, false)?;
            stream.send_data(framed(text), true)?;
            let (head, mut body) = response.await?.into_parts();
            if head.headers.contains_key("grpc-status") {
                return Ok((Ok(None), head.headers));
            }
            let reply = message(&mut body).await;
            let trailers = body.trailers().await?;
            Ok((reply, trailers.unwrap_or_default()))
        };
        let (reply, trailers) =
            self.beside(exchange).await.map_err(|error: h2::Error| ClientError::of(&error))?;
        match status(&trailers) {
            Some(failure) => Err(ClientError::Call(failure)),
            None => reply.map(Option::unwrap_or_default).map_err(ClientError::Call),
        }
    }

    /// Does something while the connection moves.
    async fn beside<T>(
        &mut self,
        exchange: impl Future<Output = Result<T, h2::Error>>,
    ) -> Result<T, h2::Error> {
        let mut exchange = std::pin::pin!(exchange);
        let connection = &mut self.connection;
        let mut open = true;
        poll_fn(|cx| {
            if let Poll::Ready(done) = exchange.as_mut().poll(cx) {
                return Poll::Ready(done);
            }
            if open && let Poll::Ready(ended) = std::pin::Pin::new(&mut *connection).poll(cx) {
                open = false;
                ended?;
            }
            exchange.as_mut().poll(cx)
        })
        .await
    }
}

/// The failure that the end of an answer tells of.
fn status(trailers: &HeaderMap) -> Option<Failure> {
    let code = trailers.get("grpc-status").and_then(|code| code.to_str().ok()?.parse().ok());
    match code {
        Some(0) => None,
        code => {
            let message =
                trailers.get("grpc-message").and_then(|text| text.to_str().ok()).unwrap_or_default();
            let message = String::from_utf8_lossy(&decode_percent(message)).into_owned();
            Some(Failure { code: code.unwrap_or(super::Code::Unknown as u16), message })
        }
    }
}

//! What small HTTP servers have in common: accept, read a request with its body, answer, until they are told to end.

use std::{
    future::{Future, poll_fn},
    net::SocketAddr,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};

use crate::{
    env::BoxFuture,
    http::{Body, BodyKind, RequestHead, ResponseHead, Wire, decode_percent, within},
    kernel::{
        errno::Errno,
        net::{Listener, Stream},
        process::{Disposition, Process},
        signal::Signal,
    },
};

/// The longest body of a request that these servers take.
const MAX_BODY: usize = 1 << 20;
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(65);
/// The most connections that are served at a time; further ones wait.
const MAX_CONNECTIONS: usize = 512;

/// A request with its body.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) head: RequestHead,
    pub(super) body: Vec<u8>,
    pub(super) peer: SocketAddr,
    /// Where it arrived.
    pub(super) local: SocketAddr,
}

impl Request {
    /// The path, without the query.
    pub(super) fn path(&self) -> &str {
        self.head.target.split('?').next().unwrap_or("/")
    }

    /// The value of a parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.head.target.split_once('?')?;
        let pair = |pair: &str| {
            pair.split_once('=').filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
        };
        let value = query.split('&').find_map(pair)?;
        Some(String::from_utf8_lossy(&decode_percent(&value.replace('+', " "))).into_owned())
    }
}

/// An answer with its body.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: ResponseHead,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// An answer with a body of some type.
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut head = ResponseHead::new(status);
        head.headers.push("Content-Type", content_type);
        Self { head, body: body.into() }
    }

    /// The same with a header field more.
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.head.headers.push(name, value);
        self
    }
}

/// Serves HTTP connections of one listener until `stop` is done.
pub(super) async fn serve<F>(
    process: &Arc<Process>,
    listener: &Listener,
    stop: impl Future<Output = ()>,
    answer: impl Fn(Request) -> F,
) where
    F: Future<Output = Answer>,
{
    serve_connections(process, listener, stop, |wire| connection(wire, &answer)).await;
}

/// Serves connections of one listener, whatever they speak, until `stop` is done.
pub(super) async fn serve_connections<F>(
    process: &Arc<Process>,
    listener: &Listener,
    stop: impl Future<Output = ()>,
    connection: impl Fn(Wire) -> F,
) where
    F: Future<Output = ()>,
{
    let mut stop = std::pin::pin!(stop);
    let mut connections = FuturesUnordered::new();
    loop {
        let event = poll_fn(|cx| {
            if stop.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Event::Stopped);
            }
            if connections.len() < MAX_CONNECTIONS
                && let Poll::Ready(stream) = listener.poll_accept(cx)
            {
                return Poll::Ready(Event::Accepted(stream));
            }
            match connections.poll_next_unpin(cx) {
                Poll::Ready(Some(())) => Poll::Ready(Event::Closed),
                _ => Poll::Pending,
            }
        });
        match event.await {
            Event::Accepted(stream) => {
                // Without a free descriptor the connection breaks.
                if let Ok(wire) = Wire::accepted(process, stream) {
                    connections.push(connection(wire));
                }
            }
            Event::Closed => {}
            Event::Stopped => return,
        }
    }
}

/// What a server waits for.
enum Event {
    Accepted(Arc<Stream>),
    Closed,
    Stopped,
}

/// Serves the requests of one connection.
pub(super) async fn connection<F: Future<Output = Answer>>(mut wire: Wire, answer: &impl Fn(Request) -> F) {
    let process = Arc::clone(wire.process());
    while let Some(Ok(Some(head))) = within(&process, Some(KEEP_ALIVE), wire.request()).await {
        let Some(kind) = BodyKind::of_request(&head.headers) else { return };
        let Ok(body) = Body::new(kind).all(&mut wire, MAX_BODY).await else { return };
        let keeps_alive = head.keeps_alive();
        let to_head = head.method == "HEAD";
        let Answer { head: mut response, body } =
            answer(Request { head, body, peer: wire.stream.peer, local: wire.stream.local }).await;
        if response.headers.get("content-length").is_none() {
            response.headers.push("Content-Length", body.len().to_string());
        }
        if response.headers.get("connection").is_none() {
            response.headers.push("Connection", if keeps_alive { "keep-alive" } else { "close" });
        }
        let keeps_alive = keeps_alive && response.keeps_alive();
        let mut bytes = response.text().into_bytes();
        if !to_head {
            bytes.extend_from_slice(&body);
        }
        if wire.write(bytes).await.is_err() || !keeps_alive {
            return;
        }
    }
}

/// Opens a listening socket at every address.
pub(super) fn listen_everywhere(process: &Process, port: u16, v6: bool) -> Result<Arc<Listener>, Errno> {
    let ip: std::net::IpAddr = if v6 { [0u16; 8].into() } else { [0u8; 4].into() };
    process.listen(SocketAddr::new(ip, port)).map(|(_, listener)| listener)
}

/// Asks for a signal instead of being killed by it, and waits for it.
pub(super) fn signalled(process: &Arc<Process>, signals: &[Signal]) -> BoxFuture<Signal> {
    for signal in signals {
        process.set_disposition(*signal, Disposition::Catch);
    }
    let process = Arc::clone(process);
    Box::pin(async move {
        loop {
            if let Some(signal) = process.take_signal() {
                return signal;
            }
            process.signalled().await;
        }
    })
}

//! One call over HTTP/2. All of it runs within the probe's own future: when that is dropped, so is the connection.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use futures::future::{Either, poll_fn, select};
use h2::{
    Ping, RecvStream,
    client::{Builder, Connection, SendRequest},
};
use http::{HeaderMap, Method, header};
use tokio::io::{AsyncRead, AsyncWrite};

use super::status;
use crate::protobuf::{Message, ProtoError, Reader};

/// How much of an answer is read: a status takes two bytes.
const ANSWER_LIMIT: usize = 4096;

/// How much a server may send ahead of what is read, in bytes, and how much its headers may take.
const WINDOW: u32 = 64 * 1024;
const HEADERS: u32 = 16 * 1024;

/// How many streams that were reset a connection remembers.
const RESET_STREAMS: usize = 4;

/// A call that brought no status of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CheckError {
    /// The server has no such method, and says so in these words.
    Unimplemented(String),
    /// The time is up, by the server's clock or by the kubelet's.
    Late,
    /// A code, and what it is about.
    Status(String, String),
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) authority: &'a str,
    /// The service whose status is asked for; the server's own where it is empty.
    pub(super) service: &'a str,
    pub(super) agent: &'a str,
    pub(super) timeout: Duration,
}

/// A connection to a server that is known to speak HTTP/2.
pub(super) struct Channel<T> {
    sender: SendRequest<Bytes>,
    connection: Connection<T, Bytes>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Channel<T> {
    /// Shakes hands, and waits until the server proves by an answer that it speaks HTTP/2.
    pub(super) async fn open(stream: T) -> Result<Self, h2::Error> {
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_header_list_size(HEADERS)
            .max_concurrent_reset_streams(RESET_STREAMS)
            .max_pending_accept_reset_streams(RESET_STREAMS);
        let (sender, mut connection) = builder.handshake(stream).await?;
        if let Some(mut pings) = connection.ping_pong() {
            match select(pin!(pings.ping(Ping::opaque())), &mut connection).await {
                Either::Left((answered, _)) => {
                    answered?;
                }
                Either::Right((ended, _)) => {
                    ended?;
                    return Err(h2::Reason::PROTOCOL_ERROR.into());
                }
            }
        }
        Ok(Self { sender, connection })
    }

    /// Asks for the status of a service.
    pub(super) async fn check(mut self, request: &Request<'_>) -> Result<String, CheckError> {
        match select(pin!(exchange(self.sender, request)), &mut self.connection).await {
            Either::Left((outcome, _)) => outcome,
            // The call has been told so, if it had not all that it needs.
            Either::Right((_, call)) => call.await,
        }
    }
}

async fn exchange(sender: SendRequest<Bytes>, request: &Request<'_>) -> Result<String, CheckError> {
    let mut sender = sender.ready().await.map_err(broken)?;
    let head = http::Request::builder()
        .method(Method::POST)
        .uri(format!("http://{}/grpc.health.v1.Health/Check", request.authority))
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::USER_AGENT, request.agent)
        .header(header::TE, "trailers")
        .header("grpc-timeout", timeout_header(request.timeout))
        .body(())
        .map_err(|error| status::failure(13, error.to_string()))?;
    let (answer, mut body) = sender.send_request(head, false).map_err(broken)?;
    body.send_data(framed(request.service).into(), true).map_err(broken)?;
    let answer = answer.await.map_err(broken)?;
    let (head, body) = answer.into_parts();
    status::of_http(head.status, &head.headers)?;
    if let Some(ended) = status::of(&head.headers) {
        ended?;
    }
    let (bytes, trailers) = read(body).await?;
    match status::of(&trailers) {
        Some(ended) => ended?,
        None => {
            return Err(status::failure(13, "server closed the stream without sending trailers".into()));
        }
    }
    serving_status(&bytes)
}

/// A timeout in the finest unit in which it has no more than eight digits.
fn timeout_header(timeout: Duration) -> String {
    let millis = timeout.as_millis();
    let units = [(1, 'm'), (1000, 'S'), (60_000, 'M'), (3_600_000, 'H')];
    let fits = units.into_iter().find(|(unit, _)| millis.div_ceil(*unit) < 100_000_000);
    fits.map_or_else(|| "99999999H".to_owned(), |(unit, name)| format!("{}{name}", millis.div_ceil(unit)))
}

/// The request's message with gRPC's frame around it.
fn framed(service: &str) -> Vec<u8> {
    let mut message = Message::default();
    message.text(1, service);
    let message = message.into_bytes();
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [[0].as_slice(), length.to_be_bytes().as_slice(), &message].concat()
}

async fn read(mut body: RecvStream) -> Result<(Vec<u8>, HeaderMap), CheckError> {
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.map_err(broken)?;
        if bytes.len() + data.len() > ANSWER_LIMIT {
            let length = bytes.len() + data.len();
            let message = format!("grpc: received message larger than max ({length} vs. {ANSWER_LIMIT})");
            return Err(status::failure(8, message));
        }
        bytes.extend_from_slice(&data);
        body.flow_control().release_capacity(data.len()).map_err(broken)?;
    }
    let trailers = poll_fn(|context| body.poll_trailers(context)).await.map_err(broken)?;
    Ok((bytes, trailers.unwrap_or_default()))
}

/// The status in an answer's body, by the name of the enumeration.
fn serving_status(bytes: &[u8]) -> Result<String, CheckError> {
    let message = match bytes {
        [0, length @ ..] if length.len() >= 4 => {
            let (length, message) = length.split_at(4);
            let length = length.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
            message.get(..length).ok_or_else(|| status::failure(13, "unexpected EOF".into()))?
        }
        [1, ..] => {
            let message = "grpc: compressed flag set with identity or empty encoding";
            return Err(status::failure(13, message.into()));
        }
        _ => return Err(status::failure(13, "cardinality violation: received no response message".into())),
    };
    let number = first_number(message).map_err(|error| {
        let message = format!("grpc: failed to unmarshal the received message: {error}");
        status::failure(13, message)
    })?;
    Ok(match number {
        0 => "UNKNOWN".to_owned(),
        1 => "SERVING".to_owned(),
        2 => "NOT_SERVING".to_owned(),
        3 => "SERVICE_UNKNOWN".to_owned(),
        other => other.to_string(),
    })
}

/// The field `status`.
fn first_number(message: &[u8]) -> Result<u64, ProtoError> {
    let (mut reader, mut found) = (Reader(message), 0);
    while let Some((field, wire)) = reader.next()? {
        if field == 1 {
            found = wire.number()?;
        }
    }
    Ok(found)
}

/// What grpc-go says of a connection or stream that broke.
fn broken(error: h2::Error) -> CheckError {
    if error.is_io() || error.is_go_away() {
        return status::failure(14, "error reading from server: EOF".into());
    }
    match error.reason() {
        Some(reason) => {
            let message = format!("stream terminated by RST_STREAM with error code: {}", name(reason));
            let code = match reason {
                h2::Reason::REFUSED_STREAM => 14,
                h2::Reason::CANCEL => 1,
                h2::Reason::ENHANCE_YOUR_CALM => 8,
                h2::Reason::INADEQUATE_SECURITY => 7,
                _ => 13,
            };
            status::failure(code, message)
        }
        None => status::failure(14, "error reading from server: EOF".into()),
    }
}

/// The name of a reason, as RFC 9113 (section 7) writes it.
fn name(reason: h2::Reason) -> String {
    format!("{reason:?}")
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    /// What a server answers to a request's body.
    struct Answer {
        body: Vec<u8>,
        trailers: &'static [(&'static str, &'static str)],
    }

    const OK: &[(&str, &str)] = &[("grpc-status", "0")];

    async fn serve(stream: DuplexStream, answer: impl Fn(&str, Vec<u8>) -> Answer) {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let path = request.uri().path().to_owned();
            let mut body = request.into_body();
            let asked = body.data().await.unwrap().unwrap();
            let Answer { body, trailers } = answer(&path, asked.to_vec());
            let head = http::Response::builder().header("content-type", "application/grpc").body(()).unwrap();
            let mut stream = respond.send_response(head, false).unwrap();
            stream.send_data(body.into(), false).unwrap();
            let fields = trailers.iter().map(|(name, value)| {
                (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
            });
            stream.send_trailers(fields.collect()).unwrap();
        }
    }

    async fn check(
        service: &str,
        answer: impl Fn(&str, Vec<u8>) -> Answer + Send + 'static,
    ) -> Result<String, CheckError> {
        let (ours, theirs) = duplex(4096);
        let request =
            Request { authority: "10.0.0.1:50", service, agent: "test", timeout: Duration::from_secs(1) };
        let client = async { Channel::open(ours).await.unwrap().check(&request).await };
        match select(pin!(client), pin!(serve(theirs, answer))).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => panic!("the server gave up"),
        }
    }

    fn status(number: u8) -> Vec<u8> {
        vec![0, 0, 0, 0, 2, 8, number]
    }

    #[tokio::test]
    async fn a_service_is_asked_for_by_its_name() {
        let answer = |path: &str, asked: Vec<u8>| {
            assert_eq!(path, "/grpc.health.v1.Health/Check");
            assert_eq!(asked, b"\0\0\0\0\x05\x0a\x03web");
            Answer { body: status(1), trailers: OK }
        };
        assert_eq!(check("web", answer).await, Ok("SERVING".to_owned()));
    }

    #[tokio::test]
    async fn a_server_may_say_that_it_is_not_well_or_knows_no_such_service() {
        let ill = |_: &str, _| Answer { body: status(2), trailers: OK };
        assert_eq!(check("", ill).await, Ok("NOT_SERVING".to_owned()));
        let unknown = |_: &str, asked: Vec<u8>| {
            assert_eq!(asked, [0; 5], "nobody is asked for");
            Answer {
                body: Vec::new(),
                trailers: &[("grpc-status", "5"), ("grpc-message", "unknown service")],
            }
        };
        let error = CheckError::Status("NotFound".into(), "unknown service".into());
        assert_eq!(check("", unknown).await, Err(error));
        let endless = |_: &str, _| Answer { body: vec![0; 60_000], trailers: OK };
        assert!(
            matches!(check("", endless).await, Err(CheckError::Status(code, _)) if code == "ResourceExhausted")
        );
    }

    #[tokio::test]
    async fn who_speaks_another_protocol_is_not_connected_to() {
        let (ours, mut theirs) = duplex(4096);
        let server = async {
            theirs.read_u8().await.unwrap();
            theirs.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await.unwrap();
            drop(theirs);
        };
        let (opened, ()) = futures::future::join(Channel::open(ours), server).await;
        assert!(opened.is_err());
    }

    #[test]
    fn a_timeout_has_at_most_eight_digits() {
        assert_eq!(timeout_header(Duration::from_secs(2)), "2000m");
        assert_eq!(timeout_header(Duration::from_secs(i32::MAX as u64)), "35791395M");
    }

    proptest::proptest! {
        #[test]
        fn no_answer_makes_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40)) {
            let _ = serving_status(&bytes);
        }
    }
}

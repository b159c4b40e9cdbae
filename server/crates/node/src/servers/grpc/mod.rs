//! gRPC (grpc.io, "gRPC over HTTP2"): calls with one message each way, over the crate `h2` and the kernel's connections.

mod client;
pub(super) mod health;
pub(super) mod protobuf;
mod server;

use bytes::{BufMut, Bytes, BytesMut};
pub(super) use client::{Client, ClientError};
use h2::RecvStream;
pub(super) use server::{serve, speaks_http2};

/// The longest message that is taken or sent, in bytes: what gRPC's libraries take unless they are told otherwise.
const MAX_MESSAGE: usize = 4 << 20;
/// The longest list of header fields, in bytes.
const MAX_HEADERS: u32 = 16 << 10;
/// How much of a message may be on its way before it is looked at, a stream and a connection, in bytes.
const WINDOW: u32 = 64 << 10;
/// The most calls at a time that a connection carries.
const MAX_CALLS: u32 = 100;
/// Calls that were broken off and are still remembered, a connection.
const MAX_RESET: usize = 20;
/// What may wait to be sent, a stream, in bytes.
const MAX_SEND_BUFFER: usize = 256 << 10;

/// How a call ended, if not well (`google.rpc.Code`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Unknown = 2,
    InvalidArgument = 3,
    NotFound = 5,
    ResourceExhausted = 8,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
}

/// A call that failed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: u16,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code: code as u16, message: message.into() }
    }

    /// What a server says to a call that it does not know.
    pub(super) fn unknown(path: &str) -> Self {
        let (service, method) = path.trim_start_matches('/').split_once('/').unwrap_or((path, ""));
        Self::new(Code::Unimplemented, format!("unknown method {method} for service {service}"))
    }
}

/// What comes of a call: a message, encoded.
pub(super) type Reply = Result<Vec<u8>, Failure>;

/// A message as it is sent: not compressed, its length, itself.
fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

/// Reads the one message of a call; `None` where there is none.
async fn message(body: &mut RecvStream) -> Result<Option<Bytes>, Failure> {
    let broken = |error: h2::Error| Failure::new(Code::Unknown, error.to_string());
    let mut frame = BytesMut::new();
    while let Some(bytes) = body.data().await {
        let bytes = bytes.map_err(broken)?;
        body.flow_control().release_capacity(bytes.len()).map_err(broken)?;
        if frame.len() + bytes.len() > MAX_MESSAGE + 5 {
            let text = format!("grpc: received message larger than max ({MAX_MESSAGE})");
            return Err(Failure::new(Code::ResourceExhausted, text));
        }
        frame.extend_from_slice(&bytes);
    }
    if frame.is_empty() {
        return Ok(None);
    }
    let Some((&[compressed, a, b, c, d], text)) = frame.split_first_chunk::<5>() else {
        return Err(Failure::new(Code::Internal, "unexpected EOF"));
    };
    if compressed != 0 {
        let text = "grpc: Decompressor is not installed for grpc-encoding";
        return Err(Failure::new(Code::Unimplemented, text));
    }
    if text.len() != u32::from_be_bytes([a, b, c, d]) as usize {
        return Err(Failure::new(Code::Internal, "unexpected EOF"));
    }
    Ok(Some(frame.split_off(5).freeze()))
}

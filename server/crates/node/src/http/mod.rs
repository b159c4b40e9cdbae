//! HTTP/1.1 (RFC 9110, 9112) over the kernel's streams: what the servers and the clients of images have in common.

mod body;
mod date;
mod head;
mod socket;
mod tls;
mod url;
mod wire;

pub(crate) use body::{Body, BodyKind};
pub(crate) use date::{http_date, parse_http_date};
pub(crate) use head::{HeadError, Headers, RequestHead, ResponseHead, reason};
pub(crate) use socket::Socket;
pub(crate) use tls::{TlsError, Trust};
pub(crate) use url::{Url, UrlError, decode_percent, encode_path};
pub(crate) use wire::{Wire, WireError, within};

//! Answers: what is sent, and the pages that nginx makes itself.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::{
    http::{Body, Headers, Wire, reason},
    kernel::fs::OpenFile,
};

/// An answer before it is sent.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    /// Instead of the usual words.
    pub(super) reason: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) last_modified: Option<Timestamp>,
    pub(super) location: Option<String>,
    pub(super) etag: Option<String>,
    /// Whether parts of it may be asked for.
    pub(super) ranges: bool,
    /// Further fields.
    pub(super) headers: Headers,
    pub(super) content: Content,
    /// Whether it was made by another server, whose `Server` and `Date` may have been kept.
    pub(super) proxied: bool,
}

/// What is in an answer.
#[derive(Debug)]
pub(super) enum Content {
    Bytes(Bytes),
    File {
        file: Arc<OpenFile>,
        from: u64,
        len: u64,
    },
    /// What another server sends.
    Stream {
        wire: Box<Wire>,
        body: Body,
        /// The length, if it is known.
        len: Option<u64>,
    },
    /// Both sides say what they want from now on.
    Tunnel(Box<Wire>),
}

impl Response {
    /// An answer with a text.
    pub(super) fn text(status: u16, content_type: &str, text: impl Into<Bytes>) -> Self {
        Self {
            status,
            reason: None,
            content_type: Some(content_type.to_owned()),
            last_modified: None,
            location: None,
            etag: None,
            ranges: false,
            headers: Headers::default(),
            content: Content::Bytes(text.into()),
            proxied: false,
        }
    }

    /// An answer without anything in it.
    pub(super) fn empty(status: u16) -> Self {
        Self { content_type: None, ..Self::text(status, "", Bytes::new()) }
    }

    /// The page that nginx has for a status.
    pub(super) fn page(status: u16, server: &str) -> Self {
        if matches!(status, 204 | 304) || status < 300 {
            return Self::empty(status);
        }
        let title = match reason(status) {
            "" => status.to_string(),
            words => format!("{status} {words}"),
        };
        let title = match status {
            494 => "400 Request Header Or Cookie Too Large".to_owned(),
            497 => "400 The plain HTTP request was sent to HTTPS port".to_owned(),
            503 => "503 Service Temporarily Unavailable".to_owned(),
            302 => "302 Found".to_owned(),
            _ => title,
        };
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             <hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
        );
        Self::text(status, "text/html", page)
    }

    /// How many bytes follow the head, if that is known.
    pub(super) fn len(&self) -> Option<u64> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::File { len, .. } => Some(*len),
            Content::Stream { len, .. } => *len,
            Content::Tunnel(_) => None,
        }
    }
}

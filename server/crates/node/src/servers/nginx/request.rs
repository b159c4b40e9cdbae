//! A request while it is served.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use super::settings::{Groups, Location, Place, Server};
use crate::http::RequestHead;

/// A request on its way through locations.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) head: RequestHead,
    pub(super) body: Vec<u8>,
    /// The path, decoded and normalized, as rewrites left it.
    pub(super) uri: String,
    pub(super) args: String,
    /// The path and query as the client wrote them, as long as nothing rewrote them.
    pub(super) unparsed: Option<String>,
    pub(super) host: String,
    pub(super) server: Arc<Server>,
    pub(super) location: Arc<Location>,
    /// What the last regular expression's groups matched.
    pub(super) groups: Groups,
    pub(super) variables: HashMap<String, String>,
    /// Whether it was redirected internally.
    pub(super) internal: bool,
    /// How often the location may still change.
    pub(super) changes_left: u32,
    /// The status that an error page answers with.
    pub(super) error_status: Option<u16>,
    pub(super) in_error_page: bool,
    pub(super) client: SocketAddr,
    pub(super) local: SocketAddr,
    pub(super) connection: u64,
    pub(super) connection_requests: u64,
    pub(super) started: Duration,
    pub(super) length: usize,
    pub(super) remote_user: String,
    pub(super) id: u64,
    /// Whether it was counted by what limits requests and connections.
    pub(super) is_limited: bool,
    /// Where it counts as a connection.
    pub(super) places: Vec<Place>,
    /// The servers that it was passed on to.
    pub(super) tries: Vec<Try>,
    pub(super) proxy_host: String,
    pub(super) proxy_port: u16,
    pub(super) upstream_headers: Vec<(String, String)>,
    /// What was answered.
    pub(super) status: u16,
    pub(super) bytes_sent: u64,
    pub(super) body_bytes_sent: u64,
    pub(super) sent_headers: Vec<(String, String)>,
}

/// One server that a request was passed on to.
#[derive(Clone, Debug, Default)]
pub(super) struct Try {
    pub(super) address: String,
    pub(super) status: Option<u16>,
    pub(super) seconds: f64,
    pub(super) length: u64,
}

impl Request {
    /// The first line as the client sent it.
    pub(super) fn line(&self) -> String {
        format!("{} {} HTTP/1.{}", self.head.method, self.head.target, self.head.minor)
    }

    /// What is added to a message about it in the log of errors.
    pub(super) fn in_words(&self, upstream: Option<&str>) -> String {
        let mut text = format!(
            ", client: {}, server: {}, request: \"{}\"",
            self.client.ip(),
            self.server.name(),
            self.line()
        );
        if let Some(upstream) = upstream {
            text.push_str(&format!(", upstream: \"{upstream}\""));
        }
        if let Some(host) = self.head.headers.get("host") {
            text.push_str(&format!(", host: \"{host}\""));
        }
        if let Some(referrer) = self.head.headers.get("referer") {
            text.push_str(&format!(", referrer: \"{referrer}\""));
        }
        text
    }
}

/// A path as locations match it: decoded, without `.` and `..`, and without doubled slashes where they are merged.
/// `None` where it leads above the root or holds a NUL.
pub(super) fn normalize(path: &str, merge_slashes: bool) -> Option<String> {
    let decoded = crate::http::decode_percent(path);
    if decoded.contains(&0) {
        return None;
    }
    let text = String::from_utf8_lossy(&decoded).into_owned();
    let mut parts: Vec<&str> = Vec::new();
    let inner = text.strip_prefix('/')?;
    let mut pieces = inner.split('/').peekable();
    let mut ends_as_directory = false;
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none();
        ends_as_directory = last && matches!(piece, "" | "." | "..");
        match piece {
            "." => {}
            "" if last || merge_slashes => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(piece),
        }
    }
    let slash = if ends_as_directory && !parts.is_empty() { "/" } else { "" };
    Some(format!("/{}{slash}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::normalize;

    #[test]
    fn paths_are_normalized() {
        for (path, expected) in [
            ("/", Some("/")),
            ("/a/b", Some("/a/b")),
            ("/a//b/", Some("/a/b/")),
            ("/a/./b/../c", Some("/a/c")),
            ("/a/..", Some("/")),
            ("/%61%20b", Some("/a b")),
            ("/../etc/passwd", None),
            ("/%00", None),
        ] {
            assert_eq!(normalize(path, true).as_deref(), expected, "{path}");
        }
        assert_eq!(normalize("/a//b", false).as_deref(), Some("/a//b"));
    }

    proptest! {
        #[test]
        fn no_path_leads_above_the_root(path in "/[a-z./%0-9]{0,30}") {
            if let Some(path) = normalize(&path, true) {
                prop_assert!(path.starts_with('/') && !path.split('/').any(|part| part == ".."));
            }
        }
    }
}

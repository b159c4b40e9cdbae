//! URLs as command line clients take them: `http://user:pass@host:80/path?query`, with the scheme left out.

/// A URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// Lower case.
    pub(crate) scheme: String,
    /// `user:password`
    pub(crate) user: Option<String>,
    /// A name or an address; an IPv6 one without its brackets.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// The path with its query, beginning with `/`; without the fragment.
    pub(crate) target: String,
}

/// What is wrong with a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UrlError {
    NoHost,
    BadPort,
    /// Characters that no host's name has.
    BadHost,
}

impl Url {
    /// Parses a URL; one without a scheme is an HTTP one.
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest))
                if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) =>
            {
                (scheme.to_ascii_lowercase(), rest)
            }
            _ => ("http".to_owned(), text),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (user, authority) = match authority.rsplit_once('@') {
            Some((user, authority)) => (Some(user.to_owned()), authority),
            None => (None, authority),
        };
        let (host, port) = split_port(authority)?;
        if host.is_empty() {
            return Err(UrlError::NoHost);
        }
        if host.bytes().any(|byte| byte <= b' ' || b"\"<>\\^`{|}".contains(&byte)) {
            return Err(UrlError::BadHost);
        }
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(Self { scheme, user, host: host.to_owned(), port, target })
    }

    /// The port that is connected to.
    pub(crate) fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(match self.scheme.as_str() {
            "https" => 443,
            "ftp" => 21,
            "telnet" => 23,
            _ => 80,
        })
    }

    /// Host and port as the field `Host` has them: the port only where it is not the scheme's.
    pub(crate) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match self.port {
            Some(port) if (Self { port: None, ..self.clone() }).port_or_default() != port => {
                format!("{host}:{port}")
            }
            _ => host,
        }
    }

    /// The path without the query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("/")
    }

    /// Where a redirect leads that a response from here names.
    pub(crate) fn join(&self, location: &str) -> Result<Self, UrlError> {
        if location.contains("://") {
            return Self::parse(location);
        }
        if let Some(rest) = location.strip_prefix("//") {
            return Self::parse(&format!("{}://{rest}", self.scheme));
        }
        let target = if location.starts_with('/') {
            location.to_owned()
        } else {
            let dir = self.path().rfind('/').map_or("/", |at| &self.path()[..=at]);
            format!("{dir}{location}")
        };
        Ok(Self { target: target.split('#').next().unwrap_or("/").to_owned(), ..self.clone() })
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), UrlError> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or(UrlError::BadHost)?;
            (host, rest.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    match port {
        None | Some("") => Ok((host, None)),
        Some(port) => Ok((host, Some(port.parse().map_err(|_| UrlError::BadPort)?))),
    }
}

/// Undoes percent-encoding; what is not a valid escape stays as it is.
pub(crate) fn decode_percent(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escape = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let digits = escape.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

/// Percent-encodes what a path may not contain.
pub(crate) fn encode_path(path: &[u8]) -> String {
    path.iter().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=:@".contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Url, UrlError, decode_percent, encode_path};

    #[test]
    fn parts_are_found() {
        let url = Url::parse("http://me:pw@web.default:8080/a/b?c=d#e").unwrap();
        assert_eq!(url.user.as_deref(), Some("me:pw"));
        assert_eq!((url.host.as_str(), url.port), ("web.default", Some(8080)));
        assert_eq!((url.target.as_str(), url.path()), ("/a/b?c=d", "/a/b"));
        assert_eq!(url.authority(), "web.default:8080");
        let url = Url::parse("[::1]:80").unwrap();
        assert_eq!((url.scheme.as_str(), url.host.as_str(), url.target.as_str()), ("http", "::1", "/"));
        assert_eq!(url.authority(), "[::1]");
        assert_eq!(Url::parse("localhost?x").unwrap().target, "/?x");
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(Url::parse("http://"), Err(UrlError::NoHost));
        assert_eq!(Url::parse("http://a:x/"), Err(UrlError::BadPort));
        assert_eq!(Url::parse("http://a:99999/"), Err(UrlError::BadPort));
        assert_eq!(Url::parse("http://a b/"), Err(UrlError::BadHost));
    }

    #[test]
    fn redirects_are_relative_to_where_they_come_from() {
        let url = Url::parse("http://h:81/a/b?q").unwrap();
        assert_eq!(url.join("c").unwrap().target, "/a/c");
        assert_eq!(url.join("/c").unwrap().target, "/c");
        assert_eq!(url.join("https://x/").unwrap().scheme, "https");
        assert_eq!(url.join("//x/y").unwrap().host, "x");
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            if let Ok(url) = Url::parse(&text) {
                let _ = url.join(&text);
                let _ = url.authority();
            }
        }

        #[test]
        fn encoding_is_undone_by_decoding(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(decode_percent(&encode_path(&bytes)), bytes);
        }
    }
}

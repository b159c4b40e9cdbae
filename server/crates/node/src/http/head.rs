//! Heads of messages: the first line and the header fields.

/// The most header fields that a head may have.
const MAX_FIELDS: usize = 100;

/// Header fields in their order, with the names as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All values of a field.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Adds a field.
    pub(crate) fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Replaces all fields of a name by one.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        match self.0.iter().position(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some(at) => {
                self.0[at].1 = value;
                let mut seen = false;
                self.0.retain(|(known, _)| {
                    !known.eq_ignore_ascii_case(name) || !std::mem::replace(&mut seen, true)
                });
            }
            None => self.push(name, value),
        }
    }

    /// Removes all fields of a name.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// All fields.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether a field that is a list of words has this one.
    pub(crate) fn has_word(&self, name: &str, word: &str) -> bool {
        self.all(name).flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(word))
    }

    /// The fields as they are sent, without the empty line.
    pub(crate) fn text(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect()
    }
}

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestHead {
    pub(crate) method: String,
    /// As it was written: a path with its query, or a whole URL.
    pub(crate) target: String,
    /// The minor version of HTTP/1.
    pub(crate) minor: u8,
    pub(crate) headers: Headers,
}

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResponseHead {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) minor: u8,
    pub(crate) headers: Headers,
}

/// Why a head cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// It is not HTTP.
    Malformed,
    /// It has too many fields.
    TooLarge,
}

impl From<httparse::Error> for HeadError {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::TooManyHeaders => Self::TooLarge,
            _ => Self::Malformed,
        }
    }
}

fn headers(fields: &[httparse::Header<'_>]) -> Headers {
    let field = |field: &httparse::Header<'_>| {
        (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned())
    };
    Headers(fields.iter().map(field).collect())
}

impl RequestHead {
    /// Parses a head at the beginning of `bytes`; `None` where more has to come. Returns its length too.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, HeadError> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        let httparse::Status::Complete(len) = request.parse(bytes)? else { return Ok(None) };
        let head = Self {
            method: request.method.unwrap_or_default().to_owned(),
            target: request.path.unwrap_or_default().to_owned(),
            minor: request.version.unwrap_or(1),
            headers: headers(request.headers),
        };
        Ok(Some((head, len)))
    }

    /// Whether the connection is to stay open after this request.
    pub(crate) fn keeps_alive(&self) -> bool {
        keeps_alive(self.minor, &self.headers)
    }
}

impl ResponseHead {
    /// A response with its usual reason.
    pub(crate) fn new(status: u16) -> Self {
        Self { status, reason: reason(status).to_owned(), minor: 1, headers: Headers::default() }
    }

    /// Parses a head at the beginning of `bytes`; `None` where more has to come. Returns its length too.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, HeadError> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let httparse::Status::Complete(len) = response.parse(bytes)? else { return Ok(None) };
        let head = Self {
            status: response.code.unwrap_or(0),
            reason: response.reason.unwrap_or_default().to_owned(),
            minor: response.version.unwrap_or(1),
            headers: headers(response.headers),
        };
        Ok(Some((head, len)))
    }

    /// Whether the connection stays open after this response.
    pub(crate) fn keeps_alive(&self) -> bool {
        keeps_alive(self.minor, &self.headers)
    }

    /// The first line, without its end.
    pub(crate) fn status_line(&self) -> String {
        format!("HTTP/1.{} {} {}", self.minor, self.status, self.reason)
    }

    /// The head as it is sent.
    pub(crate) fn text(&self) -> String {
        format!("{}\r\n{}\r\n", self.status_line(), self.headers.text())
    }
}

fn keeps_alive(minor: u8, headers: &Headers) -> bool {
    if minor == 0 {
        headers.has_word("connection", "keep-alive")
    } else {
        !headers.has_word("connection", "close")
    }
}

/// The usual reason of a status (RFC 9110, 15, in nginx's words where they differ).
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Time-out",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Large",
        415 => "Unsupported Media Type",
        416 => "Requested Range Not Satisfiable",
        418 => "I'm a teapot",
        421 => "Misdirected Request",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Temporarily Unavailable",
        504 => "Gateway Time-out",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{HeadError, Headers, RequestHead, ResponseHead};

    #[test]
    fn a_request_is_read_when_it_is_complete() {
        let text = b"GET /a?b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\nrest";
        assert_eq!(RequestHead::parse(&text[..20]).unwrap(), None);
        let (head, len) = RequestHead::parse(text).unwrap().unwrap();
        assert_eq!((head.method.as_str(), head.target.as_str(), head.minor), ("GET", "/a?b", 1));
        assert_eq!(head.headers.get("host"), Some("x"));
        assert_eq!(&text[len..], b"rest");
        assert!(head.keeps_alive());
        assert_eq!(RequestHead::parse(b"nonsense\r\n\r\n"), Err(HeadError::Malformed));
    }

    #[test]
    fn fields_are_found_whatever_their_case() {
        let mut headers = Headers::default();
        headers.push("Connection", "Upgrade, Close");
        headers.push("X-A", "1");
        headers.push("x-a", "2");
        assert!(headers.has_word("connection", "close"));
        assert_eq!(headers.all("X-A").collect::<Vec<_>>(), ["1", "2"]);
        headers.set("X-a", "3");
        assert_eq!(headers.all("X-A").collect::<Vec<_>>(), ["3"]);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = RequestHead::parse(&bytes);
            let _ = ResponseHead::parse(&bytes);
        }
    }
}

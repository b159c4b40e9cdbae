//! Bodies of messages, piece by piece (RFC 9112, 6 and 7).

use bytes::Bytes;

use super::{Headers, Wire};
use crate::kernel::errno::Errno;

/// The longest line that says the size of a chunk, with its extensions.
const MAX_CHUNK_LINE: usize = 4096;

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// There is none.
    Empty,
    /// After so many bytes.
    Length(u64),
    /// With an empty chunk.
    Chunked,
    /// With the connection.
    UntilClose,
}

impl BodyKind {
    /// How the body of a request ends. `None` where its headers are wrong.
    pub(crate) fn of_request(headers: &Headers) -> Option<Self> {
        if headers.has_word("transfer-encoding", "chunked") {
            return Some(Self::Chunked);
        }
        match headers.get("content-length") {
            Some(length) => length.trim().parse().ok().map(Self::Length),
            None => Some(Self::Empty),
        }
    }

    /// How the body of a response ends.
    pub(crate) fn of_response(status: u16, to_head: bool, headers: &Headers) -> Self {
        if to_head || status < 200 || status == 204 || status == 304 {
            return Self::Empty;
        }
        if headers.has_word("transfer-encoding", "chunked") {
            return Self::Chunked;
        }
        match headers.get("content-length").and_then(|length| length.trim().parse().ok()) {
            Some(length) => Self::Length(length),
            None => Self::UntilClose,
        }
    }
}

/// A body that is read.
#[derive(Debug)]
pub(crate) struct Body {
    kind: BodyKind,
    /// What is left of the body, or of the chunk.
    left: u64,
    done: bool,
    /// Whether an end of line follows what was read of the last chunk.
    in_chunk: bool,
}

impl Body {
    pub(crate) fn new(kind: BodyKind) -> Self {
        let left = match kind {
            BodyKind::Length(length) => length,
            _ => 0,
        };
        let done = matches!(kind, BodyKind::Empty | BodyKind::Length(0));
        Self { kind, left, done, in_chunk: false }
    }

    /// The next piece; `None` at the end. An end that comes too early is `ECONNRESET`, nonsense between chunks
    /// `EINVAL`.
    pub(crate) async fn next(&mut self, wire: &mut Wire) -> Result<Option<Bytes>, Errno> {
        if self.done {
            return Ok(None);
        }
        match self.kind {
            BodyKind::Empty => Ok(None),
            BodyKind::UntilClose => {
                let bytes = wire.read().await?;
                self.done = bytes.is_empty();
                Ok((!self.done).then_some(bytes))
            }
            BodyKind::Length(_) => {
                let bytes = self.piece(wire).await?;
                self.done = self.left == 0;
                Ok(Some(bytes))
            }
            BodyKind::Chunked => {
                if self.left == 0 {
                    self.next_chunk(wire).await?;
                    if self.done {
                        return Ok(None);
                    }
                }
                self.piece(wire).await.map(Some)
            }
        }
    }

    async fn piece(&mut self, wire: &mut Wire) -> Result<Bytes, Errno> {
        if wire.buffered().is_empty() && !wire.fill().await? {
            return Err(Errno::ECONNRESET);
        }
        let len = wire.buffered().len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= len as u64;
        Ok(wire.take(len))
    }

    async fn next_chunk(&mut self, wire: &mut Wire) -> Result<(), Errno> {
        let line = |line: Option<Bytes>| line.ok_or(Errno::ECONNRESET);
        if self.in_chunk && !line(wire.line(MAX_CHUNK_LINE).await?)?.is_empty() {
            return Err(Errno::EINVAL);
        }
        let size = line(wire.line(MAX_CHUNK_LINE).await?)?;
        let digits = size.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let text = std::str::from_utf8(digits).map_err(|_| Errno::EINVAL)?;
        if !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(Errno::EINVAL);
        }
        self.left = u64::from_str_radix(text, 16).map_err(|_| Errno::EINVAL)?;
        self.in_chunk = true;
        if self.left == 0 {
            // Trailers.
            while !line(wire.line(MAX_CHUNK_LINE).await?)?.is_empty() {}
            self.done = true;
        }
        Ok(())
    }

    /// Reads the rest, as long as it is not longer than `max`: `EFBIG` then.
    pub(crate) async fn all(&mut self, wire: &mut Wire, max: usize) -> Result<Vec<u8>, Errno> {
        let mut all = Vec::new();
        while let Some(bytes) = self.next(wire).await? {
            all.extend_from_slice(&bytes);
            if all.len() > max {
                return Err(Errno::EFBIG);
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::{BodyKind, Headers};

    #[test]
    fn headers_tell_how_a_body_ends() {
        let mut headers = Headers::default();
        assert_eq!(BodyKind::of_request(&headers), Some(BodyKind::Empty));
        assert_eq!(BodyKind::of_response(200, false, &headers), BodyKind::UntilClose);
        headers.push("Content-Length", "12");
        assert_eq!(BodyKind::of_request(&headers), Some(BodyKind::Length(12)));
        assert_eq!(BodyKind::of_response(200, true, &headers), BodyKind::Empty);
        headers.push("Transfer-Encoding", "chunked");
        assert_eq!(BodyKind::of_response(200, false, &headers), BodyKind::Chunked);
        headers.set("Content-Length", "-1");
        headers.remove("Transfer-Encoding");
        assert_eq!(BodyKind::of_request(&headers), None);
    }
}

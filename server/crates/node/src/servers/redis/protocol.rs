//! RESP2, Redis's protocol: requests are arrays of strings, or plain lines.

use bytes::Bytes;

use crate::{http::Wire, kernel::errno::Errno};

/// The longest string, and the most of them in a request.
pub(super) const MAX_STRING: usize = 8 << 20;
const MAX_WORDS: usize = 65_536;
const MAX_LINE: usize = 64 * 1024;
/// How deep arrays may lie in each other.
const MAX_DEPTH: u32 = 8;

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Status(String),
    Error(String),
    Integer(i64),
    Bulk(Bytes),
    Nil,
    Array(Vec<Reply>),
    NilArray,
}

impl Reply {
    pub(super) fn ok() -> Self {
        Self::Status("OK".to_owned())
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Bulk(Bytes::from(text.into()))
    }

    /// As it is sent.
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Status(text) => format!("+{text}\r\n").into_bytes(),
            Self::Error(text) => format!("-{text}\r\n").into_bytes(),
            Self::Integer(number) => format!(":{number}\r\n").into_bytes(),
            Self::Nil => b"$-1\r\n".to_vec(),
            Self::NilArray => b"*-1\r\n".to_vec(),
            Self::Bulk(bytes) => bulk(bytes),
            Self::Array(items) => {
                let mut out = format!("*{}\r\n", items.len()).into_bytes();
                items.iter().for_each(|item| out.extend(item.encode()));
                out
            }
        }
    }
}

fn bulk(bytes: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// A request as it is sent.
pub(super) fn request(words: &[Bytes]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    words.iter().for_each(|word| out.extend(bulk(word)));
    out
}

fn count(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

/// Reads a request; `None` at the end of the connection, and what is wrong where it is none.
pub(super) async fn read_request(wire: &mut Wire) -> Result<Option<Result<Vec<Bytes>, String>>, Errno> {
    let Some(line) = wire.line(MAX_LINE).await? else { return Ok(None) };
    let Some(rest) = line.strip_prefix(b"*") else {
        let words = super::words::split(&String::from_utf8_lossy(&line));
        return Ok(Some(words.ok_or_else(|| "unbalanced quotes in request".to_owned())));
    };
    let Some(number) =
        count(rest).and_then(|number| usize::try_from(number).ok()).filter(|n| *n <= MAX_WORDS)
    else {
        return Ok(Some(Err("invalid multibulk length".to_owned())));
    };
    let mut words = Vec::new();
    for _ in 0..number {
        let Some(line) = wire.line(MAX_LINE).await? else { return Ok(None) };
        let Some(rest) = line.strip_prefix(b"$") else {
            let got = line.first().map_or(' ', |byte| char::from(*byte));
            return Ok(Some(Err(format!("expected '$', got '{got}'"))));
        };
        let Some(len) =
            count(rest).and_then(|len| usize::try_from(len).ok()).filter(|len| *len <= MAX_STRING)
        else {
            return Ok(Some(Err("invalid bulk length".to_owned())));
        };
        let Some(word) = exactly(wire, len).await? else { return Ok(None) };
        words.push(word);
    }
    Ok(Some(Ok(words)))
}

/// A string of this length with the end of line that follows it.
async fn exactly(wire: &mut Wire, len: usize) -> Result<Option<Bytes>, Errno> {
    while wire.buffered().len() < len + 2 {
        if !wire.fill().await? {
            return Ok(None);
        }
    }
    let word = wire.take(len);
    wire.skip(2);
    Ok(Some(word))
}

/// Reads a reply; `None` where there is none.
pub(super) async fn read_reply(wire: &mut Wire) -> Result<Option<Reply>, Errno> {
    read_reply_at(wire, 0).await
}

fn read_reply_at(
    wire: &mut Wire,
    depth: u32,
) -> futures::future::BoxFuture<'_, Result<Option<Reply>, Errno>> {
    Box::pin(async move {
        let Some(line) = wire.line(MAX_LINE).await? else { return Ok(None) };
        let (Some(kind), rest) = (line.first(), line.get(1..).unwrap_or_default()) else { return Ok(None) };
        let text = || String::from_utf8_lossy(rest).into_owned();
        Ok(Some(match kind {
            b'+' => Reply::Status(text()),
            b'-' => Reply::Error(text()),
            b':' => Reply::Integer(count(rest).unwrap_or(0)),
            b'$' => match count(rest).map(usize::try_from) {
                Some(Ok(len)) if len <= MAX_STRING => match exactly(wire, len).await? {
                    Some(bytes) => Reply::Bulk(bytes),
                    None => return Ok(None),
                },
                _ => Reply::Nil,
            },
            b'*' if rest == b"-1" => Reply::NilArray,
            b'*' if depth < MAX_DEPTH => {
                let number = count(rest).and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
                let mut items = Vec::new();
                for _ in 0..number.min(MAX_WORDS) {
                    match read_reply_at(wire, depth + 1).await? {
                        Some(item) => items.push(item),
                        None => return Ok(None),
                    }
                }
                Reply::Array(items)
            }
            _ => return Err(Errno::EINVAL),
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::Reply;

    #[test]
    fn replies_are_encoded() {
        let reply = Reply::Array(vec![Reply::Integer(1), Reply::text("ab"), Reply::Nil, Reply::ok()]);
        assert_eq!(reply.encode(), b"*4\r\n:1\r\n$2\r\nab\r\n$-1\r\n+OK\r\n");
    }
}

//! Headers of streams: pairs of texts in one zlib stream a connection and direction, which begins with a dictionary that
//! both sides know.

use std::{collections::BTreeMap, sync::LazyLock};

use bytes::{Buf, Bytes};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// How much the headers of one stream may be.
const SIZE: usize = 16 * 1024;

/// How many headers a stream may have.
const COUNT: u32 = 64;

/// The words of the dictionary, each with its length before it.
const WORDS: [&str; 65] = [
    "options",
    "head",
    "post",
    "put",
    "delete",
    "trace",
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "connection",
    "content-base",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "retry-after",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "method",
    "get",
    "status",
    "200 OK",
    "version",
    "HTTP/1.1",
    "url",
    "public",
    "set-cookie",
    "keep-alive",
    "origin",
];

/// What follows them.
const REST: &str = "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

static DICTIONARY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut dictionary = Vec::new();
    for word in WORDS {
        dictionary.extend_from_slice(&(word.len() as u32).to_be_bytes());
        dictionary.extend_from_slice(word.as_bytes());
    }
    dictionary.extend_from_slice(REST.as_bytes());
    dictionary
});

/// Headers by their names, which are in lower case.
pub(super) type Headers = BTreeMap<String, String>;

/// Headers that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the headers of a stream cannot be read")]
pub(super) struct HeaderError;

/// What reads the headers that come in.
pub(super) struct Reader(Decompress);

impl Reader {
    pub(super) fn new() -> Self {
        Self(Decompress::new(true))
    }

    /// The next headers.
    pub(super) fn read(&mut self, compressed: &[u8]) -> Result<Headers, HeaderError> {
        let mut plain = vec![0; SIZE];
        let mut rest = compressed;
        let mut written = 0;
        loop {
            let (taken, given) = (self.0.total_in(), self.0.total_out());
            let room = plain.get_mut(written..).unwrap_or_default();
            let outcome = self.0.decompress(rest, room, FlushDecompress::Sync);
            let count = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
            rest = rest.get(count(self.0.total_in(), taken)..).unwrap_or_default();
            let progress = count(self.0.total_out(), given);
            written += progress;
            match outcome {
                Err(error) if error.needs_dictionary().is_some() => {
                    self.0.set_dictionary(&DICTIONARY).map_err(|_| HeaderError)?;
                }
                Err(_) | Ok(Status::StreamEnd) => return Err(HeaderError),
                Ok(_) if rest.is_empty() => break,
                Ok(_) if progress == 0 => return Err(HeaderError),
                Ok(_) => {}
            }
        }
        plain.truncate(written);
        parse(plain.into())
    }
}

fn parse(mut plain: Bytes) -> Result<Headers, HeaderError> {
    let count = plain.try_get_u32().map_err(|_| HeaderError)?;
    if count > COUNT {
        return Err(HeaderError);
    }
    let mut text = || -> Result<String, HeaderError> {
        let length = plain.try_get_u32().map_err(|_| HeaderError)? as usize;
        if length > plain.len() {
            return Err(HeaderError);
        }
        String::from_utf8(plain.split_to(length).to_vec()).map_err(|_| HeaderError)
    };
    let mut headers = Headers::new();
    for _ in 0..count {
        let name = text()?.to_ascii_lowercase();
        headers.insert(name, text()?);
    }
    Ok(headers)
}

/// What writes the headers that go out.
pub(super) struct Writer(Compress);

impl Writer {
    pub(super) fn new() -> Self {
        let mut compress = Compress::new(Compression::fast(), true);
        // It fails only once something is compressed; and then the client would see what it cannot read, and hang up.
        let _ = compress.set_dictionary(&DICTIONARY);
        Self(compress)
    }

    /// Headers as they are sent.
    pub(super) fn write(&mut self, headers: &Headers) -> Bytes {
        let mut plain = (headers.len() as u32).to_be_bytes().to_vec();
        for text in headers.iter().flat_map(|(name, value)| [name, value]) {
            plain.extend_from_slice(&(text.len() as u32).to_be_bytes());
            plain.extend_from_slice(text.as_bytes());
        }
        let mut compressed = Vec::with_capacity(plain.len() + 64);
        let before = self.0.total_in();
        let _ = self.0.compress_vec(&plain, &mut compressed, FlushCompress::Sync);
        debug_assert_eq!(self.0.total_in() - before, plain.len() as u64);
        compressed.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The length and the check sum are those of the dictionary in the specification.
    #[test]
    fn the_dictionary_is_that_of_the_specification() {
        let (mut a, mut b) = (1_u32, 0_u32);
        for byte in DICTIONARY.iter() {
            a = (a + u32::from(*byte)) % 65_521;
            b = (b + a) % 65_521;
        }
        assert_eq!((DICTIONARY.len(), b << 16 | a), (1423, 0xe3c6_a7c2));
    }

    #[test]
    fn what_is_written_is_read_stream_after_stream() {
        let (mut writer, mut reader) = (Writer::new(), Reader::new());
        for kind in ["error", "stdin", "stdout"] {
            let headers: Headers = [("streamtype".to_owned(), kind.to_owned())].into();
            assert_eq!(reader.read(&writer.write(&headers)), Ok(headers));
        }
        assert_eq!(reader.read(&writer.write(&Headers::new())), Ok(Headers::new()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_headers_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Reader::new().read(&bytes);
            let _ = parse(bytes.into());
        }
    }
}

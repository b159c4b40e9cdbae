//! `uuencode`, `uudecode`: files as text (POSIX XCU uuencode).

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::super::{Cx, Lines};
use crate::{kernel::fs::OpenFlags, libc::getopt::OptSpec};

const ENCODE: &str = "[-m] [FILE] STORED_FILENAME

Uuencode FILE (or stdin) to stdout

	-m	Use base64 encoding per RFC1521";
const DECODE: &str = "[-o OUTFILE] [INFILE]

Uudecode a file
Finds OUTFILE in uuencoded source unless -o is given";
/// How many bytes a line holds.
const LINE: usize = 45;

fn digit(value: u8) -> u8 {
    if value & 0x3f == 0 { b'`' } else { b' ' + (value & 0x3f) }
}

/// A line of the historical encoding.
fn line(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![digit(bytes.len() as u8)];
    for chunk in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|index| chunk.get(index).copied().unwrap_or(0));
        out.extend([a >> 2, a << 4 | b >> 4, b << 2 | c >> 6, c].map(digit));
    }
    out.push(b'\n');
    out
}

/// What a line of the historical encoding holds; `None` where it is too short.
fn bytes_of(line: &[u8]) -> Option<Vec<u8>> {
    let value = |byte: &u8| byte.wrapping_sub(b' ') & 0x3f;
    let len = usize::from(value(line.first()?));
    let mut out = Vec::with_capacity(len + 3);
    let digits = &line[1..];
    while out.len() < len {
        let at = out.len() / 3 * 4;
        // Blanks at the end of a line may have been lost.
        let [a, b, c, d] = [0, 1, 2, 3].map(|index| digits.get(at + index).map_or(0, value));
        digits.get(at)?;
        out.extend([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
    }
    out.truncate(len);
    Some(out)
}

pub(in crate::commands) async fn encode(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "m", long: &[("base64", b'm')] }, ENCODE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let (source, name) = match &opts.operands[..] {
        [name] => (Bytes::from_static(b"-"), name.clone()),
        [source, name] => (source.clone(), name.clone()),
        _ => return cx.bad_usage(ENCODE).await,
    };
    let file = match cx.open(&source).await {
        Ok(file) => file,
        Err(errno) => {
            cx.open_error(&source, errno).await;
            return 1;
        }
    };
    let stat = if source == "-" { cx.process.fstat(0) } else { cx.process.stat(&source, true) };
    let mode = match stat {
        Ok(stat) if source != "-" => stat.mode & 0o777,
        _ => 0o666 & !cx.process.umask(),
    };
    let base64 = opts.has(b'm');
    cx.put(format!("begin{} {mode:o} ", if base64 { "-base64" } else { "" }));
    cx.put(&name);
    cx.put("\n");
    let mut rest: Vec<u8> = Vec::new();
    loop {
        let bytes = match cx.read(&file).await {
            Ok(bytes) => bytes,
            Err(errno) => {
                cx.file_error(&source, errno).await;
                return cx.finish(1).await;
            }
        };
        rest.extend_from_slice(&bytes);
        let whole = if bytes.is_empty() { rest.len() } else { rest.len() / LINE * LINE };
        let part: Vec<u8> = rest.drain(..whole).collect();
        for chunk in part.chunks(LINE) {
            match base64 {
                true => cx.put(STANDARD.encode(chunk) + "\n"),
                false => cx.put(line(chunk)),
            }
        }
        if bytes.is_empty() {
            break;
        }
        if !cx.drain().await {
            return cx.finish(1).await;
        }
    }
    cx.put(if base64 { "====\n" } else { "`\nend\n" });
    cx.finish(0).await
}

pub(in crate::commands) async fn decode(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "o:", long: &[("output-file=", b'o')] }, DECODE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let source = opts.operands.first().cloned().unwrap_or(Bytes::from_static(b"-"));
    let file = match cx.open(&source).await {
        Ok(file) => file,
        Err(errno) => {
            cx.open_error(&source, errno).await;
            return 1;
        }
    };
    let mut lines = Lines::new(file);
    let (base64, mode, name) = loop {
        let text = match lines.next(&mut cx).await {
            Ok(Some(line)) => line.text,
            Ok(None) => {
                cx.error("no 'begin' line").await;
                return 1;
            }
            Err(errno) => {
                cx.file_error(&source, errno).await;
                return 1;
            }
        };
        let rest = text.strip_prefix(b"begin-base64 ").map(|rest| (true, rest));
        let Some((base64, rest)) = rest.or_else(|| text.strip_prefix(b"begin ").map(|rest| (false, rest)))
        else {
            continue;
        };
        let blank = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let mode =
            std::str::from_utf8(&rest[..blank]).ok().and_then(|text| u16::from_str_radix(text, 8).ok());
        let name = rest.get(blank + 1..).unwrap_or_default().trim_ascii_end().to_vec();
        break (base64, mode.unwrap_or(0o644) & 0o777, name);
    };
    let target = opts.value(b'o').map_or(name, |name| name.to_vec());
    let out = if target == b"-" || target == b"/dev/stdout" {
        None
    } else {
        let flags = OpenFlags { create: true, truncate: true, ..OpenFlags::WRITE };
        match cx.process.open_file(&target, flags, 0o666).await {
            Ok(file) => Some(file),
            Err(errno) => {
                cx.open_error(&target, errno).await;
                return 1;
            }
        }
    };
    loop {
        let text = match lines.next(&mut cx).await {
            Ok(Some(line)) => line.text,
            _ => {
                cx.error("short file").await;
                return cx.finish(1).await;
            }
        };
        let bytes = if base64 {
            if text.starts_with(b"====") {
                break;
            }
            STANDARD.decode(text.trim_ascii()).ok()
        } else {
            if text == "end" {
                break;
            }
            if text.is_empty() || text == "`" || text == " " { Some(Vec::new()) } else { bytes_of(&text) }
        };
        let Some(bytes) = bytes else {
            cx.error(if base64 { "truncated input" } else { "short file" }).await;
            return cx.finish(1).await;
        };
        let written = match &out {
            None => {
                cx.put(&bytes);
                cx.drain().await;
                Ok(())
            }
            Some(file) => cx.process.write_file(file, bytes.into()).await,
        };
        if let Err(errno) = written {
            cx.file_error(&target, errno).await;
            return 1;
        }
    }
    if out.is_some() {
        // Where that is not allowed, the file is there all the same.
        let _ = cx.process.chmod(&target, mode);
    }
    cx.finish(0).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{bytes_of, line};

    #[test]
    fn three_bytes_are_four_characters() {
        assert_eq!(line(b"ABC"), b"#04)#\n");
        assert_eq!(line(b"A"), b"!00``\n");
        assert_eq!(bytes_of(b"!00"), Some(b"A".to_vec()));
        assert_eq!(bytes_of(b"#"), None);
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(bytes in proptest::collection::vec(any::<u8>(), 1..45)) {
            let text = line(&bytes);
            prop_assert_eq!(bytes_of(text.trim_ascii_end()), Some(bytes));
        }
    }
}

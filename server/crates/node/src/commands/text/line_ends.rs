//! `dos2unix`, `unix2dos`: line ends of other systems, in place or from input to output.

use bytes::Bytes;

use super::super::Cx;
use crate::{kernel::fs::OpenFlags, libc::getopt::OptSpec};

const USAGE: &str = "[-ud] [FILE]

Convert FILE in-place from DOS to Unix format.
When no file is given, use stdin/stdout.

	-u	dos2unix
	-d	unix2dos";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "du", long: &[] }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let to_dos = opts.last_of(b"du").map_or(cx.name == "unix2dos", |letter| letter == b'd');
    if opts.operands.is_empty() {
        let Ok(input) = cx.process.file(0) else { return 1 };
        loop {
            match cx.read(&input).await {
                Ok(bytes) if bytes.is_empty() => return cx.finish(0).await,
                Ok(bytes) => cx.put(converted(&bytes, to_dos)),
                Err(errno) => {
                    cx.file_error(b"-", errno).await;
                    return cx.finish(1).await;
                }
            }
            if !cx.drain().await {
                return cx.finish(1).await;
            }
        }
    }
    for path in &opts.operands {
        let read = match cx.open(path).await {
            Ok(file) => cx.read_all(&file).await,
            Err(errno) => Err(errno),
        };
        let done = match read {
            Ok(text) => {
                let flags = OpenFlags { truncate: true, ..OpenFlags::WRITE };
                match cx.process.open_file(path, flags, 0o666).await {
                    Ok(file) => cx.process.write_file(&file, converted(&text, to_dos)).await,
                    Err(errno) => Err(errno),
                }
            }
            Err(errno) => Err(errno),
        };
        if let Err(errno) = done {
            cx.open_error(path, errno).await;
            return cx.finish(1).await;
        }
    }
    cx.finish(0).await
}

/// Carriage returns go; with `to_dos` each line gets one.
fn converted(text: &[u8], to_dos: bool) -> Bytes {
    let mut out = Vec::with_capacity(text.len() + text.len() / 16);
    for byte in text.iter().filter(|byte| **byte != b'\r') {
        if to_dos && *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::converted;

    #[test]
    fn lines_get_or_lose_carriage_returns() {
        assert_eq!(converted(b"a\r\nb\n", true), "a\r\nb\r\n");
        assert_eq!(converted(b"a\r\nb\n", false), "a\nb\n");
    }
}

//! `split`: one file in pieces.

use super::super::{Cx, Lines, number};
use crate::{
    kernel::{errno::Errno, fs::OpenFlags},
    libc::getopt::OptSpec,
};

/// The most pieces of one file.
const MAX_PIECES: u64 = 26 * 26 * 26;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "l:b:a:dn:",
        long: &[
            ("lines=", b'l'),
            ("bytes=", b'b'),
            ("suffix-length=", b'a'),
            ("numeric-suffixes", b'd'),
            ("number=", b'n'),
        ],
    };
    let opts = match cx.opts(spec, "[OPTIONS] [INPUT [PREFIX]]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut values = [1000u64, 0, 2];
    for (index, letter) in b"lba".iter().enumerate() {
        if let Some(text) = opts.value(*letter) {
            match number::parse_suffixed(text, number::BLOCKS).filter(|value| *value > 0) {
                Some(value) => values[index] = value,
                None => return cx.bad_number(text).await,
            }
        }
    }
    let [lines_each, bytes_each, suffix] = values;
    let path = opts.operands.first().cloned().unwrap_or_else(|| "-".into());
    let prefix = opts.operands.get(1).cloned().unwrap_or_else(|| "x".into());
    let input = match cx.open(&path).await {
        Ok(file) => file,
        Err(errno) => {
            let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("cannot open '{shown}' for reading: {text}")).await,
                false => cx.error(format!("{shown}: {text}")).await,
            }
            return 1;
        }
    };
    if let Some(text) = opts.value(b'n') {
        let Some(count) = number::parse::<u64>(text).filter(|count| (1..=MAX_PIECES).contains(count)) else {
            let shown = String::from_utf8_lossy(text);
            let why =
                if number::parse::<u64>(text).is_some() { ": Numerical result out of range" } else { "" };
            cx.error(format!("invalid number of chunks: '{shown}'{why}")).await;
            return 1;
        };
        let all = match cx.read_all(&input).await {
            Ok(all) => bytes::Bytes::from(all),
            Err(errno) => {
                cx.file_error(&path, errno).await;
                return 1;
            }
        };
        return pieces(&mut cx, all, count, |number| name(&prefix, number, suffix, opts.has(b'd'))).await;
    }
    let mut lines = Lines::new(std::sync::Arc::clone(&input));
    let mut number = 0;
    let mut current: Option<(std::sync::Arc<crate::kernel::fs::OpenFile>, u64)> = None;
    let mut rest = bytes::Bytes::new();
    loop {
        let (piece, size) = if bytes_each > 0 {
            if rest.is_empty() {
                rest = cx.read(&input).await.unwrap_or_default();
            }
            let room = current.as_ref().map_or(bytes_each, |(_, left)| *left);
            let piece = rest.split_to(rest.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
            let size = piece.len() as u64;
            (piece, size)
        } else {
            match lines.next(&mut cx).await {
                Ok(Some(line)) => {
                    let mut text = line.text.to_vec();
                    if line.complete {
                        text.push(b'\n');
                    }
                    (text.into(), 1)
                }
                _ => (bytes::Bytes::new(), 0),
            }
        };
        if piece.is_empty() {
            return cx.finish(0).await;
        }
        let (file, left) = match current.take() {
            Some(current) => current,
            None => {
                let Some(name) = name(&prefix, number, suffix, opts.has(b'd')) else {
                    cx.error("suffixes exhausted").await;
                    return 1;
                };
                number += 1;
                match cx.process.open_file(&name, OpenFlags::WRITE, 0o666).await {
                    Ok(file) => (file, if bytes_each > 0 { bytes_each } else { lines_each }),
                    Err(errno) => {
                        cx.open_error(&name, errno).await;
                        return 1;
                    }
                }
            }
        };
        if let Err(errno) = cx.process.write_file(&file, piece).await {
            let text = cx.text(if errno == Errno::EPIPE { Errno::EIO } else { errno });
            cx.error(format!("write error: {text}")).await;
            return 1;
        }
        if left > size {
            current = Some((file, left - size));
        }
    }
}

/// Writes so many pieces of the same size; the last takes what is left.
async fn pieces(
    cx: &mut Cx,
    all: bytes::Bytes,
    count: u64,
    name: impl Fn(u64) -> Option<Vec<u8>> + Send,
) -> u8 {
    let each = all.len() / usize::try_from(count).unwrap_or(1).max(1);
    let mut rest = all;
    for number in 0..count {
        let piece = if number + 1 == count { rest.split_off(0) } else { rest.split_to(each) };
        let Some(name) = name(number) else {
            cx.error("suffixes exhausted").await;
            return 1;
        };
        let written = match cx.process.open_file(&name, OpenFlags::WRITE, 0o666).await {
            Ok(file) => cx.process.write_file(&file, piece).await,
            Err(errno) => Err(errno),
        };
        if let Err(errno) = written {
            cx.open_error(&name, errno).await;
            return 1;
        }
    }
    cx.finish(0).await
}

fn name(prefix: &[u8], number: u64, suffix: u64, digits: bool) -> Option<Vec<u8>> {
    let (radix, first) = if digits { (10, b'0') } else { (26, b'a') };
    let mut letters = Vec::new();
    let mut rest = number;
    for _ in 0..suffix.min(16) {
        letters.push(first + u8::try_from(rest % radix).ok()?);
        rest /= radix;
    }
    if rest > 0 || number > MAX_PIECES {
        return None;
    }
    letters.reverse();
    Some([prefix, &letters[..]].concat())
}

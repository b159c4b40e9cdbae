//! `head`: the beginning of files.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Cx, Lines, number};
use crate::{
    kernel::{errno::Errno, fs::OpenFile},
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec {
    short: "n:c:qvz",
    long: &[
        ("lines=", b'n'),
        ("bytes=", b'c'),
        ("quiet", b'q'),
        ("silent", b'q'),
        ("verbose", b'v'),
        ("zero-terminated", b'z'),
    ],
};
const USAGE: &str = "[OPTIONS] [FILE]...";

/// How much is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amount {
    Lines(u64),
    Bytes(u64),
    /// All but the last ones.
    LinesBut(u64),
    BytesBut(u64),
}

pub(super) async fn run(mut cx: Cx) -> u8 {
    // `head -5` is `head -n 5`.
    if let Some(first) = cx.args.first()
        && first.len() > 1
        && first[0] == b'-'
        && first[1].is_ascii_digit()
    {
        let count = first.slice(1..);
        cx.args.splice(..1, [Bytes::from_static(b"-n"), count]);
    }
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut amount = Amount::Lines(10);
    for (letter, value) in &opts.given {
        let Some(value) = value else { continue };
        match (letter, amount_of(value, *letter == b'c')) {
            (_, Some(parsed)) => amount = parsed,
            (letter, None) if cx.is_gnu() => {
                let what = if *letter == b'c' { "bytes" } else { "lines" };
                cx.error(format!("invalid number of {what}: '{}'", String::from_utf8_lossy(value))).await;
                return 1;
            }
            _ => return cx.bad_number(value).await,
        }
    }
    let paths = Cx::inputs(opts.operands);
    let headers = match opts.given.iter().rev().find(|(letter, _)| matches!(letter, b'q' | b'v')) {
        Some((letter, _)) => *letter == b'v',
        None => paths.len() > 1,
    };
    let delimiter = if opts.given.iter().any(|(letter, _)| *letter == b'z') { 0 } else { b'\n' };
    let mut code = 0;
    let mut first = true;
    for path in paths {
        let file = match cx.open(&path).await {
            Ok(file) => file,
            Err(errno) => {
                let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                match cx.is_gnu() {
                    true => cx.error(format!("cannot open '{shown}' for reading: {text}")).await,
                    false => cx.error(format!("{shown}: {text}")).await,
                }
                code = 1;
                // busybox notes that there was a file, for the empty line before the next name.
                first &= cx.is_gnu();
                continue;
            }
        };
        if headers {
            let name = if path == "-" { Bytes::from_static(b"standard input") } else { path.clone() };
            cx.put(if first { "==> " } else { "\n==> " });
            cx.put(&name);
            cx.put(" <==\n");
        }
        first = false;
        if let Err(errno) = print(&mut cx, file, amount, delimiter).await {
            let shown = String::from_utf8_lossy(&path).into_owned();
            let text = cx.text(errno);
            match cx.is_gnu() {
                true => cx.error(format!("error reading '{shown}': {text}")).await,
                false => {
                    let text = cx.text(Errno::EIO);
                    cx.error(format!("{shown}: {text}")).await;
                }
            }
            code = 1;
        }
        if !cx.drain().await {
            break;
        }
    }
    cx.finish(code).await
}

fn amount_of(text: &[u8], bytes: bool) -> Option<Amount> {
    let (digits, but) = match text.strip_prefix(b"-") {
        Some(digits) => (digits, true),
        None => (text.strip_prefix(b"+").unwrap_or(text), false),
    };
    let count = number::parse_suffixed(digits, number::BLOCKS)?;
    Some(match (bytes, but) {
        (false, false) => Amount::Lines(count),
        (true, false) => Amount::Bytes(count),
        (false, true) => Amount::LinesBut(count),
        (true, true) => Amount::BytesBut(count),
    })
}

async fn print(
    cx: &mut Cx,
    file: std::sync::Arc<OpenFile>,
    amount: Amount,
    delimiter: u8,
) -> Result<(), Errno> {
    match amount {
        Amount::Bytes(mut left) => {
            while left > 0 {
                let mut bytes = cx.read(&file).await?;
                if bytes.is_empty() {
                    break;
                }
                bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                left -= bytes.len() as u64;
                if !cx.write(bytes).await {
                    break;
                }
            }
        }
        Amount::Lines(mut left) => {
            while left > 0 {
                let bytes = cx.read(&file).await?;
                if bytes.is_empty() {
                    break;
                }
                let mut end = bytes.len();
                for at in memchr::memchr_iter(delimiter, &bytes) {
                    left -= 1;
                    if left == 0 {
                        end = at + 1;
                        break;
                    }
                }
                if !cx.write(bytes.slice(..end)).await {
                    break;
                }
            }
        }
        Amount::LinesBut(count) => {
            let mut lines = Lines::separated_by(file, delimiter);
            let mut kept = VecDeque::new();
            let mut held = 0;
            while let Some(line) = lines.next(cx).await? {
                held += line.text.len() as u64 + 64;
                kept.push_back(line);
                if kept.len() as u64 > count
                    && let Some(line) = kept.pop_front()
                {
                    held -= line.text.len() as u64 + 64;
                    cx.put(&line.text);
                    cx.put([delimiter]);
                    if !cx.drain().await {
                        break;
                    }
                }
                if held > 1 << 20 {
                    cx.process.hold(held)?;
                }
            }
        }
        Amount::BytesBut(count) => {
            let all = cx.read_all(&file).await?;
            let end = all.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
            cx.put(&all[..end]);
        }
    }
    Ok(())
}

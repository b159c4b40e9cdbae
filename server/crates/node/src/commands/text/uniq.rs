//! `uniq`: neighbouring lines that are the same, once.

use bytes::Bytes;

use super::super::{Cx, Line, Lines, number};
use crate::{
    kernel::{errno::Errno, fs::OpenFlags},
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec {
    short: "cduizDf:s:w:",
    long: &[
        ("count", b'c'),
        ("repeated", b'd'),
        ("all-repeated==", b'D'),
        ("unique", b'u'),
        ("ignore-case", b'i'),
        ("skip-fields=", b'f'),
        ("skip-chars=", b's'),
        ("check-chars=", b'w'),
        ("zero-terminated", b'z'),
    ],
};
const USAGE: &str = "[-cduiz] [-f,s,w N] [FILE [OUTFILE]]";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.len() > 2 {
        if cx.is_gnu() {
            cx.error(format!("extra operand '{}'", String::from_utf8_lossy(&opts.operands[2]))).await;
        }
        return cx.bad_usage(USAGE).await;
    }
    let mut numbers = [0usize, 0, usize::MAX];
    for (index, letter) in b"fsw".iter().enumerate() {
        if let Some(value) = opts.value(*letter) {
            match number::parse(value) {
                Some(parsed) => numbers[index] = parsed,
                None if cx.is_gnu() => {
                    let what = ["fields to skip", "bytes to skip", "bytes to compare"][index];
                    cx.error(format!("{}: invalid number of {what}", String::from_utf8_lossy(value))).await;
                    return 1;
                }
                None => return cx.bad_number(value).await,
            }
        }
    }
    let [fields, chars, width] = numbers;
    let ignore_case = opts.has(b'i');
    let key = move |line: &[u8]| -> Vec<u8> {
        let mut at = 0;
        for _ in 0..fields {
            if at == line.len() {
                break;
            }
            at += line[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            at += line[at..].iter().take_while(|byte| !matches!(byte, b' ' | b'\t')).count();
        }
        let rest = &line[at.saturating_add(chars).min(line.len())..];
        let rest = &rest[..width.min(rest.len())];
        if ignore_case { rest.to_ascii_lowercase() } else { rest.to_vec() }
    };
    let path = opts.operands.first().cloned().unwrap_or_else(|| Bytes::from_static(b"-"));
    let input = match cx.open(&path).await {
        Ok(file) => file,
        Err(errno) => {
            cx.open_error(&path, errno).await;
            return 1;
        }
    };
    if let Some(out) = opts.operands.get(1).filter(|path| *path != "-") {
        let opened = cx.process.open_file(out, OpenFlags::WRITE, 0o666).await;
        let placed = opened.and_then(|file| cx.process.put(1, file).map(drop));
        if let Err(errno) = placed {
            cx.open_error(out, errno).await;
            return 1;
        }
    }
    let end = if opts.has(b'z') { 0 } else { b'\n' };
    let mut lines = Lines::separated_by(input, end);
    let (only_repeated, only_unique, count) = (opts.has(b'd'), opts.has(b'u'), opts.has(b'c'));
    let all_repeated = opts.has(b'D') && cx.is_gnu();
    let mut group: Option<(Vec<u8>, Line, u64)> = None;
    let code = loop {
        let next = match lines.next(&mut cx).await {
            Ok(next) => next,
            Err(errno) => {
                let text = cx.text(if cx.is_gnu() { errno } else { Errno::EISDIR });
                let message = match cx.is_gnu() {
                    true => format!("error reading '{}': {text}", String::from_utf8_lossy(&path)),
                    false => format!("read error: {text}"),
                };
                cx.error(message).await;
                break 1;
            }
        };
        if cx.process.tick(1) {
            cx.process.pause().await;
        }
        let next_key = next.as_ref().map(|line| key(&line.text));
        match (&mut group, &next_key) {
            (Some((known, first, seen)), Some(next_key)) if known == next_key => {
                *seen += 1;
                if all_repeated {
                    if *seen == 2 {
                        cx.put([&first.text[..], &[end]].concat());
                    }
                    if let Some(line) = &next {
                        cx.put([&line.text[..], &[end]].concat());
                    }
                }
                continue;
            }
            _ => {}
        }
        if let Some((_, line, seen)) = group.take() {
            let wanted = if seen > 1 { !only_unique } else { !only_repeated };
            if wanted && !all_repeated {
                if count {
                    cx.put(format!("{seen:>7} "));
                }
                cx.put(&line.text);
                cx.put([end]);
            }
        }
        match (next, next_key) {
            (Some(line), Some(key)) => group = Some((key, line, 1)),
            _ => break 0,
        }
        if !cx.drain().await {
            break 1;
        }
    };
    cx.finish(code).await
}

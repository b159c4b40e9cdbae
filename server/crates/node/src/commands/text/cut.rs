//! `cut`: parts of lines.

use super::{
    super::{Cx, Line, Lines},
    open_input,
};
use crate::libc::getopt::OptSpec;

const SPEC: OptSpec = OptSpec {
    short: "b:c:f:d:snO:z",
    long: &[
        ("bytes=", b'b'),
        ("characters=", b'c'),
        ("fields=", b'f'),
        ("delimiter=", b'd'),
        ("only-delimited", b's'),
        ("output-delimiter=", b'O'),
        ("complement", b'\x01'),
        ("zero-terminated", b'z'),
    ],
};
const USAGE: &str = "[OPTIONS] [FILE]...";

/// Places in a line, counted from 0, both ends included.
type Span = (usize, usize);

#[derive(Debug)]
struct Cut {
    fields: bool,
    spans: Vec<Span>,
    delimiter: u8,
    joint: Vec<u8>,
    only_delimited: bool,
    /// busybox prints parts in the order in which they are listed.
    in_order: bool,
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let lists: Vec<_> = opts.given.iter().filter(|(letter, _)| b"bcf".contains(letter)).collect();
    let (letter, list) = match &lists[..] {
        [(letter, Some(list))] => (*letter, list.clone()),
        [] => {
            let message = match cx.is_gnu() {
                true => "you must specify a list of bytes, characters, or fields",
                false => "expected a list of bytes, characters, or fields",
            };
            cx.error(message).await;
            return if cx.is_gnu() { cx.bad_usage(USAGE).await } else { 1 };
        }
        _ => {
            if cx.is_gnu() {
                cx.error("only one list may be specified").await;
            }
            return cx.bad_usage(USAGE).await;
        }
    };
    let spans = match parse_list(&list, cx.is_gnu(), letter == b'f') {
        Ok(spans) => spans,
        Err(message) => {
            cx.error(message).await;
            return if cx.is_gnu() { cx.bad_usage(USAGE).await } else { 1 };
        }
    };
    let delimiter = match opts.value(b'd').map(|text| &text[..]) {
        None => b'\t',
        Some([]) => 0,
        Some([only]) => *only,
        Some(_) if cx.is_gnu() => {
            cx.error("the delimiter must be a single character").await;
            return cx.bad_usage(USAGE).await;
        }
        Some(text) => text[0],
    };
    if letter != b'f' && (opts.has(b'd') || opts.has(b's')) {
        let message = match (cx.is_gnu(), opts.has(b's')) {
            (true, true) => "suppressing non-delimited lines makes sense\n\tonly when operating on fields",
            (true, false) => "an input delimiter may be specified only when operating on fields",
            (false, true) => "suppressing non-delimited lines makes sense only when operating on fields",
            (false, false) => "a delimiter may be specified only when operating on fields",
        };
        cx.error(message).await;
        return if cx.is_gnu() { cx.bad_usage(USAGE).await } else { 1 };
    }
    let cut = Cut {
        fields: letter == b'f',
        spans: if opts.has(1) { complement(spans) } else { spans },
        delimiter,
        joint: match opts.value(b'O') {
            Some(joint) => joint.to_vec(),
            None if letter == b'f' => vec![delimiter],
            None => Vec::new(),
        },
        only_delimited: opts.has(b's'),
        in_order: false,
    };
    let end = if opts.has(b'z') { 0 } else { b'\n' };
    let mut code = 0;
    for path in Cx::inputs(opts.operands) {
        let Some(file) = open_input(&mut cx, &path).await else {
            code = 1;
            continue;
        };
        let mut lines = Lines::separated_by(file, end);
        loop {
            match lines.next(&mut cx).await {
                Ok(Some(line)) => {
                    if let Some(text) = cut.line(&line) {
                        cx.put(text);
                        cx.put([end]);
                    }
                    if cx.process.tick(1 + (line.text.len() >> 8) as u32) {
                        cx.process.pause().await;
                    }
                    if !cx.drain().await {
                        return cx.finish(1).await;
                    }
                }
                Ok(None) => break,
                Err(errno) => {
                    cx.file_error(&path, errno).await;
                    code = 1;
                    break;
                }
            }
        }
    }
    cx.finish(code).await
}

fn parse_list(text: &[u8], gnu: bool, fields: bool) -> Result<Vec<Span>, String> {
    let text = String::from_utf8_lossy(text);
    let mut spans = Vec::new();
    let what = if fields { "field" } else { "byte/character" };
    let number = |part: &str| -> Result<usize, String> {
        match part.parse::<usize>() {
            Ok(0) if gnu && fields => Err("fields are numbered from 1".to_owned()),
            Ok(0) if gnu => Err("byte/character positions are numbered from 1".to_owned()),
            Ok(0) => Err(format!("invalid range {part}")),
            Ok(value) => Ok(value - 1),
            Err(_) if gnu => {
                Err(format!("invalid {what} {} '{part}'", if fields { "value" } else { "position" }))
            }
            Err(_) => Err(format!("invalid number '{part}'")),
        }
    };
    for part in text.split([',', ' ']).filter(|part| !part.is_empty() || gnu) {
        let span = match part.split_once('-') {
            None => {
                let at = number(part)?;
                (at, at)
            }
            Some(("", "")) if gnu => return Err("invalid range with no endpoint: -".to_owned()),
            Some((start, end)) => {
                let start = if start.is_empty() { 0 } else { number(start)? };
                let end = if end.is_empty() { usize::MAX } else { number(end)? };
                if end < start {
                    return Err(match gnu {
                        true => "invalid decreasing range".to_owned(),
                        false => format!("invalid range {part}"),
                    });
                }
                (start, end)
            }
        };
        spans.push(span);
    }
    if spans.is_empty() {
        return Err("missing list of positions".to_owned());
    }
    spans.sort_unstable();
    Ok(spans)
}

fn complement(spans: Vec<Span>) -> Vec<Span> {
    let mut out = Vec::new();
    let mut next = 0usize;
    for (start, end) in spans {
        if start > next {
            out.push((next, start - 1));
        }
        next = next.max(end.saturating_add(1));
        if end == usize::MAX {
            return out;
        }
    }
    out.push((next, usize::MAX));
    out
}

impl Cut {
    fn line(&self, line: &Line) -> Option<Vec<u8>> {
        let text = &line.text[..];
        if !self.fields {
            let parts = self.parts(text.len());
            let pieces: Vec<&[u8]> = parts.iter().map(|(start, end)| &text[*start..=*end]).collect();
            return Some(pieces.join(&self.joint[..]));
        }
        let fields: Vec<&[u8]> = text.split(|byte| *byte == self.delimiter).collect();
        if fields.len() == 1 {
            return (!self.only_delimited).then(|| text.to_vec());
        }
        let chosen: Vec<&[u8]> = self
            .parts(fields.len())
            .iter()
            .flat_map(|(start, end)| fields[*start..=*end].iter().copied())
            .collect();
        Some(chosen.join(&self.joint[..]))
    }

    /// The parts of something with `count` places: each place at most once.
    fn parts(&self, count: usize) -> Vec<Span> {
        let mut out: Vec<Span> = Vec::new();
        let mut next = 0;
        for (start, end) in &self.spans {
            let start = if self.in_order { *start } else { (*start).max(next) };
            let end = (*end).min(count.wrapping_sub(1));
            if count == 0 || start > end || start >= count {
                continue;
            }
            match out.last_mut() {
                Some(last) if self.joint.is_empty() && last.1 + 1 == start => last.1 = end,
                _ => out.push((start, end)),
            }
            next = end + 1;
        }
        out
    }
}

//! `tr`: replaces, removes and squeezes bytes.

use super::super::Cx;
use crate::libc::{fnmatch::in_class, getopt::OptSpec};

const SPEC: OptSpec = OptSpec {
    short: "+cCdst",
    long: &[("complement", b'c'), ("delete", b'd'), ("squeeze-repeats", b's'), ("truncate-set1", b't')],
};
const USAGE: &str = "[-cds] STRING1 [STRING2]";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let (delete, squeeze) = (opts.has(b'd'), opts.has(b's'));
    let complement = opts.has(b'c') || opts.has(b'C');
    let gnu = cx.is_gnu();
    let shown = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let problem = match (&opts.operands[..], delete, squeeze) {
        ([], ..) => Some("missing operand".to_owned()),
        ([first], false, false) | ([first], true, true) if gnu => Some(format!(
            "missing operand after '{}'\nTwo strings must be given when {}.",
            shown(first),
            if delete { "both deleting and squeezing repeats" } else { "translating" }
        )),
        ([_, second, ..], true, false) if gnu => Some(format!(
            "extra operand '{}'\nOnly one string may be given when deleting without squeezing repeats.",
            shown(second)
        )),
        ([_, _, third, ..], ..) => Some(format!("extra operand '{}'", shown(third))),
        _ => None,
    };
    if let Some(problem) = problem {
        if gnu {
            cx.error(problem).await;
        }
        return cx.bad_usage(USAGE).await;
    }
    let mut first = match expand(&opts.operands[0], gnu) {
        Ok(set) => set,
        Err(message) => {
            cx.error(message).await;
            return 1;
        }
    };
    if complement {
        let all: Vec<u8> = (0..=255).filter(|byte| !first.contains(byte)).collect();
        first = all;
    }
    let second = match opts.operands.get(1).map(|text| expand_to(text, first.len(), gnu)) {
        Some(Ok(set)) => Some(set),
        Some(Err(message)) => {
            cx.error(message).await;
            return 1;
        }
        None => None,
    };
    let mut table: [u8; 256] = std::array::from_fn(|byte| byte as u8);
    let mut removed = [false; 256];
    let mut squeezed = [false; 256];
    if delete {
        for byte in &first {
            removed[usize::from(*byte)] = true;
        }
    } else if let Some(second) = &second {
        let Some(last) = second.last().copied() else {
            if gnu {
                cx.error("when not truncating set1, string2 must be non-empty").await;
            } else {
                cx.error("STRING2 cannot be empty").await;
            }
            return 1;
        };
        if opts.has(b't') {
            first.truncate(second.len());
        }
        for (index, byte) in first.iter().enumerate() {
            table[usize::from(*byte)] = second.get(index).copied().unwrap_or(last);
        }
    }
    if squeeze {
        let set = match (&second, delete) {
            (Some(second), _) => second,
            (None, _) => &first,
        };
        for byte in set {
            squeezed[usize::from(*byte)] = true;
        }
    }
    let Ok(input) = cx.process.file(0) else { return 1 };
    let mut last: Option<u8> = None;
    loop {
        let bytes = match cx.read(&input).await {
            Ok(bytes) if bytes.is_empty() => break,
            Ok(bytes) => bytes,
            Err(errno) => {
                let text = cx.text(errno);
                cx.error(format!("read error: {text}")).await;
                return cx.finish(1).await;
            }
        };
        cx.process.work((bytes.len() >> 9) as u32).await;
        let mut out = Vec::with_capacity(bytes.len());
        for byte in bytes.iter().filter(|byte| !removed[usize::from(**byte)]) {
            let byte = table[usize::from(*byte)];
            if last == Some(byte) && squeezed[usize::from(byte)] {
                continue;
            }
            last = Some(byte);
            out.push(byte);
        }
        cx.put(out);
        if !cx.drain().await {
            break;
        }
    }
    cx.finish(0).await
}

/// A byte at the start of a set, with its escapes undone, and what it takes.
fn one(text: &[u8]) -> (u8, usize) {
    if text[0] != b'\\' || text.len() < 2 {
        return (text[0], 1);
    }
    match text[1] {
        b'a' => (7, 2),
        b'b' => (8, 2),
        b'f' => (12, 2),
        b'n' => (b'\n', 2),
        b'r' => (b'\r', 2),
        b't' => (b'\t', 2),
        b'v' => (11, 2),
        b'0'..=b'7' => {
            let digits = text[1..].iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            let value =
                text[1..=digits].iter().fold(0u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            (value as u8, 1 + digits)
        }
        other => (other, 2),
    }
}

/// The bytes of a set.
fn expand(text: &[u8], gnu: bool) -> Result<Vec<u8>, String> {
    expand_to(text, 0, gnu)
}

/// The bytes of a set; `[x*]` in it makes it as long as `len`.
fn expand_to(text: &[u8], len: usize, gnu: bool) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    // Where a repetition without a count stands, and of what.
    let mut filler: Option<(usize, u8)> = None;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest[0] == b'[' && rest.len() > 2 {
            if matches!(rest[1], b':' | b'=')
                && let Some(end) = rest[2..].windows(2).position(|pair| pair == [rest[1], b']'])
            {
                let name = &rest[2..2 + end];
                if rest[1] == b':' {
                    if in_class(name, 0).is_none() {
                        let shown = String::from_utf8_lossy(name);
                        if gnu {
                            return Err(format!("invalid character class '{shown}'"));
                        }
                    } else {
                        out.extend((0..=255u8).filter(|byte| in_class(name, u32::from(*byte)) == Some(true)));
                        at += end + 4;
                        continue;
                    }
                } else if name.len() == 1 {
                    out.push(name[0]);
                    at += end + 4;
                    continue;
                }
            }
            let (byte, width) = one(&rest[1..]);
            if rest.get(1 + width) == Some(&b'*')
                && let Some(close) = rest[2 + width..].iter().position(|byte| *byte == b']')
            {
                let digits = String::from_utf8_lossy(&rest[2 + width..2 + width + close]).into_owned();
                let radix = if digits.starts_with('0') { 8 } else { 10 };
                let count =
                    if digits.is_empty() { Some(0) } else { usize::from_str_radix(&digits, radix).ok() };
                if let Some(count) = count {
                    if count == 0 {
                        filler = Some((out.len(), byte));
                    } else {
                        out.extend(std::iter::repeat_n(byte, count.min(256)));
                    }
                    at += 3 + width + close;
                    continue;
                }
            }
        }
        let (start, width) = one(rest);
        if rest.get(width) == Some(&b'-') && rest.len() > width + 1 {
            let (end, end_width) = one(&rest[width + 1..]);
            if end < start {
                return Err(match gnu {
                    true => format!(
                        "range-endpoints of '{}-{}' are in reverse collating sequence order",
                        char::from(start),
                        char::from(end)
                    ),
                    false => format!("invalid range {}-{}", char::from(start), char::from(end)),
                });
            }
            out.extend(start..=end);
            at += width + 1 + end_width;
            continue;
        }
        out.push(start);
        at += width;
    }
    if let Some((place, byte)) = filler {
        let missing = len.saturating_sub(out.len());
        out.splice(place..place, std::iter::repeat_n(byte, missing));
    }
    Ok(out)
}

//! Functions that need nothing but their arguments.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::{format, value::Value};
use crate::{
    commands::calendar::Zone,
    libc::regex::{Regex, Syntax},
};

/// The longest text that a function makes.
pub(super) const MAX_TEXT: usize = 16 << 20;

/// What functions may know of the world.
#[derive(Debug)]
pub(super) struct World<'a> {
    pub(super) convert: &'a [u8],
    pub(super) now: Timestamp,
    pub(super) zone: &'a Zone,
    /// Whether it is mawk that speaks, or busybox.
    pub(super) gnu: bool,
}

/// The value of a function of numbers and texts; `None` where there is no such function.
pub(super) fn call(name: &str, args: &[Value], world: &World<'_>) -> Option<Value> {
    let number = |index: usize| args.get(index).map_or(0.0, Value::number);
    let text = |index: usize| args.get(index).map_or_else(Bytes::new, |value| value.text(world.convert));
    let bits = |index: usize| number(index) as i64 as u64;
    Some(match name {
        "and" => Value::Number((bits(0) & bits(1)) as f64),
        "or" => Value::Number((bits(0) | bits(1)) as f64),
        "xor" => Value::Number((bits(0) ^ bits(1)) as f64),
        "compl" => Value::Number(!bits(0) as f64),
        "lshift" => Value::Number(bits(0).wrapping_shl(bits(1) as u32) as f64),
        "rshift" => Value::Number(bits(0).wrapping_shr(bits(1) as u32) as f64),
        "atan2" => Value::Number(number(0).atan2(number(1))),
        "cos" => Value::Number(number(0).cos()),
        "sin" => Value::Number(number(0).sin()),
        "exp" => Value::Number(number(0).exp()),
        "log" => Value::Number(number(0).ln()),
        "sqrt" => Value::Number(number(0).sqrt()),
        "int" => Value::Number(number(0).trunc()),
        "length" => Value::Number(text(0).len() as f64),
        "index" => {
            let wanted = text(1);
            let found = memchr::memmem::find(&text(0), &wanted);
            // mawk finds nothing at all places, busybox nowhere.
            let found = found.filter(|_| world.gnu || !wanted.is_empty());
            Value::Number(found.map_or(0.0, |at| at as f64 + 1.0))
        }
        "substr" if !world.gnu => {
            Value::String(clamped_substr(&text(0), number(1), args.get(2).map(Value::number)))
        }
        "substr" => Value::String(substr(&text(0), number(1), args.get(2).map(Value::number))),
        "tolower" => Value::String(text(0).to_ascii_lowercase().into()),
        "toupper" => Value::String(text(0).to_ascii_uppercase().into()),
        "sprintf" => {
            Value::String(format::format(&text(0), args.get(1..).unwrap_or_default(), world.convert).into())
        }
        "systime" => Value::Number(world.now.as_second() as f64),
        "strftime" => {
            let format = if args.is_empty() { Bytes::from_static(b"%c") } else { text(0) };
            let time = match args.get(1) {
                Some(seconds) => Timestamp::from_second(seconds.number() as i64).unwrap_or(world.now),
                None => world.now,
            };
            let utc = Zone::utc();
            let zone = if args.get(2).is_some_and(Value::is_true) { &utc } else { world.zone };
            Value::String(zone.at(time).format(&format, false).into())
        }
        "mktime" => Value::Number(mktime(&text(0), world.zone).unwrap_or(-1.0)),
        _ => return None,
    })
}

/// From the `start`th byte (counted from 1), `len` bytes: what of that lies within the text.
fn substr(text: &Bytes, start: f64, len: Option<f64>) -> Bytes {
    let start = if start.is_nan() { 0.0 } else { start.round_ties_even() };
    let end = match len {
        Some(len) if len.is_nan() => return Bytes::new(),
        Some(len) => start + len.round_ties_even(),
        None => f64::INFINITY,
    };
    let clamp = |place: f64| (place.max(1.0).min(text.len() as f64 + 1.0) - 1.0) as usize;
    let (from, to) = (clamp(start), clamp(end));
    if from < to { text.slice(from..to) } else { Bytes::new() }
}

/// The same in busybox's way: a start before the text is its beginning, and does not shorten what is taken.
fn clamped_substr(text: &Bytes, start: f64, len: Option<f64>) -> Bytes {
    let from = ((start - 1.0).max(0.0) as usize).min(text.len());
    let len = len.map_or(usize::MAX, |len| len.max(0.0) as usize);
    text.slice(from..from.saturating_add(len).min(text.len()))
}

fn mktime(text: &[u8], zone: &Zone) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let parts: Vec<i16> = text.split_whitespace().map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [year, month, day, hour, minute, second, ..] = parts[..] else { return None };
    let small = |value: i16| i8::try_from(value).ok();
    let civil = jiff::civil::DateTime::new(
        year,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    );
    Some(zone.when(civil.ok()?)?.as_second() as f64)
}

/// A pattern that was given as a value.
pub(super) fn dynamic(text: &[u8]) -> Result<Arc<Regex>, String> {
    Regex::new(text, Syntax::extended())
        .map(Arc::new)
        .map_err(|error| format!("bad regex '{}': {error}", String::from_utf8_lossy(text)))
}

/// How often, or which time, `gensub` replaces.
pub(super) fn gensub_count(how: &Value, convert: &[u8]) -> Option<u64> {
    let text = how.text(convert);
    match text.first() {
        Some(b'g' | b'G') => None,
        _ => Some((how.number() as u64).max(1)),
    }
}

/// Replaces matches: the one of this number or, with `None`, all. Returns the text and how many were replaced. `groups`
/// says whether `\1` stands for a group (`gensub`).
pub(super) fn replace(
    text: &Bytes,
    regex: &Regex,
    replacement: &[u8],
    which: Option<u64>,
    groups: bool,
) -> Option<(Bytes, u64)> {
    let mut out = Vec::new();
    let (mut from, mut copied, mut seen, mut count) = (0, 0, 0, 0);
    let mut last_end = None;
    while from <= text.len() {
        let Some(found) = regex.captures(text, from) else { break };
        let Some(whole) = found.first().cloned().flatten() else { break };
        if whole.is_empty() && last_end == Some(whole.start) {
            from = whole.end + 1;
            continue;
        }
        seen += 1;
        if which.is_none_or(|which| which == seen) {
            count += 1;
            out.extend_from_slice(&text[copied..whole.start]);
            let mut bytes = replacement.iter().copied();
            while let Some(byte) = bytes.next() {
                match byte {
                    b'&' => out.extend_from_slice(&text[whole.clone()]),
                    b'\\' => match bytes.next() {
                        Some(b'&') => out.push(b'&'),
                        Some(b'\\') => out.push(b'\\'),
                        Some(digit @ b'0'..=b'9') if groups => {
                            if let Some(Some(range)) = found.get(usize::from(digit - b'0')) {
                                out.extend_from_slice(&text[range.clone()]);
                            }
                        }
                        Some(other) => out.extend_from_slice(&[b'\\', other]),
                        None => out.push(b'\\'),
                    },
                    _ => out.push(byte),
                }
            }
            copied = whole.end;
            if out.len() > MAX_TEXT {
                return None;
            }
            if which.is_some() {
                break;
            }
        }
        last_end = Some(whole.end);
        from = if whole.is_empty() { whole.end + 1 } else { whole.end };
    }
    if count == 0 {
        return Some((text.clone(), 0));
    }
    out.extend_from_slice(&text[copied..]);
    Some((out.into(), count))
}

#[cfg(test)]
mod tests {
    use super::{dynamic, replace, substr};

    #[test]
    fn parts_of_texts_are_cut_at_their_ends() {
        let text = bytes::Bytes::from_static(b"hello");
        assert_eq!(substr(&text, 2.0, Some(3.0)), "ell");
        assert_eq!(substr(&text, 0.0, Some(2.0)), "h");
        assert_eq!(substr(&text, -1.0, None), "hello");
        assert_eq!(substr(&text, 9.0, Some(1.0)), "");
        assert_eq!(substr(&text, f64::NAN, Some(f64::INFINITY)), "hello");
    }

    #[test]
    fn replacing_knows_ampersands_and_empty_matches() {
        let text = bytes::Bytes::from_static(b"abc");
        let all =
            |pattern: &[u8], by: &[u8]| replace(&text, &dynamic(pattern).unwrap(), by, None, false).unwrap();
        assert_eq!(all(b"b", b"[&]"), ("a[b]c".into(), 1));
        assert_eq!(all(b"b", b"\\&"), ("a&c".into(), 1));
        assert_eq!(all(b"x*", b"-"), ("-a-b-c-".into(), 4));
    }
}

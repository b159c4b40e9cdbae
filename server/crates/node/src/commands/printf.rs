//! `printf`: formats its arguments (POSIX XCU printf).

use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};

use super::{Cx, Voice, echo};

/// What `printf` prints, and what it complains of.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) out: Vec<u8>,
    pub(crate) errors: Vec<String>,
    /// How much was printed when the first error came.
    pub(crate) printed_before: usize,
    voice: Voice,
    /// The time that bash's `%(...)T` shows without an argument.
    now: Timestamp,
}

impl Printed {
    fn complain(&mut self, message: String) {
        if self.errors.is_empty() {
            self.printed_before = self.out.len();
        }
        self.errors.push(message);
    }

    /// A time in seconds since 1970 as a format of `strftime` shows it; -1 is now.
    fn time(&self, seconds: i64, format: &str) -> String {
        let time = match Timestamp::from_second(seconds) {
            Ok(time) if seconds >= 0 => time,
            _ => self.now,
        };
        // Containers keep to UTC, unless a script changes that.
        jiff::fmt::strtime::format(format, &time.to_zoned(TimeZone::UTC)).unwrap_or_default()
    }
}

pub(super) async fn run(mut cx: Cx) -> u8 {
    let args = std::mem::take(&mut cx.args);
    let args = if args.first().is_some_and(|arg| arg == "--") { &args[1..] } else { &args[..] };
    let Some((format, args)) = args.split_first() else {
        if cx.is_gnu() {
            cx.error("missing operand").await;
        }
        return cx.bad_usage("FORMAT [ARG]...").await;
    };
    let printed = render(format, args, cx.flavor.into());
    cx.put(&printed.out);
    for error in &printed.errors {
        cx.error(error).await;
    }
    cx.finish(u8::from(!printed.errors.is_empty())).await
}

/// The longest output of one call.
const MAX_OUTPUT: usize = 16 << 20;
/// The widest field.
const MAX_WIDTH: usize = 1 << 20;

/// What `printf` prints for these arguments: the format is used again until they are used up.
pub(crate) fn render(format: &[u8], args: &[Bytes], voice: Voice) -> Printed {
    render_at(format, args, voice, Timestamp::UNIX_EPOCH)
}

/// What `printf` prints at a time.
pub(crate) fn render_at(format: &[u8], args: &[Bytes], voice: Voice, now: Timestamp) -> Printed {
    let mut printed = Printed { out: Vec::new(), errors: Vec::new(), printed_before: 0, voice, now };
    let mut args = args.iter();
    loop {
        let before = args.len();
        if once(format, &mut args, &mut printed) || args.len() == 0 || args.len() == before {
            return printed;
        }
        if printed.out.len() > MAX_OUTPUT {
            printed.complain("output too long".to_owned());
            return printed;
        }
    }
}

/// A conversion's flags, width and precision.
#[derive(Clone, Copy, Debug, Default)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

/// Goes through the format once; `true` where `\c` ends all output.
fn once(format: &[u8], args: &mut std::slice::Iter<'_, Bytes>, printed: &mut Printed) -> bool {
    let mut at = 0;
    while let Some(byte) = format.get(at).copied() {
        match byte {
            b'\\' => {
                let len = escape_len(&format[at..]);
                // In a format of bash `\c` is itself.
                if printed.voice == Voice::Bash && format.get(at + 1) == Some(&b'c') {
                    printed.out.extend_from_slice(b"\\c");
                } else if echo::unescape(&octal(&format[at..at + len]), &mut printed.out) {
                    return true;
                }
                at += len;
            }
            b'%' if format.get(at + 1) == Some(&b'%') => {
                printed.out.push(b'%');
                at += 2;
            }
            b'%' => match conversion(&format[at + 1..], args, printed) {
                Ok(Some(len)) => at += 1 + len,
                Ok(None) => return true,
                Err(bad) => {
                    printed.complain(match printed.voice {
                        // All that follows is shown, without the size of the number.
                        Voice::Busybox => {
                            let rest = &format[at + 1..];
                            let plain =
                                |byte: &u8| !matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b' ' | b'#');
                            let (spec, end) =
                                rest.split_at(rest.iter().position(plain).unwrap_or(rest.len()));
                            let sizes = end
                                .iter()
                                .take_while(|byte| matches!(byte, b'h' | b'l' | b'L' | b'z'))
                                .count();
                            let bad = [b"%", spec, &end[sizes..]].concat();
                            format!("{}: invalid format", String::from_utf8_lossy(&bad))
                        }
                        Voice::Dash => format!("{bad}: invalid directive"),
                        Voice::Bash
                            if bad.len() > 1 && bad.ends_with(|c: char| !c.is_ascii_digit() && c != '%') =>
                        {
                            let letter = bad.chars().next_back().unwrap_or_default();
                            format!("`{letter}': invalid format character")
                        }
                        Voice::Bash => format!("`{bad}': missing format character"),
                        Voice::Coreutils => format!("{bad}: invalid conversion specification"),
                    });
                    return true;
                }
            },
            _ => {
                printed.out.push(byte);
                at += 1;
            }
        }
    }
    false
}

/// In a format, an octal escape has no leading zero.
fn octal(escape: &[u8]) -> Vec<u8> {
    match escape.get(1) {
        Some(b'0'..=b'7') => {
            let value = escape[1..].iter().fold(0u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            let mut out = vec![b'\\', b'x'];
            out.extend_from_slice(format!("{:02x}", value & 0xff).as_bytes());
            out
        }
        Some(b'"' | b'\'') => escape[1..].to_vec(),
        _ => escape.to_vec(),
    }
}

fn escape_len(text: &[u8]) -> usize {
    let digits = |from: usize, most: usize, test: fn(&u8) -> bool| {
        text.iter().skip(from).take(most).take_while(|byte| test(byte)).count()
    };
    match text.get(1) {
        None => 1,
        Some(b'0'..=b'7') => 1 + digits(1, 3, |byte| matches!(byte, b'0'..=b'7')),
        Some(b'x') => 2 + digits(2, 2, u8::is_ascii_hexdigit),
        Some(_) => 2,
    }
}

/// Formats one argument; returns the length of the conversion, or `None` where `%b` ends all output.
fn conversion(
    text: &[u8],
    args: &mut std::slice::Iter<'_, Bytes>,
    printed: &mut Printed,
) -> Result<Option<usize>, String> {
    let mut spec = Spec::default();
    let mut at = 0;
    while let Some(flag) = text.get(at) {
        match flag {
            b'-' => spec.left = true,
            b'+' => spec.plus = true,
            b' ' => spec.space = true,
            b'#' => spec.alternate = true,
            b'0' => spec.zero = true,
            _ => break,
        }
        at += 1;
    }
    let mut number = |at: &mut usize, printed: &mut Printed| -> i64 {
        if text.get(*at) == Some(&b'*') {
            *at += 1;
            return args.next().map_or(0, |arg| integer(arg, printed));
        }
        let len = text[*at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let value = std::str::from_utf8(&text[*at..*at + len]).ok().and_then(|text| text.parse().ok());
        *at += len;
        value.unwrap_or(0)
    };
    let width = number(&mut at, printed);
    spec.left |= width < 0;
    spec.width = usize::try_from(width.unsigned_abs()).unwrap_or(0).min(MAX_WIDTH);
    if text.get(at) == Some(&b'.') {
        at += 1;
        spec.precision =
            usize::try_from(number(&mut at, printed)).ok().map(|precision| precision.min(MAX_WIDTH));
    }
    // dash knows no sizes; to bash and GNU `q` is a conversion.
    while matches!(text.get(at), Some(b'l' | b'h' | b'z' | b'j' | b't' | b'L'))
        && printed.voice != Voice::Dash
        && text.get(at + 1).is_some_and(|byte| byte.is_ascii_alphabetic())
    {
        at += 1;
    }
    let Some(letter) = text.get(at).copied() else {
        return Err(format!("%{}", String::from_utf8_lossy(text)));
    };
    let arg = || Bytes::new();
    match letter {
        b's' => {
            let value = args.next().cloned().unwrap_or_else(arg);
            pad(&cut(&value, spec.precision), spec, &mut printed.out);
        }
        b'b' => {
            let value = args.next().cloned().unwrap_or_else(arg);
            let mut out = Vec::new();
            let ends = echo::unescape(&value, &mut out);
            pad(&cut(&out, spec.precision), spec, &mut printed.out);
            if ends {
                return Ok(None);
            }
        }
        b'q' if matches!(printed.voice, Voice::Bash | Voice::Coreutils) => {
            let value = args.next().cloned().unwrap_or_else(arg);
            let quoted = match printed.voice {
                Voice::Bash => crate::shell::quote_backslashed(&value),
                _ => crate::shell::quote_if_needed(&value, crate::shell::Dialect::Bash),
            };
            pad(&quoted, spec, &mut printed.out);
        }
        b'(' if printed.voice == Voice::Bash => {
            let rest = &text[at + 1..];
            let Some(end) = rest.windows(2).position(|pair| pair == b")T") else {
                return Err(format!("%{}", String::from_utf8_lossy(text)));
            };
            let seconds = args.next().map_or(-1, |arg| integer(arg, printed));
            let time = String::from_utf8_lossy(&rest[..end]).into_owned();
            let shown = printed.time(seconds, if time.is_empty() { "%H:%M:%S" } else { &time });
            pad(shown.as_bytes(), spec, &mut printed.out);
            return Ok(Some(at + 1 + end + 2));
        }
        b'c' => {
            let value = args.next().cloned().unwrap_or_else(arg);
            pad(value.get(..1).unwrap_or_default(), spec, &mut printed.out);
        }
        b'd' | b'i' => {
            let value = integer(args.next().unwrap_or(&NOTHING), printed);
            let digits = value.unsigned_abs().to_string();
            pad_number(value < 0, "", &digits, spec, &mut printed.out);
        }
        b'u' | b'o' | b'x' | b'X' => {
            let value = integer(args.next().unwrap_or(&NOTHING), printed) as u64;
            let (prefix, digits) = match letter {
                b'o' => (if spec.alternate { "0" } else { "" }, format!("{value:o}")),
                b'x' => (if spec.alternate && value != 0 { "0x" } else { "" }, format!("{value:x}")),
                b'X' => (if spec.alternate && value != 0 { "0X" } else { "" }, format!("{value:X}")),
                _ => ("", value.to_string()),
            };
            let spec = Spec { plus: false, space: false, ..spec };
            pad_number(false, prefix, &digits, spec, &mut printed.out);
        }
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
            let value = args.next().map_or(0.0, |arg| float(arg, printed));
            let digits = crate::libc::float::format(value.abs(), letter, spec.precision, spec.alternate);
            let finite = value.is_finite();
            let spec = Spec { precision: None, zero: spec.zero && finite, ..spec };
            pad_number(value.is_sign_negative() && !value.is_nan(), "", &digits, spec, &mut printed.out);
        }
        _ => return Err(format!("%{}", String::from_utf8_lossy(&text[..=at]))),
    }
    Ok(Some(at + 1))
}

fn cut(text: &[u8], precision: Option<usize>) -> Vec<u8> {
    text[..precision.unwrap_or(text.len()).min(text.len())].to_vec()
}

fn pad(text: &[u8], spec: Spec, out: &mut Vec<u8>) {
    let fill = spec.width.saturating_sub(text.len());
    if !spec.left {
        out.resize(out.len() + fill, b' ');
    }
    out.extend_from_slice(text);
    if spec.left {
        out.resize(out.len() + fill, b' ');
    }
}

fn pad_number(negative: bool, prefix: &str, digits: &str, spec: Spec, out: &mut Vec<u8>) {
    let sign = match (negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    };
    let mut digits = digits.to_owned();
    if let Some(precision) = spec.precision {
        let zeros = precision.saturating_sub(digits.len());
        digits.insert_str(0, &"0".repeat(zeros));
    } else if spec.zero && !spec.left {
        let zeros = spec.width.saturating_sub(sign.len() + prefix.len() + digits.len());
        digits.insert_str(0, &"0".repeat(zeros));
    }
    pad(format!("{sign}{prefix}{digits}").as_bytes(), spec, out);
}

/// An argument that is missing.
static NOTHING: Bytes = Bytes::new();

/// An argument as a number: decimal, octal, hexadecimal, or the code of a character after a quote.
fn integer(arg: &Bytes, printed: &mut Printed) -> i64 {
    if let [b'"' | b'\'', rest @ ..] = &arg[..] {
        return i64::from(rest.first().copied().unwrap_or(0));
    }
    let text = arg.trim_ascii_start();
    if text.is_empty() {
        if printed.voice == Voice::Busybox {
            printed.complain("invalid number ''".to_owned());
        }
        return 0;
    }
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let (radix, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    };
    let len = digits.iter().take_while(|byte| char::from(**byte).is_digit(radix)).count();
    let mut overflow = false;
    let value = digits[..len].iter().fold(0u64, |value, byte| {
        let digit = u64::from(char::from(*byte).to_digit(radix).unwrap_or(0));
        let next = value.checked_mul(u64::from(radix)).and_then(|value| value.checked_add(digit));
        overflow |= next.is_none();
        next.unwrap_or(u64::MAX)
    });
    if overflow && printed.voice != Voice::Busybox {
        let shown = String::from_utf8_lossy(arg);
        match printed.voice {
            Voice::Bash => printed.complain(format!("warning: {shown}: Numerical result out of range")),
            Voice::Coreutils => printed.complain(format!("'{shown}': Numerical result out of range")),
            _ => printed.complain(format!("{shown}: Numerical result out of range")),
        }
        return if negative { i64::MIN } else { i64::MAX };
    }
    if len == 0 || len < digits.len() {
        let shown = String::from_utf8_lossy(arg);
        printed.complain(match (printed.voice, len) {
            (Voice::Busybox, _) => format!("invalid number '{shown}'"),
            (Voice::Bash, _) => format!("{shown}: invalid number"),
            (Voice::Dash, 0) => format!("{shown}: expected numeric value"),
            (Voice::Dash, _) => format!("{shown}: not completely converted"),
            (Voice::Coreutils, 0) => format!("'{shown}': expected a numeric value"),
            (Voice::Coreutils, _) => format!("'{shown}': value not completely converted"),
        });
        if len == 0 || printed.voice == Voice::Busybox {
            return 0;
        }
    }
    if negative { (value as i64).wrapping_neg() } else { value as i64 }
}

fn float(arg: &Bytes, printed: &mut Printed) -> f64 {
    if let [b'"' | b'\'', rest @ ..] = &arg[..] {
        return f64::from(rest.first().copied().unwrap_or(0));
    }
    let text = String::from_utf8_lossy(arg.trim_ascii());
    if text.is_empty() {
        return 0.0;
    }
    text.parse().unwrap_or_else(|_| {
        printed.complain(format!("invalid number '{text}'"));
        0.0
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{Voice, render};

    #[test]
    fn bash_shows_times() {
        let printed = render(b"%(%F %T)T", &[Bytes::from_static(b"86461")], Voice::Bash);
        assert_eq!(printed.out, b"1970-01-02 00:01:01");
    }

    fn printf(format: &str, args: &[&'static str]) -> String {
        let args: Vec<Bytes> = args.iter().map(|arg| Bytes::from_static(arg.as_bytes())).collect();
        String::from_utf8_lossy(&render(format.as_bytes(), &args, Voice::Busybox).out).into_owned()
    }

    #[test]
    fn conversions() {
        assert_eq!(printf("%s-%s\\n", &["a", "b"]), "a-b\n");
        assert_eq!(printf("%s\\n", &["a", "b"]), "a\nb\n");
        assert_eq!(printf("[%5s|%-5s|%05d|%+d]", &["ab", "cd", "42", "7"]), "[   ab|cd   |00042|+7]");
        assert_eq!(printf("%x %X %o %#x %u", &["255", "255", "8", "16", "3"]), "ff FF 10 0x10 3");
        assert_eq!(printf("%.2f %e %g", &["3.14159", "12345.678", "0.0001"]), "3.14 1.234568e+04 0.0001");
        assert_eq!(printf("%c%c", &["hello", "world"]), "hw");
        assert_eq!(printf("%b|", &["a\\tb"]), "a\tb|");
        assert_eq!(printf("%d %d", &["'A", "0x10"]), "65 16");
        assert_eq!(printf("%%|%5.1s|", &["xyz"]), "%|    x|");
        assert_eq!(printf("%*d|%.*f", &["5", "42", "1", "2.55"]), "   42|2.5");
        assert_eq!(printf("\\101\\x42\\\\", &[]), "AB\\");
        assert_eq!(printf("%s %d|", &[]), " 0|");
    }

    #[test]
    fn what_is_no_number_is_said() {
        let printed = render(b"%d\n", &[Bytes::from_static(b"3x")], Voice::Busybox);
        assert_eq!(printed.out, b"0\n");
        assert_eq!(printed.errors, ["invalid number '3x'"]);
        let printed = render(b"%d\n", &[Bytes::from_static(b"3x")], Voice::Coreutils);
        assert_eq!(printed.out, b"3\n");
        assert_eq!(printed.errors, ["'3x': value not completely converted"]);
    }

    proptest! {
        #[test]
        fn nothing_panics(format in "[%a-z0-9.*#+\\\\ -]{0,20}", args in prop::collection::vec("[ -~]{0,6}", 0..4)) {
            let args: Vec<Bytes> = args.into_iter().map(Bytes::from).collect();
            let _ = render(format.as_bytes(), &args, Voice::Bash);
        }
    }
}

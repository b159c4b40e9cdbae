//! `printf` and `sprintf`.

use super::value::Value;
use crate::libc::float;

/// The widest field.
const MAX_WIDTH: usize = u16::MAX as usize;

/// A conversion's flags, width and precision.
#[derive(Clone, Copy, Debug, Default)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// Formats values; missing ones are empty.
pub(super) fn format(format: &[u8], args: &[Value], convert: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut args = args.iter();
    let mut rest = format;
    while let Some((byte, after)) = rest.split_first() {
        if *byte != b'%' {
            out.push(*byte);
            rest = after;
            continue;
        }
        let whole = rest;
        rest = after;
        let mut spec = Spec::default();
        let mut at = 0;
        while let Some(flag) = rest.get(at) {
            match flag {
                b'-' => spec.left = true,
                b'+' => spec.plus = true,
                b' ' => spec.space = true,
                b'0' => spec.zero = true,
                b'#' => spec.alternate = true,
                _ => break,
            }
            at += 1;
        }
        let mut number = |at: &mut usize| -> Option<i64> {
            if rest.get(*at) == Some(&b'*') {
                *at += 1;
                return Some(args.next().map_or(0, |value| value.number() as i64));
            }
            let digits = rest[*at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let value = std::str::from_utf8(&rest[*at..*at + digits]).ok().and_then(|text| text.parse().ok());
            *at += digits;
            value
        };
        if let Some(width) = number(&mut at) {
            spec.left |= width < 0;
            spec.width = usize::try_from(width.unsigned_abs()).unwrap_or(0).min(MAX_WIDTH);
        }
        if rest.get(at) == Some(&b'.') {
            at += 1;
            let precision = number(&mut at).unwrap_or(0);
            spec.precision = usize::try_from(precision).ok().map(|precision| precision.min(MAX_WIDTH));
        }
        while matches!(rest.get(at), Some(b'l' | b'h' | b'L' | b'q' | b'z')) {
            at += 1;
        }
        let Some(letter) = rest.get(at) else {
            out.extend_from_slice(whole);
            break;
        };
        rest = &rest[at + 1..];
        let piece: Vec<u8> = match letter {
            b'%' => {
                out.push(b'%');
                continue;
            }
            b'c' => match args.next().unwrap_or(&Value::Unset) {
                Value::Number(number) => vec![*number as i64 as u8],
                value => vec![value.text(convert).first().copied().unwrap_or(0)],
            },
            b's' => {
                let text = args.next().unwrap_or(&Value::Unset).text(convert);
                let keep = spec.precision.unwrap_or(usize::MAX).min(text.len());
                text[..keep].to_vec()
            }
            b'd' | b'i' => {
                let value = args.next().unwrap_or(&Value::Unset).number();
                integer(value.trunc(), spec)
            }
            b'o' | b'x' | b'X' | b'u' => {
                let value = args.next().unwrap_or(&Value::Unset).number();
                unsigned(value, *letter, spec)
            }
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
                let value = args.next().unwrap_or(&Value::Unset).number();
                let digits = float::format(value.abs(), *letter, spec.precision, spec.alternate);
                signed(value.is_sign_negative() && !value.is_nan(), &digits, spec, value.is_finite())
            }
            _ => {
                out.extend_from_slice(&whole[..at + 2]);
                continue;
            }
        };
        let pad = spec.width.saturating_sub(piece.len());
        if spec.left {
            out.extend_from_slice(&piece);
            out.resize(out.len() + pad, b' ');
        } else {
            out.resize(out.len() + pad, b' ');
            out.extend_from_slice(&piece);
        }
    }
    out
}

fn integer(value: f64, spec: Spec) -> Vec<u8> {
    if !value.is_finite() {
        let text = if value.is_nan() { "nan" } else { "inf" };
        return signed(value < 0.0, text, spec, false);
    }
    let mut digits = format!("{:.0}", value.abs());
    if let Some(precision) = spec.precision {
        digits = format!("{digits:0>precision$}");
    }
    signed(value < 0.0, &digits, spec, spec.precision.is_none())
}

fn unsigned(value: f64, letter: u8, spec: Spec) -> Vec<u8> {
    let bits = if value < 0.0 { value as i64 as u64 } else { value as u64 };
    let mut digits = match letter {
        b'o' => format!("{bits:o}"),
        b'x' => format!("{bits:x}"),
        b'X' => format!("{bits:X}"),
        _ => bits.to_string(),
    };
    if let Some(precision) = spec.precision {
        digits = format!("{digits:0>precision$}");
    }
    if spec.alternate && bits != 0 {
        digits = match letter {
            b'o' => format!("0{digits}"),
            b'x' => format!("0x{digits}"),
            b'X' => format!("0X{digits}"),
            _ => digits,
        };
    }
    signed(false, &digits, Spec { plus: false, space: false, ..spec }, spec.precision.is_none())
}

/// Digits with their sign; zeros between them where those are asked for.
fn signed(negative: bool, digits: &str, spec: Spec, zeros: bool) -> Vec<u8> {
    let sign = match (negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    };
    let fill = spec.width.saturating_sub(sign.len() + digits.len());
    let zeros = if spec.zero && zeros && !spec.left { fill } else { 0 };
    format!("{sign}{}{digits}", "0".repeat(zeros)).into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MAX_WIDTH, Value, format};

    fn show(text: &str, args: &[Value]) -> String {
        String::from_utf8_lossy(&format(text.as_bytes(), args, b"%.6g")).into_owned()
    }

    #[test]
    fn conversions_as_c_writes_them() {
        let number = Value::Number;
        assert_eq!(
            show("%5.2f|%-5d|%05d", &[number(3.146_48), number(42.0), number(-7.0)]),
            " 3.15|42   |-0007"
        );
        assert_eq!(
            show("%s %c%c", &[Value::String("hi".into()), number(65.0), Value::String("xy".into())]),
            "hi Ax"
        );
        assert_eq!(
            show("%x %o %e %g", &[number(255.0), number(8.0), number(1234.5), number(0.0001)]),
            "ff 10 1.234500e+03 0.0001"
        );
        assert_eq!(show("%d%%", &[number(99.9)]), "99%");
        assert_eq!(show("%.99999d%99999x", &[number(1.0), number(1.0)]).len(), 2 * MAX_WIDTH);
        assert_eq!(show("%*d|%.3s", &[number(4.0), number(1.0), Value::String("abcdef".into())]), "   1|abc");
        assert_eq!(show("%", &[]), "%");
    }

    proptest! {
        #[test]
        fn no_format_panics(text in "[%a-z0-9.*+# -]{0,20}") {
            show(&text, &[Value::Number(1.5), Value::String("x".into()), Value::Unset]);
        }
    }
}

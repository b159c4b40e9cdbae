//! Values: numbers, strings, and input that may be either.

use std::cmp::Ordering;

use bytes::Bytes;

use super::format;

#[derive(Clone, Debug, Default)]
pub(super) enum Value {
    /// Never set: zero and the empty string.
    #[default]
    Unset,
    Number(f64),
    String(Bytes),
    /// What came from outside: a number where it looks like one.
    Input(Bytes),
}

impl Value {
    pub(super) fn truth(held: bool) -> Self {
        Self::Number(if held { 1.0 } else { 0.0 })
    }

    pub(super) fn number(&self) -> f64 {
        match self {
            Self::Unset => 0.0,
            Self::Number(number) => *number,
            Self::String(text) | Self::Input(text) => leading_number(text).0,
        }
    }

    /// The text; numbers that are not whole by `format` (`CONVFMT` or `OFMT`).
    pub(super) fn text(&self, format: &[u8]) -> Bytes {
        match self {
            Self::Unset => Bytes::new(),
            Self::Number(number) => number_text(*number, format).into(),
            Self::String(text) | Self::Input(text) => text.clone(),
        }
    }

    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Unset => false,
            Self::Number(number) => *number != 0.0,
            Self::String(text) => !text.is_empty(),
            Self::Input(text) => match whole_number(text) {
                Some(number) => number != 0.0,
                None => !text.is_empty(),
            },
        }
    }

    /// The number, where it counts as one in comparisons.
    fn as_number(&self) -> Option<f64> {
        match self {
            Self::Unset => Some(0.0),
            Self::Number(number) => Some(*number),
            Self::String(_) => None,
            Self::Input(text) => whole_number(text),
        }
    }

    pub(super) fn compare(&self, other: &Self, format: &[u8]) -> Option<Ordering> {
        match (self.as_number(), other.as_number()) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => Some(self.text(format).cmp(&other.text(format))),
        }
    }
}

/// The number that a text begins with, and how long it is.
pub(super) fn leading_number(text: &[u8]) -> (f64, usize) {
    let blanks = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let mut end = blanks;
    end += usize::from(matches!(text.get(end), Some(b'-' | b'+')));
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(end);
    end += whole;
    let mut fraction = 0;
    if text.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        if whole + fraction > 0 {
            end += 1 + fraction;
        }
    }
    if whole + fraction == 0 {
        return special(text, blanks);
    }
    if whole == 1
        && text[end - 1] == b'0'
        && let Some(number) = hexadecimal(text, blanks, end)
    {
        return number;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'-' | b'+')));
        let power = text.get(end + 1 + sign..).map_or(0, |_| digits(end + 1 + sign));
        if power > 0 {
            end += 1 + sign + power;
        }
    }
    let number = String::from_utf8_lossy(&text[blanks..end]);
    (number.trim_start_matches('+').parse().unwrap_or(0.0), end)
}

/// `inf` and `nan`, as `strtod(3)` reads them.
fn special(text: &[u8], blanks: usize) -> (f64, usize) {
    let sign = usize::from(matches!(text.get(blanks), Some(b'-' | b'+')));
    let negative = text.get(blanks) == Some(&b'-');
    let word = &text[blanks + sign..];
    let begins = |with: &[u8]| word.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let (value, len) = if begins(b"infinity") {
        (f64::INFINITY, 8)
    } else if begins(b"inf") {
        (f64::INFINITY, 3)
    } else if begins(b"nan") {
        (f64::NAN, 3)
    } else {
        return (0.0, 0);
    };
    (if negative { -value } else { value }, blanks + sign + len)
}

/// `0x1f`, whose zero ends at `end`, as `strtod(3)` reads it.
fn hexadecimal(text: &[u8], blanks: usize, end: usize) -> Option<(f64, usize)> {
    if !matches!(text.get(end), Some(b'x' | b'X')) {
        return None;
    }
    let digits = text[end + 1..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let value = text[end + 1..end + 1 + digits]
        .iter()
        .fold(0.0, |value, digit| value * 16.0 + f64::from(char::from(*digit).to_digit(16).unwrap_or(0)));
    let value = if text[blanks] == b'-' { -value } else { value };
    (digits > 0).then_some((value, end + 1 + digits))
}

/// The number that all of a text is.
fn whole_number(text: &[u8]) -> Option<f64> {
    let (number, len) = leading_number(text);
    let rest = &text[len..];
    (len > 0 && rest.iter().all(u8::is_ascii_whitespace)).then_some(number)
}

/// A number as text: whole ones without a point.
pub(super) fn number_text(number: f64, format: &[u8]) -> String {
    if number.is_nan() {
        return if number.is_sign_negative() { "-nan" } else { "nan" }.to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    if number.fract() == 0.0 && number.abs() < 1e16 {
        return format!("{}", number as i64);
    }
    let out = format::format(format, &[Value::Number(number)], b"%.6g");
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Value, leading_number, number_text};

    #[test]
    fn numbers_and_texts() {
        assert_eq!(number_text(3.0, b"%.6g"), "3");
        assert_eq!(number_text(0.1 + 0.2, b"%.6g"), "0.3");
        assert_eq!(number_text(1e6, b"%.6g"), "1000000");
        assert_eq!(number_text(-0.5, b"%.2f"), "-0.50");
        assert_eq!(leading_number(b"  12abc"), (12.0, 4));
        assert_eq!(leading_number(b"1e3x").0, 1000.0);
        assert_eq!(leading_number(b"abc"), (0.0, 0));
        assert_eq!(leading_number(b".").0, 0.0);
    }

    #[test]
    fn input_that_looks_like_a_number_is_compared_as_one() {
        let input = |text: &'static str| Value::Input(text.into());
        assert!(input("10").compare(&input("9"), b"%.6g").unwrap().is_gt());
        assert!(input("10").compare(&Value::String("9".into()), b"%.6g").unwrap().is_lt());
        assert!(input("abc").compare(&Value::Number(1.0), b"%.6g").unwrap().is_gt());
        assert!(
            !input("0").is_true()
                && input("0x").is_true()
                && !input("0x0").is_true()
                && Value::String("0".into()).is_true()
        );
    }
}

//! Numbers: doubles, and what was written where a double cannot say it (`100000000000000000000`, `1.10`).

use std::sync::Arc;

/// A number.
#[derive(Clone, Debug)]
pub(super) struct Number {
    value: f64,
    /// How it was written, in the canonical form of a decimal number, where that is not how the double is written.
    literal: Option<Arc<str>>,
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self { value, literal: None }
    }
}

/// Exponents of a literal beyond this are not kept.
const MAX_EXPONENT: i64 = 999_999_999;

impl Number {
    /// Reads a number as JSON and C write it. `nan` is one too.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text == "nan" || text == "-nan" || text == "NaN" {
            return Some(Self::from(f64::NAN));
        }
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let digits = unsigned.bytes().filter(u8::is_ascii_digit).count();
        let plain = unsigned.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
        if digits == 0 || !plain {
            return None;
        }
        let value: f64 = text.parse().ok()?;
        let literal = canonical(text).filter(|literal| *literal != format(value)).map(Arc::from);
        Some(Self { value, literal })
    }

    pub(super) fn value(&self) -> f64 {
        self.value
    }

    /// As jq writes it.
    pub(super) fn text(&self) -> String {
        self.literal.as_ref().map_or_else(|| format(self.value), |literal| literal.to_string())
    }
}

/// Writes a double: the shortest digits that say it, `null` for what is no number.
pub(super) fn format(value: f64) -> String {
    if value.is_nan() {
        return "null".to_owned();
    }
    let value = value.clamp(f64::MIN, f64::MAX);
    if value == 0.0 {
        return if value.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let point = exponent + 1;
    if point <= -4 || point > i32::try_from(digits).unwrap_or(0) + 15 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    format!("{value}")
}

/// The canonical form of a decimal number (General Decimal Arithmetic, to-scientific-string).
fn canonical(text: &str) -> Option<String> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = match all.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let exponent = exponent - i64::try_from(fraction.len()).ok()?;
    if exponent.abs() > MAX_EXPONENT {
        return None;
    }
    let count = i64::try_from(digits.len()).ok()?;
    let adjusted = exponent + count - 1;
    let sign = if negative { "-" } else { "" };
    if exponent <= 0 && adjusted >= -6 {
        let places = usize::try_from(-exponent).ok()?;
        if places == 0 {
            return Some(format!("{sign}{digits}"));
        }
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        return Some(format!("{sign}{whole}.{fraction}"));
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    Some(format!("{sign}{first}{point}{rest}E{adjusted:+}"))
}

#[cfg(test)]
mod tests {
    use super::{Number, format};

    #[test]
    fn doubles_have_the_shortest_digits() {
        for (value, text) in [
            (1e17, "1e+17"),
            (1e15, "1000000000000000"),
            (1.5e16, "15000000000000000"),
            (0.00001, "1e-05"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::INFINITY, "1.7976931348623157e+308"),
            (f64::NAN, "null"),
            (-0.0, "-0"),
            (3.0, "3"),
        ] {
            assert_eq!(format(value), text);
        }
    }

    #[test]
    fn literals_stay_as_they_are_written() {
        for (written, text) in [
            ("1.10", "1.10"),
            ("100000000000000000000", "100000000000000000000"),
            ("100e-2", "1.00"),
            ("1E2", "1E+2"),
            ("007", "7"),
            ("0.0000001", "1E-7"),
            ("-1.0", "-1.0"),
        ] {
            assert_eq!(Number::read(written).unwrap().text(), text);
        }
        assert!(
            Number::read("1.2.3").is_none() && Number::read("-").is_none() && Number::read("inf").is_none()
        );
    }
}

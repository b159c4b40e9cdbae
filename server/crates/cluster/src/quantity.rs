//! Amounts of resources: `500m`, `1.5Gi`, `2e3`. Kubernetes' `resource.Quantity`.

use std::{cmp::Ordering, fmt, ops::AddAssign, str::FromStr};

use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;

/// An amount, exact to a billionth, and the notation that it was written in.
///
/// Two amounts are equal if their values are, however they were written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quantity {
    nanos: i128,
    notation: Notation,
}

/// How an amount is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Notation {
    /// `100m`, `2k`.
    #[default]
    Decimal,
    /// `64Mi`.
    Binary,
    /// `1e3`.
    Exponent,
}

/// Not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
pub(crate) struct InvalidQuantity;

const NANOS: i128 = 1_000_000_000;

/// No amount of Kubernetes is larger: 2^63 - 1.
const MAX: i128 = (i64::MAX as i128) * NANOS;

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

impl Quantity {
    /// A whole number.
    pub(crate) fn whole(value: i64) -> Self {
        Self { nanos: i128::from(value) * NANOS, notation: Notation::Decimal }
    }

    /// Thousandths, as processors are counted.
    pub(crate) fn millis(value: i64) -> Self {
        Self { nanos: i128::from(value) * (NANOS / 1000), notation: Notation::Decimal }
    }

    /// Bytes, written with `Ki`, `Mi`, ...
    pub(crate) fn bytes(value: i64) -> Self {
        Self { nanos: i128::from(value) * NANOS, notation: Notation::Binary }
    }

    /// The amount of an API object's field; `None` where it is not one.
    pub(crate) fn of(quantity: &ApiQuantity) -> Option<Self> {
        quantity.0.parse().ok()
    }

    /// The value, rounded up to a whole number.
    pub(crate) fn value(self) -> i64 {
        i64::try_from(div_ceil(self.nanos, NANOS)).unwrap_or(i64::MAX)
    }

    /// The value in thousandths, rounded up.
    pub(crate) fn milli_value(self) -> i64 {
        i64::try_from(div_ceil(self.nanos, NANOS / 1000)).unwrap_or(i64::MAX)
    }

    /// Whether it is nothing.
    pub(crate) fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// The field of an API object.
    pub(crate) fn to_api(self) -> ApiQuantity {
        ApiQuantity(self.to_string())
    }

    /// This less `other`, and not less than nothing.
    #[must_use]
    pub(crate) fn saturating_sub(self, other: Self) -> Self {
        Self { nanos: (self.nanos - other.nanos).max(0), notation: self.notation }
    }
}

impl AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        if self.nanos == 0 {
            self.notation = other.notation;
        }
        self.nanos = self.nanos.saturating_add(other.nanos).min(MAX);
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl FromStr for Quantity {
    type Err = InvalidQuantity;

    fn from_str(text: &str) -> Result<Self, InvalidQuantity> {
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (digits, suffix) = rest.split_at(end);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return Err(InvalidQuantity);
        }
        let (notation, exponent, binary) = scale(suffix)?;
        let unit = 1024_i128.pow(binary);
        let mut nanos = 0_i128;
        for (position, digit) in whole.bytes().rev().enumerate() {
            nanos = nanos.saturating_add(part(digit, i64::try_from(position), exponent, unit));
        }
        for (position, digit) in fraction.bytes().enumerate() {
            nanos =
                nanos.saturating_add(part(digit, i64::try_from(position).map(|p| -1 - p), exponent, unit));
        }
        let nanos = nanos.min(MAX);
        Ok(Self { nanos: if negative { -nanos } else { nanos }, notation })
    }
}

/// What one digit at a power of ten is worth, in billionths. A rest below a billionth counts as one, since Kubernetes
/// rounds up.
fn part<E>(digit: u8, position: Result<i64, E>, exponent: i32, unit: i128) -> i128 {
    let digit = i128::from(digit - b'0');
    let Ok(position) = position else { return if digit == 0 { 0 } else { MAX } };
    let power = position.saturating_add(i64::from(exponent)).saturating_add(9);
    match (digit, u32::try_from(power)) {
        (0, _) => 0,
        (_, Ok(power)) if power > 30 => MAX,
        (_, Ok(power)) => digit.saturating_mul(10_i128.pow(power)).saturating_mul(unit),
        (_, Err(_)) => {
            let divisor = u32::try_from(-power).ok().and_then(|power| 10_i128.checked_pow(power));
            divisor.map_or(1, |divisor| div_ceil(digit * unit, divisor))
        }
    }
}

/// A suffix's notation, power of ten and power of 1024.
fn scale(suffix: &str) -> Result<(Notation, i32, u32), InvalidQuantity> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Ok((Notation::Decimal, *exponent, 0));
    }
    if let Some(position) = BINARY.iter().position(|name| *name == suffix) {
        let power = u32::try_from(position).map_err(|_| InvalidQuantity)? + 1;
        return Ok((Notation::Binary, 0, power));
    }
    let exponent = suffix.strip_prefix(['e', 'E']).ok_or(InvalidQuantity)?;
    let exponent = exponent.parse::<i32>().map_err(|_| InvalidQuantity)?;
    Ok((Notation::Exponent, exponent, 0))
}

impl fmt::Display for Quantity {
    /// The canonical form: no fraction, and the largest suffix that allows for that.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        let size = self.nanos.abs();
        if self.notation == Notation::Binary && size >= 1024 * NANOS {
            let mut value = div_ceil(self.nanos, NANOS);
            let mut suffix = "";
            for name in BINARY {
                if value % 1024 != 0 {
                    break;
                }
                value /= 1024;
                suffix = name;
            }
            return write!(f, "{value}{suffix}");
        }
        let mut value = self.nanos;
        let mut step = 0;
        while value % 1000 == 0 && step + 1 < DECIMAL.len() {
            value /= 1000;
            step += 1;
        }
        let (suffix, exponent) = DECIMAL[step];
        match self.notation {
            Notation::Exponent if exponent != 0 => write!(f, "{value}e{exponent}"),
            _ => write!(f, "{value}{suffix}"),
        }
    }
}

fn div_ceil(value: i128, divisor: i128) -> i128 {
    value.div_euclid(divisor) + i128::from(value.rem_euclid(divisor) != 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_written_in_canonical_form() {
        let cases = [
            ("0", "0"),
            ("1000m", "1"),
            ("1.5", "1500m"),
            ("0.1", "100m"),
            ("1500m", "1500m"),
            ("1024Ki", "1Mi"),
            ("1.5Gi", "1536Mi"),
            ("512", "512"),
            ("1000000", "1M"),
            ("1e3", "1e3"),
            ("12e6", "12e6"),
            ("100Mi", "100Mi"),
            ("1000Ki", "1000Ki"),
            ("0.5Ki", "512"),
            ("+5", "5"),
            ("-250m", "-250m"),
            (".5", "500m"),
            ("5.", "5"),
            ("1n", "1n"),
            ("0.0000000001", "1n"),
        ];
        for (text, canonical) in cases {
            assert_eq!(text.parse::<Quantity>().unwrap().to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", ".", "-", "1 Gi", "1gi", "Mi", "1.2.3", "1e", "abc", "1Kii", "1e1.5"] {
            assert_eq!(text.parse::<Quantity>(), Err(InvalidQuantity), "{text}");
        }
    }

    #[test]
    fn a_sum_keeps_the_notation_of_its_first_part() {
        let mut sum = Quantity::default();
        for text in ["64Mi", "64Mi"] {
            sum += text.parse().unwrap();
        }
        assert_eq!(sum.to_string(), "128Mi");
        let mut sum = Quantity::default();
        for text in ["250m", "0.75"] {
            sum += text.parse().unwrap();
        }
        assert_eq!(sum.to_string(), "1");
    }

    #[test]
    fn values_are_rounded_up() {
        assert_eq!("1100m".parse::<Quantity>().unwrap().value(), 2);
        assert_eq!("100u".parse::<Quantity>().unwrap().milli_value(), 1);
        assert_eq!("9e40".parse::<Quantity>().unwrap().value(), i64::MAX);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = text.parse::<Quantity>().map(|quantity| quantity.to_string());
        }

        #[test]
        fn the_canonical_form_has_the_same_value(
            value in 0_u32..100_000, suffix in "(n|u|m||k|M|G|Ki|Mi|Gi|e3)",
        ) {
            let quantity: Quantity = format!("{value}{suffix}").parse().unwrap();
            prop_assert_eq!(quantity.to_string().parse::<Quantity>().unwrap(), quantity);
        }
    }
}

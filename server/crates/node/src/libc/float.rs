//! Numbers with a fraction as text, as C's `printf` writes them.

/// The most digits after the point.
const MAX_PRECISION: usize = 1000;

/// Formats a number that is not negative, by `e`, `f` or `g` (or their capitals).
pub(crate) fn format(value: f64, letter: u8, precision: Option<usize>, alternate: bool) -> String {
    let upper = letter.is_ascii_uppercase();
    if !value.is_finite() {
        let text = if value.is_nan() { "nan" } else { "inf" };
        return if upper { text.to_ascii_uppercase() } else { text.to_owned() };
    }
    let precision = precision.unwrap_or(6).min(MAX_PRECISION);
    let text = match letter.to_ascii_lowercase() {
        b'e' => exponent(value, precision),
        b'f' => format!("{value:.precision$}"),
        _ => general(value, precision.max(1), alternate),
    };
    if upper { text.to_ascii_uppercase() } else { text }
}

fn exponent(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

fn general(value: f64, precision: usize, alternate: bool) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{value:.*e}", precision - 1);
    let power: i32 = scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let small = usize::try_from(power).is_ok_and(|power| power < precision) || (-4..0).contains(&power);
    let mut text = if small {
        let digits = i32::try_from(precision).unwrap_or(i32::MAX) - 1 - power;
        format!("{value:.*}", usize::try_from(digits).unwrap_or(0))
    } else {
        exponent(value, precision - 1)
    };
    if !alternate && text.contains('.') {
        let (mantissa, power) = match text.split_once('e') {
            Some((mantissa, power)) => (mantissa.to_owned(), format!("e{power}")),
            None => (text.clone(), String::new()),
        };
        text = mantissa.trim_end_matches('0').trim_end_matches('.').to_owned() + &power;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::format;

    #[test]
    fn as_c_writes_them() {
        assert_eq!(format(0.5, b'f', None, false), "0.500000");
        assert_eq!(format(1e10, b'g', None, false), "1e+10");
        assert_eq!(format(100_000.0, b'g', None, false), "100000");
        assert_eq!(format(0.000_01, b'g', None, false), "1e-05");
        assert_eq!(format(3.25, b'g', None, false), "3.25");
        assert_eq!(format(0.1 + 0.2, b'g', Some(17), false), "0.30000000000000004");
        assert_eq!(format(1.0, b'E', Some(2), false), "1.00E+00");
        assert_eq!(format(f64::INFINITY, b'f', None, false), "inf");
    }
}

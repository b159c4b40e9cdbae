//! Values of directives: sizes, times, numbers.

use std::time::Duration;

/// `1024`, `8k`, `1m` (and `1g`, where an offset is meant), in bytes.
pub(in crate::servers::nginx) fn size(text: &str) -> Option<u64> {
    let (digits, unit) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1 << 10),
        b'm' | b'M' => (&text[..text.len() - 1], 1 << 20),
        b'g' | b'G' => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1u64),
    };
    number(digits)?.checked_mul(unit)
}

/// A number without a sign.
pub(in crate::servers::nginx) fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// `30`, `30s`, `1m 30s`, `500ms`, `1d12h`.
pub(in crate::servers::nginx) fn time(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let value = number(&rest[..end])?;
        rest = &rest[end..];
        let (unit, len) = match rest.as_bytes() {
            [b'm', b's', ..] => (Duration::from_millis(1), 2),
            [b's', ..] | [b' ', ..] | [] => (Duration::from_secs(1), 1),
            [b'm', ..] => (Duration::from_secs(60), 1),
            [b'h', ..] => (Duration::from_secs(3600), 1),
            [b'd', ..] => (Duration::from_secs(86_400), 1),
            [b'w', ..] => (Duration::from_secs(7 * 86_400), 1),
            [b'M', ..] => (Duration::from_secs(30 * 86_400), 1),
            [b'y', ..] => (Duration::from_secs(365 * 86_400), 1),
            _ => return None,
        };
        total = total.checked_add(unit.checked_mul(u32::try_from(value).ok()?)?)?;
        rest = rest.get(len..).unwrap_or_default().trim_start();
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{size, time};

    #[test]
    fn units() {
        assert_eq!(
            (size("8k"), size("1M"), size("10"), size("1q"), size("")),
            (Some(8192), Some(1 << 20), Some(10), None, None)
        );
        assert_eq!(time("65"), Some(Duration::from_secs(65)));
        assert_eq!(time("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(time("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(time("x"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,20}") {
            let _ = (size(&text), time(&text));
        }
    }
}

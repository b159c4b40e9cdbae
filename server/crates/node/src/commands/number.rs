//! Numbers as arguments: with a suffix that multiplies them, as sizes for people, as durations.

use std::time::Duration;

/// What a suffix multiplies by.
pub(crate) type Suffix = (&'static str, u64);

/// `b`, `k`, `m`: the suffixes of `head`, `tail` and others.
pub(crate) const BLOCKS: &[Suffix] = &[
    ("b", 512),
    ("kB", 1000),
    ("k", 1 << 10),
    ("K", 1 << 10),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("m", 1 << 20),
    ("M", 1 << 20),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("G", 1 << 30),
    ("g", 1 << 30),
    ("GiB", 1 << 30),
    ("T", 1 << 40),
    ("", 1),
];

/// A number without a sign, perhaps with one of these suffixes.
pub(crate) fn parse_suffixed(text: &[u8], suffixes: &[Suffix]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, suffix) = text.split_at(end);
    let value: u64 = digits.parse().ok()?;
    let (_, factor) = suffixes.iter().find(|(known, _)| *known == suffix)?;
    value.checked_mul(*factor)
}

/// A number without sign or suffix.
pub(crate) fn parse<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(text).ok()?;
    if text.starts_with('+') { None } else { text.parse().ok() }
}

/// Seconds, minutes (`m`), hours (`h`) or days (`d`), with a fraction perhaps; `infinity` is very long.
pub(crate) fn parse_duration(text: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(text).ok()?;
    if matches!(text, "inf" | "infinity") {
        return Some(Duration::MAX);
    }
    let (number, factor) = match text.char_indices().next_back()? {
        (at, 's') => (&text[..at], 1.0),
        (at, 'm') => (&text[..at], 60.0),
        (at, 'h') => (&text[..at], 3600.0),
        (at, 'd') => (&text[..at], 86400.0),
        _ => (text, 1.0),
    };
    let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && number != ".";
    let seconds: f64 = if plain { number.parse().ok()? } else { return None };
    Some(Duration::try_from_secs_f64(seconds * factor).unwrap_or(Duration::MAX))
}

/// A size for people as busybox writes it: `1.5K`, `20M`; three digits at most, a fraction below ten.
pub(crate) fn human(bytes: u64) -> String {
    let mut value = bytes;
    let mut tenths = 0;
    let mut unit = 0;
    while value >= 1024 && unit < 6 {
        let rest = value % 1024;
        value /= 1024;
        tenths = (rest * 10 + 512) / 1024;
        unit += 1;
    }
    if unit > 0 && tenths >= 10 {
        value += 1;
        tenths = 0;
    }
    match [' ', 'K', 'M', 'G', 'T', 'P', 'E'].get(unit) {
        Some(' ') | None => value.to_string(),
        Some(letter) => format!("{value}.{tenths}{letter}"),
    }
}

/// A size for people as GNU writes it: rounded up, `1.5K`, `20M`.
pub(crate) fn human_gnu(bytes: u64) -> String {
    if bytes < 1024 {
        return bytes.to_string();
    }
    let mut unit: u32 = 1;
    while unit < 6 && bytes.div_ceil(1 << (10 * unit)) >= 1024 {
        unit += 1;
    }
    let letter = ['K', 'M', 'G', 'T', 'P', 'E'][unit as usize - 1];
    let scale = 1u128 << (10 * unit);
    let tenths = (u128::from(bytes) * 10).div_ceil(scale);
    if tenths < 100 {
        format!("{}.{}{letter}", tenths / 10, tenths % 10)
    } else {
        format!("{}{letter}", u128::from(bytes).div_ceil(scale))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BLOCKS, human, human_gnu, parse_duration, parse_suffixed};

    #[test]
    fn suffixes_multiply() {
        assert_eq!(parse_suffixed(b"2k", BLOCKS), Some(2048));
        assert_eq!(parse_suffixed(b"7", BLOCKS), Some(7));
        assert_eq!(parse_suffixed(b"7x", BLOCKS), None);
        assert_eq!(parse_suffixed(b"99999999999999999999", BLOCKS), None);
        assert_eq!(parse_suffixed(b"", BLOCKS), None);
    }

    #[test]
    fn durations_have_units_and_fractions() {
        assert_eq!(parse_duration(b"1.5"), Some(Duration::from_millis(1500)));
        assert_eq!(parse_duration(b"2m"), Some(Duration::from_secs(120)));
        assert_eq!(parse_duration(b"infinity"), Some(Duration::MAX));
        assert_eq!(parse_duration(b"-1"), None);
        assert_eq!(parse_duration(b"1e3"), None);
    }

    #[test]
    fn sizes_for_people() {
        assert_eq!(human(512), "512");
        assert_eq!(human(1536), "1.5K");
        assert_eq!(human(20 << 20), "20.0M");
        assert_eq!(human_gnu(1), "1");
        assert_eq!(human_gnu(4097), "4.1K");
        assert_eq!(human_gnu(20 << 20), "20M");
    }
}

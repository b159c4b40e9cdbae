//! Lengths of time as exercises write them.

use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

/// A length of time, written like `500ms`, `10s`, `2m` or `1m30s`; at most an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period(Duration);

impl From<Period> for Duration {
    fn from(period: Period) -> Self {
        period.0
    }
}

/// The longest time that a check may take.
const LONGEST: Duration = Duration::from_secs(3600);

impl Period {
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut total = Duration::ZERO;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0)?;
            let number: u64 = rest[..digits].parse().ok()?;
            let unit_end =
                rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
            total = total.checked_add(match &rest[digits..unit_end] {
                "ms" => Duration::from_millis(number),
                "s" => Duration::from_secs(number),
                "m" => Duration::from_secs(number.checked_mul(60)?),
                _ => return None,
            })?;
            rest = &rest[unit_end..];
        }
        (!text.is_empty() && total <= LONGEST).then_some(Self(total))
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PeriodVisitor;
        impl Visitor<'_> for PeriodVisitor {
            type Value = Period;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time such as 500ms, 10s or 1m30s, an hour at most")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Period, E> {
                Period::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(PeriodVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_of_time_are_read_with_their_unit() {
        for (text, expected) in [
            ("500ms", Some(500)),
            ("10s", Some(10_000)),
            ("1m30s", Some(90_000)),
            ("0s", Some(0)),
            ("60m", Some(3_600_000)),
            ("61m", None),
            ("10", None),
            ("s", None),
            ("", None),
            ("1h", None),
            ("-1s", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(Period::parse(text).map(|p| p.0.as_millis()), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC*|[0-9ms]{0,30}") {
            let _ = Period::parse(&text);
        }
    }
}

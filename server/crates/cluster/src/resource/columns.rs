//! Columns of tables, and how their cells are written.

use jiff::Timestamp;
use serde_json::{Value, json};

/// A column, as `kubectl get` shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// `string`, `integer`, `number`, `boolean`, `date`.
    pub(crate) kind: &'static str,
    pub(crate) description: &'static str,
    /// `name` for the column that identifies the object.
    pub(crate) format: &'static str,
    /// Above 0: only with `-o wide`.
    pub(crate) priority: u8,
}

const NAME: &str = "Name must be unique within a namespace.";

impl Column {
    pub(crate) const NAME: Self =
        Self { name: "Name", kind: "string", description: NAME, format: "name", priority: 0 };
    pub(crate) const AGE: Self = Self::text("Age");

    pub(crate) const fn text(name: &'static str) -> Self {
        Self { name, kind: "string", description: "", format: "", priority: 0 }
    }

    pub(crate) const fn integer(name: &'static str) -> Self {
        Self { name, kind: "integer", description: "", format: "", priority: 0 }
    }

    pub(crate) const fn wide(self) -> Self {
        Self { priority: 1, ..self }
    }
}

/// What the table of a kind without columns of its own has.
pub(crate) static NAME_AND_CREATED_AT: [Column; 2] =
    [Column::NAME, Column { kind: "date", ..Column::text("Created At") }];

/// Columns as a table's head tells them.
pub(crate) fn definitions(columns: &[Column]) -> Value {
    let of = |column: &Column| {
        json!({
            "name": column.name, "type": column.kind, "format": column.format,
            "description": column.description, "priority": column.priority,
        })
    };
    columns.iter().map(of).collect()
}

/// The time since `at` as an AGE: `5s`, `3m20s`, `4d3h`; `<unknown>` where it is not a time.
pub(crate) fn age(at: &str, now: Timestamp) -> String {
    match at.parse::<Timestamp>() {
        Ok(at) => duration(now.duration_since(at).as_secs()),
        Err(_) => "<unknown>".into(),
    }
}

/// Seconds, to two or three significant figures.
///
/// Source: `HumanDuration` of `k8s.io/apimachinery/pkg/util/duration`.
pub(crate) fn duration(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let two = |big: i64, unit: &str, small: i64, other: &str| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{other}") }
    };
    match seconds {
        ..-1 => "<invalid>".into(),
        -1 => "0s".into(),
        s if s < 2 * MINUTE => format!("{s}s"),
        s if s < 10 * MINUTE => two(s / MINUTE, "m", s % MINUTE, "s"),
        s if s < 3 * HOUR => format!("{}m", s / MINUTE),
        s if s < 8 * HOUR => two(s / HOUR, "h", s % HOUR / MINUTE, "m"),
        s if s < 2 * DAY => format!("{}h", s / HOUR),
        s if s < 8 * DAY => two(s / DAY, "d", s % DAY / HOUR, "h"),
        s if s < 2 * YEAR => format!("{}d", s / DAY),
        s if s < 8 * YEAR => two(s / YEAR, "y", s % YEAR / DAY, "d"),
        s => format!("{}y", s / YEAR),
    }
}

/// Labels as `a=b,c=d`, or `<none>`.
pub(crate) fn labels(labels: Option<&Value>) -> String {
    let pairs: Vec<String> = labels
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if pairs.is_empty() { "<none>".into() } else { pairs.join(",") }
}

/// A text, or `<none>` for an empty one.
pub(crate) fn or_none(text: &str) -> String {
    if text.is_empty() { "<none>".into() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_figures() {
        for (seconds, shown) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (200, "3m20s"),
            (600, "10m"),
            (10_800, "3h"),
            (12_000, "3h20m"),
            (30_000, "8h"),
            (180_000, "2d2h"),
            (800_000, "9d"),
        ] {
            assert_eq!(duration(seconds), shown);
        }
    }
}

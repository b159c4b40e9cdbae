//! Sets of completion indexes, written as `0,2-4`.

use std::{collections::BTreeSet, fmt::Write as _};

/// Completion indexes.
pub(super) type Indexes = BTreeSet<i32>;

/// Reads a set; what makes no sense is left out.
pub(super) fn parse(text: &str, completions: i32) -> Indexes {
    let mut indexes = Indexes::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (Ok(first), Ok(last)) = (first.parse::<i32>(), last.parse::<i32>()) else { continue };
        indexes.extend(first.max(0)..=last.min(completions - 1));
    }
    indexes
}

/// Writes a set; two neighbours are listed, more become a range.
pub(super) fn format(indexes: &Indexes) -> String {
    let mut text = String::new();
    let mut all = indexes.iter().copied().peekable();
    while let Some(first) = all.next() {
        let mut last = first;
        while all.peek() == Some(&(last + 1)) {
            last += 1;
            all.next();
        }
        let comma = if text.is_empty() { "" } else { "," };
        let _ = match last - first {
            0 => write!(text, "{comma}{first}"),
            1 => write!(text, "{comma}{first},{last}"),
            _ => write!(text, "{comma}{first}-{last}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_written_as_ranges() {
        for text in ["", "0", "0,1", "0-2", "1,3-5,7"] {
            assert_eq!(format(&parse(text, 10)), text);
        }
        assert_eq!(format(&parse("0-9", 3)), "0-2", "no index beyond the completions");
        assert_eq!(format(&parse("x,1,,2-", 10)), "1");
    }
}

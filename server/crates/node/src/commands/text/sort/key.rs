//! Keys of `sort`: which part of a line, and how it is compared.

use std::cmp::Ordering;

/// How parts are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    numeric: bool,
    general: bool,
    human: bool,
    month: bool,
    version: bool,
    pub(super) random: bool,
    pub(super) reverse: bool,
    pub(super) blanks: bool,
    dictionary: bool,
    fold: bool,
    printing: bool,
}

impl Flags {
    /// Takes an option; `false` where there is no such one.
    pub(super) fn add(&mut self, letter: u8) -> bool {
        match letter {
            b'n' => self.numeric = true,
            b'g' => self.general = true,
            b'h' => self.human = true,
            b'M' => self.month = true,
            b'V' => self.version = true,
            b'R' => self.random = true,
            b'r' => self.reverse = true,
            b'b' => self.blanks = true,
            b'd' => self.dictionary = true,
            b'f' => self.fold = true,
            b'i' => self.printing = true,
            _ => return false,
        }
        true
    }

    pub(super) fn is_plain(self) -> bool {
        self == Self::default()
    }

    pub(super) fn compare(self, a: &[u8], b: &[u8]) -> Ordering {
        let order = self.forward(a, b);
        if self.reverse { order.reverse() } else { order }
    }

    fn forward(self, a: &[u8], b: &[u8]) -> Ordering {
        let (a, b) = if self.blanks { (trim_start(a), trim_start(b)) } else { (a, b) };
        if self.numeric || self.general || self.human {
            let value = |text: &[u8]| if self.human { human(text) } else { number(text, self.general) };
            return value(a).partial_cmp(&value(b)).unwrap_or(Ordering::Equal);
        }
        if self.month {
            return month(a).cmp(&month(b));
        }
        if self.version {
            return super::version(a, b);
        }
        if self.random {
            return Ordering::Equal;
        }
        if !self.dictionary && !self.fold && !self.printing {
            return a.cmp(b);
        }
        self.seen(a).cmp(self.seen(b))
    }

    /// The bytes that count.
    fn seen(self, text: &[u8]) -> impl Iterator<Item = u8> {
        let keep = move |byte: &&u8| {
            (!self.dictionary || byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'\t'))
                && (!self.printing || (0x20..0x7f).contains(*byte))
        };
        text.iter().filter(keep).map(move |byte| if self.fold { byte.to_ascii_uppercase() } else { *byte })
    }
}

fn trim_start(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &text[blanks..]
}

/// The number at the start of a text; 0 where there is none.
fn number(text: &[u8], general: bool) -> f64 {
    let text = trim_start(text);
    let mut end = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(end);
    end += whole;
    let mut fraction = 0;
    if text.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return if general { f64::NEG_INFINITY } else { 0.0 };
    }
    if general && matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'-' | b'+')));
        let power = text.get(end + 1 + sign..).map_or(0, |_| digits(end + 1 + sign));
        if power > 0 {
            end += 1 + sign + power;
        }
    }
    let text = String::from_utf8_lossy(&text[..end]);
    text.trim_start_matches('+').trim_end_matches('.').parse().unwrap_or(0.0)
}

/// `1.5K` is less than `2M`.
fn human(text: &[u8]) -> f64 {
    let text = trim_start(text);
    let value = number(text, false);
    let end =
        text.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+')).count();
    let power = match text.get(end) {
        Some(b'k' | b'K') => 1,
        Some(b'M') => 2,
        Some(b'G') => 3,
        Some(b'T') => 4,
        Some(b'P') => 5,
        _ => 0,
    };
    value * 1024f64.powi(power)
}

fn month(text: &[u8]) -> usize {
    const NAMES: [&[u8]; 12] =
        [b"JAN", b"FEB", b"MAR", b"APR", b"MAY", b"JUN", b"JUL", b"AUG", b"SEP", b"OCT", b"NOV", b"DEC"];
    let text = trim_start(text);
    let head = text.get(..3).map(<[u8]>::to_ascii_uppercase).unwrap_or_default();
    NAMES.iter().position(|name| **name == head[..]).map_or(0, |index| index + 1)
}

/// `-k START[.OFS][OPTS][,END[.OFS][OPTS]]`. Numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    start: (usize, usize),
    /// The last field, and in it the last byte (0: all of it).
    end: Option<(usize, usize)>,
    end_blanks: bool,
    pub(super) flags: Flags,
}

impl Key {
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut flags = Flags::default();
        let mut place = |text: &str, zero: bool| -> Option<((usize, usize), bool)> {
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            let field = text[..end].parse().ok().filter(|field| *field > 0)?;
            let mut rest = &text[end..];
            let mut offset = if zero { 0 } else { 1 };
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
                offset = after[..end].parse().ok().filter(|offset| zero || *offset > 0)?;
                rest = &after[end..];
            }
            let good = rest.bytes().all(|letter| flags.add(letter));
            good.then_some(((field, offset), rest.contains('b')))
        };
        let (start, end) = match text.split_once(',') {
            Some((start, end)) => (place(start, false)?, Some(place(end, true)?)),
            None => (place(text, false)?, None),
        };
        Some(Self {
            start: start.0,
            end: end.map(|end| end.0),
            end_blanks: end.is_some_and(|end| end.1),
            flags,
        })
    }

    /// The part of a line that the key is.
    pub(super) fn part<'a>(
        &self,
        line: &'a [u8],
        separator: Option<u8>,
        flags: Flags,
        gnu: bool,
    ) -> &'a [u8] {
        let field_start = |number: usize| field_start(line, number, separator);
        let field_end = |number: usize| field_end(line, number, separator);
        let mut start = field_start(self.start.0);
        let blanks = |at: usize| {
            at + line[at.min(line.len())..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
        };
        if flags.blanks {
            start = blanks(start);
        }
        start = (start + self.start.1 - 1).min(line.len());
        let end = match self.end {
            None => line.len(),
            Some((field, 0)) => field_end(field),
            Some((field, offset)) => {
                let mut from = field_start(field);
                if self.end_blanks || (flags.blanks && !gnu) {
                    from = blanks(from);
                }
                (from + offset).min(line.len())
            }
        };
        &line[start..end.max(start)]
    }
}

/// Where a field begins. Without a separator the blanks before a field belong to it.
fn field_start(line: &[u8], number: usize, separator: Option<u8>) -> usize {
    match separator {
        Some(separator) => {
            let mut at = 0;
            for _ in 1..number {
                match line[at..].iter().position(|byte| *byte == separator) {
                    Some(next) => at += next + 1,
                    None => return line.len(),
                }
            }
            at
        }
        None => {
            let mut at = 0;
            for _ in 1..number {
                at = blank_field_end(line, at);
            }
            at
        }
    }
}

fn field_end(line: &[u8], number: usize, separator: Option<u8>) -> usize {
    let start = field_start(line, number, separator);
    match separator {
        Some(separator) => {
            line[start..].iter().position(|byte| *byte == separator).map_or(line.len(), |at| start + at)
        }
        None => blank_field_end(line, start),
    }
}

fn blank_field_end(line: &[u8], from: usize) -> usize {
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let at = from + line[from..].iter().take_while(is_blank).count();
    at + line[at..].iter().take_while(|byte| !is_blank(byte)).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Flags, Key};

    fn part<'a>(key: &str, line: &'a str, separator: Option<u8>) -> &'a str {
        let key = Key::parse(key.as_bytes()).unwrap();
        std::str::from_utf8(key.part(line.as_bytes(), separator, key.flags, true)).unwrap()
    }

    #[test]
    fn a_key_is_a_part_of_a_line() {
        assert_eq!(part("2", "a:b:c", Some(b':')), "b:c");
        assert_eq!(part("2,2", "a:b:c", Some(b':')), "b");
        assert_eq!(part("2,2", "one two three", None), " two");
        assert_eq!(part("2b,2", "one  two three", None), "two");
        assert_eq!(part("1.2,1.3", "abcdef", None), "bc");
        assert_eq!(part("5", "a:b", Some(b':')), "");
        assert!(Key::parse(b"0").is_none() && Key::parse(b"1x").is_none() && Key::parse(b"").is_none());
    }

    #[test]
    fn numbers_months_and_sizes_have_an_order_of_their_own() {
        let compare = |letter: u8, a: &str, b: &str| {
            let mut flags = Flags::default();
            flags.add(letter);
            flags.compare(a.as_bytes(), b.as_bytes())
        };
        assert!(compare(b'n', "9", "10").is_lt());
        assert!(compare(b'n', "-3", "2").is_lt());
        assert!(compare(b'g', "1e3", "999").is_gt());
        assert!(compare(b'h', "2K", "1M").is_lt());
        assert!(compare(b'M', "feb", "JAN").is_gt());
        assert!(compare(b'f', "a", "A").is_eq());
    }

    proptest! {
        #[test]
        fn no_key_panics(key in "[0-9.,bfnr]{0,10}", line in "[a-z :]{0,12}") {
            if let Some(key) = Key::parse(key.as_bytes()) {
                key.part(line.as_bytes(), None, key.flags, true);
                key.part(line.as_bytes(), Some(b':'), key.flags, false);
            }
        }
    }
}

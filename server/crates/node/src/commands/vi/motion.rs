//! Where a movement leads.

use super::editor::Editor;

/// A place in the text.
pub(super) type Place = (usize, usize);

/// Where a movement ends, and how much an operator takes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Motion {
    pub(super) to: Place,
    /// An operator takes whole lines.
    pub(super) lines: bool,
    /// An operator takes the last character, too.
    pub(super) inclusive: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Blank,
    Word,
    Other,
}

fn class(byte: u8) -> Class {
    match byte {
        b' ' | b'\t' => Class::Blank,
        b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => Class::Word,
        _ => Class::Other,
    }
}

impl Editor {
    /// The movement of a key, `count` times; `None` where it is none, or leads nowhere.
    pub(super) fn motion(&self, key: u8, count: Option<usize>) -> Option<Motion> {
        let times = count.unwrap_or(1);
        let here = (self.row, self.column);
        let line = &self.lines[self.row];
        let across = |to| Some(Motion { to, lines: false, inclusive: false });
        let down =
            |row: usize| Some(Motion { to: (row, self.first_text(row)), lines: true, inclusive: false });
        let repeat =
            |step: fn(&Self, Place) -> Place| (0..times.min(10_000)).fold(here, |at, _| step(self, at));
        match key {
            b'h' | 8 | 127 => across((self.row, self.back(self.column, times))),
            b'l' | b' ' => across((self.row, self.forward(self.column, times))),
            b'|' => across((self.row, (times - 1).min(line.len()))),
            b'0' => across((self.row, 0)),
            b'^' => across((self.row, self.first_text(self.row))),
            b'$' => Some(Motion {
                to: ((self.row + times - 1).min(self.lines.len() - 1), usize::MAX),
                lines: false,
                inclusive: true,
            }),
            b'j' | b'\n' | 14 => {
                let row = self.row.checked_add(times).filter(|row| *row < self.lines.len())?;
                Some(Motion { to: (row, self.column), lines: true, inclusive: false })
            }
            b'k' | 16 => {
                let row = self.row.checked_sub(times)?;
                Some(Motion { to: (row, self.column), lines: true, inclusive: false })
            }
            b'\r' | b'+' => down(self.row.checked_add(times).filter(|row| *row < self.lines.len())?),
            b'-' => down(self.row.checked_sub(times)?),
            b'G' => down(count.unwrap_or(usize::MAX).clamp(1, self.lines.len()) - 1),
            b'H' => down((self.top + times - 1).min(self.lines.len() - 1)),
            b'M' => down((self.top + self.height / 2).min(self.lines.len() - 1)),
            b'L' => down((self.top + self.height.saturating_sub(times)).min(self.lines.len() - 1)),
            b'w' | b'W' => across(repeat(Self::next_word)),
            b'b' | b'B' => across(repeat(Self::word_before)),
            b'e' | b'E' => Some(Motion { to: repeat(Self::word_end), lines: false, inclusive: true }),
            b'%' => {
                let to = self.partner(line)?;
                Some(Motion { to, lines: false, inclusive: true })
            }
            b'{' => across((self.paragraph(false), 0)),
            b'}' => across((self.paragraph(true), 0)),
            _ => None,
        }
    }

    /// The first character of a line that is no blank.
    pub(super) fn first_text(&self, row: usize) -> usize {
        let line = &self.lines[row];
        line.iter().position(|byte| class(*byte) != Class::Blank).unwrap_or(line.len().saturating_sub(1))
    }

    /// So many characters back, on the line.
    pub(super) fn back(&self, column: usize, times: usize) -> usize {
        let line = &self.lines[self.row];
        (0..times.min(line.len()))
            .fold(column, |at, _| (0..at).rev().find(|before| line[*before] & 0xc0 != 0x80).unwrap_or(0))
    }

    /// So many characters on, at most behind the end of the line.
    pub(super) fn forward(&self, column: usize, times: usize) -> usize {
        let line = &self.lines[self.row];
        (0..times.min(line.len() + 1)).fold(column, |at, _| {
            (at + 1..line.len()).find(|after| line[*after] & 0xc0 != 0x80).unwrap_or(line.len())
        })
    }

    fn at(&self, (row, column): Place) -> Class {
        self.lines[row].get(column).map_or(Class::Blank, |byte| class(*byte))
    }

    /// The next place; none at the end.
    fn after(&self, (row, column): Place) -> Option<Place> {
        if column + 1 < self.lines[row].len() {
            return Some((row, column + 1));
        }
        (row + 1 < self.lines.len()).then_some((row + 1, 0))
    }

    fn before(&self, (row, column): Place) -> Option<Place> {
        if column > 0 {
            return Some((row, column - 1));
        }
        let row = row.checked_sub(1)?;
        Some((row, self.lines[row].len().saturating_sub(1)))
    }

    fn next_word(&self, from: Place) -> Place {
        let (mut at, start) = (from, self.at(from));
        let mut same = start != Class::Blank;
        while let Some(next) = self.after(at) {
            same &= self.at(next) == start && next.0 == at.0;
            let empty = self.lines[next.0].is_empty() && next.0 != at.0;
            at = next;
            if (!same && self.at(at) != Class::Blank) || empty {
                return at;
            }
        }
        // From the last word it is the end of the text.
        (at.0, self.lines[at.0].len())
    }

    fn word_before(&self, from: Place) -> Place {
        let Some(mut at) = self.before(from) else { return from };
        while self.at(at) == Class::Blank {
            match self.before(at) {
                Some(before) => at = before,
                None => return at,
            }
        }
        let kind = self.at(at);
        while at.1 > 0 && self.at((at.0, at.1 - 1)) == kind {
            at.1 -= 1;
        }
        at
    }

    fn word_end(&self, from: Place) -> Place {
        let Some(mut at) = self.after(from) else { return from };
        while self.at(at) == Class::Blank {
            match self.after(at) {
                Some(next) => at = next,
                None => return at,
            }
        }
        let kind = self.at(at);
        while at.1 + 1 < self.lines[at.0].len() && self.at((at.0, at.1 + 1)) == kind {
            at.1 += 1;
        }
        at
    }

    /// The bracket that belongs to the one under the cursor, or to the next one on the line.
    fn partner(&self, line: &[u8]) -> Option<Place> {
        const PAIRS: &[u8; 6] = b"()[]{}";
        let column = (self.column..line.len()).find(|column| PAIRS.contains(&line[*column]))?;
        let index = PAIRS.iter().position(|byte| *byte == line[column])?;
        let (own, other) = (PAIRS[index], PAIRS[index ^ 1]);
        let mut at = (self.row, column);
        let mut depth = 0usize;
        loop {
            match self.lines[at.0].get(at.1) {
                Some(byte) if *byte == own => depth += 1,
                Some(byte) if *byte == other => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(at);
            }
            at = if index.is_multiple_of(2) { self.after(at)? } else { self.before(at)? };
        }
    }

    fn paragraph(&self, down: bool) -> usize {
        let blank = |row: &usize| self.lines[*row].is_empty();
        let last = self.lines.len() - 1;
        if down {
            (self.row + 1..=last).find(|row| blank(row)).unwrap_or(last)
        } else {
            (0..self.row).rev().find(blank).unwrap_or(0)
        }
    }
}

//! Searching with shell patterns: the prefix, suffix or part of a text that one matches, in one pass over the text.

use super::fnmatch::{MatchOptions, decode, matches};

/// A pattern, taken apart.
#[derive(Debug)]
pub(crate) struct Pattern {
    elements: Vec<Element>,
}

#[derive(Debug, PartialEq)]
enum Element {
    /// `*`
    Star,
    /// `?`
    Any,
    Char(u32),
    /// `[...]`, as it is written.
    Bracket(Vec<u8>),
}

/// For each place in the pattern, where in the text an attempt that has come so far began.
type Attempts = Vec<Option<usize>>;

impl Pattern {
    pub(crate) fn new(pattern: &[u8]) -> Self {
        let mut elements = Vec::new();
        let mut at = 0;
        while at < pattern.len() {
            let (element, len) = match pattern[at] {
                b'*' => (Element::Star, 1),
                b'?' => (Element::Any, 1),
                b'\\' if at + 1 < pattern.len() => {
                    let (character, width) = decode(&pattern[at + 1..]);
                    (Element::Char(character), 1 + width)
                }
                b'[' => match bracket_len(&pattern[at..]) {
                    Some(len) => (Element::Bracket(pattern[at..at + len].to_vec()), len),
                    None => (Element::Char(u32::from(b'[')), 1),
                },
                _ => {
                    let (character, width) = decode(&pattern[at..]);
                    (Element::Char(character), width)
                }
            };
            at += len;
            if element != Element::Star || elements.last() != Some(&Element::Star) {
                elements.push(element);
            }
        }
        Self { elements }
    }

    /// The length of the longest (or shortest) prefix that it matches.
    pub(crate) fn prefix(&self, text: &[u8], longest: bool) -> Option<usize> {
        let mut attempts = self.begin(Some(0));
        let mut found = None;
        let mut at = 0;
        loop {
            if attempts[self.elements.len()].is_some() {
                found = Some(at);
                if !longest {
                    return found;
                }
            }
            if at >= text.len() || attempts.iter().all(Option::is_none) {
                return found;
            }
            let (next, width) = self.step(&attempts, &text[at..], false);
            attempts = next;
            at += width;
        }
    }

    /// Where the longest (or shortest) suffix begins that it matches.
    pub(crate) fn suffix(&self, text: &[u8], longest: bool) -> Option<usize> {
        let mut attempts = self.begin(Some(0));
        let mut at = 0;
        while at < text.len() {
            let (next, width) = self.step(&attempts, &text[at..], !longest);
            at += width;
            attempts = next;
            self.add(&mut attempts, 0, at, !longest);
        }
        attempts[self.elements.len()]
    }

    /// The first part at or after `from` that it matches, as long as possible; never an empty one.
    pub(crate) fn search(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let mut attempts = self.begin(Some(from));
        let mut found: Option<(usize, usize)> = None;
        let mut at = from;
        loop {
            if let Some(start) = attempts[self.elements.len()]
                && start < at
                && found.is_none_or(|(best, _)| start <= best)
            {
                found = Some((start, at));
            }
            let alive = attempts.iter().flatten().any(|start| found.is_none_or(|(best, _)| *start <= best));
            if at >= text.len() || (found.is_some() && !alive) {
                return found;
            }
            let (next, width) = self.step(&attempts, &text[at..], false);
            at += width;
            attempts = next;
            if found.is_none() {
                self.add(&mut attempts, 0, at, false);
            }
        }
    }

    fn begin(&self, start: Option<usize>) -> Attempts {
        let mut attempts = vec![None; self.elements.len() + 1];
        if let Some(start) = start {
            self.add(&mut attempts, 0, start, false);
        }
        attempts
    }

    /// Notes an attempt at a place of the pattern; of two the one that began first (or last) stays.
    fn add(&self, attempts: &mut Attempts, mut place: usize, start: usize, last: bool) {
        loop {
            let better = attempts[place].is_none_or(|known| if last { start > known } else { start < known });
            if !better {
                return;
            }
            attempts[place] = Some(start);
            if self.elements.get(place) != Some(&Element::Star) {
                return;
            }
            place += 1;
        }
    }

    /// What becomes of all attempts with the next character, and that character's length.
    fn step(&self, attempts: &Attempts, text: &[u8], last: bool) -> (Attempts, usize) {
        let (character, width) = decode(text);
        let mut next = vec![None; attempts.len()];
        for (place, start) in attempts.iter().enumerate() {
            let (Some(start), Some(element)) = (start, self.elements.get(place)) else { continue };
            match element {
                Element::Star => self.add(&mut next, place, *start, last),
                Element::Any => self.add(&mut next, place + 1, *start, last),
                Element::Char(expected) if *expected == character => {
                    self.add(&mut next, place + 1, *start, last)
                }
                Element::Char(_) => {}
                Element::Bracket(bracket) => {
                    if matches(bracket, &text[..width], MatchOptions::default()) {
                        self.add(&mut next, place + 1, *start, last);
                    }
                }
            }
        }
        (next, width)
    }
}

/// The length of a bracket expression at the start of a pattern; `None` where it is never closed.
fn bracket_len(pattern: &[u8]) -> Option<usize> {
    let mut at = 1;
    if matches!(pattern.get(at), Some(b'!' | b'^')) {
        at += 1;
    }
    let start = at;
    loop {
        match pattern.get(at)? {
            b']' if at > start => return Some(at + 1),
            b'\\' => at += 2,
            b'[' if matches!(pattern.get(at + 1), Some(b':' | b'.' | b'=')) => {
                let close = [pattern[at + 1], b']'];
                match pattern[at + 2..].windows(2).position(|pair| pair == close) {
                    Some(len) => at += len + 4,
                    None => at += 1,
                }
            }
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Pattern;
    use crate::libc::fnmatch::fnmatch;

    #[test]
    fn prefixes_and_suffixes_as_in_parameter_expansion() {
        let path = b"/usr/local/lib.so.1";
        assert_eq!(Pattern::new(b"*/").prefix(path, false), Some(1));
        assert_eq!(Pattern::new(b"*/").prefix(path, true), Some(11));
        assert_eq!(Pattern::new(b".*").suffix(path, false), Some(17));
        assert_eq!(Pattern::new(b".*").suffix(path, true), Some(14));
        assert_eq!(Pattern::new(b"nope").prefix(path, true), None);
        assert_eq!(Pattern::new(b"*").suffix(path, false), Some(path.len()));
        assert_eq!(Pattern::new(b"l*c").search(path, 0), Some((5, 8)));
        assert_eq!(Pattern::new(b"[a-c]").search(path, 6), Some((7, 8)));
    }

    #[test]
    fn long_texts_take_one_pass() {
        let text = vec![b'a'; 200_000];
        assert_eq!(Pattern::new(b"a*x").search(&text, 0), None);
        assert_eq!(Pattern::new(b"*x").suffix(&text, true), None);
    }

    proptest! {
        #[test]
        fn agrees_with_trying_every_part(pattern in "[ab*?\\[\\]!-]{0,6}", text in "[abc]{0,8}") {
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            let compiled = Pattern::new(pattern);
            let prefixes: Vec<usize> = (0..=text.len()).filter(|end| fnmatch(pattern, &text[..*end])).collect();
            prop_assert_eq!(compiled.prefix(text, false), prefixes.first().copied());
            prop_assert_eq!(compiled.prefix(text, true), prefixes.last().copied());
            let suffixes: Vec<usize> = (0..=text.len()).filter(|start| fnmatch(pattern, &text[*start..])).collect();
            prop_assert_eq!(compiled.suffix(text, true), suffixes.first().copied());
            prop_assert_eq!(compiled.suffix(text, false), suffixes.last().copied());
            let parts = (0..text.len()).find_map(|start| {
                let end = (start + 1..=text.len()).rev().find(|end| fnmatch(pattern, &text[start..*end]))?;
                Some((start, end))
            });
            prop_assert_eq!(compiled.search(text, 0), parts);
        }
    }
}

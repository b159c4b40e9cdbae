//! Searching with shell patterns: the prefix, suffix or part of a text that one matches, in one pass over the text.

use super::{
    extglob::{Extended, has_group},
    fnmatch::{MatchOptions, decode, matches},
};

/// A pattern, taken apart.
#[derive(Debug)]
pub(crate) struct Pattern {
    elements: Vec<Element>,
    /// What it matches, where that is one text only.
    literal: Option<Vec<u8>>,
    /// The whole of it, where it has groups of bash's.
    extended: Option<Extended>,
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

/// Which way a text is read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Forward,
    Backward,
}

impl Pattern {
    /// Takes a pattern apart; `extended` says whether groups such as `@(a|b)` count.
    pub(crate) fn new(pattern: &[u8], extended: bool) -> Self {
        let extended = (extended && has_group(pattern)).then(|| Extended::new(pattern));
        let mut elements = Vec::new();
        let mut literal = Some(Vec::new());
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
            match (&element, &mut literal) {
                (Element::Char(_), Some(text)) => {
                    let escaped = usize::from(pattern[at] == b'\\' && len > 1);
                    text.extend_from_slice(&pattern[at + escaped..at + len]);
                }
                _ => literal = None,
            }
            at += len;
            if element != Element::Star || elements.last() != Some(&Element::Star) {
                elements.push(element);
            }
        }
        Self { elements, literal, extended }
    }

    /// The text that it stands for, where it is nothing but that.
    pub(crate) fn literal(&self) -> Option<&[u8]> {
        self.literal.as_deref().filter(|literal| !literal.is_empty() && self.extended.is_none())
    }

    /// Whether it is empty, and matches nothing but the empty text.
    pub(crate) fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The length of the longest (or shortest) prefix that it matches.
    pub(crate) fn prefix(&self, text: &[u8], longest: bool) -> Option<usize> {
        match (&self.extended, &self.literal) {
            (Some(extended), _) => extended.prefix(text, longest),
            (None, Some(literal)) => text.starts_with(literal).then_some(literal.len()),
            (None, None) => self.reach(text, longest, Way::Forward),
        }
    }

    /// Where the longest (or shortest) suffix begins that it matches.
    pub(crate) fn suffix(&self, text: &[u8], longest: bool) -> Option<usize> {
        if let Some(extended) = &self.extended {
            return extended.suffix(text, longest);
        }
        let len = match &self.literal {
            Some(literal) => text.ends_with(literal).then_some(literal.len()),
            None => self.reach(text, longest, Way::Backward),
        };
        len.map(|len| text.len() - len)
    }

    /// The element at a place, counted from where reading begins.
    fn element(&self, place: usize, way: Way) -> Option<&Element> {
        match way {
            Way::Forward => self.elements.get(place),
            Way::Backward => self.elements.len().checked_sub(place + 1).map(|place| &self.elements[place]),
        }
    }

    /// How far from an end of the text the longest (or shortest) match reaches that begins there.
    fn reach(&self, text: &[u8], longest: bool, way: Way) -> Option<usize> {
        let end = self.elements.len();
        // The places in the pattern where attempts are.
        let mut here = vec![false; end + 1];
        let mut next = here.clone();
        let enter = |places: &mut [bool], mut place: usize| {
            places[place] = true;
            while self.element(place, way) == Some(&Element::Star) {
                place += 1;
                places[place] = true;
            }
        };
        enter(&mut here, 0);
        let mut found = None;
        let mut at = 0;
        loop {
            if here[end] {
                found = Some(at);
                if !longest {
                    return found;
                }
                if end > 0 && here[end - 1] && self.element(end - 1, way) == Some(&Element::Star) {
                    return Some(text.len());
                }
            }
            let rest = match way {
                Way::Forward => &text[at..],
                Way::Backward => &text[..text.len() - at],
            };
            if rest.is_empty() || !here.contains(&true) {
                return found;
            }
            if let Some(byte) = self.awaited(&here, way) {
                let skipped = match way {
                    Way::Forward => memchr::memchr(byte, rest),
                    Way::Backward => memchr::memrchr(byte, rest).map(|place| rest.len() - 1 - place),
                };
                match skipped {
                    Some(0) => {}
                    Some(count) => {
                        at += count;
                        continue;
                    }
                    None => return found,
                }
            }
            let character = match way {
                Way::Forward => &rest[..decode(rest).1],
                Way::Backward => last_character(rest),
            };
            next.fill(false);
            for (place, there) in here.iter().enumerate().take(end) {
                let Some(element) = self.element(place, way).filter(|_| *there) else { continue };
                match element {
                    Element::Star => enter(&mut next, place),
                    element if element.fits(character) => enter(&mut next, place + 1),
                    _ => {}
                }
            }
            std::mem::swap(&mut here, &mut next);
            at += character.len();
        }
    }

    /// The byte without which nothing changes: the only attempts are at a `*` and at the character that follows it.
    fn awaited(&self, here: &[bool], way: Way) -> Option<u8> {
        let star = here.iter().position(|there| *there)?;
        let only = here[star + 1..].iter().filter(|there| **there).count() == 1;
        match (self.element(star, way)?, self.element(star + 1, way)?) {
            (Element::Star, Element::Char(character)) if only => {
                u8::try_from(*character).ok().filter(u8::is_ascii)
            }
            _ => None,
        }
    }

    /// The first part at or after `from` that it matches, as long as possible; never an empty one.
    pub(crate) fn search(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        if let Some(extended) = &self.extended {
            return extended.search(text, from);
        }
        if let Some(literal) = self.literal.as_ref().filter(|literal| !literal.is_empty()) {
            let start = from + memchr::memmem::find(&text[from..], literal)?;
            return Some((start, start + literal.len()));
        }
        let mut attempts = vec![None; self.elements.len() + 1];
        let mut next = attempts.clone();
        self.add(&mut attempts, 0, from);
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
            let character = &text[at..at + decode(&text[at..]).1];
            self.step(&attempts, &mut next, character);
            std::mem::swap(&mut attempts, &mut next);
            at += character.len();
            if found.is_none() {
                self.add(&mut attempts, 0, at);
            }
        }
    }

    /// Notes an attempt at a place of the pattern; of two the one that began first stays.
    fn add(&self, attempts: &mut Attempts, mut place: usize, start: usize) {
        loop {
            if attempts[place].is_some_and(|known| known <= start) {
                return;
            }
            attempts[place] = Some(start);
            if self.elements.get(place) != Some(&Element::Star) {
                return;
            }
            place += 1;
        }
    }

    /// What becomes of all attempts with the next character.
    fn step(&self, attempts: &Attempts, next: &mut Attempts, character: &[u8]) {
        next.fill(None);
        for (place, start) in attempts.iter().enumerate() {
            let (Some(start), Some(element)) = (start, self.elements.get(place)) else { continue };
            match element {
                Element::Star => self.add(next, place, *start),
                element if element.fits(character) => self.add(next, place + 1, *start),
                _ => {}
            }
        }
    }
}

impl Element {
    /// Whether it stands for one character, and for this one.
    fn fits(&self, character: &[u8]) -> bool {
        match self {
            Self::Star => false,
            Self::Any => true,
            Self::Char(expected) => *expected == decode(character).0,
            Self::Bracket(bracket) => matches(bracket, character, MatchOptions::default()),
        }
    }
}

/// The last character of a text that is not empty: what is no UTF-8 is one byte.
fn last_character(text: &[u8]) -> &[u8] {
    let mut ends = (1..=4.min(text.len())).rev().map(|len| &text[text.len() - len..]);
    let whole = ends.find(|character| decode(character).1 == character.len());
    whole.unwrap_or(&text[text.len() - 1..])
}

/// The length of a bracket expression at the start of a pattern; `None` where it is never closed.
pub(super) fn bracket_len(pattern: &[u8]) -> Option<usize> {
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
        assert_eq!(Pattern::new(b"*/", false).prefix(path, false), Some(1));
        assert_eq!(Pattern::new(b"*/", false).prefix(path, true), Some(11));
        assert_eq!(Pattern::new(b".*", false).suffix(path, false), Some(17));
        assert_eq!(Pattern::new(b".*", false).suffix(path, true), Some(14));
        assert_eq!(Pattern::new(b"nope", false).prefix(path, true), None);
        assert_eq!(Pattern::new(b"*", false).suffix(path, false), Some(path.len()));
        assert_eq!(Pattern::new(b"l*c", false).search(path, 0), Some((5, 8)));
        assert_eq!(Pattern::new(b"[a-c]", false).search(path, 6), Some((7, 8)));
    }

    #[test]
    fn long_texts_take_one_pass() {
        let text = vec![b'a'; 200_000];
        assert_eq!(Pattern::new(b"a*x", false).search(&text, 0), None);
        assert_eq!(Pattern::new(b"*x", false).suffix(&text, true), None);
    }

    proptest! {
        #[test]
        fn agrees_with_trying_every_part(pattern in "[abé*?\\[\\]!-]{0,6}", text in "[abcé]{0,8}") {
            let ends: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            let compiled = Pattern::new(pattern, false);
            let prefixes: Vec<usize> = ends.iter().copied().filter(|end| fnmatch(pattern, &text[..*end])).collect();
            prop_assert_eq!(compiled.prefix(text, false), prefixes.first().copied());
            prop_assert_eq!(compiled.prefix(text, true), prefixes.last().copied());
            let suffixes: Vec<usize> = ends.iter().copied().filter(|start| fnmatch(pattern, &text[*start..])).collect();
            prop_assert_eq!(compiled.suffix(text, true), suffixes.first().copied());
            prop_assert_eq!(compiled.suffix(text, false), suffixes.last().copied());
            let parts = ends.iter().find_map(|start| {
                let later = ends.iter().rev().take_while(|end| *end > start);
                let end = later.copied().find(|end| fnmatch(pattern, &text[*start..*end]))?;
                Some((*start, end))
            });
            prop_assert_eq!(compiled.search(text, 0), parts);
        }
    }
}

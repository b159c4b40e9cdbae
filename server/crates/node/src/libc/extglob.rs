//! bash's extended patterns, on by `shopt -s extglob` and on the right side of `[[ == ]]`: `?(a|b)`, `*(a|b)`, `+(a|b)`,
//! `@(a|b)` and `!(a|b)` beside those of POSIX ("Pattern Matching" in bash's manual).
//!
//! A pattern is matched by the set of places in the text that it can reach, so that no pattern takes longer than the
//! product of its length and that of the text squared; past [`MAX_STEPS`] in one expansion it counts as not matching.

use std::cell::Cell;

use super::{
    fnmatch::{MatchOptions, decode, matches},
    pattern::bracket_len,
};

/// How many places are looked at before a pattern counts as not matching.
const MAX_STEPS: usize = 20_000_000;
/// How much of a text is looked at first, in bytes.
const FIRST_WINDOW: usize = 16;
/// The most bytes of a character.
const LONGEST_CHARACTER: usize = 4;
/// How deep groups may lie in each other; what lies deeper is plain text.
const MAX_DEPTH: u32 = 20;

/// Whether a pattern has a group, so that [`Extended`] is needed.
pub(crate) fn has_group(pattern: &[u8]) -> bool {
    let mut at = 0;
    while at + 1 < pattern.len() {
        match pattern[at] {
            b'\\' => at += 1,
            b'?' | b'*' | b'+' | b'@' | b'!' if pattern[at + 1] == b'(' => return true,
            _ => {}
        }
        at += 1;
    }
    false
}

/// A pattern with groups, taken apart.
#[derive(Debug)]
pub(crate) struct Extended {
    elements: Vec<Element>,
    /// How many places were looked at so far, for all texts together.
    steps: Cell<usize>,
}

#[derive(Debug)]
enum Element {
    /// `*`
    Star,
    /// `?`
    Any,
    Char(u32),
    /// `[...]`, as it is written.
    Bracket(Vec<u8>),
    Group(Times, Vec<Vec<Element>>),
}

/// How often one of a group's patterns may follow.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Times {
    /// `?(...)`
    AtMostOnce,
    /// `*(...)`
    Any,
    /// `+(...)`
    AtLeastOnce,
    /// `@(...)`
    Once,
    /// `!(...)`: anything but what one of them matches.
    Never,
}

/// The places of a text, by their byte, that can be reached.
type Places = Vec<bool>;

impl Extended {
    pub(crate) fn new(pattern: &[u8]) -> Self {
        Self { elements: parse(pattern, 0), steps: Cell::new(0) }
    }

    /// Whether all of `text` matches.
    pub(crate) fn matches(&self, text: &[u8], options: MatchOptions) -> bool {
        self.ends(text, options).is_some_and(|places| places.get(text.len()) == Some(&true))
    }

    /// The length of the longest (or shortest) prefix that matches.
    pub(crate) fn prefix(&self, text: &[u8], longest: bool) -> Option<usize> {
        let places = self.ends(text, MatchOptions::default())?;
        if longest {
            places.iter().rposition(|reached| *reached)
        } else {
            places.iter().position(|reached| *reached)
        }
    }

    /// Where the longest (or shortest) suffix begins that matches.
    pub(crate) fn suffix(&self, text: &[u8], longest: bool) -> Option<usize> {
        let mut found = None;
        let mut at = 0;
        loop {
            if self.ends(&text[at..], MatchOptions::default())?.get(text.len() - at) == Some(&true) {
                found = Some(at);
                if longest {
                    return found;
                }
            }
            if at == text.len() {
                return found;
            }
            at += decode(&text[at..]).1;
        }
    }

    /// The first part at or after `from` that matches, as long as possible; never an empty one.
    pub(crate) fn search(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let mut at = from;
        while at < text.len() {
            let places = self.ends(&text[at..], MatchOptions::default())?;
            if let Some(len) = places.iter().rposition(|reached| *reached).filter(|len| *len > 0) {
                return Some((at, at + len));
            }
            at += decode(&text[at..]).1;
        }
        None
    }

    /// The places that matches from the start of a text end at; `None` where that takes too long. Only as much of the text is
    /// looked at as the pattern leads into: most do not get far from most places.
    fn ends(&self, text: &[u8], options: MatchOptions) -> Option<Places> {
        let mut width = FIRST_WINDOW;
        loop {
            let window = &text[..text.len().min(width)];
            let mut matching = Matching { text: window, options, steps: &self.steps, leads_on: false };
            let places = matching.reach(&self.elements, &matching.only(0))?;
            if window.len() == text.len() || !matching.leads_on {
                return Some(places);
            }
            width = width.saturating_mul(8);
        }
    }
}

/// A text that is being matched.
struct Matching<'a> {
    text: &'a [u8],
    options: MatchOptions,
    steps: &'a Cell<usize>,
    /// A place was reached from which more of the text would have been looked at.
    leads_on: bool,
}

impl Matching<'_> {
    fn none(&self) -> Places {
        vec![false; self.text.len() + 1]
    }

    fn only(&self, at: usize) -> Places {
        let mut places = self.none();
        places[at] = true;
        places
    }

    /// Where elements lead from any of `from`; `None` where that takes too long.
    fn reach(&mut self, elements: &[Element], from: &Places) -> Option<Places> {
        let mut places = from.clone();
        self.count(&places)?;
        for element in elements {
            places = match element {
                Element::Star => self.star(&places),
                Element::Group(times, patterns) => self.group(*times, patterns, &places)?,
                one => self.one(one, &places),
            };
            self.count(&places)?;
        }
        Some(places)
    }

    /// Counts places that were looked at.
    fn count(&mut self, places: &Places) -> Option<()> {
        // The last character may be cut off within.
        self.leads_on |= places[places.len().saturating_sub(LONGEST_CHARACTER)..].contains(&true);
        self.steps.set(self.steps.get() + places.len());
        (self.steps.get() <= MAX_STEPS).then_some(())
    }

    /// Whether a wildcard may not match the character here: a leading period.
    fn is_hidden(&self, at: usize) -> bool {
        at == 0 && self.options.period && self.text.first() == Some(&b'.')
    }

    fn star(&self, from: &Places) -> Places {
        let mut places = self.none();
        let mut reached = false;
        for at in 0..places.len() {
            if from[at] && !self.is_hidden(at) {
                reached = true;
            }
            places[at] = reached || from[at];
        }
        places
    }

    fn one(&self, element: &Element, from: &Places) -> Places {
        let mut places = self.none();
        for at in (0..self.text.len()).filter(|at| from[*at]) {
            let (character, width) = decode(&self.text[at..]);
            let here = &self.text[at..at + width];
            let fits = match element {
                Element::Char(expected) => *expected == character || self.folded(*expected, character),
                // What looks like a group within brackets is none.
                Element::Bracket(bracket) => {
                    let options = MatchOptions { extended: false, ..self.options };
                    !self.is_hidden(at) && matches(bracket, here, options)
                }
                _ => !self.is_hidden(at),
            };
            if fits {
                places[at + width] = true;
            }
        }
        places
    }

    fn folded(&self, expected: u32, character: u32) -> bool {
        let lower = |c: u32| char::from_u32(c).map(|c| c.to_ascii_lowercase());
        self.options.ignore_case && lower(expected).is_some() && lower(expected) == lower(character)
    }

    fn alternatives(&mut self, patterns: &[Vec<Element>], from: &Places) -> Option<Places> {
        let mut places = self.none();
        for pattern in patterns {
            for (place, reached) in places.iter_mut().zip(self.reach(pattern, from)?) {
                *place |= reached;
            }
        }
        Some(places)
    }

    fn group(&mut self, times: Times, patterns: &[Vec<Element>], from: &Places) -> Option<Places> {
        let union = |a: &mut Places, b: &Places| a.iter_mut().zip(b).for_each(|(a, b)| *a |= b);
        match times {
            Times::Once => self.alternatives(patterns, from),
            Times::AtMostOnce => {
                let mut places = self.alternatives(patterns, from)?;
                union(&mut places, from);
                Some(places)
            }
            Times::Any | Times::AtLeastOnce => {
                let mut all = if times == Times::Any { from.clone() } else { self.none() };
                let mut news = from.clone();
                while news.contains(&true) {
                    let next = self.alternatives(patterns, &news)?;
                    news = next.iter().zip(&all).map(|(next, known)| *next && !*known).collect();
                    union(&mut all, &news);
                }
                Some(all)
            }
            Times::Never => {
                let mut places = self.none();
                for at in (0..from.len()).filter(|at| from[*at]) {
                    let matched = self.alternatives(patterns, &self.only(at))?;
                    let most = if self.is_hidden(at) { at } else { self.text.len() };
                    for end in at..=most {
                        places[end] |= !matched[end];
                    }
                }
                Some(places)
            }
        }
    }
}

/// The elements of a pattern.
fn parse(pattern: &[u8], depth: u32) -> Vec<Element> {
    let mut elements = Vec::new();
    let mut at = 0;
    while at < pattern.len() {
        if depth < MAX_DEPTH
            && let Some(times) = times(pattern[at])
            && let Some((patterns, len)) = group(&pattern[at + 1..])
        {
            let patterns = patterns.into_iter().map(|pattern| parse(pattern, depth + 1)).collect();
            elements.push(Element::Group(times, patterns));
            at += 1 + len;
            continue;
        }
        let (element, len) = match pattern[at] {
            b'*' => (Element::Star, 1),
            b'?' => (Element::Any, 1),
            b'\\' if at + 1 < pattern.len() => {
                let (character, width) = decode(&pattern[at + 1..]);
                (Element::Char(character), 1 + width)
            }
            b'[' if let Some(len) = bracket_len(&pattern[at..]) => {
                (Element::Bracket(pattern[at..at + len].to_vec()), len)
            }
            _ => {
                let (character, width) = decode(&pattern[at..]);
                (Element::Char(character), width)
            }
        };
        elements.push(element);
        at += len;
    }
    elements
}

fn times(byte: u8) -> Option<Times> {
    Some(match byte {
        b'?' => Times::AtMostOnce,
        b'*' => Times::Any,
        b'+' => Times::AtLeastOnce,
        b'@' => Times::Once,
        b'!' => Times::Never,
        _ => return None,
    })
}

/// The alternatives of the group `(a|b)` at the start of a text, and its length; `None` where it is none or not closed.
fn group(text: &[u8]) -> Option<(Vec<&[u8]>, usize)> {
    if text.first() != Some(&b'(') {
        return None;
    }
    let mut patterns = Vec::new();
    let (mut depth, mut start, mut at) = (0, 1, 1);
    loop {
        match text.get(at)? {
            b'\\' => at += 1,
            b'[' if let Some(len) = bracket_len(&text[at..]) => at += len - 1,
            b'(' => depth += 1,
            b'|' if depth == 0 => {
                patterns.push(&text[start..at]);
                start = at + 1;
            }
            b')' if depth == 0 => {
                patterns.push(&text[start..at]);
                return Some((patterns, at + 1));
            }
            b')' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Extended, has_group};
    use crate::libc::fnmatch::{MatchOptions, fnmatch};

    fn fits(pattern: &str, text: &str) -> bool {
        Extended::new(pattern.as_bytes()).matches(text.as_bytes(), MatchOptions::default())
    }

    #[test]
    fn groups_match_as_in_bash() {
        for (pattern, text, expected) in [
            ("@(a|b)c", "bc", true),
            ("@(a|b)c", "c", false),
            ("?(a|b)c", "c", true),
            ("*(a|b)c", "ababc", true),
            ("+(a|b)c", "c", false),
            ("+([0-9])", "2026", true),
            ("+([0-9])", "20x6", false),
            ("!(*.log)", "a.log", false),
            ("!(*.log)", "a.txt", true),
            ("!(a|b)", "", true),
            ("a!(b)c", "abc", false),
            ("a!(b)c", "abbc", true),
            ("-+([[:digit:]])?(.+([[:digit:]]))", "-7.25", true),
            ("*(a|b[)])x", "ab)x", true),
            ("@(a|@(b|c)d)", "cd", true),
            ("\\@(a)", "@(a)", true),
            ("@(a", "@(a", true),
            ("+(é)", "éé", true),
            ("+(x)[a*(]", "xx(", true),
            ("[@(a)]b", "(b", true),
            ("", "", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn prefixes_suffixes_and_parts_are_found() {
        let pattern = Extended::new(b"+(a|b)");
        assert_eq!((pattern.prefix(b"abx", true), pattern.prefix(b"abx", false)), (Some(2), Some(1)));
        assert_eq!((pattern.suffix(b"xab", true), pattern.suffix(b"xab", false)), (Some(1), Some(2)));
        assert_eq!((pattern.search(b"xxabx", 0), pattern.search(b"xx", 0)), (Some((2, 4)), None));
    }

    #[test]
    fn a_leading_period_is_matched_only_by_one() {
        let options = MatchOptions { period: true, ..MatchOptions::default() };
        assert!(!Extended::new(b"!(a)").matches(b".b", options));
        assert!(!Extended::new(b"+(?)").matches(b".b", options));
        assert!(Extended::new(b"@(.b|c)").matches(b".b", options));
    }

    #[test]
    fn only_what_is_not_quoted_makes_a_group() {
        assert!(has_group(b"a+(b)") && has_group(b"!(x"));
        assert!(!has_group(b"a\\+(b)") && !has_group(b"+\\(b)") && !has_group(b"(a)") && !has_group(b"+"));
    }

    #[test]
    fn patterns_that_were_made_to_take_long_end() {
        let text = "a".repeat(20_000);
        assert!(!fits("!(!(!(a)*)*)+(+(+(a)*)*)b", &text));
    }

    #[test]
    fn all_searches_of_a_long_text_together_are_bounded() {
        let text = "a".repeat(1_000_000);
        for pattern in ["@(a)", "!(b)a", "+(a|b)c"] {
            let pattern = Extended::new(pattern.as_bytes());
            let mut at = 0;
            while let Some((_, end)) = pattern.search(text.as_bytes(), at) {
                at = end;
            }
            assert!(pattern.steps.get() <= super::MAX_STEPS + 2 * text.len(), "{}", pattern.steps.get());
            let _ = pattern.suffix(text.as_bytes(), true);
        }
    }

    #[test]
    fn texts_of_some_length_are_searched_to_their_end() {
        let text = "word 42, ".repeat(2000) + "   ";
        let numbers = Extended::new(b"+([0-9])");
        let (mut at, mut count) = (0, 0);
        while let Some((_, end)) = numbers.search(text.as_bytes(), at) {
            (at, count) = (end, count + 1);
        }
        assert_eq!(count, 2000);
        assert_eq!(Extended::new(b"+([[:space:]])").suffix(text.as_bytes(), true), Some(text.len() - 4));
        assert_eq!(Extended::new(b"@(word*|x)").prefix(text.as_bytes(), true), Some(text.len()));
    }

    proptest! {
        #[test]
        fn nothing_panics(pattern in "[ab!?*+@(|)\\\\\\[\\]é]{0,16}", text in "[abé().]{0,8}") {
            let pattern = Extended::new(pattern.as_bytes());
            let options = MatchOptions { ignore_case: true, period: true, pathname: true, ..MatchOptions::default() };
            let _ = (pattern.matches(text.as_bytes(), options), pattern.search(text.as_bytes(), 0));
            let _ = (pattern.prefix(text.as_bytes(), true), pattern.suffix(text.as_bytes(), false));
        }

        #[test]
        fn without_groups_it_is_what_posix_says(pattern in "[ab*?\\[\\]!-]{0,8}", text in "[ab-]{0,8}") {
            prop_assert_eq!(fits(&pattern, &text), fnmatch(pattern.as_bytes(), text.as_bytes()));
        }
    }
}

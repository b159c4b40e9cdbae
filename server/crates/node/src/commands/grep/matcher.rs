//! Patterns of grep, and where they match in a line.

use std::ops::Range;

use bytes::Bytes;

use crate::libc::regex::{Regex, RegexError, Syntax};

/// How patterns are read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MatcherOptions {
    pub(super) extended: bool,
    pub(super) fixed: bool,
    /// Perl's classes (`\d`) are translated; look-around is not known.
    pub(super) perl: bool,
    pub(super) ignore_case: bool,
    /// A match begins and ends at the edge of a word.
    pub(super) words: bool,
    /// A match is a whole line.
    pub(super) lines: bool,
}

/// Patterns, any of which may match.
#[derive(Debug)]
pub(super) struct Matcher {
    patterns: Vec<Regex>,
    words: bool,
    lines: bool,
}

impl Matcher {
    pub(super) fn new(patterns: &[Bytes], options: MatcherOptions) -> Result<Self, (Bytes, RegexError)> {
        let MatcherOptions { extended, ignore_case, words, lines, .. } = options;
        let compile = |pattern: &Bytes| {
            let regex = if options.fixed {
                Regex::new(&escape(pattern), Syntax { extended: false, ignore_case })
            } else if options.perl {
                Regex::new(&from_perl(pattern), Syntax { extended: true, ignore_case })
            } else {
                Regex::new(pattern, Syntax { extended, ignore_case })
            };
            regex.map_err(|error| (pattern.clone(), error))
        };
        let patterns = patterns.iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Self { patterns, words, lines })
    }

    /// Whether a line matches.
    pub(super) fn is_match(&self, line: &[u8]) -> bool {
        if self.words || self.lines {
            return self.find(line, 0).is_some();
        }
        self.patterns.iter().any(|pattern| pattern.is_match(line))
    }

    /// The first match at or after `from`, of several the longest.
    pub(super) fn find(&self, line: &[u8], from: usize) -> Option<Range<usize>> {
        let found = self.patterns.iter().filter_map(|pattern| self.find_one(pattern, line, from));
        found.min_by_key(|range| (range.start, usize::MAX - range.end))
    }

    fn find_one(&self, pattern: &Regex, line: &[u8], from: usize) -> Option<Range<usize>> {
        let mut from = from;
        loop {
            let found = pattern.find(line, from)?;
            if self.lines {
                return (found == (0..line.len())).then_some(found);
            }
            if !self.words {
                return Some(found);
            }
            if let Some(word) = as_word(pattern, line, found.clone()) {
                return Some(word);
            }
            from = found.start + 1;
            if from > line.len() {
                return None;
            }
        }
    }
}

/// A match, or the longest shorter one from the same start, that is a word.
fn as_word(pattern: &Regex, line: &[u8], found: Range<usize>) -> Option<Range<usize>> {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if found.start > 0 && is_word(line.get(found.start - 1)) {
        return None;
    }
    let mut end = found.end;
    loop {
        if !is_word(line.get(end)) {
            return Some(found.start..end);
        }
        // Try what matches in a line that ends before here.
        let shorter = pattern.find(&line[..end.checked_sub(1)?], found.start)?;
        if shorter.start != found.start || shorter.end >= end {
            return None;
        }
        end = shorter.end;
    }
}

/// A basic expression that stands for this very text.
fn escape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if matches!(byte, b'\\' | b'[' | b'.' | b'*' | b'^' | b'$') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}

/// Perl's shorthands in terms of POSIX classes.
fn from_perl(pattern: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'(' && rest.starts_with(b"?:") {
            out.push(b'(');
            rest = &rest[2..];
            continue;
        }
        if matches!(byte, b'*' | b'+' | b'}') && matches!(rest.first(), Some(b'?')) {
            // The longest match is taken either way.
            out.push(*byte);
            rest = &rest[1..];
            continue;
        }
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let Some((letter, after)) = rest.split_first() else {
            out.push(b'\\');
            break;
        };
        rest = after;
        match letter {
            b'd' => out.extend_from_slice(b"[0-9]"),
            b'D' => out.extend_from_slice(b"[^0-9]"),
            b's' => out.extend_from_slice(b"[[:space:]]"),
            b'S' => out.extend_from_slice(b"[^[:space:]]"),
            b't' => out.push(b'\t'),
            other => out.extend_from_slice(&[b'\\', *other]),
        }
    }
    out
}

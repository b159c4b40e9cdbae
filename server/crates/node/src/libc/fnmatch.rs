//! Shell patterns (`fnmatch(3)`, POSIX XCU 2.14): `*`, `?`, `[...]`, and `\` that takes the meaning from what follows.

use super::extglob::{Extended, has_group};

/// Whether a pattern holds anything but plain characters. A bracket that nothing closes is one: the command `[` names no
/// files.
pub(crate) fn has_pattern(pattern: &[u8]) -> bool {
    let closed = |at: usize| pattern[at + 1..].contains(&b']');
    pattern.iter().enumerate().any(|(at, byte)| match byte {
        b'*' | b'?' | b'\\' => true,
        b'[' => closed(at),
        _ => false,
    })
}

/// How names are matched.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MatchOptions {
    /// Letters match whatever their case.
    pub(crate) ignore_case: bool,
    /// A leading period matches only a period.
    pub(crate) period: bool,
    /// `*`, `?` and brackets do not match `/` (`FNM_PATHNAME`).
    pub(crate) pathname: bool,
    /// bash's groups such as `@(a|b)` count.
    pub(crate) extended: bool,
}

/// Whether all of `text` matches `pattern`.
pub(crate) fn fnmatch(pattern: &[u8], text: &[u8]) -> bool {
    matches(pattern, text, MatchOptions::default())
}

/// How many characters are compared before a pattern counts as not matching: only patterns that were made to take long
/// come that far.
const MAX_COMPARISONS: usize = 20_000_000;

/// Whether all of `text` matches `pattern`. Takes time in proportion to the length of the text, or where wildcards other
/// than `*` follow one, to the product of both, up to a bound.
pub(crate) fn matches(pattern: &[u8], text: &[u8], options: MatchOptions) -> bool {
    if options.extended && has_group(pattern) {
        return Extended::new(pattern).matches(text, options);
    }
    let starts_with_period = |at: usize| {
        options.period
            && text.get(at) == Some(&b'.')
            && (at == 0 || (options.pathname && text.get(at.wrapping_sub(1)) == Some(&b'/')))
    };
    let (mut p, mut t) = (0, 0);
    // Where to go on when a match fails: after the last star, one character further.
    let mut retry: Option<(usize, usize)> = None;
    let plain = !options.ignore_case && !options.period && !options.pathname;
    for _ in 0..MAX_COMPARISONS {
        if pattern.get(p) == Some(&b'*') && !starts_with_period(t) {
            p += 1;
            retry = Some((p, t));
            if plain && let Some(literal) = literal_segment(&pattern[p..]) {
                if p + literal.len() == pattern.len() {
                    return text[t..].ends_with(literal);
                }
                let Some(found) = memchr::memmem::find(&text[t..], literal) else { return false };
                t += found + literal.len();
                p += literal.len();
            }
            continue;
        }
        if t == text.len() && p == pattern.len() {
            return true;
        }
        if p < pattern.len()
            && t < text.len()
            && let Some((next_p, next_t)) = match_one(pattern, p, text, t, options, starts_with_period(t))
        {
            (p, t) = (next_p, next_t);
            continue;
        }
        let Some((star, from)) = retry else { return false };
        if from >= text.len() || (options.pathname && text[from] == b'/') {
            return false;
        }
        let from = from + char_len(&text[from..]);
        retry = Some((star, from));
        (p, t) = (star, from);
    }
    false
}

/// What stands before the next `*`, or the end, where it is plain text. A text that it is found in first is as good as
/// any later one.
fn literal_segment(pattern: &[u8]) -> Option<&[u8]> {
    let len = memchr::memchr(b'*', pattern).unwrap_or(pattern.len());
    let segment = &pattern[..len];
    (!segment.iter().any(|byte| matches!(byte, b'?' | b'[' | b'\\'))).then_some(segment)
}

/// Matches one element of the pattern with one character; returns what follows both.
fn match_one(
    pattern: &[u8],
    p: usize,
    text: &[u8],
    t: usize,
    options: MatchOptions,
    period: bool,
) -> Option<(usize, usize)> {
    let byte = text[t];
    let slash = options.pathname && byte == b'/';
    let plain = |expected: u8, next: usize| same(expected, byte, options).then_some((next, t + 1));
    match pattern[p] {
        b'*' => None,
        b'?' if period || slash => None,
        b'?' => Some((p + 1, t + char_len(&text[t..]))),
        b'[' => match bracket(&pattern[p..], &text[t..], options) {
            Some((matched, len, width)) => (matched && !period && !slash).then_some((p + len, t + width)),
            None => plain(b'[', p + 1),
        },
        b'\\' if p + 1 < pattern.len() => plain(pattern[p + 1], p + 2),
        other => plain(other, p + 1),
    }
}

fn same(a: u8, b: u8, options: MatchOptions) -> bool {
    a == b || (options.ignore_case && a.eq_ignore_ascii_case(&b))
}

/// The length of the character at the start of `text`: a valid sequence of UTF-8, or a single byte.
fn char_len(text: &[u8]) -> usize {
    decode(text).1
}

/// The character at the start of `text` and its length; bytes that are no UTF-8 stand for themselves, apart from all
/// characters.
pub(crate) fn decode(text: &[u8]) -> (u32, usize) {
    let Some(first) = text.first() else { return (0, 0) };
    let width = match first {
        0..0x80 => return (u32::from(*first), 1),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return (0x0011_0000 + u32::from(*first), 1),
    };
    match text
        .get(..width)
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .and_then(|text| text.chars().next())
    {
        Some(character) => (u32::from(character), width),
        None => (0x0011_0000 + u32::from(*first), 1),
    }
}

/// Whether a character is in a class such as `alpha`; `None` for a class that does not exist.
pub(crate) fn in_class(class: &[u8], character: u32) -> Option<bool> {
    let ascii = u8::try_from(character).ok().filter(u8::is_ascii);
    let is = |test: fn(&u8) -> bool| ascii.as_ref().is_some_and(test);
    Some(match class {
        b"alnum" => is(u8::is_ascii_alphanumeric),
        b"alpha" => is(u8::is_ascii_alphabetic),
        b"blank" => is(|byte| matches!(byte, b' ' | b'\t')),
        b"cntrl" => is(u8::is_ascii_control),
        b"digit" => is(u8::is_ascii_digit),
        b"graph" => is(u8::is_ascii_graphic),
        b"lower" => is(u8::is_ascii_lowercase),
        b"print" => is(|byte| byte.is_ascii_graphic() || *byte == b' '),
        b"punct" => is(u8::is_ascii_punctuation),
        b"space" => is(|byte| byte.is_ascii_whitespace() || *byte == 0x0b),
        b"upper" => is(u8::is_ascii_uppercase),
        b"xdigit" => is(u8::is_ascii_hexdigit),
        _ => return None,
    })
}

/// Matches a bracket expression at the start of `pattern` with the character at the start of `text`: whether it matches,
/// the length of the expression, and that of the character. `None` where the bracket is never closed.
fn bracket(pattern: &[u8], text: &[u8], options: MatchOptions) -> Option<(bool, usize, usize)> {
    let (character, width) = decode(text);
    let folded = |c: u32| match u8::try_from(c) {
        Ok(byte) if options.ignore_case => u32::from(byte.to_ascii_lowercase()),
        _ => c,
    };
    let mut at = 1;
    let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
    if negated {
        at += 1;
    }
    let start = at;
    let mut matched = false;
    loop {
        let byte = *pattern.get(at)?;
        if byte == b']' && at > start {
            return Some((matched != negated, at + 1, width));
        }
        if byte == b'['
            && pattern.get(at + 1) == Some(&b':')
            && let Some(end) = pattern[at + 2..].windows(2).position(|pair| pair == b":]")
            && let Some(member) = in_class(&pattern[at + 2..at + 2 + end], character)
        {
            matched |= member;
            at += end + 4;
            continue;
        }
        let (low, next) = element(pattern, at)?;
        at = next;
        let mut high = low;
        if pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|byte| *byte != b']') {
            (high, at) = element(pattern, at + 1)?;
        }
        let member = (folded(low)..=folded(high)).contains(&folded(character));
        matched |= member || (low..=high).contains(&character);
    }
}

/// One character of a bracket expression, `\` and `[.x.]` and `[=x=]` undone, and what follows it.
fn element(pattern: &[u8], at: usize) -> Option<(u32, usize)> {
    match pattern.get(at)? {
        b'\\' if at + 1 < pattern.len() => {
            let (character, width) = decode(&pattern[at + 1..]);
            Some((character, at + 1 + width))
        }
        b'[' if matches!(pattern.get(at + 1), Some(b'.' | b'=')) => {
            let (character, width) = decode(&pattern[at + 2..]);
            let end = at + 2 + width;
            let closed = pattern.get(end) == pattern.get(at + 1) && pattern.get(end + 1) == Some(&b']');
            if closed { Some((character, end + 2)) } else { Some((u32::from(b'['), at + 1)) }
        }
        _ => {
            let (character, width) = decode(&pattern[at..]);
            Some((character, at + width))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MatchOptions, fnmatch, matches};

    #[test]
    fn patterns_match_as_in_the_shell() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*.log", "app.log", true),
            ("*.log", "app.logs", false),
            ("a?c", "abc", true),
            ("a?c", "aéc", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("[]a]", "]", true),
            ("[a", "[a", true),
            ("[[:digit:]]*", "7up", true),
            ("[[:nope:]]", ":", false),
            ("[a-]", "-", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("[\\]]", "]", true),
        ] {
            assert_eq!(fnmatch(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_leading_period_is_matched_only_by_one() {
        let options = MatchOptions { period: true, ..MatchOptions::default() };
        assert!(!matches(b"*", b".profile", options));
        assert!(!matches(b"?profile", b".profile", options));
        assert!(!matches(b"[.]profile", b".profile", options));
        assert!(matches(b".*", b".profile", options));
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = "a*".repeat(200) + "b";
        assert!(!fnmatch(pattern.as_bytes(), "a".repeat(5000).as_bytes()));
    }

    proptest! {
        #[test]
        fn nothing_panics(pattern in prop::collection::vec(any::<u8>(), 0..20), text in prop::collection::vec(any::<u8>(), 0..20)) {
            let options = MatchOptions { ignore_case: true, period: true, pathname: true, extended: true };
            let _ = (fnmatch(&pattern, &text), matches(&pattern, &text, options));
        }

        #[test]
        fn escaped_text_matches_itself_only(text in "[ -~]{0,12}", other in "[ -~]{0,12}") {
            let escaped: String = text.chars().flat_map(|c| ['\\', c]).collect();
            prop_assert!(fnmatch(escaped.as_bytes(), text.as_bytes()));
            prop_assert_eq!(fnmatch(escaped.as_bytes(), other.as_bytes()), text == other);
        }
    }
}

use proptest::prelude::*;

use super::{Regex, Syntax};

fn find(pattern: &str, text: &str, extended: bool) -> Option<String> {
    let regex = Regex::new(pattern.as_bytes(), Syntax { extended, ignore_case: false }).unwrap();
    regex.find(text.as_bytes(), 0).map(|range| text[range].to_owned())
}

fn groups(pattern: &str, text: &str) -> Vec<Option<String>> {
    let regex = Regex::new(pattern.as_bytes(), Syntax::extended()).unwrap();
    let found = regex.captures(text.as_bytes(), 0).unwrap();
    found.into_iter().map(|range| range.map(|range| text[range].to_owned())).collect()
}

#[test]
fn the_leftmost_match_is_taken_and_of_those_the_longest() {
    assert_eq!(find("a|ab", "xab", true).unwrap(), "ab");
    assert_eq!(find("(a|ab)(c|bcd)", "abcd", true).unwrap(), "abcd");
    assert_eq!(find("x*", "aaxx", true).unwrap(), "");
    assert_eq!(find("foo|foobar", "a foobar", true).unwrap(), "foobar");
    assert_eq!(find("b+", "aabbb", true).unwrap(), "bbb");
}

#[test]
fn basic_and_extended_expressions_are_written_differently() {
    assert_eq!(find("a\\{2\\}", "caaa", false).unwrap(), "aa");
    assert_eq!(find("a{2}", "caaa", true).unwrap(), "aa");
    assert_eq!(find("a{2}", "a{2}", false).unwrap(), "a{2}");
    assert_eq!(find("\\(ab\\)*", "ababx", false).unwrap(), "abab");
    assert_eq!(find("*a", "x*a", false).unwrap(), "*a");
    assert_eq!(find("a\\|b", "xb", false).unwrap(), "b");
    assert_eq!(find("a+", "a+", false).unwrap(), "a+");
    assert_eq!(find("a^b$c", "a^b$c", false).unwrap(), "a^b$c");
    assert_eq!(find("a{,2}b", "aab", true).unwrap(), "aab");
    assert_eq!(find("a{x", "a{x", true).unwrap(), "a{x");
}

#[test]
fn anchors_classes_and_words() {
    assert_eq!(find("^a", "ba", true), None);
    assert_eq!(find("a$", "ba", true).unwrap(), "a");
    assert_eq!(find("[[:digit:]]+", "ab42c", true).unwrap(), "42");
    assert_eq!(find("[^a-c]", "abcd", true).unwrap(), "d");
    assert_eq!(find("[]x]", "]", true).unwrap(), "]");
    assert_eq!(find("\\<b\\w*", "ab bc", true).unwrap(), "bc");
    assert_eq!(find("\\bcat\\b", "concat cat", true).unwrap(), "cat");
    assert_eq!(find("caf.", "café", true).unwrap(), "café");
    let regex = Regex::new(b"HeLLo", Syntax { extended: true, ignore_case: true }).unwrap();
    assert!(regex.is_match(b"say hello"));
}

#[test]
fn groups_hold_what_they_matched_last() {
    assert_eq!(groups("(a+)(b*)", "xaab"), [Some("aab".into()), Some("aa".into()), Some("b".into())]);
    assert_eq!(groups("(a)|(b)", "b"), [Some("b".into()), None, Some("b".into())]);
    assert_eq!(groups("(ab)*", "abab")[1].as_deref(), Some("ab"));
}

#[test]
fn back_references_match_the_same_text_again() {
    assert_eq!(find("\\(a*\\)b\\1", "aabaa", false).unwrap(), "aabaa");
    assert_eq!(find("(.)\\1", "abccd", true).unwrap(), "cc");
    assert_eq!(find("(a*)*\\1x", &"a".repeat(40), true), None);
}

#[test]
fn mistakes_are_named() {
    for (pattern, message) in [
        ("[a", "Unmatched [, [^, [:, [., or [="),
        ("(a", "Unmatched ( or \\("),
        ("a\\", "Trailing backslash"),
        ("[z-a]", "Invalid range end"),
        ("[[:nope:]]", "Invalid character class name"),
        ("\\1", "Invalid back reference"),
        ("(a{9999}){9999}", "Regular expression too big"),
    ] {
        assert_eq!(Regex::new(pattern.as_bytes(), Syntax::extended()).unwrap_err().0, message, "{pattern}");
    }
}

#[test]
fn expressions_that_explode_elsewhere_take_no_time() {
    let text = "a".repeat(5000);
    for pattern in ["(a*)*b", "(a|aa)+$b", "(a+)+c", "(x+x+)+y", "a?{50}a{50}b"] {
        assert_eq!(find(pattern, &text, true), None, "{pattern}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(pattern in "[ab.*+?(){}|\\[\\]^$\\\\0-3,-]{0,16}", text in "[ab c]{0,16}", extended: bool) {
        if let Ok(regex) = Regex::new(pattern.as_bytes(), Syntax { extended, ignore_case: false }) {
            let found = regex.captures(text.as_bytes(), 0);
            if let Some(range) = found.and_then(|found| found[0].clone()) {
                prop_assert!(range.start <= range.end && range.end <= text.len());
            }
        }
    }

    #[test]
    fn plain_text_is_found_where_it_is(needle in "[abc]{1,3}", text in "[abc]{0,20}") {
        let regex = Regex::new(needle.as_bytes(), Syntax::basic()).unwrap();
        prop_assert_eq!(regex.find(text.as_bytes(), 0).map(|range| range.start), text.find(&needle));
    }
}

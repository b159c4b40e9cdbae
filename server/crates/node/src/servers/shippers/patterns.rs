//! The regular expressions of a shipper's configuration.

use std::{collections::BTreeMap, sync::Mutex};

use regex::{Regex, RegexBuilder};

use crate::kernel::wait::lock;

/// How large a compiled expression may be, in bytes.
const MAX_COMPILED: usize = 1 << 20;
/// How many are kept; those past it are compiled at each use.
const MAX_KEPT: usize = 32;

/// Compiles a regular expression, if it is one and not too large.
pub(super) fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).size_limit(MAX_COMPILED).build().ok()
}

/// Regular expressions by their texts, compiled at their first use rather than for each record.
#[derive(Debug, Default)]
pub(super) struct Patterns(Mutex<BTreeMap<String, Option<Regex>>>);

impl Patterns {
    /// Whether a text fits a pattern; nothing fits one that is none.
    pub(super) fn fit(&self, pattern: &str, text: &str) -> bool {
        let mut kept = lock(&self.0);
        if let Some(regex) = kept.get(pattern) {
            return regex.as_ref().is_some_and(|regex| regex.is_match(text));
        }
        let regex = compile(pattern);
        let fits = regex.as_ref().is_some_and(|regex| regex.is_match(text));
        if kept.len() < MAX_KEPT {
            kept.insert(pattern.to_owned(), regex);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_the_same_at_each_use_and_past_what_is_kept() {
        let patterns = Patterns::default();
        for round in 0..3 {
            for number in 0..MAX_KEPT * 2 {
                assert!(patterns.fit(&format!("^a{number}$"), &format!("a{number}")), "{round}");
                assert!(!patterns.fit(&format!("^a{number}$"), "b"), "{round}");
            }
            assert!(!patterns.fit("(", "("));
        }
        assert_eq!(lock(&patterns.0).len(), MAX_KEPT);
    }

    #[test]
    fn an_expression_that_would_grow_too_large_fits_nothing() {
        assert!(!Patterns::default().fit("(a{1000}){1000}", "a"));
    }
}

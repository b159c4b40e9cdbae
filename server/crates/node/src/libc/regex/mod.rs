//! Regular expressions (POSIX XBD 9), basic and extended, with the escapes that GNU's and busybox's tools know.
//!
//! Of all matches the leftmost is taken, and of those the longest. Matching takes time in proportion to the product of
//! the lengths of text and expression; only expressions with back-references are matched by trying, with a bound on how
//! much is tried.

mod backtrack;
mod compile;
mod parser;
mod set;
mod vm;

use std::ops::Range;

use compile::Program;
use parser::Node;

/// How an expression is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// Extended (`grep -E`) instead of basic.
    pub(crate) extended: bool,
    pub(crate) ignore_case: bool,
}

impl Syntax {
    pub(crate) fn basic() -> Self {
        Self::default()
    }

    pub(crate) fn extended() -> Self {
        Self { extended: true, ignore_case: false }
    }
}

/// What is wrong with an expression, in the words of `regerror`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct RegexError(pub(crate) &'static str);

/// A part of a text for each group, the whole match first.
pub(crate) type Captures = Vec<Option<Range<usize>>>;

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Regex {
    program: Program,
    /// The expression itself, where it has to be tried.
    tried: Option<Node>,
    groups: usize,
    /// The text that the expression stands for, if it is nothing else.
    literal: Option<Vec<u8>>,
}

impl Regex {
    /// Compiles an expression.
    pub(crate) fn new(pattern: &[u8], syntax: Syntax) -> Result<Self, RegexError> {
        let parsed = parser::parse(pattern, syntax)?;
        let program = compile::compile(&parsed.node, parsed.groups, syntax.ignore_case)?;
        let literal = if syntax.ignore_case { None } else { parsed.node.literal() };
        let tried = parsed.back_references.then_some(parsed.node);
        Ok(Self { program, tried, groups: parsed.groups, literal })
    }

    /// How many groups it has.
    pub(crate) fn groups(&self) -> usize {
        self.groups
    }

    /// Whether it matches somewhere.
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        match &self.literal {
            Some(literal) => memchr::memmem::find(text, literal).is_some(),
            None => self.find(text, 0).is_some(),
        }
    }

    /// The first match at or after `from`.
    pub(crate) fn find(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        if let Some(literal) = &self.literal {
            let at = memchr::memmem::find(text.get(from..)?, literal)? + from;
            return Some(at..at + literal.len());
        }
        if self.tried.is_some() {
            return self.captures(text, from)?.first().cloned().flatten();
        }
        vm::search(&self.program, text, from, 2)?.first().cloned().flatten()
    }

    /// The first match at or after `from`, with its groups.
    pub(crate) fn captures(&self, text: &[u8], from: usize) -> Option<Captures> {
        if self.literal.is_some() {
            return Some(vec![Some(self.find(text, from)?)]);
        }
        match &self.tried {
            Some(node) => backtrack::search(node, text, from, self.groups, self.program.ignore_case),
            None => vm::search(&self.program, text, from, 2 * (self.groups + 1)),
        }
    }
}

#[cfg(test)]
mod tests;

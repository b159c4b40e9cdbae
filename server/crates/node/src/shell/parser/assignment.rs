//! Assignments, and the lists that bash's arrays are given (POSIX XCU 2.9.1, "Arrays" in bash's manual).

use bytes::Bytes;

use super::{
    Parse, ParseError, ParseErrorKind, Parser, TokenName,
    lexer::{Op, Tok},
    word::{Parts, tilde_name},
};
use crate::shell::{
    arith::name_len,
    ast::{AssignedValue, Assignment, Element, Part, Word},
    simple::DECLARATIONS,
};

impl Parser {
    /// Whether a word is `NAME=` before a list, as an operand of `eval`, which takes it as text (bash).
    pub(super) fn evaluates_array(&self, words: &[Word], word: &Word) -> bool {
        self.dialect.is_bash()
            && self.peeked.is_none()
            && words.first().and_then(Word::literal).is_some_and(|name| name == "eval")
            && self.text.get(self.at) == Some(&b'(')
            && word.literal().is_some_and(|text| text.ends_with(b"=") && name_len(text) + 1 == text.len())
    }

    /// `NAME=(...)` as an operand of `declare` and the like.
    pub(super) fn declared_array(&mut self, words: &[Word], word: &Word) -> Parse<Option<Assignment>> {
        let declares = self.dialect.is_bash()
            && words.first().and_then(Word::literal).is_some_and(|name| DECLARATIONS.contains(&&name[..]))
            && self.text.get(self.at) == Some(&b'(')
            && word.literal().is_some_and(|text| text.ends_with(b"="));
        if !declares {
            return Ok(None);
        }
        self.assignment(word)
    }

    /// A word as an assignment, if it is one.
    pub(super) fn assignment(&mut self, word: &Word) -> Parse<Option<Assignment>> {
        let Some(Part::Literal(text)) = word.parts.first() else { return Ok(None) };
        let len = name_len(text);
        if len == 0 {
            return Ok(None);
        }
        let name = text.slice(..len);
        let mut rest = text.slice(len..);
        let mut later = &word.parts[1..];
        let mut subscript = None;
        if self.dialect.is_bash() && rest.starts_with(b"[") {
            let Some(split) = split_subscript(&rest, later) else { return Ok(None) };
            (subscript, rest, later) = (Some(split.subscript), split.rest, split.later);
        }
        let append = self.dialect.is_bash() && rest.starts_with(b"+=");
        if !append && !rest.starts_with(b"=") {
            return Ok(None);
        }
        rest = rest.slice(1 + usize::from(append)..);
        let is_array = self.dialect.is_bash()
            && rest.is_empty()
            && later.is_empty()
            && self.text.get(self.at) == Some(&b'(');
        let value = if is_array && self.peeked.is_none() {
            AssignedValue::Array(self.array()?)
        } else {
            let mut parts = vec![Part::Literal(rest)];
            parts.extend(later.iter().cloned());
            AssignedValue::Word(with_tildes(&parts))
        };
        Ok(Some(Assignment { name, subscript, append, value }))
    }

    /// The elements of `NAME=(...)`.
    fn array(&mut self) -> Parse<Box<[Element]>> {
        let outside = std::mem::replace(&mut self.in_array, true);
        let elements = self.elements();
        self.in_array = outside;
        elements
    }

    fn elements(&mut self) -> Parse<Box<[Element]>> {
        let start = self.line;
        self.skip()?;
        let mut elements = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.eat_op(Op::Close)? {
                return Ok(elements.into());
            }
            let Tok::Word(word) = self.peek()?.clone() else {
                return self.unexpected(Some(")")).map_err(|mut error: ParseError| {
                    match &error.kind {
                        ParseErrorKind::Unexpected { token: TokenName::Eof, .. } => {
                            error.kind = ParseErrorKind::UnterminatedQuote(b')');
                            error.line = start;
                        }
                        ParseErrorKind::Unexpected { token, .. } => {
                            error.kind = ParseErrorKind::BadElement { token: token.clone() };
                        }
                        _ => {}
                    }
                    error
                });
            };
            self.skip()?;
            elements.push(Self::array_element(word));
        }
    }

    /// An element, with its subscript in `[subscript]=value`.
    fn array_element(word: Word) -> Element {
        let lone = |value| Element { subscript: None, append: false, value };
        let Some(Part::Literal(text)) = word.parts.first() else { return lone(word) };
        if !text.starts_with(b"[") {
            return lone(word);
        }
        let Some(split) = split_subscript(text, &word.parts[1..]) else { return lone(word) };
        let append = split.rest.starts_with(b"+=");
        let Some(value) = split.rest.strip_prefix(if append { &b"+="[..] } else { b"=" }) else {
            return lone(word);
        };
        let mut parts = vec![Part::Literal(Bytes::copy_from_slice(value))];
        parts.extend(split.later.iter().cloned());
        Element { subscript: Some(split.subscript), append, value: with_tildes(&parts) }
    }
}

/// A subscript, and what follows it.
struct Split<'a> {
    subscript: Word,
    /// What is left of the part where the bracket closes.
    rest: Bytes,
    later: &'a [Part],
}

/// Takes apart `[subscript]rest`, which begins in `text` and may go on in the parts after it.
fn split_subscript<'a>(text: &Bytes, later: &'a [Part]) -> Option<Split<'a>> {
    let mut inner: Vec<Part> = Vec::new();
    let mut depth = 0;
    for index in 0..=later.len() {
        let literal = match index.checked_sub(1).map(|index| &later[index]) {
            None => text,
            Some(Part::Literal(text)) => text,
            Some(other) => {
                inner.push(other.clone());
                continue;
            }
        };
        let start = usize::from(index == 0);
        for (at, byte) in literal.iter().enumerate() {
            match byte {
                b'[' => depth += 1,
                b']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                inner.push(Part::Literal(literal.slice(start.min(at)..at)));
                let subscript = Word { parts: inner.into() };
                return Some(Split { subscript, rest: literal.slice(at + 1..), later: &later[index..] });
            }
        }
        inner.push(Part::Literal(literal.slice(start..)));
    }
    None
}

/// The value of an assignment, where `~` counts at the start and after each unquoted colon.
pub(crate) fn with_tildes(parts: &[Part]) -> Word {
    let mut out = Parts::default();
    let mut start = true;
    for part in parts {
        let Part::Literal(text) = part else {
            out.part(part.clone());
            start = false;
            continue;
        };
        let mut rest: &[u8] = text;
        while let Some(byte) = rest.first() {
            if start && let Some(name) = tilde_name(rest, b":") {
                out.part(Part::Tilde(Bytes::copy_from_slice(name)));
                rest = &rest[1 + name.len()..];
                start = false;
                continue;
            }
            out.literal(*byte);
            start = *byte == b':';
            rest = &rest[1..];
        }
    }
    out.into_word()
}

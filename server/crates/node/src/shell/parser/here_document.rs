//! Here-documents (POSIX XCU 2.7.4): their text begins after the line that announces them.

use bytes::Bytes;

use super::{HereDocument, Parse, ParseErrorKind, Parser, TokenName, word::Parts};
use crate::shell::{
    Dialect,
    ast::{Part, Word},
};

impl Parser {
    /// Reads the texts of all here-documents that were announced. At the `end` of all text a missing delimiter is let
    /// pass, as shells do.
    pub(super) fn read_here_documents(&mut self, end: bool) -> Parse<()> {
        while let Some(document) = self.pending.first() {
            let (strip, quoted, delimiter) =
                (document.strip_tabs, document.quoted, document.delimiter.clone());
            let Some((text, next)) = self.body(&delimiter, strip, end) else {
                // The announcement stays pending, so that the error can tell what is missing.
                let kind = ParseErrorKind::Unexpected { token: TokenName::Eof, expecting: None };
                return Err(self.error(kind));
            };
            self.at = next;
            self.count_lines(next);
            let HereDocument { body, .. } = self.pending.remove(0);
            let word = if quoted { Word::quoted(text) } else { self.expandable(text)? };
            // Each announcement is read once.
            let _ = body.set(word);
        }
        Ok(())
    }

    /// The lines up to the delimiter, and where the text goes on.
    fn body(&self, delimiter: &[u8], strip: bool, end: bool) -> Option<(Vec<u8>, usize)> {
        let mut text = Vec::new();
        let mut at = self.at;
        loop {
            if at >= self.text.len() {
                return end.then_some((text, at));
            }
            let rest = &self.text[at..];
            let len = rest.iter().position(|byte| *byte == b'\n');
            let line = &rest[..len.unwrap_or(rest.len())];
            let stripped =
                if strip { &line[line.iter().take_while(|byte| **byte == b'\t').count()..] } else { line };
            at += line.len() + usize::from(len.is_some());
            if stripped == delimiter {
                return Some((text, at));
            }
            text.extend_from_slice(stripped);
            match len {
                None if !end => return None,
                // ash and dash leave a last line without a newline as it is.
                None if !self.dialect.is_bash() => {}
                _ => text.push(b'\n'),
            }
        }
    }

    /// Parses a text for expansions; quotes are nothing special in it.
    fn expandable(&mut self, text: Vec<u8>) -> Parse<Word> {
        let mut inner = Self::new(text, self.dialect, self.aliases.clone(), self.line);
        inner.depth = self.depth;
        let word = inner.nested(|inner| {
            let mut parts = Parts::default();
            while let Some(byte) = inner.text.get(inner.at).copied() {
                match (byte, inner.text.get(inner.at + 1).copied()) {
                    (b'\\', Some(b'"')) => {
                        parts.quoted(b"\\\"");
                        inner.at += 2;
                    }
                    _ => inner.in_double_quotes(byte, &mut parts)?,
                }
            }
            Ok(Word::of(Part::DoubleQuoted(parts.into_parts().into())))
        });
        word.map_err(|mut error| {
            error.incomplete = false;
            error
        })
    }

    /// A text in which only expansions count, as a word; `None` where they make no sense.
    pub(crate) fn here_text(text: Vec<u8>, dialect: Dialect) -> Option<Word> {
        Self::new(Vec::new(), dialect, std::sync::Arc::default(), 1).expandable(text).ok()
    }

    /// What a delimiter is with its quotes removed, and whether it had any.
    pub(super) fn delimiter(word: &Word) -> (Bytes, bool) {
        let mut text = Vec::new();
        let mut quoted = false;
        let mut pending: Vec<&Part> = word.parts.iter().rev().collect();
        while let Some(part) = pending.pop() {
            match part {
                Part::Literal(literal) => text.extend_from_slice(literal),
                Part::Quoted(literal) => {
                    quoted = true;
                    text.extend_from_slice(literal);
                }
                Part::DoubleQuoted(parts) => {
                    quoted = true;
                    pending.extend(parts.iter().rev());
                }
                Part::Tilde(name) => {
                    text.push(b'~');
                    text.extend_from_slice(name);
                }
                // Nobody names a delimiter like this.
                _ => {}
            }
        }
        (text.into(), quoted)
    }
}

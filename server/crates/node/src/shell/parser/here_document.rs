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
            let line = document.line;
            let Some((text, next, ended)) = self.body(&delimiter, strip, quoted, end) else {
                // The announcement stays pending, so that the error can tell what is missing.
                let kind = ParseErrorKind::Unexpected { token: TokenName::Eof, expecting: None };
                return Err(self.error(kind));
            };
            self.at = next;
            self.count_lines(next);
            if !ended && !self.in_here_document {
                self.unended.push((line, delimiter.clone()));
            }
            let HereDocument { body, written, .. } = self.pending.remove(0);
            let word = if let Some(written) = written {
                let text = [&text[..], &delimiter, b"\n"].concat().into();
                Word { parts: [Part::Quoted(written), Part::Quoted(text)].into() }
            } else if quoted {
                Word::quoted(text)
            } else {
                self.expandable(text)?
            };
            // Each announcement is read once.
            let _ = body.set(word);
        }
        Ok(())
    }

    /// The lines up to the delimiter, where the text goes on, and whether the delimiter was there. Where expansions count, a backslash before a newline joins
    /// two lines before bash compares them with the delimiter; ash and dash do not take such lines for one.
    fn body(&self, delimiter: &[u8], strip: bool, quoted: bool, end: bool) -> Option<(Vec<u8>, usize, bool)> {
        let mut text = Vec::new();
        // The line as it was joined so far, and where it begins in `text`.
        let mut joined: Option<(Vec<u8>, usize)> = None;
        let mut at = self.at;
        loop {
            if at >= self.text.len() {
                return end.then_some((text, at, false));
            }
            let rest = &self.text[at..];
            let len = memchr::memchr(b'\n', rest);
            let mut line = &rest[..len.unwrap_or(rest.len())];
            at += line.len() + usize::from(len.is_some());
            if strip && joined.is_none() {
                line = &line[line.iter().take_while(|byte| **byte == b'\t').count()..];
            }
            let backslashes = line.iter().rev().take_while(|byte| **byte == b'\\').count();
            let goes_on = !quoted && backslashes % 2 == 1 && len.is_some();
            let start = joined.as_ref().map_or(text.len(), |(_, start)| *start);
            text.extend_from_slice(line);
            if goes_on {
                let (joined, _) = joined.get_or_insert_with(|| (Vec::new(), start));
                joined.extend_from_slice(&line[..line.len() - 1]);
            } else {
                let is_delimiter = match joined.take() {
                    Some((joined, _)) => self.dialect.is_bash() && [&joined, line].concat() == delimiter,
                    None => line == delimiter,
                };
                if is_delimiter {
                    text.truncate(start);
                    return Some((text, at, true));
                }
            }
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
        inner.in_here_document = true;
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

    /// The word of an announcement; where commands are read to be shown, also the text of it.
    pub(super) fn announced(&self, word: Word, strip_tabs: bool) -> Parse<(Word, Option<Bytes>)> {
        let Some(text) = word.literal().filter(|_| self.verbatim) else { return Ok((word, None)) };
        let written = [if strip_tabs { &b"-"[..] } else { b"" }, text].concat();
        let mut inner = Self::new(text.to_vec(), self.dialect, self.aliases.clone(), self.line);
        Ok((inner.word()?, Some(written.into())))
    }

    /// What a delimiter, the next token, is with its quotes removed, and whether it had any. Nothing is expanded in it.
    pub(super) fn delimiter(&self, word: &Word) -> (Bytes, bool) {
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
                // ash takes a backquote for a quote.
                Part::Command(_) if self.dialect == Dialect::Ash => return (self.word_text(), true),
                _ => return (self.word_text(), quoted),
            }
        }
        (text.into(), quoted)
    }
}

//! From text to commands: one complete line at a time, as shells read their scripts.

mod assignment;
mod command;
mod compound;
mod cond;
mod error;
mod expansion;
mod here_document;
mod lexer;
mod redirect;
mod word;

pub(crate) use word::unescape_c;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

pub(crate) use assignment::with_tildes;
use bytes::Bytes;
pub(crate) use error::{ParseError, ParseErrorKind, TokenName};
use lexer::{Tok, Token};

use super::{
    ast::{Block, Command, Part, Word},
    dialect::Dialect,
};

/// How deep commands, quotes and expansions nest.
const MAX_DEPTH: u32 = 40;
/// The longest text, aliases expanded.
const MAX_TEXT: usize = 16 << 20;

/// What names stand for at the start of a command.
pub(crate) type Aliases = BTreeMap<Bytes, Bytes>;

/// Reads commands from a text.
#[derive(Debug)]
pub(crate) struct Parser {
    text: Vec<u8>,
    at: usize,
    dialect: Dialect,
    aliases: Arc<Aliases>,
    /// bash's groups in patterns, such as `@(a|b)`, are part of words.
    extglob: bool,
    /// The words are those of `NAME=(...)`.
    in_array: bool,
    /// Aliases that are being expanded: they are not expanded again within their text.
    expanding: Vec<Expanding>,
    /// The token that comes next, if it was looked at.
    peeked: Option<Token>,
    /// Where the token before it ended.
    last_end: usize,
    /// Here-documents whose text has yet to come.
    pending: Vec<HereDocument>,
    /// Here-documents that the end of the text has ended: their lines and delimiters.
    unended: Vec<(u32, Bytes)>,
    depth: u32,
    /// The text is that of a here-document.
    in_here_document: bool,
    /// The commands are read to be shown: a word's only part is its text.
    verbatim: bool,
    /// No more text will come: a here-document may end with it.
    pub(crate) at_last_line: bool,
    /// The line of `counted`.
    line: u32,
    counted: usize,
}

/// An alias that was replaced.
#[derive(Debug)]
struct Expanding {
    name: Bytes,
    /// Where its text ends.
    end: usize,
    /// Its text ends with a blank: the word after it may be an alias too.
    goes_on: bool,
}

/// A here-document that was announced.
#[derive(Debug)]
struct HereDocument {
    delimiter: Bytes,
    strip_tabs: bool,
    /// Part of the delimiter was quoted: the text is taken as it is.
    quoted: bool,
    body: Arc<OnceLock<Word>>,
    /// Where it was announced.
    line: u32,
    /// The delimiter as it is written, where the commands are read to be shown.
    written: Option<Bytes>,
}

type Parse<T> = Result<T, ParseError>;

impl Parser {
    /// A parser of `text`, whose first line is number `line`.
    pub(crate) fn new(text: Vec<u8>, dialect: Dialect, aliases: Arc<Aliases>, line: u32) -> Self {
        Self {
            text,
            at: 0,
            dialect,
            aliases,
            extglob: false,
            in_array: false,
            expanding: Vec::new(),
            peeked: None,
            last_end: 0,
            pending: Vec::new(),
            unended: Vec::new(),
            depth: 0,
            in_here_document: false,
            verbatim: false,
            at_last_line: true,
            line,
            counted: 0,
        }
    }

    /// The aliases that hold from the next command on.
    pub(crate) fn set_aliases(&mut self, aliases: Arc<Aliases>) {
        self.aliases = aliases;
    }

    /// From now on words are read as they are written.
    pub(crate) fn show_as_written(&mut self) {
        self.verbatim = true;
        // What could be read when it was defined can be read again.
        self.extglob = true;
    }

    /// The command that is all of the text.
    pub(crate) fn only_command(&mut self) -> Parse<Command> {
        let command = self.command()?;
        self.skip_newlines()?;
        if matches!(self.peek()?, Tok::Eof) { Ok(command) } else { self.unexpected(None) }
    }

    /// What was read from `start` on: `word`, or its text.
    fn as_written(&self, start: usize, word: Word) -> Word {
        if !self.verbatim {
            return word;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        Word::of(Part::Literal(Bytes::copy_from_slice(text)))
    }

    /// Goes on after the line where an error was.
    pub(crate) fn give_up_line(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let len = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |newline| newline + 1);
        self.at = (self.at + len).min(self.text.len());
        (self.peeked, self.depth, self.in_array) = (None, 0, false);
        self.pending.clear();
        self.expanding.clear();
    }

    /// Whether bash's groups in patterns are part of words from the next command on.
    pub(crate) fn set_extglob(&mut self, on: bool) {
        self.extglob = on;
    }

    /// The commands of the next line that has any; `None` at the end.
    pub(crate) fn next_line(&mut self) -> Parse<Option<Block>> {
        loop {
            match self.peek()? {
                Tok::Newline => self.skip()?,
                Tok::Eof => return Ok(None),
                _ => break,
            }
        }
        let block = self.line_of_commands()?;
        let end = match self.peek()? {
            Tok::Newline => false,
            Tok::Eof => true,
            _ => return self.unexpected(None),
        };
        // The newline is read, and with it here-documents, before the line runs.
        self.skip()?;
        if end {
            self.read_here_documents(self.at_last_line)?;
        }
        Ok(Some(block))
    }

    /// Whether nothing but blanks is left.
    pub(crate) fn is_at_end(&self) -> bool {
        match &self.peeked {
            Some(token) => matches!(token.tok, Tok::Eof),
            None => self.text[self.at..].iter().all(u8::is_ascii_whitespace),
        }
    }

    /// Whether a newline stands before nothing but blanks: a reader that has not looked beyond it does not know yet that it
    /// is at the end.
    pub(crate) fn ends_with_newline(&self) -> bool {
        self.text.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t')) == Some(&b'\n')
    }

    /// Whether the last line, which is not the only one, is nothing but blanks.
    pub(crate) fn ends_with_blanks(&self) -> bool {
        let blanks = self.text.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        blanks > 0 && self.ends_with_newline()
    }

    /// The number of the line that was read last.
    pub(crate) fn line(&self) -> u32 {
        self.line
    }

    /// How long the text is.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// How much of the text was read.
    pub(crate) fn position(&self) -> usize {
        match &self.peeked {
            Some(token) => token.start,
            None => self.at,
        }
    }

    /// What was read since a place was reached.
    pub(crate) fn read_since(&self, start: usize) -> &[u8] {
        self.text.get(start..self.position()).unwrap_or_default()
    }

    /// What bash says of here-documents that the end of the text has ended: their lines and delimiters.
    pub(crate) fn take_unended(&mut self) -> Vec<(u32, Bytes)> {
        std::mem::take(&mut self.unended)
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(ParseErrorKind::TooDeep));
        }
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    /// The line of the text at a place.
    fn line_at(&self, at: usize) -> Box<[u8]> {
        let at = at.min(self.text.len());
        let start = self.text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let len = self.text[start..].iter().position(|byte| *byte == b'\n');
        self.text[start..len.map_or(self.text.len(), |len| start + len)].into()
    }

    fn error(&self, kind: ParseErrorKind) -> ParseError {
        let incomplete = kind.is_incomplete();
        let here_document = self.pending.first().map(|document| document.delimiter.clone());
        let mut line = self.line;
        if matches!(kind, ParseErrorKind::UnterminatedQuote(_)) && !self.dialect.is_bash() {
            // Found out at the end of the text.
            let rest = self.text.get(self.counted..).unwrap_or_default();
            line = line.saturating_add(u32::try_from(memchr::memchr_iter(b'\n', rest).count()).unwrap_or(0));
        }
        if self.dialect.is_bash()
            && matches!(&kind, ParseErrorKind::Unexpected { token: TokenName::Newline, .. })
        {
            // The line that ends there, not the next one.
            line = line.saturating_sub(1);
        }
        let at_end = matches!(&kind, ParseErrorKind::Unexpected { token: TokenName::Eof, .. });
        if at_end && self.dialect.is_bash() && !self.text.ends_with(b"\n") {
            // There the end of the text counts as a line of its own.
            line += 1;
        }
        let unexpected = matches!(&kind, ParseErrorKind::Unexpected { token, .. } | ParseErrorKind::BadElement { token } if *token != TokenName::Eof);
        let source_line = unexpected.then(|| self.line_at(self.position()));
        ParseError { kind, line, incomplete, here_document, source_line }
    }
}

#[cfg(test)]
mod tests;

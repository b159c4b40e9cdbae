//! Tokens (POSIX XCU 2.3).

use bytes::Bytes;

use super::{Expanding, Parse, ParseErrorKind, Parser, TokenName};
use crate::shell::ast::{Part, Word};

/// A token, and where its text begins.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) tok: Tok,
    pub(super) start: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Tok {
    Word(Word),
    Op(Op),
    /// A number right before a redirection.
    Io(u32),
    Newline,
    Eof,
}

macro_rules! operators {
    ($($name:ident = $text:literal $(, $bashism:ident)?;)*) => {
        /// An operator.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Op { $($name,)* }

        impl Op {
            pub(super) fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        /// Longer ones first. `bash` are bash's only, `both` bash's and ash's.
        const OPERATORS: &[(&str, Op, &str)] = &[$(($text, Op::$name, concat!($(stringify!($bashism))?)),)*];
    };
}

operators! {
    TripleLess = "<<<", bash;
    DoubleLessDash = "<<-";
    AndDoubleGreat = "&>>", bash;
    DoubleSemiAnd = ";;&", bash;
    AndIf = "&&";
    OrIf = "||";
    DoubleSemi = ";;";
    SemiAnd = ";&", bash;
    DoubleLess = "<<";
    DoubleGreat = ">>";
    LessAnd = "<&";
    GreatAnd = ">&";
    LessGreat = "<>";
    Clobber = ">|";
    AndGreat = "&>", both;
    PipeAnd = "|&", bash;
    Less = "<";
    Great = ">";
    Semi = ";";
    And = "&";
    Pipe = "|";
    Open = "(";
    Close = ")";
}

impl Op {
    pub(super) fn is_redirect(self) -> bool {
        matches!(
            self,
            Self::TripleLess
                | Self::DoubleLessDash
                | Self::AndDoubleGreat
                | Self::DoubleLess
                | Self::DoubleGreat
                | Self::LessAnd
                | Self::GreatAnd
                | Self::LessGreat
                | Self::Clobber
                | Self::AndGreat
                | Self::Less
                | Self::Great
        )
    }
}

/// Words that mean something at the start of a command.
pub(super) const RESERVED: &[&str] = &[
    "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until",
    "while",
];

impl Parser {
    /// The next token, which stays.
    pub(super) fn peek(&mut self) -> Parse<&Tok> {
        if self.peeked.is_none() {
            let token = self.read_token()?;
            self.peeked = Some(token);
        }
        match &self.peeked {
            Some(token) => Ok(&token.tok),
            None => Ok(&Tok::Eof),
        }
    }

    /// Takes the next token.
    pub(super) fn take(&mut self) -> Parse<Tok> {
        self.peek()?;
        let tok = self.peeked.take().map_or(Tok::Eof, |token| token.tok);
        self.last_end = self.at;
        if matches!(tok, Tok::Newline) && !self.pending.is_empty() {
            self.read_here_documents(self.at_last_line)?;
        }
        Ok(tok)
    }

    /// Passes the next token by.
    pub(super) fn skip(&mut self) -> Parse<()> {
        self.take().map(drop)
    }

    pub(super) fn skip_newlines(&mut self) -> Parse<()> {
        while matches!(self.peek()?, Tok::Newline) {
            self.skip()?;
        }
        Ok(())
    }

    /// Whether the next token is this operator.
    pub(super) fn at_op(&mut self, op: Op) -> Parse<bool> {
        Ok(matches!(self.peek()?, Tok::Op(next) if *next == op))
    }

    /// Takes the next token if it is this operator.
    pub(super) fn eat_op(&mut self, op: Op) -> Parse<bool> {
        let found = self.at_op(op)?;
        if found {
            self.skip()?;
        }
        Ok(found)
    }

    /// The text of the next token, if it is a word of unquoted plain text.
    pub(super) fn literal(&mut self) -> Parse<Option<Bytes>> {
        Ok(match self.peek()? {
            Tok::Word(word) => word.literal().cloned(),
            _ => None,
        })
    }

    /// Whether the next token is this reserved word.
    pub(super) fn at_reserved(&mut self, reserved: &str) -> Parse<bool> {
        Ok(
            matches!(self.peek()?, Tok::Word(word) if word.literal().is_some_and(|text| text == reserved.as_bytes())),
        )
    }

    /// Takes the next token if it is this reserved word.
    pub(super) fn eat_reserved(&mut self, reserved: &str) -> Parse<bool> {
        let found = self.at_reserved(reserved)?;
        if found {
            self.skip()?;
        }
        Ok(found)
    }

    /// Takes this reserved word, or fails.
    pub(super) fn expect_reserved(&mut self, reserved: &'static str) -> Parse<()> {
        if self.eat_reserved(reserved)? { Ok(()) } else { self.unexpected(Some(reserved)) }
    }

    /// The error for the next token where something else had to come, whatever it means at the start of a command.
    pub(super) fn unexpected_word<T>(&mut self, expecting: &'static str) -> Parse<T> {
        let bash = self.dialect.is_bash();
        if let Tok::Word(word) = self.peek()?
            && !bash
        {
            let token = TokenName::Word(word.literal().cloned().unwrap_or_default());
            return Err(self.error(ParseErrorKind::Unexpected { token, expecting: Some(expecting) }));
        }
        self.unexpected(Some(expecting))
    }

    /// Fails because of the next token.
    pub(super) fn unexpected<T>(&mut self, expecting: Option<&'static str>) -> Parse<T> {
        let dialect = self.dialect;
        let token = match self.peek()? {
            Tok::Op(op) if op.is_redirect() => TokenName::Redirection(op.text()),
            Tok::Op(op) => TokenName::Fixed(op.text()),
            Tok::Io(_) => TokenName::Redirection("<"),
            Tok::Newline => TokenName::Newline,
            Tok::Eof => TokenName::Eof,
            Tok::Word(word) => {
                let known = |text: &Bytes| RESERVED.iter().find(|known| text == known.as_bytes());
                let cond = word.literal().filter(|text| dialect.is_bash() && *text == "]]");
                match (word.literal().and_then(known), cond) {
                    (Some(reserved), _) => TokenName::Fixed(reserved),
                    (None, Some(_)) => TokenName::Fixed("]]"),
                    (None, None) => TokenName::Word(self.word_text()),
                }
            }
        };
        Err(self.error(ParseErrorKind::Unexpected { token, expecting }))
    }

    /// The next token as it is written.
    pub(super) fn word_text(&self) -> Bytes {
        let start = self.peeked.as_ref().map_or(self.at, |token| token.start);
        Bytes::copy_from_slice(&self.text[start..self.at])
    }

    fn read_token(&mut self) -> Parse<Token> {
        self.skip_blanks();
        let start = self.at;
        self.count_lines(start);
        let tok = match self.text.get(self.at) {
            None => Tok::Eof,
            Some(b'\n') => {
                self.at += 1;
                self.count_lines(self.at);
                Tok::Newline
            }
            Some(byte) => match self.operator() {
                Some((op, len)) => {
                    self.at += len;
                    Tok::Op(op)
                }
                None if byte.is_ascii_digit() && self.io_number().is_some() => {
                    let (number, len) = self.io_number().unwrap_or_default();
                    self.at += len;
                    Tok::Io(number)
                }
                None => {
                    let word = self.word()?;
                    Tok::Word(self.as_written(start, word))
                }
            },
        };
        Ok(Token { tok, start })
    }

    /// Passes blanks, comments and continued lines by.
    fn skip_blanks(&mut self) {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\r') if self.text.get(self.at + 1) == Some(&b'\n') && self.dialect.is_bash() => break,
                Some(b'\\') if self.text.get(self.at + 1) == Some(&b'\n') => self.at += 2,
                Some(b'#') => {
                    let len = self.text[self.at..].iter().position(|byte| *byte == b'\n');
                    self.at = len.map_or(self.text.len(), |len| self.at + len);
                }
                _ => break,
            }
        }
    }

    /// The operator here, and its length with the continued lines within it.
    fn operator(&self) -> Option<(Op, usize)> {
        let rest = &self.text[self.at..];
        if self.dialect.has_bashisms() && (rest.starts_with(b"<(") || rest.starts_with(b">(")) {
            return None;
        }
        let known = |bashism: &str| match bashism {
            "bash" => self.dialect.is_bash(),
            "both" => self.dialect.has_bashisms(),
            _ => true,
        };
        OPERATORS
            .iter()
            .filter(|(_, _, bashism)| known(bashism))
            .find_map(|(text, op, _)| Some((*op, self.spelled(text.as_bytes())?)))
    }

    /// How long `text` is where it stands here, lines continued within it or not.
    fn spelled(&self, text: &[u8]) -> Option<usize> {
        let mut end = self.at;
        for byte in text {
            if end > self.at {
                end = self.past_continuations(end);
            }
            if self.text.get(end) != Some(byte) {
                return None;
            }
            end += 1;
        }
        Some(end - self.at)
    }

    /// Where the text goes on after the continued lines (a backslash and a newline: POSIX XCU 2.2.1) at a place.
    pub(super) fn past_continuations(&self, mut at: usize) -> usize {
        while self.text.get(at..).is_some_and(|rest| rest.starts_with(b"\\\n")) {
            at += 2;
        }
        at
    }

    /// A number that a redirection follows at once, and its length.
    fn io_number(&self) -> Option<(u32, usize)> {
        let rest = &self.text[self.at..];
        let len = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        if !matches!(rest[len], b'<' | b'>') || len > 9 {
            return None;
        }
        Some((std::str::from_utf8(&rest[..len]).ok()?.parse().ok()?, len))
    }

    pub(super) fn count_lines(&mut self, to: usize) {
        if to > self.counted {
            let newlines = self.text[self.counted..to].iter().filter(|byte| **byte == b'\n').count();
            self.line += u32::try_from(newlines).unwrap_or(0);
            self.counted = to;
        }
    }

    /// Replaces the next token, a name where a command may begin, with what it is an alias for, and what comes of that
    /// again.
    pub(super) fn expand_aliases(&mut self) -> Parse<()> {
        while self.expand_alias()? {}
        Ok(())
    }

    /// Whether the next token comes after an alias that ends with a blank, so that it may be an alias too (POSIX XCU 2.3.1).
    pub(super) fn follows_alias(&mut self) -> Parse<bool> {
        if self.expanding.is_empty() {
            return Ok(false);
        }
        self.peek()?;
        let start = self.peeked.as_ref().map_or(self.at, |token| token.start);
        let mut follows = false;
        for alias in &mut self.expanding {
            follows |= alias.end <= start && std::mem::take(&mut alias.goes_on);
        }
        Ok(follows)
    }

    fn expand_alias(&mut self) -> Parse<bool> {
        if self.aliases.is_empty() {
            return Ok(false);
        }
        let Some(name) = self.literal()? else { return Ok(false) };
        let Some(value) = self.aliases.get(&name).cloned() else { return Ok(false) };
        let start = self.peeked.as_ref().map_or(self.at, |token| token.start);
        self.expanding.retain(|alias| alias.end > start);
        if self.expanding.iter().any(|alias| alias.name == name) {
            return Ok(false);
        }
        let len = self.at - start;
        if self.text.len() + value.len() > MAX_ALIASED {
            return Err(self.error(ParseErrorKind::TooLong));
        }
        for alias in &mut self.expanding {
            alias.end = (alias.end + value.len()).saturating_sub(len);
        }
        let goes_on = value.ends_with(b" ") || value.ends_with(b"\t");
        self.expanding.push(Expanding { name, end: start + value.len(), goes_on });
        self.text.splice(start..self.at, value.iter().copied());
        self.at = start;
        self.counted = self.counted.min(start);
        self.peeked = None;
        Ok(true)
    }
}

const MAX_ALIASED: usize = super::MAX_TEXT;

/// Whether a byte ends an unquoted word.
pub(super) fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
}

/// A word of unquoted text.
pub(super) fn literal_word(text: Bytes) -> Word {
    Word::of(Part::Literal(text))
}

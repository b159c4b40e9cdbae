//! Why a text is no script, in the words of each shell.

use bytes::Bytes;

use crate::shell::dialect::Dialect;

/// Why a text cannot be parsed.
#[derive(Clone, Debug)]
pub(crate) struct ParseError {
    pub(crate) kind: ParseErrorKind,
    pub(crate) line: u32,
    /// More text could mend it: an interactive shell asks for another line.
    pub(crate) incomplete: bool,
    /// The delimiter of the here-document that more text has to end.
    pub(crate) here_document: Option<Bytes>,
    /// The line where an unexpected token stands, which bash shows.
    pub(crate) source_line: Option<Box<[u8]>>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ParseErrorKind {
    Unexpected {
        token: TokenName,
        expecting: Option<&'static str>,
    },
    /// What stands among the elements of an array is no word (bash).
    BadElement {
        token: TokenName,
    },
    UnterminatedQuote(u8),
    MissingBrace,
    BadSubstitution,
    BadForVariable,
    BadFunctionName,
    /// `[[ ... ]]` makes no sense (bash), and why.
    BadConditional(Box<str>),
    TooDeep,
    TooLong,
}

/// A token as error messages name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenName {
    /// An operator or a reserved word.
    Fixed(&'static str),
    Word(Bytes),
    Redirection(&'static str),
    Newline,
    Eof,
}

impl ParseErrorKind {
    pub(super) fn is_incomplete(&self) -> bool {
        matches!(
            self,
            Self::Unexpected { token: TokenName::Eof, .. } | Self::UnterminatedQuote(_) | Self::MissingBrace
        )
    }
}

impl ParseError {
    /// The message after the shell's name and the line.
    pub(crate) fn message(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Ash => format!("syntax error: {}", self.ash()),
            Dialect::Dash => format!("Syntax error: {}", self.dash()),
            Dialect::Bash => self.bash(),
        }
    }

    fn ash(&self) -> String {
        match &self.kind {
            ParseErrorKind::Unexpected { token, expecting } => {
                let seen = match token {
                    TokenName::Fixed(text) => format!("\"{text}\""),
                    TokenName::Word(_) => "word".to_owned(),
                    TokenName::Redirection(_) => "redirection".to_owned(),
                    TokenName::Newline => "newline".to_owned(),
                    TokenName::Eof => "end of file".to_owned(),
                };
                match expecting {
                    Some(expected) => format!("unexpected {seen} (expecting \"{expected}\")"),
                    None => format!("unexpected {seen}"),
                }
            }
            ParseErrorKind::UnterminatedQuote(b'`') => "EOF in backquote substitution".to_owned(),
            // Only bash has arrays.
            ParseErrorKind::BadElement { .. } => "bad substitution".to_owned(),
            ParseErrorKind::UnterminatedQuote(_) => "unterminated quoted string".to_owned(),
            ParseErrorKind::MissingBrace => "missing '}'".to_owned(),
            ParseErrorKind::BadSubstitution => "bad substitution".to_owned(),
            ParseErrorKind::BadForVariable => "bad for loop variable".to_owned(),
            ParseErrorKind::BadFunctionName => "bad function name".to_owned(),
            ParseErrorKind::BadConditional(message) => message.to_string(),
            ParseErrorKind::TooDeep => "nested too deep".to_owned(),
            ParseErrorKind::TooLong => "script too long".to_owned(),
        }
    }

    fn dash(&self) -> String {
        match &self.kind {
            ParseErrorKind::Unexpected { token, expecting } => {
                let seen = match token {
                    TokenName::Fixed(text) => format!("\"{text}\""),
                    TokenName::Word(_) => "word".to_owned(),
                    TokenName::Redirection(_) => "redirection".to_owned(),
                    TokenName::Newline => "newline".to_owned(),
                    TokenName::Eof => "end of file".to_owned(),
                };
                match expecting {
                    Some(expected) => format!("{seen} unexpected (expecting \"{expected}\")"),
                    None => format!("{seen} unexpected"),
                }
            }
            ParseErrorKind::UnterminatedQuote(b'`') => "EOF in backquote substitution".to_owned(),
            // Only bash has arrays.
            ParseErrorKind::BadElement { .. } => "bad substitution".to_owned(),
            ParseErrorKind::UnterminatedQuote(_) => "Unterminated quoted string".to_owned(),
            ParseErrorKind::MissingBrace => "Missing '}'".to_owned(),
            ParseErrorKind::BadSubstitution => "Bad substitution".to_owned(),
            ParseErrorKind::BadForVariable => "Bad for loop variable".to_owned(),
            ParseErrorKind::BadFunctionName => "Bad function name".to_owned(),
            ParseErrorKind::BadConditional(message) => message.to_string(),
            ParseErrorKind::TooDeep => "Nested too deep".to_owned(),
            ParseErrorKind::TooLong => "Script too long".to_owned(),
        }
    }

    fn bash(&self) -> String {
        match &self.kind {
            ParseErrorKind::Unexpected { token, .. } | ParseErrorKind::BadElement { token } => {
                let seen = match token {
                    TokenName::Fixed(text) | TokenName::Redirection(text) => (*text).to_owned(),
                    TokenName::Word(text) => String::from_utf8_lossy(text).into_owned(),
                    TokenName::Newline => "newline".to_owned(),
                    TokenName::Eof => return "syntax error: unexpected end of file".to_owned(),
                };
                format!("syntax error near unexpected token `{seen}'")
            }
            ParseErrorKind::UnterminatedQuote(quote) => {
                format!("unexpected EOF while looking for matching `{}'", char::from(*quote))
            }
            ParseErrorKind::MissingBrace => "unexpected EOF while looking for matching `}'".to_owned(),
            ParseErrorKind::BadSubstitution => "bad substitution".to_owned(),
            ParseErrorKind::BadForVariable => "not a valid identifier".to_owned(),
            ParseErrorKind::BadFunctionName => "not a valid identifier".to_owned(),
            ParseErrorKind::BadConditional(message) => message.to_string(),
            ParseErrorKind::TooDeep => "syntax error: nested too deep".to_owned(),
            ParseErrorKind::TooLong => "syntax error: script too long".to_owned(),
        }
    }
}

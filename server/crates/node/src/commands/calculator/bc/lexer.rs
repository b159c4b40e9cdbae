//! Tokens of `bc` (POSIX `bc`, "Lexical Conventions").

use super::Error;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Number(String),
    Name(String),
    String(String),
    /// An operator, or punctuation.
    Op(&'static str),
    Newline,
    End,
}

/// Operators, the longest first.
const OPERATORS: [&str; 34] = [
    "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "==", "<=", ">=", "!=", "&&", "||", "+", "-", "*", "/",
    "%", "^", "=", "<", ">", "!", "(", ")", "[", "]", "{", "}", ",", ";", "&", "|",
];

/// Reads tokens.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Where the token that was read last begins.
    start: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, start: 0 }
    }

    /// What is left of the line from the last token on, for errors.
    pub(super) fn rest_of_line(&self) -> &'a str {
        let rest = &self.text[self.start..];
        rest.find('\n').map_or(rest, |end| &rest[..end])
    }

    /// Passes blanks, comments and continued lines by.
    fn skip(&mut self) -> Result<(), Error> {
        loop {
            let rest = &self.text[self.at..];
            if let Some(comment) = rest.strip_prefix("/*") {
                let len = comment.find("*/").ok_or(Error::Incomplete("unterminated comment"))?;
                self.at += len + 4;
            } else if rest.starts_with('#') {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("\\\n") {
                self.at += 2;
            } else if rest.starts_with([' ', '\t', '\r', '\u{b}', '\u{c}']) {
                self.at += 1;
            } else {
                return Ok(());
            }
        }
    }

    pub(super) fn next(&mut self) -> Result<Token, Error> {
        self.skip()?;
        self.start = self.at;
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        let run = |fits: fn(char) -> bool| rest.find(|character| !fits(character)).unwrap_or(rest.len());
        let (token, len) = match first {
            '\n' => (Token::Newline, 1),
            '"' => {
                let len = rest[1..].find('"').ok_or(Error::Incomplete("unterminated string"))?;
                (Token::String(rest[1..=len].to_owned()), len + 2)
            }
            '0'..='9' | 'A'..='Z' | '.' => {
                let digits = |text: &str| {
                    text.find(|character: char| {
                        !character.is_ascii_digit() && !character.is_ascii_uppercase()
                    })
                    .unwrap_or(text.len())
                };
                let mut len = digits(rest);
                if rest[len..].starts_with('.') {
                    len += 1 + digits(&rest[len + 1..]);
                }
                match &rest[..len] {
                    "." => (Token::Name("last".into()), 1),
                    text => (Token::Number(text.to_owned()), len),
                }
            }
            'a'..='z' => {
                let len = run(|character| {
                    character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_'
                });
                (Token::Name(rest[..len].to_owned()), len)
            }
            _ => match OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
                Some(operator) if !matches!(*operator, "&" | "|") => (Token::Op(operator), operator.len()),
                _ => return Err(Error::Syntax(format!("bad character '{first}'"))),
            },
        };
        self.at += len;
        Ok(token)
    }
}

//! Tokens of awk programs.

use super::parser::SyntaxError;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    String(Vec<u8>),
    /// A name; `true` where `(` follows at once, as in a call.
    Name(String, bool),
    Keyword(&'static str),
    /// An operator or a mark.
    Mark(&'static str),
    Newline,
    End,
}

const KEYWORDS: &[&str] = &[
    "BEGIN", "END", "function", "func", "if", "else", "while", "for", "do", "break", "continue", "next",
    "nextfile", "exit", "return", "delete", "in", "getline", "print", "printf",
];

/// Longer ones first.
const MARKS: &[&str] = &[
    "**=", "+=", "-=", "*=", "/=", "%=", "^=", "**", "==", "<=", ">=", "!=", "++", "--", "&&", "||", ">>",
    "!~", "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", ">", "<", "|", "?", ":",
    "~", "$", "=",
];

#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    pub(super) at: usize,
    pub(super) line: usize,
    /// mawk reads it, not busybox.
    pub(super) gnu: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8], gnu: bool) -> Self {
        Self { text, at: 0, line: 1, gnu }
    }

    pub(super) fn error(&self, message: &str, near: &str) -> SyntaxError {
        SyntaxError { line: self.line, message: message.to_owned(), near: near.to_owned() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if self.text[self.at + 1..].starts_with(b"\n") => {
                    self.at += 2;
                    self.line += 1;
                }
                Some(b'\\') if self.text[self.at + 1..].starts_with(b"\r\n") => {
                    self.at += 3;
                    self.line += 1;
                }
                Some(b'#') => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    pub(super) fn next(&mut self) -> Result<Token, SyntaxError> {
        self.space();
        let Some(byte) = self.peek() else { return Ok(Token::End) };
        match byte {
            b'\n' => {
                self.at += 1;
                self.line += 1;
                Ok(Token::Newline)
            }
            b'"' => self.string(),
            b'0'..=b'9' => Ok(self.number()),
            b'.' if self.text.get(self.at + 1).is_some_and(u8::is_ascii_digit) => Ok(self.number()),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let len = self.text[self.at..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                    .count();
                let name = String::from_utf8_lossy(&self.text[self.at..self.at + len]).into_owned();
                self.at += len;
                if let Some(keyword) = KEYWORDS.iter().find(|keyword| **keyword == name) {
                    return Ok(Token::Keyword(if *keyword == "func" { "function" } else { keyword }));
                }
                Ok(Token::Name(name, self.peek() == Some(b'(')))
            }
            _ => {
                let rest = &self.text[self.at..];
                match MARKS.iter().find(|mark| rest.starts_with(mark.as_bytes())) {
                    Some(mark) => {
                        self.at += mark.len();
                        Ok(Token::Mark(match *mark {
                            "**" => "^",
                            "**=" => "^=",
                            mark => mark,
                        }))
                    }
                    None => Err(self.error("Unexpected token", &char::from(byte).to_string())),
                }
            }
        }
    }

    fn number(&mut self) -> Token {
        let rest = &self.text[self.at..];
        if rest.starts_with(b"0x") || rest.starts_with(b"0X") {
            let digits = rest[2..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            if digits > 0 {
                let value = rest[2..2 + digits].iter().fold(0.0, |value, digit| {
                    value * 16.0 + f64::from(char::from(*digit).to_digit(16).unwrap_or(0))
                });
                self.at += 2 + digits;
                return Token::Number(value);
            }
        }
        // busybox reads a constant that begins with a zero as C does.
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_octal =
            !self.gnu && digits > 1 && rest[0] == b'0' && rest[..digits].iter().all(|digit| *digit < b'8');
        if is_octal && !matches!(rest.get(digits), Some(b'.' | b'e' | b'E')) {
            self.at += digits;
            let value = rest[..digits].iter().fold(0.0, |value, digit| value * 8.0 + f64::from(digit - b'0'));
            return Token::Number(value);
        }
        let (value, len) = super::value::leading_number(rest);
        self.at += len.max(1);
        Token::Number(value)
    }

    fn string(&mut self) -> Result<Token, SyntaxError> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            match self.peek() {
                None | Some(b'\n') => return Err(self.error("Unterminated string", "\"")),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Token::String(out));
                }
                Some(b'\\') => {
                    self.at += 1;
                    if self.peek() == Some(b'\n') {
                        self.line += 1;
                    }
                    let len = unescape(&self.text[self.at..], &mut out);
                    self.at += len;
                }
                Some(byte) => {
                    out.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    /// A regular expression whose opening slash has been read.
    pub(super) fn regex(&mut self) -> Result<Vec<u8>, SyntaxError> {
        let mut out = Vec::new();
        let mut bracket = None;
        loop {
            let byte = self.peek().filter(|byte| *byte != b'\n');
            let Some(byte) = byte else { return Err(self.error("Unterminated regex", "/")) };
            self.at += 1;
            match (byte, bracket) {
                (b'/', None) => return Ok(out),
                (b'\\', _) => match self.peek() {
                    Some(b'/') => {
                        out.push(b'/');
                        self.at += 1;
                    }
                    // What an escape stands for is meant itself, also where it would be an operator.
                    Some(b'n' | b't' | b'r' | b'f' | b'v' | b'a' | b'0'..=b'7') => {
                        let mut meant = Vec::new();
                        self.at += unescape(&self.text[self.at..], &mut meant);
                        if bracket.is_none() && meant.first().is_some_and(u8::is_ascii_punctuation) {
                            out.push(b'\\');
                        }
                        out.extend(meant);
                    }
                    Some(next) => {
                        out.extend_from_slice(&[b'\\', next]);
                        self.at += 1;
                    }
                    None => {}
                },
                (b'[', None) => {
                    // A slash in brackets ends the expression only where the bracket is never closed.
                    let rest = &self.text[self.at..];
                    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
                    let skip = line.iter().take_while(|byte| **byte == b'^').count().min(1);
                    if line.iter().skip(skip + 1).any(|byte| *byte == b']') {
                        bracket = Some(self.at + skip);
                    }
                    out.push(byte);
                }
                (b']', Some(start)) if self.at > start + 1 => {
                    bracket = None;
                    out.push(byte);
                }
                _ => out.push(byte),
            }
        }
    }
}

/// Undoes one escape, whose backslash has been read; returns how much it takes.
pub(super) fn unescape(text: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(byte) = text.first() else {
        out.push(b'\\');
        return 0;
    };
    match byte {
        b'n' => out.push(b'\n'),
        b't' => out.push(b'\t'),
        b'r' => out.push(b'\r'),
        b'a' => out.push(7),
        b'b' => out.push(8),
        b'f' => out.push(12),
        b'v' => out.push(11),
        b'"' => out.push(b'"'),
        b'/' => out.push(b'/'),
        b'\\' => out.push(b'\\'),
        b'\n' => {}
        b'x' if text.get(1).is_some_and(u8::is_ascii_hexdigit) => {
            let digits = text[1..].iter().take(2).take_while(|byte| byte.is_ascii_hexdigit()).count();
            let value = text[1..=digits]
                .iter()
                .fold(0, |value, digit| value * 16 + char::from(*digit).to_digit(16).unwrap_or(0));
            out.push(value as u8);
            return 1 + digits;
        }
        b'0'..=b'7' => {
            let digits = text.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            let value = text[..digits].iter().fold(0u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            out.push(value as u8);
            return digits;
        }
        other => out.extend_from_slice(&[b'\\', *other]),
    }
    1
}

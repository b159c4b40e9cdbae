//! Words of a filter.

use super::{ast::Op, number::Number};

/// The deepest nesting of `\(...)` within strings.
const MAX_DEPTH: usize = 50;
/// The longest filter.
const MAX_LENGTH: usize = 1 << 20;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// `.name`
    Field(String),
    Name(String),
    Keyword(&'static str),
    Number(String),
    /// `@name`
    Format(String),
    /// Text, with the words of each `\(...)`.
    Text(Vec<Piece>),
    /// An operator or bracket.
    Symbol(&'static str),
    /// Something that begins no word.
    Invalid,
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Words(Vec<Word>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub(super) kind: Kind,
    /// Offset in the program.
    pub(super) at: usize,
}

const KEYWORDS: &[&str] = &[
    "__loc__", "and", "as", "catch", "def", "elif", "else", "end", "foreach", "if", "import", "include",
    "label", "module", "or", "reduce", "then", "try",
];

/// Longer ones first.
const SYMBOLS: &[&str] = &[
    "?//=", "?//", "//=", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "//", "..", "|", ",",
    "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", "{", "}", ":", ";", ".", "?", "$",
];

impl Kind {
    /// What an error message calls it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Field(_) => "FIELD".to_owned(),
            Self::Name(_) => "IDENT".to_owned(),
            Self::Keyword(word) | Self::Symbol(word @ ("//" | ".." | "==" | "!=" | "<=" | ">=" | "?//")) => {
                (*word).to_owned()
            }
            Self::Number(_) => "LITERAL".to_owned(),
            Self::Format(_) => "FORMAT".to_owned(),
            Self::Text(_) => "QQSTRING_START".to_owned(),
            Self::Symbol(symbol) if symbol.len() > 1 => (*symbol).to_owned(),
            Self::Symbol(symbol) => format!("'{symbol}'"),
            Self::Invalid => "INVALID_CHARACTER".to_owned(),
            Self::End => "end of file".to_owned(),
        }
    }

    /// The operator that it stands for.
    pub(super) fn operator(&self) -> Option<Op> {
        let Self::Symbol(symbol) = self else { return None };
        Some(match *symbol {
            "+" => Op::Add,
            "-" => Op::Subtract,
            "*" => Op::Multiply,
            "/" => Op::Divide,
            "%" => Op::Remainder,
            "==" => Op::Equal,
            "!=" => Op::Unequal,
            "<" => Op::Less,
            "<=" => Op::LessEqual,
            ">" => Op::Greater,
            ">=" => Op::GreaterEqual,
            _ => return None,
        })
    }
}

/// An error and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) at: usize,
}

/// The words of a program, [`Kind::End`] last.
pub(super) fn words(program: &str) -> Result<Vec<Word>, SyntaxError> {
    if program.len() > MAX_LENGTH {
        return Err(SyntaxError { message: "syntax error: program too long".to_owned(), at: 0 });
    }
    let mut lexer = Lexer { program, at: 0 };
    lexer.words(0, None)
}

struct Lexer<'a> {
    program: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.program[self.at..]
    }

    fn take(&mut self, len: usize) -> &str {
        let from = self.at;
        self.at += len;
        &self.program[from..self.at]
    }

    /// The words up to the end, or to the `)` that closes `\(`.
    fn words(&mut self, depth: usize, close: Option<usize>) -> Result<Vec<Word>, SyntaxError> {
        if depth > MAX_DEPTH {
            return Err(SyntaxError { message: "syntax error: memory exhausted".to_owned(), at: self.at });
        }
        let mut words: Vec<Word> = Vec::new();
        let mut open: Vec<&str> = Vec::new();
        loop {
            self.blanks();
            let at = self.at;
            let mut kind = self.word(depth)?;
            match kind {
                Kind::Symbol("(") => open.push(")"),
                Kind::Symbol("[") => open.push("]"),
                Kind::Symbol("{") => open.push("}"),
                Kind::Symbol(")") if open.is_empty() && close.is_some() => {
                    words.push(Word { kind: Kind::End, at });
                    return Ok(words);
                }
                Kind::Symbol(symbol @ (")" | "]" | "}")) => {
                    // A bracket that closes nothing is no word at all.
                    if open.last() == Some(&symbol) {
                        open.pop();
                    } else {
                        kind = Kind::Invalid;
                    }
                }
                Kind::End => {
                    let at = words.last().map_or(0, |word| word.at);
                    words.push(Word { kind, at });
                    return match close {
                        Some(_) => Err(SyntaxError {
                            message: "syntax error, unexpected end of file (Unix shell quoting issues?)"
                                .to_owned(),
                            at,
                        }),
                        None => Ok(words),
                    };
                }
                _ => {}
            }
            words.push(Word { kind, at });
        }
    }

    fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            let blanks = rest.len() - trimmed.len();
            let comment =
                if trimmed.starts_with('#') { trimmed.find('\n').unwrap_or(trimmed.len()) } else { 0 };
            if blanks + comment == 0 {
                return;
            }
            self.at += blanks + comment;
        }
    }

    fn word(&mut self, depth: usize) -> Result<Kind, SyntaxError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Kind::End) };
        let name_length = |text: &str| {
            let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            if starts {
                text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
            } else {
                0
            }
        };
        if first == '"' {
            self.at += 1;
            return self.text(depth);
        }
        if first == '.' {
            let len = name_length(&rest[1..]);
            if len > 0 {
                return Ok(Kind::Field(self.take(len + 1)[1..].to_owned()));
            }
        }
        if first == '@' {
            let len = name_length(&rest[1..]);
            if len > 0 {
                return Ok(Kind::Format(self.take(len + 1)[1..].to_owned()));
            }
        }
        if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            let len = number_length(rest.as_bytes());
            let text = self.take(len).to_owned();
            return Ok(if Number::read(&text).is_some() { Kind::Number(text) } else { Kind::Invalid });
        }
        let mut len = name_length(rest);
        if len > 0 {
            while rest[len..].starts_with("::") && name_length(&rest[len + 2..]) > 0 {
                len += 2 + name_length(&rest[len + 2..]);
            }
            let name = self.take(len);
            let keyword = KEYWORDS.iter().find(|keyword| **keyword == name);
            return Ok(keyword.map_or_else(|| Kind::Name(name.to_owned()), |keyword| Kind::Keyword(keyword)));
        }
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            self.at += symbol.len();
            return Ok(Kind::Symbol(symbol));
        }
        self.at += first.len_utf8();
        Ok(Kind::Invalid)
    }

    fn text(&mut self, depth: usize) -> Result<Kind, SyntaxError> {
        let start = self.at;
        let unclosed = || SyntaxError {
            message:
                "syntax error, unexpected end of file, expecting QQSTRING_TEXT or QQSTRING_INTERP_START or \
                      QQSTRING_END"
                    .to_owned(),
            at: start,
        };
        let mut pieces = Vec::new();
        let mut text = String::new();
        loop {
            let c = self.rest().chars().next().ok_or_else(unclosed)?;
            self.at += c.len_utf8();
            if c == '"' {
                if !text.is_empty() || pieces.is_empty() {
                    pieces.push(Piece::Text(text));
                }
                return Ok(Kind::Text(pieces));
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            let escape = self.rest().chars().next().ok_or_else(unclosed)?;
            self.at += escape.len_utf8();
            match escape {
                '"' | '\\' | '/' => text.push(escape),
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                'b' => text.push('\x08'),
                'f' => text.push('\x0c'),
                'u' => text.push(self.unicode()?),
                '(' => {
                    if !text.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut text)));
                    }
                    pieces.push(Piece::Words(self.words(depth + 1, Some(self.at))?));
                }
                _ => {
                    return Err(SyntaxError {
                        message: "syntax error, unexpected INVALID_CHARACTER, expecting QQSTRING_TEXT or \
                                  QQSTRING_INTERP_START or QQSTRING_END"
                            .to_owned(),
                        at: self.at - 2,
                    });
                }
            }
        }
    }

    /// What follows `\u`.
    fn unicode(&mut self) -> Result<char, SyntaxError> {
        let unit = self.hex()?;
        let low = match unit {
            0xd800..0xdc00 if self.rest().starts_with("\\u") => {
                self.at += 2;
                Some(self.hex()?)
            }
            _ => None,
        };
        let units = [Some(unit), low];
        let mut chars = char::decode_utf16(units.into_iter().flatten());
        Ok(chars.next().and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u16, SyntaxError> {
        let digits = self.rest().get(..4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let error = SyntaxError { message: "syntax error, invalid \\uXXXX escape".to_owned(), at: self.at };
        let unit = digits.ok_or(error)?;
        self.at += 4;
        Ok(unit)
    }
}

/// How much of a text is a number.
fn number_length(text: &[u8]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut len = digits(0);
    if text.get(len) == Some(&b'.') {
        len += 1 + digits(len + 1);
    }
    if matches!(text.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(len + 1), Some(b'+' | b'-')));
        let count = digits((len + 1 + sign).min(text.len()));
        if count > 0 {
            len += 1 + sign + count;
        }
    }
    len
}

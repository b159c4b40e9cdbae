//! Words of nginx's configuration language: one directive at a time, as `ngx_conf_read_token` reads them.

/// The longest word: nginx's buffer.
const MAX_WORD: usize = 4096;

/// What a directive's words end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// `;`
    Semicolon,
    /// `{`
    Opening,
    /// `}` without words before it.
    Closing,
    /// The end of the text without words before it.
    Text,
}

/// The words of a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) words: Vec<String>,
    pub(super) end: End,
}

/// Reads the words of a text.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    /// The line that was reached, from 1.
    pub(super) line: u32,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, line: 1 }
    }

    /// Reads up to the next `;`, `{` or `}`; the error is nginx's message.
    pub(super) fn next(&mut self) -> Result<Words, String> {
        let mut words = Vec::new();
        loop {
            self.skip_space();
            let Some(byte) = self.peek() else {
                return if words.is_empty() {
                    Ok(Words { words, end: End::Text })
                } else {
                    Err(END_OF_FILE.to_owned())
                };
            };
            match byte {
                b';' | b'{' => {
                    self.at += 1;
                    if words.is_empty() {
                        return Err(unexpected(byte));
                    }
                    let end = if byte == b';' { End::Semicolon } else { End::Opening };
                    return Ok(Words { words, end });
                }
                b'}' => {
                    self.at += 1;
                    return if words.is_empty() {
                        Ok(Words { words, end: End::Closing })
                    } else {
                        Err(unexpected(byte))
                    };
                }
                b'"' | b'\'' => words.push(self.quoted(byte)?),
                _ => words.push(self.bare()?),
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn advance(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        self.line += u32::from(byte == b'\n');
        Some(byte)
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => {
                    self.advance();
                }
                b'#' => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn quoted(&mut self, quote: u8) -> Result<String, String> {
        self.at += 1;
        let start = self.at;
        loop {
            if self.at - start > MAX_WORD {
                return Err(format!(
                    "too long parameter, probably missing terminating \"{}\" character",
                    char::from(quote)
                ));
            }
            match self.advance() {
                None => return Err(END_OF_FILE.to_owned()),
                Some(b'\\') => {
                    self.advance();
                }
                Some(byte) if byte == quote => break,
                Some(_) => {}
            }
        }
        let word = unescape(&self.text[start..self.at - 1]);
        match self.peek() {
            // A closing parenthesis may follow: `if ($a = "b")`.
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' | b')') => Ok(word),
            Some(byte) => Err(unexpected(byte)),
        }
    }

    fn bare(&mut self) -> Result<String, String> {
        let start = self.at;
        let mut variable = false;
        loop {
            if self.at - start > MAX_WORD {
                let shown = String::from_utf8_lossy(&self.text[start..start + 10]).into_owned();
                return Err(format!("too long parameter \"{shown}...\" started"));
            }
            let Some(byte) = self.peek() else { return Err(END_OF_FILE.to_owned()) };
            match byte {
                b'{' if variable => {
                    self.at += 1;
                    // The brace belongs to `${name}`.
                    continue;
                }
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' => {
                    return Ok(unescape(&self.text[start..self.at]));
                }
                b'\\' => {
                    self.at += 1;
                    self.advance();
                    variable = false;
                    continue;
                }
                _ => {}
            }
            variable = byte == b'$';
            self.at += 1;
        }
    }
}

const END_OF_FILE: &str = "unexpected end of file, expecting \";\" or \"}\"";

fn unexpected(byte: u8) -> String {
    format!("unexpected \"{}\"", char::from(byte))
}

/// Undoes backslashes before quotes and backslashes, and before `t`, `r` and `n`; others stay.
fn unescape(word: &[u8]) -> String {
    let mut out = Vec::with_capacity(word.len());
    let mut bytes = word.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(quoted @ (b'"' | b'\'' | b'\\')) => out.push(quoted),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'n') => out.push(b'\n'),
            Some(other) => out.extend([b'\\', other]),
            None => out.push(b'\\'),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{End, Lexer};

    fn read(text: &str) -> Result<Vec<(Vec<String>, End)>, String> {
        let mut lexer = Lexer::new(text);
        let mut all = Vec::new();
        loop {
            let words = lexer.next()?;
            let end = words.end;
            all.push((words.words, end));
            if end == End::Text {
                return Ok(all);
            }
        }
    }

    #[test]
    fn directives_and_blocks() {
        let all = read("a 'b c' \"d\\\"e\" # x\n ${f}g; h { }").unwrap();
        assert_eq!(all[0].0, ["a", "b c", "d\"e", "${f}g"]);
        assert_eq!((all[1].1, all[2].1, all[3].1), (End::Opening, End::Closing, End::Text));
        assert_eq!(read("r ^/(\\d+)$ x;").unwrap()[0].0[1], "^/(\\d+)$");
    }

    #[test]
    fn mistakes_are_told_as_nginx_tells_them() {
        for (text, message) in [
            ("listen 80 }", "unexpected \"}\""),
            ("; a", "unexpected \";\""),
            ("a \"b\"c;", "unexpected \"c\""),
            ("a b", "unexpected end of file, expecting \";\" or \"}\""),
            ("a \"b", "unexpected end of file, expecting \";\" or \"}\""),
        ] {
            assert_eq!(read(text).unwrap_err(), message, "{text}");
        }
        assert!(read(&format!("a \"{}", "x".repeat(5000))).unwrap_err().starts_with("too long parameter"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,60}") {
            let _ = read(&text);
        }

        #[test]
        fn neither_does_what_looks_like_a_configuration(text in "[a-z \\n;{}'\"\\\\$#()]{0,80}") {
            let _ = read(&text);
        }
    }
}

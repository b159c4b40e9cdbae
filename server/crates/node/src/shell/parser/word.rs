//! Words: quotes and what they hold (POSIX XCU 2.2).

use bytes::Bytes;

use super::{Parse, ParseErrorKind, Parser, lexer::ends_word};
use crate::shell::{
    arith::name_len,
    ast::{Part, Word},
};

/// The longest subscript that may hold blanks, in bytes.
const MAX_SUBSCRIPT: usize = 4096;

/// Gathers the parts of a word; text of one kind grows together.
#[derive(Debug, Default)]
pub(super) struct Parts {
    parts: Vec<Part>,
    text: Vec<u8>,
    quoted: bool,
}

impl Parts {
    pub(super) fn literal(&mut self, byte: u8) {
        self.switch(false);
        self.text.push(byte);
    }

    pub(super) fn quoted(&mut self, text: &[u8]) {
        self.switch(true);
        self.text.extend_from_slice(text);
    }

    /// Text that is empty but quoted: the word is there.
    pub(super) fn quoted_empty(&mut self) {
        self.switch(true);
        if self.text.is_empty() {
            self.parts.push(Part::Quoted(Bytes::new()));
        }
    }

    pub(super) fn part(&mut self, part: Part) {
        self.flush();
        self.parts.push(part);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.text.is_empty()
    }

    /// Whether all of it so far is an unquoted name.
    fn is_name(&self) -> bool {
        self.parts.is_empty()
            && !self.quoted
            && !self.text.is_empty()
            && name_len(&self.text) == self.text.len()
    }

    fn switch(&mut self, quoted: bool) {
        if self.quoted != quoted {
            self.flush();
            self.quoted = quoted;
        }
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = Bytes::from(std::mem::take(&mut self.text));
            self.parts.push(if self.quoted { Part::Quoted(text) } else { Part::Literal(text) });
        }
    }

    pub(super) fn into_parts(mut self) -> Vec<Part> {
        self.flush();
        self.parts
    }

    pub(super) fn into_word(self) -> Word {
        Word { parts: self.into_parts().into() }
    }
}

impl Parser {
    /// Reads a word up to an unquoted blank or operator.
    pub(super) fn word(&mut self) -> Parse<Word> {
        let mut parts = Parts::default();
        self.tilde(&mut parts, b"");
        while let Some(byte) = self.text.get(self.at).copied() {
            if self.extglob && b"?*+@!".contains(&byte) && self.text.get(self.at + 1) == Some(&b'(') {
                self.nested(|parser| parser.group(&mut parts))?;
                continue;
            }
            if byte == b'['
                && self.dialect.is_bash()
                && (parts.is_name() || (parts.is_empty() && self.in_array))
                && let Some(end) = self.subscript_end()
            {
                while self.at < end
                    && let Some(byte) = self.text.get(self.at).copied()
                {
                    self.unquoted(byte, &mut parts)?;
                }
                continue;
            }
            if ends_word(byte) {
                if !self.process_substitution(byte, &mut parts)? {
                    break;
                }
                continue;
            }
            self.unquoted(byte, &mut parts)?;
        }
        Ok(parts.into_word())
    }

    /// `@(a|b)` and the like, whose alternatives may have blanks and quotes (bash `extglob`).
    fn group(&mut self, parts: &mut Parts) -> Parse<()> {
        let mut depth = 0;
        loop {
            let Some(byte) = self.text.get(self.at).copied() else {
                return Err(self.error(ParseErrorKind::UnterminatedQuote(b')')));
            };
            self.unquoted(byte, parts)?;
            match byte {
                b'(' => depth += 1,
                b')' if depth == 1 => return Ok(()),
                b')' => depth -= 1,
                _ => {}
            }
        }
    }

    /// Where the subscript ends that begins here, if an assignment follows it: blanks and operators are part of it.
    fn subscript_end(&self) -> Option<usize> {
        let text = &self.text[self.at..];
        let text = &text[..text.len().min(MAX_SUBSCRIPT)];
        let past = |at: usize, quote: u8| {
            let mut at = at + 1;
            while *text.get(at)? != quote {
                at += if quote == b'"' && text[at] == b'\\' { 2 } else { 1 };
            }
            Some(at)
        };
        let (mut brackets, mut parentheses, mut at) = (0, 0, 0);
        loop {
            match text.get(at)? {
                b'\\' => at += 1,
                quote @ (b'\'' | b'"') => at = past(at, *quote)?,
                b'\n' => return None,
                b'(' => parentheses += 1,
                b')' => parentheses -= 1,
                b'[' if parentheses == 0 => brackets += 1,
                b']' if parentheses == 0 && brackets == 1 => {
                    let rest = &text[at + 1..];
                    return (rest.starts_with(b"=") || rest.starts_with(b"+=")).then_some(self.at + at);
                }
                b']' if parentheses == 0 => brackets -= 1,
                _ => {}
            }
            at += 1;
        }
    }

    /// `<(...)` and `>(...)`, where the shell knows them.
    fn process_substitution(&mut self, byte: u8, parts: &mut Parts) -> Parse<bool> {
        let is_one = self.dialect.has_bashisms()
            && matches!(byte, b'<' | b'>')
            && self.text.get(self.at + 1) == Some(&b'(')
            && (parts.is_empty() || self.dialect.is_bash());
        if is_one {
            self.at += 2;
            let script = self.nested(Self::command_substitution)?;
            parts.part(Part::Process { output: byte == b'>', script });
        }
        Ok(is_one)
    }

    /// Reads one unquoted byte, quote or expansion.
    pub(super) fn unquoted(&mut self, byte: u8, parts: &mut Parts) -> Parse<()> {
        match byte {
            b'\\' => match self.text.get(self.at + 1).copied() {
                Some(b'\n') => self.at += 2,
                Some(next) => {
                    parts.quoted(&[next]);
                    self.at += 2;
                }
                None => {
                    parts.quoted(b"\\");
                    self.at += 1;
                }
            },
            b'\'' => {
                let start = self.at + 1;
                let len = self.text[start..].iter().position(|byte| *byte == b'\'');
                let Some(len) = len else {
                    self.at = self.text.len();
                    return Err(self.error(ParseErrorKind::UnterminatedQuote(b'\'')));
                };
                if len == 0 {
                    parts.quoted_empty();
                } else {
                    let text = self.text[start..start + len].to_vec();
                    parts.quoted(&text);
                }
                self.at = start + len + 1;
            }
            b'"' => {
                self.at += 1;
                let inner = self.nested(Self::double_quoted)?;
                match <[Part; 1]>::try_from(inner) {
                    Ok([Part::Quoted(text)]) if !text.is_empty() => parts.quoted(&text),
                    Ok([part]) => parts.part(Part::DoubleQuoted([part].into())),
                    Err(inner) if inner.is_empty() => parts.quoted_empty(),
                    Err(inner) => parts.part(Part::DoubleQuoted(inner.into())),
                }
            }
            b'$' if self.dialect.has_bashisms() && self.text.get(self.at + 1) == Some(&b'\'') => {
                self.at += 2;
                self.ansi_quoted(parts)?;
            }
            b'$' if self.dialect.is_bash() && self.text.get(self.at + 1) == Some(&b'"') => self.at += 1,
            b'$' => match self.dollar(false)? {
                Some(part) => parts.part(part),
                None => {
                    parts.literal(b'$');
                    self.at += 1;
                }
            },
            b'`' => {
                self.at += 1;
                let part = self.nested(|parser| parser.backquoted(false))?;
                parts.part(part);
            }
            _ => {
                parts.literal(byte);
                self.at += 1;
            }
        }
        Ok(())
    }

    /// Reads up to the closing quote.
    fn double_quoted(&mut self) -> Parse<Vec<Part>> {
        let mut parts = Parts::default();
        loop {
            match self.text.get(self.at).copied() {
                None => return Err(self.error(ParseErrorKind::UnterminatedQuote(b'"'))),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(parts.into_parts());
                }
                Some(byte) => self.in_double_quotes(byte, &mut parts)?,
            }
        }
    }

    /// Reads one byte or expansion as between double quotes.
    pub(super) fn in_double_quotes(&mut self, byte: u8, parts: &mut Parts) -> Parse<()> {
        match byte {
            b'\\' => match self.text.get(self.at + 1).copied() {
                Some(b'\n') => self.at += 2,
                Some(next @ (b'$' | b'`' | b'"' | b'\\')) => {
                    parts.quoted(&[next]);
                    self.at += 2;
                }
                _ => {
                    parts.quoted(b"\\");
                    self.at += 1;
                }
            },
            b'$' => match self.dollar(true)? {
                Some(part) => parts.part(part),
                None => {
                    parts.quoted(b"$");
                    self.at += 1;
                }
            },
            b'`' => {
                self.at += 1;
                let part = self.nested(|parser| parser.backquoted(true))?;
                parts.part(part);
            }
            _ => {
                // Plain text goes over in one piece.
                let rest = &self.text[self.at..];
                let len = rest.iter().position(|byte| matches!(byte, b'\\' | b'$' | b'`' | b'"' | b'}'));
                let len = len.unwrap_or(rest.len()).max(1);
                let text = rest[..len].to_vec();
                parts.quoted(&text);
                self.at += len;
            }
        }
        Ok(())
    }

    /// `$'...'`: escapes as in C.
    fn ansi_quoted(&mut self, parts: &mut Parts) -> Parse<()> {
        let start = self.at;
        let mut end = start;
        loop {
            match self.text.get(end) {
                None => {
                    self.at = self.text.len();
                    return Err(self.error(ParseErrorKind::UnterminatedQuote(b'\'')));
                }
                Some(b'\'') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        let mut text = unescape_c(&self.text[start..end], self.dialect.is_bash());
        // What C ends a string with: bash goes on after the quote, ash with the next character.
        if self.dialect.is_bash() {
            text.truncate(memchr::memchr(0, &text).unwrap_or(text.len()));
        } else {
            text.retain(|byte| *byte != 0);
        }
        if text.is_empty() {
            parts.quoted_empty();
        } else {
            parts.quoted(&text);
        }
        self.at = end + 1;
        Ok(())
    }

    /// `~` or `~name` at the start of a word, which one of `ends` may end too.
    pub(super) fn tilde(&mut self, parts: &mut Parts, ends: &[u8]) {
        if let Some(name) = tilde_name(&self.text[self.at..], ends) {
            let name = Bytes::copy_from_slice(name);
            self.at += 1 + name.len();
            parts.part(Part::Tilde(name));
        }
    }
}

/// The name after a `~` that stands alone, before a slash or before one of `ends`.
pub(super) fn tilde_name<'a>(text: &'a [u8], ends: &[u8]) -> Option<&'a [u8]> {
    let rest = text.strip_prefix(b"~")?;
    let len = rest
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+')));
    let name = &rest[..len.unwrap_or(rest.len())];
    match rest.get(name.len()) {
        None | Some(b'/') => Some(name),
        Some(byte) if ends.contains(byte) => Some(name),
        Some(byte) if ends_word(*byte) => Some(name),
        Some(_) => None,
    }
}

/// Undoes the escapes of `$'...'`; ash knows no `\e`.
pub(crate) fn unescape_c(text: &[u8], bash: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let Some(escape) = text.get(at) else {
            out.push(b'\\');
            break;
        };
        at += 1;
        match escape {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'e' | b'E' if bash => out.push(27),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'c' => {
                out.extend(text.get(at).map(|byte| byte & 0x1f));
                at += 1;
            }
            b'0'..=b'7' => {
                let (value, len) = digits(&text[at - 1..], 8, 3);
                out.push(value as u8);
                at += len - 1;
            }
            b'x' => {
                let (value, len) = digits(&text[at..], 16, 2);
                if len == 0 {
                    out.extend_from_slice(b"\\x");
                } else {
                    out.push(value as u8);
                }
                at += len;
            }
            b'u' | b'U' => {
                let (value, len) = digits(&text[at..], 16, if *escape == b'u' { 4 } else { 8 });
                let character = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                at += len;
            }
            b'\\' | b'\'' | b'"' | b'?' => out.push(*escape),
            other => out.extend_from_slice(&[b'\\', *other]),
        }
    }
    out
}

/// The number that up to `most` digits at the start of `text` make, and how many there are.
fn digits(text: &[u8], radix: u32, most: usize) -> (u32, usize) {
    let mut value = 0u32;
    let mut len = 0;
    while len < most
        && let Some(digit) = text.get(len).and_then(|byte| char::from(*byte).to_digit(radix))
    {
        value = value.wrapping_mul(radix).wrapping_add(digit);
        len += 1;
    }
    (value, len)
}

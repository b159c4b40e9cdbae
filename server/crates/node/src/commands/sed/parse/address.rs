//! Addresses, and expressions between delimiters.

use std::sync::Arc;

use super::super::script::{Address, End};
use super::{Parsed, Parser, ScriptError, substitution::with_escapes};
use crate::libc::regex::{Regex, Syntax};

impl Parser<'_> {
    pub(super) fn address(&mut self) -> Parsed<Option<Address>> {
        match self.peek() {
            Some(b'0'..=b'9') => {
                let line = self.number().unwrap_or(u64::MAX);
                if self.gnu && self.eat(b'~') {
                    return Ok(Some(Address::Step(line, self.number().unwrap_or(0))));
                }
                Ok(Some(Address::Line(line)))
            }
            Some(b'$') => {
                self.at += 1;
                Ok(Some(Address::Last))
            }
            Some(b'/') => {
                self.at += 1;
                self.matching(b'/').map(Some)
            }
            Some(b'\\') => {
                self.at += 1;
                let Some(delimiter) = self.next() else {
                    return Err(self.fault("unterminated address regex", "unmatched ''"));
                };
                self.matching(delimiter).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn matching(&mut self, delimiter: u8) -> Parsed<Address> {
        let Some(pattern) = self.until(delimiter, true) else {
            return Err(self.unmatched("unterminated address regex", delimiter));
        };
        let mut ignore_case = false;
        while self.gnu && matches!(self.peek(), Some(b'I' | b'M')) {
            ignore_case |= self.next() == Some(b'I');
        }
        Ok(Address::Matching(self.regex(&pattern, ignore_case)?))
    }

    pub(super) fn unmatched(&self, gnu: &str, delimiter: u8) -> ScriptError {
        match self.gnu {
            true => self.error(gnu),
            false => self.error(format!("unmatched '{}'", char::from(delimiter))),
        }
    }

    pub(super) fn end(&mut self) -> Parsed<End> {
        if self.eat(b'+') {
            return Ok(End::After(self.number().unwrap_or(0)));
        }
        if self.gnu && self.eat(b'~') {
            return Ok(End::Multiple(self.number().unwrap_or(0)));
        }
        match self.address()? {
            Some(address) => Ok(End::Address(address)),
            None => {
                self.at += usize::from(self.gnu && self.peek().is_some());
                Err(match self.gnu {
                    true => ScriptError { at: self.at, message: "unexpected `,'".to_owned() },
                    false => self.error("no address after comma"),
                })
            }
        }
    }

    /// Text up to a delimiter, which is taken. `\` and the delimiter is the delimiter; in an expression, a delimiter in
    /// brackets is none.
    pub(super) fn until(&mut self, delimiter: u8, regex: bool) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut bracket: Option<usize> = None;
        loop {
            let byte = self.next()?;
            if let Some(start) = bracket {
                out.push(byte);
                let first =
                    out.len() == start + 1 || (out.len() == start + 2 && out.get(start) == Some(&b'^'));
                match byte {
                    b']' if !first => bracket = None,
                    b'\\' if self.peek() == Some(b'n') => {
                        self.at += 1;
                        out.pop();
                        out.push(b'\n');
                    }
                    b'[' if matches!(self.peek(), Some(b':' | b'.' | b'=')) => {
                        let kind = self.next()?;
                        out.push(kind);
                        loop {
                            let byte = self.next()?;
                            out.push(byte);
                            if byte == kind && self.peek() == Some(b']') {
                                out.push(self.next()?);
                                break;
                            }
                        }
                    }
                    _ => {}
                }
                continue;
            }
            if byte == delimiter {
                return Some(out);
            }
            match byte {
                b'\n' if regex && self.gnu => return None,
                b'\\' => {
                    let next = self.next()?;
                    if next == delimiter {
                        // A delimiter that means something in an expression means itself.
                        let special = match regex {
                            true => b".*[]^$+?(){}|".contains(&next),
                            false => next == b'&' || next.is_ascii_digit(),
                        };
                        if special {
                            out.push(b'\\');
                        }
                        out.push(next);
                    } else if next == b'n' && regex {
                        out.push(b'\n');
                    } else {
                        out.extend_from_slice(&[b'\\', next]);
                    }
                }
                b'[' if regex => {
                    out.push(byte);
                    bracket = Some(out.len());
                }
                _ => out.push(byte),
            }
        }
    }

    /// Compiles an expression; an empty one is the one used last.
    pub(super) fn regex(&self, pattern: &[u8], ignore_case: bool) -> Parsed<Option<Arc<Regex>>> {
        if pattern.is_empty() {
            return Ok(None);
        }
        let pattern = with_escapes(pattern);
        match Regex::new(&pattern, Syntax { extended: self.extended, ignore_case }) {
            Ok(regex) => Ok(Some(Arc::new(regex))),
            Err(error) => Err(match self.gnu {
                true => self.error(error.to_string()),
                false => self.error(format!("bad regex '{}': {error}", String::from_utf8_lossy(&pattern))),
            }),
        }
    }
}

//! `s` and `y`.

use super::super::script::{Action, Case, Piece, Substitution};
use super::{Parsed, Parser, action::plain};

impl Parser<'_> {
    pub(super) fn substitution(&mut self) -> Parsed<Action> {
        let Some(delimiter) = self.next().filter(|byte| !matches!(byte, b'\n' | b'\\')) else {
            return Err(self.fault("unterminated `s' command", "bad format in substitution expression"));
        };
        let Some(pattern) = self.until(delimiter, true) else {
            return Err(self.unmatched("unterminated `s' command", delimiter));
        };
        let Some(replacement) = self.until(delimiter, false) else {
            return Err(self.unmatched("unterminated `s' command", delimiter));
        };
        let mut found = Substitution {
            pattern: None,
            replacement: pieces(&replacement, self.gnu),
            global: false,
            number: 1,
            print: false,
            write: None,
        };
        let mut ignore_case = false;
        loop {
            match self.peek() {
                Some(b'g') if found.global && self.gnu => {
                    self.at += 1;
                    return Err(self.error("multiple `g' options to `s' command"));
                }
                // In busybox's a number and `g` undo each other.
                Some(b'g') => {
                    found.global = true;
                    found.number = if self.gnu { found.number } else { 1 };
                }
                Some(b'p') => found.print = true,
                Some(b'i' | b'I') => ignore_case = true,
                Some(b'm' | b'M' | b'e') if self.gnu => {}
                Some(b'0'..=b'9') => {
                    found.number = self.number().unwrap_or(u64::MAX);
                    if found.number == 0 && self.gnu {
                        return Err(self.error("number option to `s' command may not be zero"));
                    }
                    found.number = found.number.max(1);
                    found.global &= self.gnu;
                    continue;
                }
                Some(b'w') => {
                    self.at += 1;
                    found.write = Some(self.file_name()?);
                    break;
                }
                None | Some(b'\n' | b';' | b'}' | b'#' | b' ' | b'\t') => break,
                Some(_) => {
                    self.at += 1;
                    return Err(self.fault("unknown option to `s'", "bad option in substitution expression"));
                }
            }
            self.at += 1;
        }
        found.pattern = self.regex(&pattern, ignore_case)?;
        let most = found
            .replacement
            .iter()
            .map(|piece| if let Piece::Group(group) = piece { *group } else { 0 })
            .max();
        if let (Some(most), Some(regex)) = (most, &found.pattern)
            && most > regex.groups()
            && self.gnu
        {
            return Err(self.error(format!("invalid reference \\{most} on `s' command's RHS")));
        }
        Ok(Action::Substitute(found))
    }

    pub(super) fn translation(&mut self) -> Parsed<Action> {
        let unterminated = "unterminated `y' command";
        let Some(delimiter) = self.next() else {
            return Err(self.fault(unterminated, "bad format in substitution expression"));
        };
        let (Some(from), Some(to)) = (self.until(delimiter, false), self.until(delimiter, false)) else {
            return Err(self.unmatched(unterminated, delimiter));
        };
        let (from, to) = (plain(&from), plain(&to));
        if from.len() != to.len() && self.gnu {
            return Err(self.error("strings for `y' command are different lengths"));
        }
        let mut table: Box<[u8; 256]> = Box::new(std::array::from_fn(|byte| byte as u8));
        for (from, to) in from.iter().zip(&to) {
            table[usize::from(*from)] = *to;
        }
        Ok(Action::Translate(table))
    }
}

/// An expression in which `\t` and its like are the characters themselves.
pub(super) fn with_escapes(pattern: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pattern.len());
    let mut bytes = pattern.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'f') => out.push(12),
            Some(b'v') => out.push(11),
            Some(other) => out.extend_from_slice(&[b'\\', other]),
            None => out.push(b'\\'),
        }
    }
    out
}

/// The pieces of a replacement.
fn pieces(text: &[u8], gnu: bool) -> Vec<Piece> {
    let mut all = Vec::new();
    let mut plain = Vec::new();
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        let piece = match byte {
            b'&' => Piece::Group(0),
            b'\\' => match bytes.next() {
                Some(digit @ b'0'..=b'9') => Piece::Group(usize::from(digit - b'0')),
                Some(b'U') if gnu => Piece::Case(Case::Upper),
                Some(b'L') if gnu => Piece::Case(Case::Lower),
                Some(b'u') if gnu => Piece::Case(Case::UpperFirst),
                Some(b'l') if gnu => Piece::Case(Case::LowerFirst),
                Some(b'E') if gnu => Piece::Case(Case::AsIs),
                Some(other) => {
                    plain.push(match other {
                        b'n' => b'\n',
                        b't' => b'\t',
                        b'r' => b'\r',
                        b'a' => 7,
                        b'f' => 12,
                        b'v' => 11,
                        other => other,
                    });
                    continue;
                }
                None => {
                    plain.push(b'\\');
                    continue;
                }
            },
            _ => {
                plain.push(byte);
                continue;
            }
        };
        if !plain.is_empty() {
            all.push(Piece::Text(std::mem::take(&mut plain)));
        }
        all.push(piece);
    }
    if !plain.is_empty() {
        all.push(Piece::Text(plain));
    }
    all
}

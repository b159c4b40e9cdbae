//! Commands by their letters, with their arguments.

use super::super::script::Action;
use super::{Parsed, Parser, ScriptError};

impl Parser<'_> {
    pub(super) fn action(&mut self, letter: u8, index: usize, addressed: bool) -> Parsed<Action> {
        let action = match letter {
            b'{' => {
                self.open.push(index);
                return Ok(Action::Block(0));
            }
            b'}' => {
                match self.open.pop() {
                    Some(start) => self.commands[start].action = Action::Block(index),
                    None if self.gnu => return Err(self.error("unexpected `}'")),
                    None => {}
                }
                if addressed && self.gnu {
                    return Err(self.error("} doesn't want any addresses"));
                }
                Action::Nothing
            }
            b'#' => {
                self.skip(|byte| byte != b'\n');
                return Ok(Action::Nothing);
            }
            b':' => {
                self.blanks();
                let label = self.label(true);
                if label.is_empty() && self.gnu {
                    return Err(ScriptError { at: 1, message: "\":\" lacks a label".to_owned() });
                }
                self.labels.insert(label, index);
                return Ok(Action::Nothing);
            }
            b'b' | b't' | b'T' => {
                self.blanks();
                let label = self.label(false);
                self.branches.push((index, label));
                return Ok(match letter {
                    b'b' => Action::Branch(None),
                    b't' => Action::BranchIfReplaced(None),
                    _ => Action::BranchUnlessReplaced(None),
                });
            }
            b'a' => return Ok(Action::Append(self.text()?)),
            b'i' => return Ok(Action::Insert(self.text()?)),
            b'c' => return Ok(Action::Change(self.text()?)),
            b'r' => return self.file_name().map(Action::ReadFile),
            b'R' if self.gnu => return self.file_name().map(Action::ReadLine),
            b'w' => return self.file_name().map(Action::WriteFile),
            b'W' if self.gnu => return self.file_name().map(Action::WriteFirstLine),
            b's' => self.substitution()?,
            b'y' => self.translation()?,
            b'd' => Action::Delete,
            b'D' => Action::DeleteFirstLine,
            b'g' => Action::GetHeld,
            b'G' => Action::AppendHeld,
            b'h' => Action::Hold,
            b'H' => Action::HoldAppend,
            b'x' => Action::Exchange,
            b'l' => {
                self.blanks();
                self.number();
                if self.gnu { Action::List } else { Action::Nothing }
            }
            b'n' => Action::Next,
            b'N' => Action::AppendNext,
            b'p' => Action::Print,
            b'P' => Action::PrintFirstLine,
            b'q' | b'Q' if letter == b'q' || self.gnu => {
                self.blanks();
                let code = if self.gnu { self.number().unwrap_or(0) as u8 } else { 0 };
                if !self.gnu && self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                    return Err(self.error("missing command"));
                }
                if letter == b'q' { Action::Quit(code) } else { Action::QuitSilently(code) }
            }
            b'=' => Action::LineNumber,
            b'F' if self.gnu => Action::FileName,
            b'z' if self.gnu => Action::Zap,
            b'v' if self.gnu => {
                self.skip(|byte| !matches!(byte, b';' | b'\n'));
                Action::Nothing
            }
            other => {
                let shown = char::from(other);
                return Err(match self.gnu {
                    true => self.error(format!("unknown command: `{shown}'")),
                    false => self.error(format!("unsupported command {shown}")),
                });
            }
        };
        self.blanks();
        match self.peek() {
            None | Some(b'\n' | b';' | b'}' | b'#') => {}
            Some(_) if self.gnu => {
                self.at += 1;
                return Err(self.error("extra characters after command"));
            }
            Some(_) => {}
        }
        Ok(action)
    }

    fn label(&mut self, definition: bool) -> Vec<u8> {
        let start = self.at;
        // GNU's labels may hold semicolons where they are defined.
        let ends = |byte: u8| byte == b'\n' || byte == b';' || (!definition && byte == b'}');
        self.skip(|byte| !ends(byte) && !(byte.is_ascii_whitespace()));
        let label = self.text[start..self.at].to_vec();
        self.blanks();
        label
    }

    pub(super) fn file_name(&mut self) -> Parsed<Vec<u8>> {
        self.blanks();
        let start = self.at;
        self.skip(|byte| byte != b'\n');
        if start == self.at {
            return Err(self.fault("missing filename in r/R/w/W commands", "empty filename"));
        }
        Ok(self.text[start..self.at].to_vec())
    }

    /// The text of `a`, `i` and `c`, with a newline at its end.
    pub(super) fn text(&mut self) -> Parsed<Vec<u8>> {
        self.blanks();
        if self.peek().is_none() && self.gnu {
            return Err(self.error("expected \\ after `a', `c' or `i'"));
        }
        if self.peek() == Some(b'\\') {
            self.at += 1;
            let mark = self.at;
            self.blanks();
            if !self.eat(b'\n') {
                // `a\  text` keeps its blanks.
                self.at = mark;
            }
            if self.gnu && self.peek().is_none() {
                return Ok(Vec::new());
            }
        }
        let mut out = Vec::new();
        while let Some(byte) = self.next() {
            match byte {
                b'\n' => break,
                b'\\' => match self.next() {
                    Some(b'n') => out.push(b'\n'),
                    Some(b't') => out.push(b'\t'),
                    Some(b'r') => out.push(b'\r'),
                    Some(next) => out.push(next),
                    None => break,
                },
                _ => out.push(byte),
            }
        }
        out.push(b'\n');
        Ok(out)
    }
}

/// Text with its escapes undone.
pub(super) fn plain(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.as_slice().first()) {
            (b'\\', Some(next)) => {
                bytes.next();
                match next {
                    b'n' => out.push(b'\n'),
                    b't' => out.push(b'\t'),
                    b'r' => out.push(b'\r'),
                    b'\\' => out.push(b'\\'),
                    other => out.extend_from_slice(&[b'\\', *other]),
                }
            }
            _ => out.push(*byte),
        }
    }
    out
}

//! Parsing scripts.

use std::{collections::BTreeMap, sync::Arc};

use super::script::{Action, Address, Case, Command, End, Piece, Script, Substitution};
use crate::libc::regex::{Regex, Syntax};

/// The most commands of a script.
const MAX_COMMANDS: usize = 20_000;

/// What is wrong with a script, and how many of its bytes were read by then.
#[derive(Debug)]
pub(super) struct ScriptError {
    pub(super) at: usize,
    pub(super) message: String,
}

type Parsed<T> = Result<T, ScriptError>;

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    extended: bool,
    gnu: bool,
    commands: Vec<Command>,
    /// Blocks that are open.
    open: Vec<usize>,
    labels: BTreeMap<Vec<u8>, usize>,
    /// Branches and the labels that they name.
    branches: Vec<(usize, Vec<u8>)>,
}

/// Parses a script.
pub(super) fn parse(text: &[u8], extended: bool, gnu: bool) -> Parsed<Script> {
    let mut parser = Parser {
        text,
        at: 0,
        extended,
        gnu,
        commands: Vec::new(),
        open: Vec::new(),
        labels: BTreeMap::new(),
        branches: Vec::new(),
    };
    while parser.command()? {
        if parser.commands.len() > MAX_COMMANDS {
            return Err(parser.error("script too long"));
        }
    }
    parser.finish()
}

impl Parser<'_> {
    fn error(&self, message: impl Into<String>) -> ScriptError {
        ScriptError { at: self.at, message: message.into() }
    }

    /// GNU's words, or busybox's.
    fn fault(&self, gnu: &str, busybox: &str) -> ScriptError {
        self.error(if self.gnu { gnu } else { busybox })
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip(&mut self, test: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&test) {
            self.at += 1;
        }
    }

    fn blanks(&mut self) {
        self.skip(|byte| matches!(byte, b' ' | b'\t'));
    }

    fn number(&mut self) -> Option<u64> {
        let start = self.at;
        self.skip(|byte| byte.is_ascii_digit());
        std::str::from_utf8(&self.text[start..self.at]).ok()?.parse().ok()
    }

    fn finish(mut self) -> Parsed<Script> {
        if let Some(start) = self.open.pop() {
            if self.gnu {
                return Err(ScriptError { at: 0, message: "unmatched `{'".to_owned() });
            }
            let end = self.commands.len();
            self.commands[start].action = Action::Block(end);
        }
        let end = self.commands.len();
        for start in std::mem::take(&mut self.open) {
            self.commands[start].action = Action::Block(end);
        }
        for (index, label) in std::mem::take(&mut self.branches) {
            let target = match self.labels.get(&label) {
                Some(target) => Some(*target),
                None if label.is_empty() => None,
                None => {
                    let shown = String::from_utf8_lossy(&label).into_owned();
                    let message = match self.gnu {
                        true => format!("can't find label for jump to `{shown}'"),
                        false => format!("can't find label for jump to '{shown}'"),
                    };
                    return Err(ScriptError { at: self.at, message });
                }
            };
            match &mut self.commands[index].action {
                Action::Branch(to) | Action::BranchIfReplaced(to) | Action::BranchUnlessReplaced(to) => {
                    *to = target
                }
                _ => {}
            }
        }
        Ok(Script { commands: self.commands })
    }

    /// Reads a command; `false` at the end.
    fn command(&mut self) -> Parsed<bool> {
        self.skip(|byte| byte.is_ascii_whitespace() || byte == b';');
        if self.peek().is_none() {
            return Ok(false);
        }
        let from = self.address()?;
        let mut to = None;
        if from.is_some() {
            self.blanks();
            if self.eat(b',') {
                self.blanks();
                to = Some(self.end()?);
            }
        }
        self.blanks();
        let mut negated = false;
        while self.eat(b'!') {
            negated = true;
            self.blanks();
        }
        if let (Some(Address::Line(0)), Some(_)) | (Some(Address::Line(0)), None) = (&from, &to)
            && self.gnu
            && !matches!(to, Some(End::Address(Address::Matching(_))))
        {
            return Err(self.error("invalid usage of line address 0"));
        }
        let Some(letter) = self.next() else { return Err(self.fault("missing command", "missing command")) };
        let addressed = from.is_some();
        self.commands.push(Command { from, to, negated, action: Action::Nothing });
        let index = self.commands.len() - 1;
        let action = self.action(letter, index, addressed)?;
        self.commands[index].action = action;
        Ok(true)
    }

    fn address(&mut self) -> Parsed<Option<Address>> {
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

    fn unmatched(&self, gnu: &str, delimiter: u8) -> ScriptError {
        match self.gnu {
            true => self.error(gnu),
            false => self.error(format!("unmatched '{}'", char::from(delimiter))),
        }
    }

    fn end(&mut self) -> Parsed<End> {
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
    fn until(&mut self, delimiter: u8, regex: bool) -> Option<Vec<u8>> {
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
    fn regex(&self, pattern: &[u8], ignore_case: bool) -> Parsed<Option<Arc<Regex>>> {
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

    fn action(&mut self, letter: u8, index: usize, addressed: bool) -> Parsed<Action> {
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

    fn file_name(&mut self) -> Parsed<Vec<u8>> {
        self.blanks();
        let start = self.at;
        self.skip(|byte| byte != b'\n');
        if start == self.at {
            return Err(self.fault("missing filename in r/R/w/W commands", "empty filename"));
        }
        Ok(self.text[start..self.at].to_vec())
    }

    /// The text of `a`, `i` and `c`, with a newline at its end.
    fn text(&mut self) -> Parsed<Vec<u8>> {
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
        }
        let mut out = Vec::new();
        while let Some(byte) = self.next() {
            match byte {
                b'\n' => break,
                b'\\' => match self.next() {
                    Some(b'n') => out.push(b'\n'),
                    Some(b't') => out.push(b'\t'),
                    Some(next) => out.push(next),
                    None => break,
                },
                _ => out.push(byte),
            }
        }
        out.push(b'\n');
        Ok(out)
    }

    fn substitution(&mut self) -> Parsed<Action> {
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

    fn translation(&mut self) -> Parsed<Action> {
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

/// Text with its escapes undone.
fn plain(text: &[u8]) -> Vec<u8> {
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

/// An expression in which `\t` and its like are the characters themselves.
fn with_escapes(pattern: &[u8]) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;

    fn fault(script: &str, gnu: bool) -> String {
        parse(script.as_bytes(), false, gnu)
            .map_or_else(|error| format!("{}: {}", error.at, error.message), |_| "good".to_owned())
    }

    #[test]
    fn what_is_wrong_is_said_as_each_sed_does() {
        assert_eq!(fault("s/a/b", true), "5: unterminated `s' command");
        assert_eq!(fault("s/a/b", false), "5: unmatched '/'");
        assert_eq!(fault("k", true), "1: unknown command: `k'");
        assert_eq!(fault("1,p", true), "3: unexpected `,'");
        assert_eq!(fault("{p", true), "0: unmatched `{'");
        assert_eq!(fault("{p", false), "good");
        assert_eq!(fault("s/\\(a\\)/\\2/", true), "11: invalid reference \\2 on `s' command's RHS");
        assert_eq!(fault("$!{N;ba};s/\\n/+/g", true), "17: can't find label for jump to `a'");
        assert_eq!(fault(":a;$!{N;ba};s/\\n/+/g", true), "good");
    }

    proptest! {
        #[test]
        fn no_script_panics(script in "[sy/\\\\{};:abtdpnNgGhHxqwr0-9,$!~+&.*\\[\\] \n]{0,24}") {
            let _ = (parse(script.as_bytes(), false, true), parse(script.as_bytes(), true, false));
        }
    }
}

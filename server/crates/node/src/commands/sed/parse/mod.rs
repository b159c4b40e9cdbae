//! Parsing scripts.

mod action;
mod address;
mod substitution;

use std::collections::BTreeMap;

use super::script::{Action, Address, Command, End, Script};

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

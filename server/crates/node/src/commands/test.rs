//! `test` and `[`: conditions (POSIX XCU test).

use std::{cmp::Ordering, sync::Arc};

use bytes::Bytes;

use super::{Cx, Voice};
use crate::{
    kernel::{
        creds::{EXECUTE, READ, WRITE},
        fs::{FileType, Stat},
        process::Process,
    },
    libc::{
        fnmatch::{MatchOptions, matches},
        regex::{Regex, Syntax},
    },
};

pub(super) async fn run(mut cx: Cx) -> u8 {
    let mut args = std::mem::take(&mut cx.args);
    let name = cx.process.argv().first().cloned().unwrap_or_default();
    let bracket = name.ends_with(b"[");
    let kind = if bracket && name.ends_with(b"[[") { Kind::Double } else { Kind::Single };
    if bracket && args.pop().is_none_or(|last| last != "]" && last != "]]") {
        cx.error(if kind == Kind::Double { "missing ]]" } else { "missing ]" }).await;
        return 2;
    }
    match holds(&cx.process, kind, &args) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            let message = error.message(cx.flavor.into());
            cx.error(message).await;
            2
        }
    }
}

/// What is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TestError {
    BadNumber(String),
    /// What is left over, and what stands before it.
    UnknownOperand {
        before: String,
        extra: String,
    },
    /// An operator has nothing behind it.
    ArgumentExpected {
        left: String,
        op: String,
    },
    /// Of two words the first is no operator.
    NoOperator {
        left: String,
        right: String,
    },
    UnclosedParenthesis,
    /// The right side of `=~` is no regular expression.
    BadRegex(String),
    TooMany,
}

impl TestError {
    /// The message after the command's name.
    pub(crate) fn message(&self, voice: Voice) -> String {
        match (self, voice) {
            (Self::BadNumber(text), Voice::Busybox) if text.is_empty() => "bad number".to_owned(),
            (Self::BadNumber(text), Voice::Busybox) => format!("{text}: bad number"),
            (Self::BadNumber(text), Voice::Dash) => format!("Illegal number: {text}"),
            (Self::BadNumber(text), Voice::Bash) => format!("{text}: integer expression expected"),
            (Self::BadNumber(text), Voice::Coreutils) => format!("invalid integer '{text}'"),
            (Self::UnknownOperand { extra, .. }, Voice::Busybox) => format!("{extra}: unknown operand"),
            (Self::UnknownOperand { before, .. }, Voice::Dash) => format!("{before}: unexpected operator"),
            (Self::UnknownOperand { extra, .. }, Voice::Bash) => format!("{extra}: binary operator expected"),
            (Self::UnknownOperand { extra, .. }, Voice::Coreutils) => format!("extra argument '{extra}'"),
            (Self::ArgumentExpected { left, .. }, Voice::Bash) => format!("{left}: unary operator expected"),
            (Self::ArgumentExpected { op, .. }, Voice::Coreutils) => format!("missing argument after '{op}'"),
            (Self::ArgumentExpected { op, .. }, _) => format!("{op}: argument expected"),
            (Self::NoOperator { right, .. }, Voice::Busybox) => format!("{right}: unknown operand"),
            (Self::NoOperator { left, .. }, Voice::Dash) => format!("{left}: unexpected operator"),
            (Self::NoOperator { left, .. }, Voice::Bash) => format!("{left}: unary operator expected"),
            (Self::NoOperator { left, .. }, Voice::Coreutils) => format!("missing argument after '{left}'"),
            (Self::UnclosedParenthesis, Voice::Bash) => "`)' expected".to_owned(),
            (Self::UnclosedParenthesis, _) => "closing paren expected".to_owned(),
            (Self::BadRegex(text), _) => format!("bad regex '{text}'"),
            (Self::TooMany, _) => "too many arguments".to_owned(),
        }
    }
}

/// How deep parentheses and negations nest.
const MAX_DEPTH: u32 = 100;

/// Which conditions are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `test` and `[`.
    Single,
    /// Those of bash, which know `-a FILE` and take no terminal for a number that is none.
    Bash,
    /// busybox's `[[`: the right side of `=`, `==` and `!=` is a pattern, `=~` compares with a regular expression, `&&` and `||`
    /// combine.
    Double,
}

impl Kind {
    fn and(self) -> &'static str {
        if self == Self::Double { "&&" } else { "-a" }
    }

    fn or(self) -> &'static str {
        if self == Self::Double { "||" } else { "-o" }
    }

    fn is_binary(self, op: &[u8]) -> bool {
        is_binary(op) || (self == Self::Double && op == b"=~")
    }

    /// The letter of an operator on one operand.
    fn unary(self, op: &[u8]) -> Option<u8> {
        if self == Self::Bash && op == b"-a" { Some(b'a') } else { unary_letter(op) }
    }

    /// A condition on one operand.
    fn one(self, process: &Arc<Process>, letter: u8, operand: &[u8]) -> Result<bool, TestError> {
        match unary(process, letter, operand) {
            Err(TestError::BadNumber(_)) if self == Self::Bash && letter == b't' => Ok(false),
            other => other,
        }
    }

    /// A condition on two operands.
    fn binary(self, process: &Arc<Process>, op: &[u8], left: &[u8], right: &[u8]) -> Result<bool, TestError> {
        let fits = || matches(right, left, MatchOptions::default());
        match (self, op) {
            (Self::Double, b"=" | b"==") => Ok(fits()),
            (Self::Double, b"!=") => Ok(!fits()),
            (Self::Double, b"=~") => match Regex::new(right, Syntax::extended()) {
                Ok(regex) => Ok(regex.is_match(left)),
                Err(_) => Err(TestError::BadRegex(shown(right))),
            },
            _ => binary(process, op, left, right),
        }
    }
}

struct Parser<'a> {
    process: &'a Arc<Process>,
    kind: Kind,
    args: &'a [Bytes],
    at: usize,
    depth: u32,
}

/// Whether a condition holds, or what is wrong with it.
pub(crate) fn holds(process: &Arc<Process>, kind: Kind, args: &[Bytes]) -> Result<bool, TestError> {
    // With up to four arguments their number decides what they mean, whatever they look like.
    match args {
        [] => return Ok(false),
        [only] => return Ok(!only.is_empty()),
        [not, only] if not == "!" => return Ok(only.is_empty()),
        [op, operand] => {
            let Some(letter) = kind.unary(op) else {
                return Err(if kind != Kind::Bash && op == "(" && !kind.is_binary(operand) {
                    TestError::UnclosedParenthesis
                } else if kind.is_binary(operand) {
                    TestError::ArgumentExpected { left: shown(op), op: shown(operand) }
                } else {
                    TestError::NoOperator { left: shown(op), right: shown(operand) }
                });
            };
            return kind.one(process, letter, operand);
        }
        [left, op, right] if kind.is_binary(op) => return kind.binary(process, op, left, right),
        [not, rest @ ..] if not == "!" && rest.len() <= 3 => {
            return holds(process, kind, rest).map(|holds| !holds);
        }
        [open, middle, close] if open == "(" && close == ")" => return Ok(!middle.is_empty()),
        _ => {}
    }
    let mut parser = Parser { process, kind, args, at: 0, depth: 0 };
    let holds = parser.or()?;
    match parser.args.get(parser.at) {
        None => Ok(holds),
        Some(extra) => {
            if kind == Kind::Bash && args.len() > 3 {
                return Err(TestError::TooMany);
            }
            let before = parser.at.checked_sub(1).and_then(|at| args.get(at));
            let before = before.map_or_else(String::new, |arg| shown(arg));
            Err(TestError::UnknownOperand { before, extra: shown(extra) })
        }
    }
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

impl Parser<'_> {
    fn or(&mut self) -> Result<bool, TestError> {
        let mut holds = self.and()?;
        while self.eat(self.kind.or()) {
            let right = self.and()?;
            holds = holds || right;
        }
        Ok(holds)
    }

    fn and(&mut self) -> Result<bool, TestError> {
        let mut holds = self.not()?;
        while self.eat(self.kind.and()) {
            let right = self.not()?;
            holds = holds && right;
        }
        Ok(holds)
    }

    fn not(&mut self) -> Result<bool, TestError> {
        let mut negated = false;
        while self.args.len() > self.at + 1 && self.eat("!") {
            negated = !negated;
        }
        Ok(self.primary()? != negated)
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.args.get(self.at).is_some_and(|arg| arg == word);
        self.at += usize::from(found);
        found
    }

    fn primary(&mut self) -> Result<bool, TestError> {
        let rest = &self.args[self.at.min(self.args.len())..];
        match rest {
            [] => {
                let op = self.args.last().map_or_else(String::new, |arg| shown(arg));
                Err(TestError::ArgumentExpected { left: op.clone(), op })
            }
            [left, op, right, ..] if self.kind.is_binary(op) => {
                self.at += 3;
                self.kind.binary(self.process, op, left, right)
            }
            [open, ..] if open == "(" && rest.len() > 1 => {
                self.at += 1;
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(TestError::TooMany);
                }
                let holds = self.or()?;
                self.depth -= 1;
                if self.eat(")") { Ok(holds) } else { Err(TestError::UnclosedParenthesis) }
            }
            [op, operand, ..] if let Some(letter) = self.kind.unary(op) => {
                self.at += 2;
                self.kind.one(self.process, letter, operand)
            }
            [only, ..] => {
                self.at += 1;
                Ok(!only.is_empty())
            }
        }
    }
}

fn unary_letter(op: &[u8]) -> Option<u8> {
    match op {
        [b'-', letter] if b"bcdefghknoprstuwxzGLNOSv".contains(letter) => Some(*letter),
        _ => None,
    }
}

fn is_binary(op: &[u8]) -> bool {
    matches!(
        op,
        b"=" | b"=="
            | b"!="
            | b"<"
            | b">"
            | b"-eq"
            | b"-ne"
            | b"-lt"
            | b"-le"
            | b"-gt"
            | b"-ge"
            | b"-nt"
            | b"-ot"
            | b"-ef"
    )
}

/// A condition on one operand.
pub(crate) fn unary(process: &Arc<Process>, letter: u8, operand: &[u8]) -> Result<bool, TestError> {
    let follow = !matches!(letter, b'h' | b'L');
    let stat = || process.stat(operand, follow).ok();
    let is = |file_type: FileType| stat().is_some_and(|stat| stat.file_type == file_type);
    let has_bit = |bit: u16| stat().is_some_and(|stat| stat.mode & bit != 0);
    Ok(match letter {
        b'z' => operand.is_empty(),
        b'n' => !operand.is_empty(),
        b'e' | b'a' => stat().is_some(),
        b'f' => is(FileType::Regular),
        b'd' => is(FileType::Directory),
        b'h' | b'L' => is(FileType::Symlink),
        b'p' => is(FileType::Fifo),
        b'S' => is(FileType::Socket),
        b'c' => is(FileType::CharDevice),
        b'b' => false,
        b's' => stat().is_some_and(|stat| stat.size > 0),
        b'r' => process.access(operand, READ).is_ok(),
        b'w' => process.access(operand, WRITE).is_ok(),
        b'x' => process.access(operand, EXECUTE).is_ok(),
        b'u' => has_bit(0o4000),
        b'g' => has_bit(0o2000),
        b'k' => has_bit(0o1000),
        b'O' => stat().is_some_and(|stat| stat.uid == process.creds().uid),
        b'G' => stat().is_some_and(|stat| stat.gid == process.creds().gid),
        b'N' => stat().is_some_and(|stat| stat.modified > stat.accessed),
        b't' => {
            let fd = number(operand)?;
            u32::try_from(fd).is_ok_and(|fd| process.is_terminal(fd))
        }
        _ => false,
    })
}

fn number(text: &[u8]) -> Result<i64, TestError> {
    let trimmed = String::from_utf8_lossy(text.trim_ascii()).into_owned();
    let digits = trimmed.strip_prefix('+').unwrap_or(&trimmed);
    digits.parse().map_err(|_| TestError::BadNumber(shown(text)))
}

/// A condition on two operands.
pub(crate) fn binary(
    process: &Arc<Process>,
    op: &[u8],
    left: &[u8],
    right: &[u8],
) -> Result<bool, TestError> {
    let stat = |path: &[u8]| process.stat(path, true).ok();
    let newer = |a: Option<Stat>, b: Option<Stat>| match (a, b) {
        (Some(a), Some(b)) => a.modified > b.modified,
        (a, b) => a.is_some() && b.is_none(),
    };
    let compare = || -> Result<Ordering, TestError> { Ok(number(left)?.cmp(&number(right)?)) };
    Ok(match op {
        b"=" | b"==" => left == right,
        b"!=" => left != right,
        b"<" => left < right,
        b">" => left > right,
        b"-eq" => compare()?.is_eq(),
        b"-ne" => compare()?.is_ne(),
        b"-lt" => compare()?.is_lt(),
        b"-le" => compare()?.is_le(),
        b"-gt" => compare()?.is_gt(),
        b"-ge" => compare()?.is_ge(),
        b"-nt" => newer(stat(left), stat(right)),
        b"-ot" => newer(stat(right), stat(left)),
        _ => match (stat(left), stat(right)) {
            (Some(a), Some(b)) => (a.device, a.ino) == (b.device, b.ino),
            _ => false,
        },
    })
}

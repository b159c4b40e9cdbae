//! A script of sed, parsed.

use std::sync::Arc;

use crate::libc::regex::Regex;

/// A script: its commands one after another; a block is a jump over what is in it.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) commands: Vec<Command>,
}

/// A command and the lines that it is for.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) from: Option<Address>,
    pub(super) to: Option<End>,
    pub(super) negated: bool,
    pub(super) action: Action,
}

/// A line.
#[derive(Debug)]
pub(super) enum Address {
    Line(u64),
    Last,
    /// The expression, or the one used last.
    Matching(Option<Arc<Regex>>),
    /// `first~step`
    Step(u64, u64),
}

/// Where a range ends.
#[derive(Debug)]
pub(super) enum End {
    Address(Address),
    /// So many lines after its beginning.
    After(u64),
    /// At the next line whose number is a multiple.
    Multiple(u64),
}

/// What a command does.
#[derive(Debug)]
pub(super) enum Action {
    /// `{`: where the block ends. It is skipped unless the address fits.
    Block(usize),
    /// `}`, comments, labels.
    Nothing,
    Append(Vec<u8>),
    Insert(Vec<u8>),
    Change(Vec<u8>),
    /// To this command, or to the end.
    Branch(Option<usize>),
    BranchIfReplaced(Option<usize>),
    BranchUnlessReplaced(Option<usize>),
    Delete,
    DeleteFirstLine,
    GetHeld,
    AppendHeld,
    Hold,
    HoldAppend,
    Exchange,
    List,
    Next,
    AppendNext,
    Print,
    PrintFirstLine,
    Quit(u8),
    QuitSilently(u8),
    ReadFile(Vec<u8>),
    ReadLine(Vec<u8>),
    Substitute(Substitution),
    WriteFile(Vec<u8>),
    WriteFirstLine(Vec<u8>),
    Translate(Box<[u8; 256]>),
    LineNumber,
    FileName,
    Zap,
}

/// `s`
#[derive(Debug)]
pub(super) struct Substitution {
    /// The expression, or the one used last.
    pub(super) pattern: Option<Arc<Regex>>,
    pub(super) replacement: Vec<Piece>,
    pub(super) global: bool,
    /// The first match that is replaced, counted from 1.
    pub(super) number: u64,
    pub(super) print: bool,
    pub(super) write: Option<Vec<u8>>,
}

/// A piece of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(Vec<u8>),
    /// A group; 0 is the whole match.
    Group(usize),
    Case(Case),
}

/// How the letters that follow are written (GNU).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    UpperFirst,
    LowerFirst,
    AsIs,
}

impl Script {
    /// The files that the script writes.
    pub(super) fn output_files(&self) -> Vec<Vec<u8>> {
        let paths = self.commands.iter().filter_map(|command| match &command.action {
            Action::WriteFile(path) | Action::WriteFirstLine(path) => Some(path.clone()),
            Action::Substitute(substitution) => substitution.write.clone(),
            _ => None,
        });
        paths.collect()
    }
}

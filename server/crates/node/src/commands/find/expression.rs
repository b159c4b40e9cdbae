//! What `find` looks for.

use std::cmp::Ordering;

use bytes::Bytes;
use jiff::Timestamp;

use crate::{
    kernel::fs::FileType,
    libc::{fnmatch::MatchOptions, regex::Regex},
};

/// `N`, `+N` (more) or `-N` (less).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) order: Ordering,
    pub(super) value: i64,
}

impl Amount {
    pub(super) fn holds(self, value: i64) -> bool {
        value.cmp(&self.value) == self.order
    }
}

/// How permissions are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permissions {
    Exactly(u16),
    All(u16),
    Any(u16),
}

/// Which time of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    Accessed,
    Changed,
    Modified,
}

#[derive(Debug)]
pub(super) enum Expression {
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Comma(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    True,
    False,
    Name(Bytes, MatchOptions),
    Path(Bytes, MatchOptions),
    LinkName(Bytes, MatchOptions),
    Regex(Regex),
    Type(Vec<FileType>),
    Permissions(Permissions),
    /// Age in units of so many seconds.
    Age(Clock, i64, Amount),
    Newer(Clock, Timestamp),
    User(u32),
    Group(u32),
    NoUser,
    NoGroup,
    /// Size in units of so many bytes.
    Size(u64, Amount),
    Empty,
    Links(Amount),
    Inode(Amount),
    SameFile(u32, u64),
    Access(u16),
    Prune,
    Quit,
    Print(Vec<u8>),
    Format(Bytes),
    List,
    Delete,
    /// A command for each file; `{}` is its path. Asked for first, and run in its directory, perhaps.
    Exec {
        command: Vec<Bytes>,
        ask: bool,
        in_dir: bool,
    },
    /// A command for many files: the number of its list.
    ExecMany(usize),
}

//! What a script is made of (POSIX XCU 2.9, 2.10, and the extensions of busybox ash and bash).

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::arith::Expr;

/// Commands one after the other.
pub(crate) type Block = Arc<[AndOr]>;

/// Pipelines joined by `&&` and `||`, in the background perhaps.
#[derive(Debug)]
pub(crate) struct AndOr {
    pub(crate) first: Pipeline,
    pub(crate) rest: Box<[(Connector, Pipeline)]>,
    pub(crate) background: bool,
    /// Its text, for `jobs`.
    pub(crate) text: Bytes,
}

/// What joins two pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connector {
    And,
    Or,
}

/// Commands that run side by side, each reading what the one before writes.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// Preceded by `!`.
    pub(crate) negated: bool,
    /// Preceded by `time`, and how that reports.
    pub(crate) timed: Option<Timing>,
    pub(crate) commands: Box<[Arc<Command>]>,
}

/// How `time` reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    Shell,
    /// As POSIX says (`time -p`).
    Posix,
}

/// A command and its redirections.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) kind: CommandKind,
    pub(crate) redirects: Box<[Redirect]>,
    pub(crate) line: u32,
}

/// A command without its redirections.
#[derive(Debug)]
pub(crate) enum CommandKind {
    /// Assignments and words.
    Simple(Simple),
    /// `{ ...; }`
    Brace(Block),
    /// `( ... )`
    Subshell(Block),
    /// `if ...; then ...; elif ...; then ...; else ...; fi`
    If { arms: Box<[(Block, Block)]>, otherwise: Option<Block> },
    /// `while ...; do ...; done`, `until ...; do ...; done`
    Loop { until: bool, test: Block, body: Block },
    /// `for NAME in ...; do ...; done`; without words, `"$@"`. In bash with its head as it is written, for `set -x`.
    For { name: Bytes, words: Option<Box<[Word]>>, body: Block, head: Bytes },
    /// `for ((...; ...; ...)); do ...; done` (bash)
    ForArith { init: Word, test: Word, step: Word, body: Block },
    /// `select NAME in ...; do ...; done` (bash)
    Select { name: Bytes, words: Option<Box<[Word]>>, body: Block, head: Bytes },
    /// `case ... in ... esac`
    Case { word: Word, arms: Box<[CaseArm]>, head: Bytes },
    /// `NAME() ...`
    Function { name: Bytes, definition: Arc<Definition> },
    /// `((...))` (bash)
    Arith(Word),
    /// `[[ ... ]]`
    Cond(Cond),
    /// `coproc NAME command` (bash)
    Coproc { name: Bytes, command: Arc<Command> },
}

/// What a function does.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) body: Arc<Command>,
    /// Its text, for `declare -f`.
    pub(crate) text: Bytes,
}

/// Assignments and words.
#[derive(Debug, Default)]
pub(crate) struct Simple {
    pub(crate) assignments: Box<[Assignment]>,
    pub(crate) words: Box<[Word]>,
    /// Arrays among the operands of `declare` and the like (bash); the words have their names.
    pub(crate) arrays: Box<[Assignment]>,
}

/// `NAME=value`
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) name: Bytes,
    /// `NAME[subscript]=...` (bash)
    pub(crate) subscript: Option<Word>,
    /// `NAME+=...`
    pub(crate) append: bool,
    pub(crate) value: AssignedValue,
}

/// What is assigned.
#[derive(Debug)]
pub(crate) enum AssignedValue {
    Word(Word),
    /// `NAME=(...)` (bash)
    Array(Box<[Element]>),
}

/// An element of an array, with its subscript where one is written: `[key]=value`, `[key]+=value`.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) subscript: Option<Word>,
    pub(crate) append: bool,
    pub(crate) value: Word,
}

/// One arm of a `case`.
#[derive(Debug)]
pub(crate) struct CaseArm {
    pub(crate) patterns: Box<[Word]>,
    pub(crate) body: Block,
    pub(crate) end: CaseEnd,
}

/// How an arm ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseEnd {
    /// `;;`
    Break,
    /// `;&`: go on with the next arm's commands.
    FallThrough,
    /// `;;&`: go on testing.
    Continue,
}

/// An expression of `[[ ]]`.
#[derive(Debug)]
pub(crate) enum Cond {
    Not(Box<Cond>),
    And(Box<Cond>, Box<Cond>),
    Or(Box<Cond>, Box<Cond>),
    /// In parentheses.
    Group(Box<Cond>),
    Unary(u8, Word),
    Binary(CondOp, Word, Word),
    Word(Word),
}

/// A binary operator of `[[ ]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CondOp {
    /// `=`, `==`: the right side is a pattern.
    Match {
        doubled: bool,
    },
    NotMatch,
    /// `=~`: the right side is an extended regular expression.
    Regex,
    Less,
    Greater,
    /// `-eq` and so on.
    Number(std::cmp::Ordering, bool),
    Newer,
    Older,
    SameFile,
}

impl CondOp {
    /// As it is written.
    pub(crate) fn text(self) -> &'static str {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match self {
            Self::Match { doubled: false } => "=",
            Self::Match { doubled: true } => "==",
            Self::NotMatch => "!=",
            Self::Regex => "=~",
            Self::Less => "<",
            Self::Greater => ">",
            Self::Number(Equal, false) => "-eq",
            Self::Number(Equal, true) => "-ne",
            Self::Number(Less, false) => "-lt",
            Self::Number(Less, true) => "-ge",
            Self::Number(Greater, false) => "-gt",
            Self::Number(Greater, true) => "-le",
            Self::Newer => "-nt",
            Self::Older => "-ot",
            Self::SameFile => "-ef",
        }
    }
}

/// `[n]<word` and so on.
#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) fd: Option<u32>,
    /// `{name}>`: the variable that holds the number (bash).
    pub(crate) variable: Option<Bytes>,
    pub(crate) kind: RedirectKind,
}

/// What a redirection does.
#[derive(Debug)]
pub(crate) enum RedirectKind {
    /// `<`
    Read(Word),
    /// `>`
    Write(Word),
    /// `>|`
    Clobber(Word),
    /// `>>`
    Append(Word),
    /// `<>`
    ReadWrite(Word),
    /// `<&`, `>&`: a number, `-`, or (bash, `>&`) a file for both outputs.
    Duplicate { word: Word, output: bool },
    /// `&>`, `&>>` (bash, ash)
    Both { word: Word, append: bool },
    /// `<<`: the text comes after the line.
    HereDocument(Arc<OnceLock<Word>>),
    /// `<<<` (bash)
    HereString(Word),
}

/// A word, before expansion.
#[derive(Clone, Debug, Default)]
pub(crate) struct Word {
    pub(crate) parts: Arc<[Part]>,
}

/// A part of a word.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Unquoted text.
    Literal(Bytes),
    /// Text that quotes (or a backslash) keep from being anything else.
    Quoted(Bytes),
    /// `"..."`
    DoubleQuoted(Arc<[Part]>),
    /// `~`, `~name`
    Tilde(Bytes),
    /// `$name`, `${...}`
    Parameter(Arc<Parameter>),
    /// `$(...)`, `` `...` ``
    Command(Arc<SubScript>),
    /// `$((...))`
    Arith(Arc<Arith>),
    /// `<(...)`, `>(...)` (bash)
    Process { output: bool, script: Arc<SubScript> },
}

/// The commands of a substitution.
#[derive(Debug)]
pub(crate) struct SubScript {
    pub(crate) block: Block,
}

/// An arithmetic expansion.
#[derive(Debug)]
pub(crate) struct Arith {
    pub(crate) word: Word,
    /// The expression, where its text holds no expansion and is known in advance.
    pub(crate) ready: Option<Expr>,
}

/// A parameter expansion.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: ParameterName,
    /// `${name[subscript]}` (bash)
    pub(crate) subscript: Option<Subscript>,
    /// `${!name}` (bash)
    pub(crate) indirect: bool,
    pub(crate) op: ParameterOp,
}

/// Which elements of an array.
#[derive(Debug)]
pub(crate) enum Subscript {
    /// `[@]`
    Each,
    /// `[*]`
    Joined,
    Index(Word),
}

/// What a parameter is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ParameterName {
    Variable(Bytes),
    /// `$1`, `${10}`
    Positional(usize),
    /// `$@ $* $# $? $- $$ $! $0`
    Special(u8),
}

/// What is done with a parameter's value.
#[derive(Debug)]
pub(crate) enum ParameterOp {
    /// `$name`
    None,
    /// `${#name}`
    Length,
    /// `${name-word}`, with `:` (`null`) for an empty one too
    Default { null: bool, word: Word },
    /// `${name=word}`
    Assign { null: bool, word: Word },
    /// `${name?word}`
    Error { null: bool, word: Word },
    /// `${name+word}`
    Alternative { null: bool, word: Word },
    /// `${name#pattern}`, `##`
    RemovePrefix { longest: bool, pattern: Word },
    /// `${name%pattern}`, `%%`
    RemoveSuffix { longest: bool, pattern: Word },
    /// `${name:offset:length}`
    Substring { offset: Word, length: Option<Word> },
    /// `${name/pattern/word}` and `//`, `/#`, `/%`
    Replace { scope: ReplaceScope, pattern: Word, with: Word },
    /// `${name^pattern}`, `^^`, `,`, `,,` (bash)
    Case { change: CaseChange, all: bool, pattern: Word },
    /// `${name@Q}` (bash)
    Transform(u8),
    /// `${!prefix*}` (bash)
    Names,
    /// `${!name[@]}` (bash)
    Keys,
    /// What no shell knows, refused when it is expanded (bash): its text.
    Bad(Bytes),
}

/// What becomes of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseChange {
    /// `^`
    Upper,
    /// `,`
    Lower,
    /// `~`: small ones become large, and large ones small.
    Swap,
}

/// Which matches are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplaceScope {
    First,
    All,
    AtStart,
    AtEnd,
}

impl Word {
    /// A word of one part.
    pub(crate) fn of(part: Part) -> Self {
        Self { parts: Arc::new([part]) }
    }

    /// A word that quotes keep as it is.
    pub(crate) fn quoted(text: impl Into<Bytes>) -> Self {
        Self::of(Part::Quoted(text.into()))
    }

    /// Its text, if it is one unquoted part.
    pub(crate) fn literal(&self) -> Option<&Bytes> {
        match &*self.parts {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

//! What a filter says, as it is read.

use super::number::Number;

/// A filter and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) kind: Kind,
    /// Offset in the program.
    pub(super) at: usize,
    /// How deep it is.
    pub(super) height: u32,
}

impl Term {
    pub(super) fn new(kind: Kind, at: usize) -> Self {
        let mut height = 0;
        kind.each_part(&mut |part| height = height.max(part.height));
        Self { kind, at, height: height + 1 }
    }
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// What an assignment does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assign {
    /// `=`
    Set,
    /// `|=`
    Update,
    /// `+=` and its like
    Arithmetic(Op),
    /// `//=`
    Alternative,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Identity,
    /// `..`
    Everything,
    Null,
    Bool(bool),
    Number(Number),
    /// Pieces of text and filters between them, written in a format (`text` where none is named).
    Text(Option<String>, Vec<Piece>),
    /// `@base64` by itself.
    Format(String),
    Variable(String),
    /// `$__loc__`, with its line.
    Location(usize),
    Call(String, Vec<Term>),
    Index(Box<Term>, Box<Term>),
    Slice(Box<Term>, Option<Box<Term>>, Option<Box<Term>>),
    Iterate(Box<Term>),
    /// `try BODY catch HANDLER`, `BODY?`
    Try(Box<Term>, Option<Box<Term>>),
    Array(Option<Box<Term>>),
    Object(Vec<(Term, Term)>),
    Negate(Box<Term>),
    Pipe(Box<Term>, Box<Term>),
    Comma(Vec<Term>),
    Binary(Op, Box<Term>, Box<Term>),
    And(Box<Term>, Box<Term>),
    Or(Box<Term>, Box<Term>),
    /// `a // b`
    Alternative(Box<Term>, Box<Term>),
    Assign(Assign, Box<Term>, Box<Term>),
    /// Conditions with what follows each, and `else`.
    If(Vec<(Term, Term)>, Option<Box<Term>>),
    Reduce(Box<Term>, Pattern, Box<Term>, Box<Term>),
    Foreach(Box<Term>, Pattern, Box<Term>, Box<Term>, Option<Box<Term>>),
    Def(Box<Function>, Box<Term>),
    /// `SOURCE as PATTERN ?// PATTERN | BODY`
    Bind(Box<Term>, Vec<Pattern>, Box<Term>),
    Label(String, Box<Term>),
    Break(String),
}

impl Kind {
    /// Shows the terms that it consists of.
    fn each_part(&self, see: &mut impl FnMut(&Term)) {
        match self {
            Self::Identity
            | Self::Everything
            | Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Format(_)
            | Self::Variable(_)
            | Self::Location(_)
            | Self::Break(_)
            | Self::Array(None) => {}
            Self::Text(_, pieces) => {
                for piece in pieces {
                    if let Piece::Filter(term) = piece {
                        see(term);
                    }
                }
            }
            Self::Call(_, terms) | Self::Comma(terms) => terms.iter().for_each(see),
            Self::Iterate(a) | Self::Array(Some(a)) | Self::Negate(a) | Self::Label(_, a) => see(a),
            Self::Index(a, b)
            | Self::Pipe(a, b)
            | Self::Binary(_, a, b)
            | Self::And(a, b)
            | Self::Or(a, b)
            | Self::Alternative(a, b)
            | Self::Assign(_, a, b) => [a, b].into_iter().for_each(|term| see(term)),
            Self::Slice(a, b, c) => {
                [Some(a), b.as_ref(), c.as_ref()].into_iter().flatten().for_each(|term| see(term));
            }
            Self::Try(a, b) => [Some(a), b.as_ref()].into_iter().flatten().for_each(|term| see(term)),
            Self::Object(members) => members.iter().flat_map(|(key, value)| [key, value]).for_each(see),
            Self::If(branches, otherwise) => {
                branches.iter().flat_map(|(condition, then)| [condition, then]).for_each(&mut *see);
                otherwise.iter().for_each(|term| see(term));
            }
            Self::Reduce(source, pattern, a, b) => {
                pattern.each_part(see);
                [source, a, b].into_iter().for_each(|term| see(term));
            }
            Self::Foreach(source, pattern, a, b, c) => {
                pattern.each_part(see);
                [Some(source), Some(a), Some(b), c.as_ref()].into_iter().flatten().for_each(|term| see(term));
            }
            Self::Def(function, rest) => [&function.body, rest].into_iter().for_each(see),
            Self::Bind(source, patterns, body) => {
                patterns.iter().for_each(|pattern| pattern.each_part(see));
                [source, body].into_iter().for_each(|term| see(term));
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Piece {
    Text(String),
    Filter(Term),
}

/// `def NAME(PARAMETERS): BODY;`
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Term,
}

#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// Whether it is given as `$name`.
    pub(super) by_value: bool,
}

/// What a value is taken apart into.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    Variable(String),
    Array(Vec<Pattern>),
    /// Keys; each may be a variable that gets the value whole, and have a pattern for its parts.
    Object(Vec<(Key, Option<Pattern>)>),
}

#[derive(Clone, Debug)]
pub(super) enum Key {
    Variable(String),
    Filter(Term),
}

impl Pattern {
    /// Shows the terms that it consists of.
    fn each_part(&self, see: &mut impl FnMut(&Term)) {
        match self {
            Self::Variable(_) => {}
            Self::Array(parts) => parts.iter().for_each(|part| part.each_part(see)),
            Self::Object(members) => {
                for (key, part) in members {
                    if let Key::Filter(term) = key {
                        see(term);
                    }
                    if let Some(part) = part {
                        part.each_part(see);
                    }
                }
            }
        }
    }

    /// Adds the names of its variables.
    pub(super) fn names(&self, names: &mut Vec<String>) {
        match self {
            Self::Variable(name) => names.push(name.clone()),
            Self::Array(parts) => parts.iter().for_each(|part| part.names(names)),
            Self::Object(members) => {
                for (key, part) in members {
                    if let Key::Variable(name) = key {
                        names.push(name.clone());
                    }
                    if let Some(part) = part {
                        part.names(names);
                    }
                }
            }
        }
    }
}

//! An awk program, parsed.

#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) begin: Vec<Vec<Stmt>>,
    pub(super) end: Vec<Vec<Stmt>>,
    pub(super) rules: Vec<Rule>,
    pub(super) functions: Vec<Function>,
}

/// A pattern and its action; without one the record is printed.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) pattern: Option<Expr>,
    /// The end of a range.
    pub(super) until: Option<Expr>,
    pub(super) action: Option<Vec<Stmt>>,
}

#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) params: Vec<String>,
    pub(super) body: Vec<Stmt>,
}

#[derive(Debug)]
pub(super) enum Stmt {
    Expr(Expr),
    Print { format: bool, args: Vec<Expr>, to: Option<(Redirect, Expr)> },
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    While(Expr, Vec<Stmt>),
    Do(Vec<Stmt>, Expr),
    For(Option<Box<Stmt>>, Option<Expr>, Option<Box<Stmt>>, Vec<Stmt>),
    ForIn(Expr, String, Vec<Stmt>),
    Block(Vec<Stmt>),
    Break,
    Continue,
    Next,
    NextFile,
    Exit(Option<Expr>),
    Return(Option<Expr>),
    Delete(String, Option<Vec<Expr>>),
}

/// Where output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redirect {
    File,
    Append,
    Pipe,
}

/// Where `getline` reads.
#[derive(Debug)]
pub(super) enum Source {
    Input,
    File(Box<Expr>),
    Command(Box<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Less,
    LessEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
}

#[derive(Debug)]
pub(super) enum Expr {
    Number(f64),
    String(Vec<u8>),
    /// On its own, whether the record matches.
    Regex(Vec<u8>),
    Variable(String),
    Field(Box<Expr>),
    Element(String, Vec<Expr>),
    Assign(Box<Expr>, Option<Op>, Box<Expr>),
    /// By one up or down; the value before or after.
    Step {
        target: Box<Expr>,
        by: f64,
        after: bool,
    },
    Binary(Op, Box<Expr>, Box<Expr>),
    Concat(Box<Expr>, Box<Expr>),
    Match {
        negated: bool,
        text: Box<Expr>,
        regex: Box<Expr>,
    },
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Plus(Box<Expr>),
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    In(Vec<Expr>, String),
    /// `(a, b)`, or one expression in parentheses.
    Group(Vec<Expr>),
    Call(String, Vec<Expr>),
    Builtin(&'static str, Vec<Expr>),
    Getline(Source, Option<Box<Expr>>),
}

impl Expr {
    pub(super) fn is_lvalue(&self) -> bool {
        matches!(self, Self::Variable(_) | Self::Field(_) | Self::Element(..))
    }
}

//! What a program of `bc` becomes: instructions for a machine with a stack.

use std::collections::BTreeMap;

/// A binary operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

/// What can be assigned to. The index of an element is on the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Variable(String),
    Element(String),
    Scale,
    InputBase,
    OutputBase,
    Last,
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// On the stack.
    Value,
    Array(String),
}

/// What `length`, `sqrt`, `scale` and `read` do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin {
    Length,
    SquareRoot,
    Scale,
    Read,
}

/// An instruction.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// Digits, read in the base that holds when they run.
    Number(String),
    Load(Place),
    /// Assigns the top of the stack, combined with what was there before, and leaves the result.
    Assign(Place, Option<Binary>),
    /// `++` and `--`.
    Step {
        place: Place,
        down: bool,
        before: bool,
    },
    Binary(Binary),
    Negate,
    Not,
    Call(String, Vec<Argument>),
    Builtin(Builtin),
    Drop,
    /// Prints the top of the stack, which `last` becomes; a statement's ends the line.
    Print {
        line: bool,
    },
    PrintText(String),
    Jump(usize),
    JumpIfZero(usize),
    /// Ends a function with the top of the stack.
    Return,
    Limits,
    Halt,
}

/// A parameter of a function, or a variable of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Local {
    pub(super) name: String,
    pub(super) array: bool,
    /// `*name[]`: what the function does to it the caller sees.
    pub(super) by_reference: bool,
}

/// A function.
#[derive(Clone, Debug, Default)]
pub(super) struct Function {
    pub(super) parameters: Vec<Local>,
    pub(super) own: Vec<Local>,
    pub(super) code: Vec<Op>,
}

/// What one piece of text holds: statements to run, and functions.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) code: Vec<Op>,
    pub(super) functions: BTreeMap<String, Function>,
    /// `quit` was read: nothing after it counts.
    pub(super) quit: bool,
}

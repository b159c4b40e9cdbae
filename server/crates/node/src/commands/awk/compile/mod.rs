//! From the program to steps of a machine with a stack: so it can be interrupted anywhere and nests as deep as it likes.

mod arrays;
mod calls;
mod expressions;
mod statements;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    ast::{Op, Program, Redirect, Stmt},
    parser::SyntaxError,
};
use crate::libc::regex::Regex;

/// A variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Global(usize),
    Local(usize),
}

/// A step. What it takes is on the stack, what it makes is put there.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Number(f64),
    String(bytes::Bytes),
    /// Whether the record matches.
    MatchRecord(Arc<Regex>),
    /// A regular expression as an argument.
    Regex(Arc<Regex>),
    Load(Slot),
    Store(Slot),
    LoadField,
    StoreField,
    /// Joins so many subscripts.
    Key(usize),
    LoadElement(Slot),
    StoreElement(Slot),
    /// Adds to a variable; leaves the value before or after.
    AddTo(Slot, f64, bool),
    AddToField(f64, bool),
    AddToElement(Slot, f64, bool),
    Copy,
    Swap,
    Drop,
    Binary(Op),
    Concat,
    Match(bool),
    Not,
    Negate,
    Plus,
    Truth,
    Contains(Slot),
    Jump(usize),
    /// Takes a value.
    JumpIf(usize),
    JumpUnless(usize),
    Call(usize, usize),
    /// An array as an argument.
    Array(Slot),
    Builtin(&'static str, usize),
    Length(Slot),
    /// Takes pattern, replacement, target; puts the new text aside and leaves the count.
    Substitute(bool),
    /// What was put aside.
    Aside,
    Split(Slot, bool),
    Getline(ReadFrom, bool),
    Print {
        format: bool,
        args: usize,
        to: Option<Redirect>,
    },
    /// Begins a loop over the keys of an array.
    Keys(Slot),
    /// The next key, or on to where the loop ends.
    NextKey(usize),
    EndKeys,
    Delete(Slot),
    DeleteAll(Slot),
    Next,
    NextFile,
    Exit(bool),
    Return,
    /// A rule with two patterns: goes on where it is in its range.
    RangeStart(usize, usize),
    RangeEnd(usize),
    PrintRecord,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadFrom {
    Input,
    File,
    Command,
}

/// Variables that the language gives a meaning, in the order of their slots.
pub(super) const SPECIAL: [&str; 17] = [
    "NF", "NR", "FNR", "FS", "OFS", "RS", "ORS", "SUBSEP", "CONVFMT", "OFMT", "FILENAME", "RSTART",
    "RLENGTH", "ENVIRON", "ARGC", "ARGV", "RT",
];

/// A function: where it begins, its parameters, and which of them are arrays.
#[derive(Clone, Debug)]
pub(super) struct Callable {
    pub(super) start: usize,
    pub(super) params: usize,
    arrays: BTreeSet<usize>,
}

#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) steps: Vec<Step>,
    pub(super) functions: Vec<Callable>,
    pub(super) globals: Vec<String>,
    /// Where each part begins; `None` where there is none.
    pub(super) begin: Option<usize>,
    pub(super) rules: Option<usize>,
    pub(super) end: Option<usize>,
    pub(super) ranges: usize,
}

struct Compiler {
    steps: Vec<Step>,
    globals: BTreeMap<String, usize>,
    locals: BTreeMap<String, usize>,
    names: BTreeMap<String, usize>,
    functions: Vec<Callable>,
    ranges: usize,
    /// For each loop: the jumps out of it, those to its next round, and whether it goes over keys.
    loops: Vec<(Vec<usize>, Vec<usize>, bool)>,
    gnu: bool,
}

type Compiling<T> = Result<T, SyntaxError>;

fn fault(message: String) -> SyntaxError {
    SyntaxError { line: 1, message, near: String::new() }
}

/// Compiles a program.
pub(super) fn compile(program: &Program, gnu: bool) -> Compiling<Compiled> {
    let mut compiler = Compiler {
        steps: Vec::new(),
        globals: SPECIAL.iter().enumerate().map(|(slot, name)| ((*name).to_owned(), slot)).collect(),
        locals: BTreeMap::new(),
        names: BTreeMap::new(),
        functions: Vec::new(),
        ranges: 0,
        loops: Vec::new(),
        gnu,
    };
    for (index, function) in program.functions.iter().enumerate() {
        if compiler.names.insert(function.name.clone(), index).is_some() {
            return Err(fault(format!("function {} is defined twice", function.name)));
        }
        compiler.functions.push(Callable {
            start: 0,
            params: function.params.len(),
            arrays: BTreeSet::new(),
        });
    }
    compiler.find_arrays(program);
    for (index, function) in program.functions.iter().enumerate() {
        compiler.functions[index].start = compiler.steps.len();
        compiler.locals =
            function.params.iter().enumerate().map(|(slot, name)| (name.clone(), slot)).collect();
        compiler.block(&function.body)?;
        compiler.steps.push(Step::String(bytes::Bytes::new()));
        compiler.steps.push(Step::Return);
    }
    compiler.locals.clear();
    let mut parts = [None, None, None];
    for (index, bodies) in [&program.begin, &program.end].into_iter().enumerate() {
        if bodies.is_empty() {
            continue;
        }
        parts[index] = Some(compiler.steps.len());
        for body in bodies {
            compiler.block(body)?;
        }
        compiler.steps.push(Step::Next);
    }
    if !program.rules.is_empty() {
        parts[2] = Some(compiler.steps.len());
        for rule in &program.rules {
            compiler.rule(rule)?;
        }
        compiler.steps.push(Step::Next);
    }
    let mut globals = vec![String::new(); compiler.globals.len()];
    for (name, slot) in compiler.globals {
        globals[slot] = name;
    }
    Ok(Compiled {
        steps: compiler.steps,
        functions: compiler.functions,
        globals,
        begin: parts[0],
        end: parts[1],
        rules: parts[2],
        ranges: compiler.ranges,
    })
}

impl Compiler {
    fn emit(&mut self, step: Step) -> usize {
        self.steps.push(step);
        self.steps.len() - 1
    }

    /// Makes the jump at `index` lead to what comes next.
    fn land(&mut self, index: usize) {
        let here = self.steps.len();
        match &mut self.steps[index] {
            Step::Jump(to)
            | Step::JumpIf(to)
            | Step::JumpUnless(to)
            | Step::NextKey(to)
            | Step::RangeStart(_, to) => {
                *to = here;
            }
            _ => {}
        }
    }

    fn slot(&mut self, name: &str) -> Slot {
        if let Some(slot) = self.locals.get(name) {
            return Slot::Local(*slot);
        }
        let next = self.globals.len();
        Slot::Global(*self.globals.entry(name.to_owned()).or_insert(next))
    }

    fn rule(&mut self, rule: &super::ast::Rule) -> Compiling<()> {
        let mut out = None;
        match (&rule.pattern, &rule.until) {
            (None, _) => {}
            (Some(pattern), None) => {
                self.expr(pattern)?;
                out = Some(self.emit(Step::JumpUnless(0)));
            }
            (Some(from), Some(until)) => {
                let range = self.ranges;
                self.ranges += 1;
                // In the range already: straight to its end's condition.
                let inside = self.emit(Step::RangeStart(range, 0));
                self.expr(from)?;
                out = Some(self.emit(Step::JumpUnless(0)));
                self.land(inside);
                self.expr(until)?;
                self.emit(Step::RangeEnd(range));
            }
        }
        match &rule.action {
            Some(action) => self.block(action)?,
            None => drop(self.emit(Step::PrintRecord)),
        }
        if let Some(out) = out {
            self.land(out);
        }
        Ok(())
    }

    fn block(&mut self, stmts: &[Stmt]) -> Compiling<()> {
        stmts.iter().try_for_each(|stmt| self.statement(stmt))
    }

    fn end_loop(&mut self, next_round: usize) {
        if let Some((outs, nexts, _)) = self.loops.pop() {
            for index in outs {
                self.land(index);
            }
            for index in nexts {
                self.steps[index] = Step::Jump(next_round);
            }
        }
    }
}

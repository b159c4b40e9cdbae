//! From the program to steps of a machine with a stack: so it can be interrupted anywhere and nests as deep as it likes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    ast::{Expr, Op, Program, Redirect, Source, Stmt},
    parser::SyntaxError,
};
use crate::libc::regex::{Regex, Syntax};

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

    /// Which parameters are arrays: those used as such, and those passed on to one.
    fn find_arrays(&mut self, program: &Program) {
        loop {
            let mut changed = false;
            for (index, function) in program.functions.iter().enumerate() {
                let mut found = BTreeSet::new();
                let mut look = |expr: &Expr| arrays_in(expr, &self.names, &self.functions, &mut found);
                for stmt in &function.body {
                    walk(stmt, &mut look);
                }
                let mut named = BTreeSet::new();
                for stmt in &function.body {
                    array_names(stmt, &mut named);
                }
                for (place, param) in function.params.iter().enumerate() {
                    if found.contains(param) || named.contains(param) {
                        changed |= self.functions[index].arrays.insert(place);
                    }
                }
            }
            if !changed {
                return;
            }
        }
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

    fn statement(&mut self, stmt: &Stmt) -> Compiling<()> {
        match stmt {
            Stmt::Expr(expr) => {
                self.expr(expr)?;
                self.emit(Step::Drop);
            }
            Stmt::Print { format, args, to } => {
                for arg in args {
                    self.expr(arg)?;
                }
                if let Some((_, target)) = to {
                    self.expr(target)?;
                }
                let to = to.as_ref().map(|(redirect, _)| *redirect);
                self.emit(Step::Print { format: *format, args: args.len(), to });
            }
            Stmt::If(condition, then, otherwise) => {
                self.expr(condition)?;
                let skip = self.emit(Step::JumpUnless(0));
                self.block(then)?;
                if otherwise.is_empty() {
                    self.land(skip);
                } else {
                    let end = self.emit(Step::Jump(0));
                    self.land(skip);
                    self.block(otherwise)?;
                    self.land(end);
                }
            }
            Stmt::While(condition, body) => {
                let top = self.steps.len();
                self.expr(condition)?;
                let out = self.emit(Step::JumpUnless(0));
                self.loops.push((vec![out], Vec::new(), false));
                self.block(body)?;
                self.emit(Step::Jump(top));
                self.end_loop(top);
            }
            Stmt::Do(body, condition) => {
                let top = self.steps.len();
                self.loops.push((Vec::new(), Vec::new(), false));
                self.block(body)?;
                let check = self.steps.len();
                self.expr(condition)?;
                self.emit(Step::JumpIf(top));
                self.end_loop(check);
            }
            Stmt::For(first, condition, step, body) => {
                if let Some(first) = first {
                    self.statement(first)?;
                }
                let top = self.steps.len();
                let mut outs = Vec::new();
                if let Some(condition) = condition {
                    self.expr(condition)?;
                    outs.push(self.emit(Step::JumpUnless(0)));
                }
                self.loops.push((outs, Vec::new(), false));
                self.block(body)?;
                let next = self.steps.len();
                if let Some(step) = step {
                    self.statement(step)?;
                }
                self.emit(Step::Jump(top));
                self.end_loop(next);
            }
            Stmt::ForIn(target, array, body) => {
                let array = self.slot(array);
                self.emit(Step::Keys(array));
                let top = self.steps.len();
                let out = self.emit(Step::NextKey(0));
                self.store(target)?;
                self.emit(Step::Drop);
                self.loops.push((vec![out], Vec::new(), true));
                self.block(body)?;
                self.emit(Step::Jump(top));
                self.end_loop(top);
            }
            Stmt::Block(body) => self.block(body)?,
            Stmt::Break => {
                if self.loops.last().is_some_and(|(_, _, keys)| *keys) {
                    self.emit(Step::EndKeys);
                }
                let jump = self.emit(Step::Jump(0));
                if let Some((outs, ..)) = self.loops.last_mut() {
                    outs.push(jump);
                }
            }
            Stmt::Continue => {
                let jump = self.emit(Step::Jump(0));
                if let Some((_, nexts, _)) = self.loops.last_mut() {
                    nexts.push(jump);
                }
            }
            Stmt::Next => drop(self.emit(Step::Next)),
            Stmt::NextFile => drop(self.emit(Step::NextFile)),
            Stmt::Exit(code) => {
                if let Some(code) = code {
                    self.expr(code)?;
                }
                self.emit(Step::Exit(code.is_some()));
            }
            Stmt::Return(value) => {
                match value {
                    Some(value) => self.expr(value)?,
                    None => drop(self.emit(Step::String(bytes::Bytes::new()))),
                }
                self.emit(Step::Return);
            }
            Stmt::Delete(array, keys) => {
                let slot = self.slot(array);
                match keys {
                    Some(keys) => {
                        self.key(keys)?;
                        self.emit(Step::Delete(slot));
                    }
                    None => drop(self.emit(Step::DeleteAll(slot))),
                }
            }
        }
        Ok(())
    }

    fn key(&mut self, keys: &[Expr]) -> Compiling<()> {
        for key in keys {
            self.expr(key)?;
        }
        self.emit(Step::Key(keys.len()));
        Ok(())
    }

    /// Stores what is on the stack, and leaves it there.
    fn store(&mut self, target: &Expr) -> Compiling<()> {
        match target {
            Expr::Variable(name) => {
                let slot = self.slot(name);
                self.emit(Step::Store(slot));
            }
            Expr::Field(index) => {
                self.expr(index)?;
                self.emit(Step::StoreField);
            }
            Expr::Element(array, keys) => {
                self.key(keys)?;
                let slot = self.slot(array);
                self.emit(Step::StoreElement(slot));
            }
            _ => return Err(fault("Unexpected token".to_owned())),
        }
        Ok(())
    }

    fn regex(&self, text: &[u8]) -> Compiling<Arc<Regex>> {
        match Regex::new(text, Syntax::extended()) {
            Ok(regex) => Ok(Arc::new(regex)),
            Err(error) => Err(fault(format!("bad regex '{}': {error}", String::from_utf8_lossy(text)))),
        }
    }

    /// An operand that is matched with: an expression in slashes is one, other values are read as one.
    fn pattern(&mut self, expr: &Expr) -> Compiling<()> {
        match expr {
            Expr::Regex(text) => {
                let regex = self.regex(text)?;
                self.emit(Step::Regex(regex));
                Ok(())
            }
            expr => self.expr(expr),
        }
    }

    fn expr(&mut self, expr: &Expr) -> Compiling<()> {
        match expr {
            Expr::Number(number) => drop(self.emit(Step::Number(*number))),
            Expr::String(text) => drop(self.emit(Step::String(text.clone().into()))),
            Expr::Regex(text) => {
                let regex = self.regex(text)?;
                self.emit(Step::MatchRecord(regex));
            }
            Expr::Variable(name) => {
                let slot = self.slot(name);
                self.emit(Step::Load(slot));
            }
            Expr::Field(index) => {
                self.expr(index)?;
                self.emit(Step::LoadField);
            }
            Expr::Element(array, keys) => {
                self.key(keys)?;
                let slot = self.slot(array);
                self.emit(Step::LoadElement(slot));
            }
            Expr::Assign(target, op, value) => {
                // Subscripts and field numbers are worked out once.
                match (&**target, op) {
                    (_, None) => {
                        self.expr(value)?;
                        self.store(target)?;
                    }
                    (Expr::Field(index), Some(op)) => {
                        self.expr(index)?;
                        self.emit(Step::Copy);
                        self.emit(Step::LoadField);
                        self.update(value, *op)?;
                        self.emit(Step::StoreField);
                    }
                    (Expr::Element(array, keys), Some(op)) => {
                        let slot = self.slot(array);
                        self.key(keys)?;
                        self.emit(Step::Copy);
                        self.emit(Step::LoadElement(slot));
                        self.update(value, *op)?;
                        self.emit(Step::StoreElement(slot));
                    }
                    (target, Some(op)) => {
                        self.expr(target)?;
                        self.expr(value)?;
                        self.emit(Step::Binary(*op));
                        self.store(target)?;
                    }
                }
            }
            Expr::Step { target, by, after } => match &**target {
                Expr::Variable(name) => {
                    let slot = self.slot(name);
                    self.emit(Step::AddTo(slot, *by, *after));
                }
                Expr::Field(index) => {
                    self.expr(index)?;
                    self.emit(Step::AddToField(*by, *after));
                }
                Expr::Element(array, keys) => {
                    self.key(keys)?;
                    let slot = self.slot(array);
                    self.emit(Step::AddToElement(slot, *by, *after));
                }
                _ => return Err(fault("Unexpected token".to_owned())),
            },
            Expr::Binary(op, left, right) => {
                self.expr(left)?;
                self.expr(right)?;
                self.emit(Step::Binary(*op));
            }
            Expr::Concat(left, right) => {
                self.expr(left)?;
                self.expr(right)?;
                self.emit(Step::Concat);
            }
            Expr::Match { negated, text, regex } => {
                self.expr(text)?;
                self.pattern(regex)?;
                self.emit(Step::Match(*negated));
            }
            Expr::And(left, right) | Expr::Or(left, right) => {
                self.expr(left)?;
                self.emit(Step::Truth);
                self.emit(Step::Copy);
                let out = match expr {
                    Expr::And(..) => self.emit(Step::JumpUnless(0)),
                    _ => self.emit(Step::JumpIf(0)),
                };
                self.emit(Step::Drop);
                self.expr(right)?;
                self.emit(Step::Truth);
                self.land(out);
            }
            Expr::Not(operand) => {
                self.expr(operand)?;
                self.emit(Step::Not);
            }
            Expr::Negate(operand) => {
                self.expr(operand)?;
                self.emit(Step::Negate);
            }
            Expr::Plus(operand) => {
                self.expr(operand)?;
                self.emit(Step::Plus);
            }
            Expr::Conditional(condition, then, otherwise) => {
                self.expr(condition)?;
                let skip = self.emit(Step::JumpUnless(0));
                self.expr(then)?;
                let end = self.emit(Step::Jump(0));
                self.land(skip);
                self.expr(otherwise)?;
                self.land(end);
            }
            Expr::In(keys, array) => {
                self.key(keys)?;
                let slot = self.slot(array);
                self.emit(Step::Contains(slot));
            }
            Expr::Group(inner) => match &inner[..] {
                [only] => self.expr(only)?,
                _ => return Err(fault("Unexpected token".to_owned())),
            },
            Expr::Call(name, args) => self.call(name, args)?,
            Expr::Builtin(name, args) => self.builtin(name, args)?,
            Expr::Getline(source, target) => {
                let from = match source {
                    Source::Input => ReadFrom::Input,
                    Source::File(file) => {
                        self.expr(file)?;
                        ReadFrom::File
                    }
                    Source::Command(command) => {
                        self.expr(command)?;
                        ReadFrom::Command
                    }
                };
                self.emit(Step::Getline(from, target.is_some()));
                if let Some(target) = target {
                    self.emit(Step::Copy);
                    self.emit(Step::Number(0.0));
                    self.emit(Step::Binary(Op::Greater));
                    let out = self.emit(Step::JumpUnless(0));
                    self.emit(Step::Aside);
                    self.store(target)?;
                    self.emit(Step::Drop);
                    self.land(out);
                }
            }
        }
        Ok(())
    }

    /// Works a new value out, and puts the place that it is for on top of it.
    fn update(&mut self, value: &Expr, op: Op) -> Compiling<()> {
        self.expr(value)?;
        self.emit(Step::Binary(op));
        self.emit(Step::Swap);
        Ok(())
    }

    fn call(&mut self, name: &str, args: &[Expr]) -> Compiling<()> {
        let Some(index) = self.names.get(name).copied() else {
            return Err(fault(match self.gnu {
                true => format!("function {name} never defined"),
                false => "Call to undefined function".to_owned(),
            }));
        };
        let callable = self.functions[index].clone();
        if args.len() > callable.params {
            return Err(fault(format!("too many arguments in call to {name}")));
        }
        for (place, arg) in args.iter().enumerate() {
            match arg {
                Expr::Variable(variable) if callable.arrays.contains(&place) => {
                    let slot = self.slot(variable);
                    self.emit(Step::Array(slot));
                }
                arg => self.expr(arg)?,
            }
        }
        self.emit(Step::Call(index, args.len()));
        Ok(())
    }

    fn builtin(&mut self, name: &'static str, args: &[Expr]) -> Compiling<()> {
        let least = match name {
            "sub" | "gsub" | "split" | "match" | "index" | "substr" | "atan2" => 2,
            "gensub" => 3,
            "rand" | "srand" | "systime" | "length" | "fflush" | "strftime" => 0,
            _ => 1,
        };
        if args.len() < least {
            return Err(fault("Too few arguments".to_owned()));
        }
        match (name, args) {
            ("length", [Expr::Variable(variable)]) => {
                let slot = self.slot(variable);
                self.emit(Step::Length(slot));
            }
            ("sub" | "gsub", [pattern, replacement, rest @ ..]) => {
                self.pattern(pattern)?;
                self.expr(replacement)?;
                let record = Expr::Field(Box::new(Expr::Number(0.0)));
                let target = match rest.first() {
                    Some(Expr::Group(inner)) if inner.len() == 1 => &inner[0],
                    Some(target) => target,
                    None => &record,
                };
                self.expr(target)?;
                self.emit(Step::Substitute(name == "gsub"));
                if target.is_lvalue() {
                    self.emit(Step::Copy);
                    let out = self.emit(Step::JumpUnless(0));
                    self.emit(Step::Aside);
                    self.store(target)?;
                    self.emit(Step::Drop);
                    self.land(out);
                }
            }
            ("split", [text, Expr::Variable(array), rest @ ..]) => {
                self.expr(text)?;
                if let Some(separator) = rest.first() {
                    self.pattern(separator)?;
                }
                let slot = self.slot(array);
                self.emit(Step::Split(slot, !rest.is_empty()));
            }
            ("split", _) => return Err(fault("Unexpected token".to_owned())),
            ("match", [text, pattern, ..]) => {
                self.expr(text)?;
                self.pattern(pattern)?;
                self.emit(Step::Builtin(name, 2));
            }
            ("gensub", [pattern, rest @ ..]) => {
                self.pattern(pattern)?;
                for arg in rest {
                    self.expr(arg)?;
                }
                self.emit(Step::Builtin(name, args.len()));
            }
            _ => {
                for arg in args {
                    self.expr(arg)?;
                }
                self.emit(Step::Builtin(name, args.len()));
            }
        }
        Ok(())
    }
}

/// Names that an expression uses as arrays.
fn arrays_in(
    expr: &Expr,
    names: &BTreeMap<String, usize>,
    functions: &[Callable],
    found: &mut BTreeSet<String>,
) {
    match expr {
        Expr::Element(array, _) | Expr::In(_, array) => drop(found.insert(array.clone())),
        Expr::Builtin("split", args) => {
            if let Some(Expr::Variable(array)) = args.get(1) {
                found.insert(array.clone());
            }
        }
        Expr::Call(name, args) => {
            let Some(callable) = names.get(name).and_then(|index| functions.get(*index)) else { return };
            for place in &callable.arrays {
                if let Some(Expr::Variable(array)) = args.get(*place) {
                    found.insert(array.clone());
                }
            }
        }
        _ => {}
    }
}

/// Arrays that statements name themselves.
fn array_names(stmt: &Stmt, found: &mut BTreeSet<String>) {
    match stmt {
        Stmt::ForIn(_, array, body) => {
            found.insert(array.clone());
            body.iter().for_each(|stmt| array_names(stmt, found));
        }
        Stmt::Delete(array, _) => drop(found.insert(array.clone())),
        Stmt::If(_, then, otherwise) => {
            then.iter().chain(otherwise).for_each(|stmt| array_names(stmt, found))
        }
        Stmt::While(_, body) | Stmt::Do(body, _) | Stmt::For(_, _, _, body) | Stmt::Block(body) => {
            body.iter().for_each(|stmt| array_names(stmt, found));
        }
        _ => {}
    }
}

/// Looks at every expression of a statement.
fn walk(stmt: &Stmt, look: &mut impl FnMut(&Expr)) {
    let mut all = |exprs: &[&Expr]| exprs.iter().for_each(|expr| visit(expr, look));
    match stmt {
        Stmt::Expr(expr) => all(&[expr]),
        Stmt::Print { args, to, .. } => {
            all(&args.iter().collect::<Vec<_>>());
            if let Some((_, target)) = to {
                visit(target, look);
            }
        }
        Stmt::If(condition, then, otherwise) => {
            all(&[condition]);
            then.iter().chain(otherwise).for_each(|stmt| walk(stmt, look));
        }
        Stmt::While(condition, body) | Stmt::Do(body, condition) => {
            all(&[condition]);
            body.iter().for_each(|stmt| walk(stmt, look));
        }
        Stmt::For(first, condition, step, body) => {
            all(&condition.iter().collect::<Vec<_>>());
            first.iter().chain(step).for_each(|stmt| walk(stmt, look));
            body.iter().for_each(|stmt| walk(stmt, look));
        }
        Stmt::ForIn(_, _, body) | Stmt::Block(body) => body.iter().for_each(|stmt| walk(stmt, look)),
        Stmt::Exit(Some(value)) | Stmt::Return(Some(value)) => all(&[value]),
        Stmt::Delete(_, Some(keys)) => all(&keys.iter().collect::<Vec<_>>()),
        _ => {}
    }
}

fn visit(expr: &Expr, look: &mut impl FnMut(&Expr)) {
    look(expr);
    match expr {
        Expr::Field(inner) | Expr::Not(inner) | Expr::Negate(inner) | Expr::Plus(inner) => visit(inner, look),
        Expr::Step { target, .. } => visit(target, look),
        Expr::Assign(left, _, right)
        | Expr::Binary(_, left, right)
        | Expr::Concat(left, right)
        | Expr::And(left, right)
        | Expr::Or(left, right)
        | Expr::Match { text: left, regex: right, .. } => {
            visit(left, look);
            visit(right, look);
        }
        Expr::Conditional(a, b, c) => [a, b, c].into_iter().for_each(|expr| visit(expr, look)),
        Expr::Element(_, all)
        | Expr::In(all, _)
        | Expr::Group(all)
        | Expr::Call(_, all)
        | Expr::Builtin(_, all) => {
            all.iter().for_each(|expr| visit(expr, look));
        }
        Expr::Getline(source, target) => {
            if let Source::File(operand) | Source::Command(operand) = source {
                visit(operand, look);
            }
            if let Some(target) = target {
                visit(target, look);
            }
        }
        Expr::Number(_) | Expr::String(_) | Expr::Regex(_) | Expr::Variable(_) => {}
    }
}

//! Which variables are arrays: found before anything is compiled, since a call must know what it hands over.

use std::collections::{BTreeMap, BTreeSet};

use super::super::ast::{Expr, Program, Source, Stmt};
use super::{Callable, Compiler};

impl Compiler {
    /// Which parameters are arrays: those used as such, and those passed on to one.
    pub(super) fn find_arrays(&mut self, program: &Program) {
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

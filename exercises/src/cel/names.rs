//! What a program speaks of: checked when it is loaded, since CEL itself notices an unknown name only when it gets
//! there.

use cel::{
    IdedExpr,
    common::ast::{EntryExpr, Expr},
};

use super::functions;
use crate::spelling;

/// How deep comprehensions (`all`, `exists`, `map`, `filter`, ...) may be nested.
const MAX_NESTING: usize = 2;

/// Whether every variable and function in `expr` is known, and comprehensions are not nested too deep.
pub(super) fn check(expr: &IdedExpr, variables: &[&str]) -> Result<(), String> {
    let mut walk = Walk { variables, bound: Vec::new(), faults: Vec::new() };
    walk.expression(expr, 0);
    if walk.faults.is_empty() { Ok(()) } else { Err(walk.faults.join("; ")) }
}

struct Walk<'a> {
    variables: &'a [&'a str],
    bound: Vec<String>,
    faults: Vec<String>,
}

impl Walk<'_> {
    fn fault(&mut self, fault: String) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn expression(&mut self, expr: &IdedExpr, nesting: usize) {
        match &expr.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => self.variable(name),
            Expr::Call(call) => {
                self.function(&call.func_name, call.target.as_deref());
                // `math.greatest(..)` is a call with the target `math`, which is no variable.
                if let Some(target) = &call.target
                    && !namespace(target)
                {
                    self.expression(target, nesting);
                }
                call.args.iter().for_each(|arg| self.expression(arg, nesting));
            }
            Expr::Select(select) => {
                if !namespace(&select.operand) {
                    self.expression(&select.operand, nesting);
                }
            }
            Expr::List(list) => list.elements.iter().for_each(|item| self.expression(item, nesting)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr, nesting)),
            Expr::Struct(literal) => {
                literal.entries.iter().for_each(|entry| self.entry(&entry.expr, nesting))
            }
            Expr::Comprehension(comprehension) => {
                self.expression(&comprehension.iter_range, nesting);
                self.expression(&comprehension.accu_init, nesting);
                // `sortBy` binds a name by a comprehension over an empty list: that costs nothing.
                let binds =
                    matches!(&comprehension.iter_range.expr, Expr::List(list) if list.elements.is_empty());
                let inner = if binds { nesting } else { nesting + 1 };
                if inner > MAX_NESTING {
                    self.fault(format!("comprehensions are nested more than {MAX_NESTING} deep"));
                }
                let known = self.bound.len();
                self.bound.push(comprehension.iter_var.clone());
                self.bound.extend(comprehension.iter_var2.clone());
                self.bound.push(comprehension.accu_var.clone());
                self.expression(&comprehension.loop_cond, inner);
                self.expression(&comprehension.loop_step, inner);
                self.expression(&comprehension.result, inner);
                self.bound.truncate(known);
            }
        }
    }

    fn entry(&mut self, entry: &EntryExpr, nesting: usize) {
        match entry {
            EntryExpr::StructField(field) => self.expression(&field.value, nesting),
            EntryExpr::MapEntry(entry) => {
                self.expression(&entry.key, nesting);
                self.expression(&entry.value, nesting);
            }
        }
    }

    fn variable(&mut self, name: &str) {
        let types = ["int", "uint", "double", "string", "bool", "bytes", "list", "map", "null_type", "type"];
        if name.starts_with('@')
            || self.bound.iter().any(|bound| bound == name)
            || self.variables.contains(&name)
            || types.contains(&name)
        {
            return;
        }
        let known = self.variables;
        let near = spelling::suggestion(name, known.iter().copied());
        let near = match (near.is_empty(), known.is_empty()) {
            (false, _) => near,
            (true, false) => format!("; known are {}", known.join(", ")),
            (true, true) => "; there are none here".to_owned(),
        };
        self.fault(format!("unknown variable `{name}`{near}"));
    }

    fn function(&mut self, name: &str, target: Option<&IdedExpr>) {
        // Operators, and what macros expand to, have names that nobody can write.
        let operator = !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name.contains('@');
        let qualified = target.filter(|target| namespace(target)).and_then(|target| match &target.expr {
            Expr::Ident(namespace) => Some(format!("{namespace}.{name}")),
            _ => None,
        });
        let name = qualified.as_deref().unwrap_or(name);
        if !operator && !functions::KNOWN.contains(&name) {
            let near = spelling::suggestion(name, functions::KNOWN.iter().copied());
            self.fault(format!("unknown function `{name}`{near}"));
        }
    }
}

/// Whether this is the first half of a qualified function name, such as `math` in `math.abs`.
fn namespace(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Ident(name) if ["math", "strings", "lists", "optional"].contains(&name.as_str()))
}

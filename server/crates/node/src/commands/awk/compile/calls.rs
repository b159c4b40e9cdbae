//! Calls of functions, own and built in.

use super::super::ast::Expr;
use super::{Compiler, Compiling, Step, fault};

impl Compiler {
    pub(super) fn call(&mut self, name: &str, args: &[Expr]) -> Compiling<()> {
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

    pub(super) fn builtin(&mut self, name: &'static str, args: &[Expr]) -> Compiling<()> {
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

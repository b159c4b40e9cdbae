//! Expressions: what they leave on the stack.

use std::sync::Arc;

use super::super::ast::{Expr, Op, Source};
use super::{Compiler, Compiling, ReadFrom, Step, fault};
use crate::libc::regex::{Regex, Syntax};

impl Compiler {
    pub(super) fn key(&mut self, keys: &[Expr]) -> Compiling<()> {
        for key in keys {
            self.expr(key)?;
        }
        self.emit(Step::Key(keys.len()));
        Ok(())
    }

    /// Stores what is on the stack, and leaves it there.
    pub(super) fn store(&mut self, target: &Expr) -> Compiling<()> {
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

    pub(super) fn regex(&self, text: &[u8]) -> Compiling<Arc<Regex>> {
        match Regex::new(text, Syntax::extended()) {
            Ok(regex) => Ok(Arc::new(regex)),
            Err(error) => Err(fault(format!("bad regex '{}': {error}", String::from_utf8_lossy(text)))),
        }
    }

    /// An operand that is matched with: an expression in slashes is one, other values are read as one.
    pub(super) fn pattern(&mut self, expr: &Expr) -> Compiling<()> {
        match expr {
            Expr::Regex(text) => {
                let regex = self.regex(text)?;
                self.emit(Step::Regex(regex));
                Ok(())
            }
            expr => self.expr(expr),
        }
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Compiling<()> {
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
}

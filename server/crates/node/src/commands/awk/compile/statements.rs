//! Statements.

use super::super::ast::Stmt;
use super::{Compiler, Compiling, Step};

impl Compiler {
    pub(super) fn statement(&mut self, stmt: &Stmt) -> Compiling<()> {
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
}

//! The stack of values that steps work on.

use std::sync::Arc;

use bytes::Bytes;

use super::super::{builtins, record::Separator, value::Value};
use super::{MAX_PATTERNS, Machine, Operand};
use crate::libc::regex::Regex;

impl Machine<'_> {
    pub(super) fn push(&mut self, value: Value) {
        self.stack.push(Operand::Value(value));
    }

    pub(super) fn pop(&mut self) -> Value {
        match self.stack.pop() {
            Some(Operand::Value(value)) => value,
            Some(Operand::Regex(regex)) => {
                let record = self.whole_record();
                Value::truth(regex.is_match(&record))
            }
            Some(Operand::Array(_)) | None => Value::Unset,
        }
    }

    pub(super) fn pop_text(&mut self) -> Bytes {
        let convert = self.convert();
        self.pop().text(&convert)
    }

    pub(super) fn pop_all(&mut self, count: usize) -> Vec<Value> {
        let mut all: Vec<Value> = (0..count).map(|_| self.pop()).collect();
        all.reverse();
        all
    }

    pub(super) fn pop_pattern(&mut self) -> Result<Arc<Regex>, String> {
        if let Some(Operand::Regex(regex)) = self.stack.last() {
            let regex = Arc::clone(regex);
            self.stack.pop();
            return Ok(regex);
        }
        let text = self.pop_text();
        if let Some(regex) = self.patterns.get(&text) {
            return Ok(Arc::clone(regex));
        }
        let regex = builtins::dynamic(&text)?;
        if self.patterns.len() >= MAX_PATTERNS {
            self.patterns.clear();
        }
        self.patterns.insert(text, Arc::clone(&regex));
        Ok(regex)
    }

    pub(super) fn pop_separator(&mut self) -> Separator {
        match self.stack.last() {
            Some(Operand::Regex(regex)) => {
                let regex = Arc::clone(regex);
                self.stack.pop();
                Separator::Matching(regex)
            }
            _ => Separator::new(&self.pop_text()),
        }
    }
}

//! Steps that neither wait nor jump.

use std::sync::Arc;

use bytes::Bytes;

use super::super::{ast::Op, builtins, compile::Step, record::Separator, value::Value};
use super::{Cell, FS, Machine, Operand, SUBSEP};
use crate::{commands::Cx, kernel::errno::Errno};

impl Machine<'_> {
    pub(super) fn simple(&mut self, cx: &Cx, step: &Step) -> Result<(), String> {
        match step {
            Step::Number(number) => self.push(Value::Number(*number)),
            Step::String(text) => self.push(Value::String(text.clone())),
            Step::MatchRecord(regex) => {
                let record = self.whole_record();
                self.push(Value::truth(regex.is_match(&record)));
            }
            Step::Regex(regex) => self.stack.push(Operand::Regex(Arc::clone(regex))),
            Step::Load(slot) => {
                let value = self.load(*slot)?;
                self.push(value);
            }
            Step::Store(slot) => {
                let value = self.pop();
                if matches!(self.cell(*slot), Cell::Array(_)) {
                    return Err("can't use array in scalar context".to_owned());
                }
                self.store(*slot, value.clone());
                self.push(value);
            }
            Step::LoadField => {
                let index = self.pop().number();
                let value = self.field(index)?;
                self.push(value);
            }
            Step::StoreField => {
                let index = self.pop().number();
                let value = self.pop();
                self.set_field(index, value.clone())?;
                self.push(value);
            }
            Step::Key(1) => {
                let key = self.pop_text();
                self.push(Value::String(key));
            }
            Step::Key(count) => {
                let (parts, convert, between) = (self.pop_all(*count), self.convert(), self.text_of(SUBSEP));
                let parts: Vec<Bytes> = parts.iter().map(|part| part.text(&convert)).collect();
                self.push(Value::String(parts.join(&between[..]).into()));
            }
            Step::LoadElement(slot) => {
                let key = self.pop_text();
                let array = self.array(*slot)?;
                let value = match self.arrays[array].get(&key) {
                    Some(value) => value.clone(),
                    None => {
                        // Looking at an element makes it.
                        self.set_element(cx, array, &key, Value::Unset)?;
                        Value::Unset
                    }
                };
                self.push(value);
            }
            Step::StoreElement(slot) => {
                let key = self.pop_text();
                let value = self.pop();
                let array = self.array(*slot)?;
                self.set_element(cx, array, &key, value.clone())?;
                self.push(value);
            }
            Step::AddTo(slot, by, after) => {
                let before = self.load(*slot)?.number();
                self.store(*slot, Value::Number(before + by));
                self.push(Value::Number(if *after { before } else { before + by }));
            }
            Step::AddToField(by, after) => {
                let index = self.pop().number();
                let before = self.field(index)?.number();
                self.set_field(index, Value::Number(before + by))?;
                self.push(Value::Number(if *after { before } else { before + by }));
            }
            Step::AddToElement(slot, by, after) => {
                let key = self.pop_text();
                let array = self.array(*slot)?;
                let before = self.arrays[array].get(&key).map_or(0.0, Value::number);
                self.set_element(cx, array, &key, Value::Number(before + by))?;
                self.push(Value::Number(if *after { before } else { before + by }));
            }
            Step::Copy => {
                if let Some(top) = self.stack.last().cloned() {
                    self.stack.push(top);
                }
            }
            Step::Swap => {
                let last = self.stack.len();
                if last >= 2 {
                    self.stack.swap(last - 1, last - 2);
                }
            }
            Step::Drop => drop(self.stack.pop()),
            Step::Binary(op) => {
                let right = self.pop();
                let left = self.pop();
                let value = self.binary(*op, &left, &right)?;
                self.push(value);
            }
            Step::Concat => {
                let right = self.pop_text();
                let left = self.pop_text();
                if left.len() + right.len() > builtins::MAX_TEXT {
                    return Err(cx.text(Errno::ENOMEM).to_owned());
                }
                let joined = match (left.is_empty(), right.is_empty()) {
                    (true, _) => right,
                    (_, true) => left,
                    _ => [left, right].concat().into(),
                };
                self.push(Value::String(joined));
            }
            Step::Match(negated) => {
                let regex = self.pop_pattern()?;
                let text = self.pop_text();
                self.push(Value::truth(regex.is_match(&text) != *negated));
            }
            Step::Not => {
                let value = self.pop();
                self.push(Value::truth(!value.is_true()));
            }
            Step::Negate => {
                let value = self.pop();
                self.push(Value::Number(-value.number()));
            }
            Step::Plus => {
                let value = self.pop();
                self.push(Value::Number(value.number()));
            }
            Step::Truth => {
                let value = self.pop();
                self.push(Value::truth(value.is_true()));
            }
            Step::Contains(slot) => {
                let key = self.pop_text();
                let array = self.array(*slot)?;
                self.push(Value::truth(self.arrays[array].get(&key).is_some()));
            }
            Step::Array(slot) => {
                let array = self.array(*slot)?;
                self.stack.push(Operand::Array(array));
            }
            Step::Length(slot) => {
                let length = match self.cell(*slot) {
                    Cell::Array(index) => {
                        let index = *index;
                        self.arrays[index].len()
                    }
                    Cell::Value(_) => {
                        let convert = self.convert();
                        self.load(*slot)?.text(&convert).len()
                    }
                };
                self.push(Value::Number(length as f64));
            }
            Step::Substitute(all) => {
                let (target, replacement) = (self.pop_text(), self.pop_text());
                let regex = self.pop_pattern()?;
                let which = if *all { None } else { Some(1) };
                let done = builtins::replace(&target, &regex, &replacement, which, false);
                let (text, count) = done.ok_or_else(|| cx.text(Errno::ENOMEM).to_owned())?;
                self.aside = Value::String(text);
                self.push(Value::Number(count as f64));
            }
            Step::Aside => {
                let value = std::mem::take(&mut self.aside);
                self.push(value);
            }
            Step::Split(slot, own) => {
                let separator = if *own { self.pop_separator() } else { Separator::new(&self.text_of(FS)) };
                let text = self.pop_text();
                let array = self.array(*slot)?;
                let parts = separator.split(&text);
                self.arrays[array].clear();
                let count = parts.len();
                for (index, part) in parts.into_iter().enumerate() {
                    self.set_element(cx, array, &(index + 1).to_string().into(), Value::Input(part))?;
                }
                self.push(Value::Number(count as f64));
            }
            Step::EndKeys => drop(self.keys.pop()),
            Step::Delete(slot) => {
                let key = self.pop_text();
                let array = self.array(*slot)?;
                self.arrays[array].remove(&key);
            }
            Step::DeleteAll(slot) => {
                let array = self.array(*slot)?;
                self.arrays[array].clear();
            }
            _ => {}
        }
        Ok(())
    }

    fn binary(&self, op: Op, left: &Value, right: &Value) -> Result<Value, String> {
        let ordered = || left.compare(right, &self.convert());
        let (a, b) = (|| left.number(), || right.number());
        Ok(match op {
            Op::Add => Value::Number(a() + b()),
            Op::Sub => Value::Number(a() - b()),
            Op::Mul => Value::Number(a() * b()),
            Op::Div | Op::Mod if b() == 0.0 => return Err("Division by zero".to_owned()),
            Op::Div => Value::Number(a() / b()),
            Op::Mod => Value::Number(a() % b()),
            Op::Pow => Value::Number(a().powf(b())),
            Op::Less => Value::truth(ordered().is_some_and(|order| order.is_lt())),
            Op::LessEqual => Value::truth(ordered().is_some_and(|order| order.is_le())),
            Op::Equal => Value::truth(ordered().is_some_and(|order| order.is_eq())),
            Op::NotEqual => Value::truth(ordered().is_none_or(|order| order.is_ne())),
            Op::Greater => Value::truth(ordered().is_some_and(|order| order.is_gt())),
            Op::GreaterEqual => Value::truth(ordered().is_some_and(|order| order.is_ge())),
        })
    }
}

//! Assignments: alone, and before commands (POSIX XCU 2.9.1).

use bytes::Bytes;

use super::{
    ast::{AssignedValue, Assignment, Redirect, Simple, Word},
    machine::Flow,
    state::Shell,
    variables::{Key, Value, Variable},
};

impl Shell {
    /// Assignments and redirections without a command.
    pub(super) async fn assignments_only(&mut self, simple: &Simple, redirects: &[Redirect]) -> Flow {
        if !redirects.is_empty() {
            match self.redirect(redirects).await {
                Ok(saved) => self.restore_files(saved),
                Err(flow) => return flow,
            }
        }
        let mut traced = Vec::new();
        for assignment in &simple.assignments {
            if let Err(flow) = self.assign_one(assignment, &mut traced).await {
                return flow;
            }
        }
        if self.options.xtrace && !traced.is_empty() {
            self.trace(&traced, &[]).await;
        }
        self.status = self.substituted.unwrap_or(0);
        Flow::On
    }

    /// Makes one assignment.
    async fn assign_one(&mut self, assignment: &Assignment, traced: &mut Vec<u8>) -> Result<(), Flow> {
        let name = &assignment.name;
        let done = match (&assignment.value, &assignment.subscript) {
            (AssignedValue::Word(word), None) => {
                let mut text = self.expand(|expander| expander.text(word)).await?;
                let integer = self.variables.get(name).is_some_and(|variable| variable.integer);
                if integer {
                    let word = Word::quoted(text);
                    text = self.expand(|expander| expander.arithmetic(&word)).await?.to_string().into();
                }
                if assignment.append {
                    text = self.appended(name, &text, integer);
                }
                if self.options.xtrace {
                    let separator: &[u8] = if traced.is_empty() { b"" } else { b" " };
                    traced.extend_from_slice(&[separator, name, b"=", &text].concat());
                }
                self.assign(name, text)
            }
            (AssignedValue::Word(word), Some(subscript)) => {
                let key = self.key(name, subscript).await?;
                let mut text = self.expand(|expander| expander.text(word)).await?;
                if assignment.append {
                    let old = match (&key, self.variables.get(name).map(|variable| &variable.value)) {
                        (Key::Number(key), Some(Value::Indexed(array))) => array.get(key),
                        (Key::Name(key), Some(Value::Keyed(array))) => array.get(key),
                        _ => None,
                    };
                    text = [old.map_or(&b""[..], |old| old), &text].concat().into();
                }
                self.variables.set_element(name, key, text).map_err(|_| self.read_only_message(name))
            }
            (AssignedValue::Array(elements), _) => {
                return self.assign_array(name, elements, assignment.append).await;
            }
        };
        done.map_err(|message| {
            self.complain(&message);
            Flow::Fatal(if self.dialect.is_bash() { 1 } else { 2 })
        })
    }

    fn appended(&self, name: &[u8], text: &[u8], integer: bool) -> Bytes {
        let old = self.variables.text(name).cloned().unwrap_or_default();
        if integer {
            let number =
                |text: &[u8]| std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
            return number(&old).unwrap_or(0).wrapping_add(number(text).unwrap_or(0)).to_string().into();
        }
        [&old[..], text].concat().into()
    }

    /// The element that a subscript names.
    async fn key(&mut self, name: &[u8], subscript: &Word) -> Result<Key, Flow> {
        if matches!(self.variables.get(name).map(|variable| &variable.value), Some(Value::Keyed(_))) {
            return Ok(Key::Name(self.expand(|expander| expander.text(subscript)).await?));
        }
        let index = self.expand(|expander| expander.arithmetic(subscript)).await?;
        let wrapped = match self.variables.get(name).map(|variable| &variable.value) {
            Some(Value::Indexed(array)) => super::expand::wrap_index(array, index),
            _ => index,
        };
        Ok(Key::Number(wrapped))
    }

    async fn assign_array(
        &mut self,
        name: &Bytes,
        elements: &[(Option<Word>, Word)],
        append: bool,
    ) -> Result<(), Flow> {
        let keyed = matches!(self.variables.get(name).map(|variable| &variable.value), Some(Value::Keyed(_)));
        let mut next = match self.variables.get(name).map(|variable| &variable.value) {
            Some(Value::Indexed(array)) if append => array.last_key_value().map_or(0, |(last, _)| last + 1),
            Some(Value::Scalar(_)) if append => 1,
            _ => 0,
        };
        let mut all = Vec::new();
        for (subscript, word) in elements {
            match subscript {
                Some(subscript) => {
                    let key = self.key(name, subscript).await?;
                    if let Key::Number(number) = key {
                        next = number + 1;
                    }
                    all.push((key, self.expand(|expander| expander.text(word)).await?));
                }
                None => {
                    let mut fields = Vec::new();
                    self.word(word, &mut fields).await?;
                    for field in fields {
                        all.push((Key::Number(next), field));
                        next += 1;
                    }
                }
            }
        }
        let empty = if keyed { Value::Keyed(Default::default()) } else { Value::Indexed(Default::default()) };
        let mut done = if append { Ok(()) } else { self.variables.set_value(name, empty) };
        for (key, text) in all {
            done = done.and_then(|()| self.variables.set_element(name, key, text));
        }
        done.map_err(|_| {
            let message = self.read_only_message(name);
            self.complain(&message);
            Flow::Fatal(1)
        })
    }

    /// Makes the assignments before a command, exported; returns how the variables were.
    pub(super) async fn assign_before(
        &mut self,
        simple: &Simple,
        traced: &mut Vec<u8>,
    ) -> Result<Vec<(Bytes, Option<Variable>)>, Flow> {
        let mut saved = Vec::new();
        for assignment in &simple.assignments {
            let name = &assignment.name;
            let old = self.variables.get(name).cloned();
            self.assign_one(assignment, traced).await?;
            self.variables.export(name, true);
            saved.push((name.clone(), old));
        }
        Ok(saved)
    }
}

//! Assignments: alone, and before commands (POSIX XCU 2.9.1).

use std::collections::HashMap;

use bytes::Bytes;

use super::{
    Dialect,
    ast::{AssignedValue, Assignment, Element, Redirect, Simple, Word},
    expand::as_written,
    machine::Flow,
    quote,
    state::Shell,
    variables::{Key, Value, Variable},
};

/// A key as the text of a subscript.
fn key_text(key: &Key) -> Bytes {
    match key {
        Key::Number(number) => number.to_string().into(),
        Key::Name(name) => name.clone(),
    }
}

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
        let word = match &assignment.value {
            AssignedValue::Word(word) => word,
            AssignedValue::Array(_) if assignment.subscript.is_some() => {
                let subscript = assignment.subscript.as_ref().map(as_written).unwrap_or_default();
                let name = String::from_utf8_lossy(name);
                return Err(self.refused(&format!("{name}[{subscript}]: cannot assign list to array member")));
            }
            AssignedValue::Array(elements) => {
                return self.assign_array(name, elements, assignment.append).await;
            }
        };
        let done = if let Some(subscript) = &assignment.subscript {
            let key = self.key(name, subscript).await?;
            let mut text = self.expand(|expander| expander.text(word)).await?;
            if assignment.append {
                let old = self.element_of(name, &key);
                text = self.appended(name, old, text).map_err(|message| self.refused(&message))?;
            }
            self.assign_element(name, key, text)
        } else {
            let mut text = self.expand(|expander| expander.text(word)).await?;
            let traced_text = text.clone();
            if assignment.append {
                let old = self.value_of(name);
                text = self.appended(name, old, text).map_err(|message| self.refused(&message))?;
            }
            if self.options.xtrace {
                self.trace_assignment(name, assignment.append, &text, &traced_text, traced).await;
            }
            self.assign(name, text)
        };
        done.map_err(|message| self.refused(&message))
    }

    /// Says why something cannot be assigned, which ends a shell.
    fn refused(&mut self, message: &str) -> Flow {
        self.complain(message);
        if self.dialect.is_bash() { Flow::Discard(1) } else { Flow::Fatal(2) }
    }

    /// Notes an assignment for `set -x`: bash shows each on a line of its own, as it is made.
    async fn trace_assignment(
        &mut self,
        name: &[u8],
        append: bool,
        text: &[u8],
        written: &[u8],
        traced: &mut Vec<u8>,
    ) {
        if self.dialect.is_bash() {
            let operator: &[u8] = if append { b"+=" } else { b"=" };
            let value = if written.is_empty() { Vec::new() } else { quote::if_needed(written, self.dialect) };
            self.trace(&[name, operator, &value].concat(), &[]).await;
            return;
        }
        let separator: &[u8] = if traced.is_empty() { b"" } else { b" " };
        let value = match self.dialect {
            Dialect::Ash if !text.is_empty() => quote::if_needed(text, self.dialect),
            _ => text.to_vec(),
        };
        traced.extend_from_slice(&[separator, name, b"=", &value].concat());
    }

    /// What `name+=text` assigns: the sum for an integer, else one text after the other.
    pub(crate) fn appended(&mut self, name: &[u8], old: Option<Bytes>, text: Bytes) -> Result<Bytes, String> {
        let old = old.unwrap_or_default();
        let target = self.resolve(name);
        if self.variables.get(&target).is_some_and(|variable| variable.integer) {
            return Ok([&old[..], b"+(", &text, b")"].concat().into());
        }
        Ok([old, text].concat().into())
    }

    /// The element that a subscript names.
    async fn key(&mut self, name: &[u8], subscript: &Word) -> Result<Key, Flow> {
        if self.is_keyed(name) {
            return Ok(Key::Name(self.expand(|expander| expander.text(subscript)).await?));
        }
        if subscript.parts.iter().all(super::expand::is_blank) {
            return Err(self.refused(&format!("{}[]: bad array subscript", String::from_utf8_lossy(name))));
        }
        Ok(Key::Number(self.expand(|expander| expander.arithmetic(subscript)).await?))
    }

    /// `NAME=(...)`
    pub(super) async fn assign_array(
        &mut self,
        name: &Bytes,
        elements: &[Element],
        append: bool,
    ) -> Result<(), Flow> {
        let name = &self.resolve(name);
        let keyed = self.is_keyed(name);
        let mut next = match self.variables.get(name).map(|variable| &variable.value) {
            Some(Value::Indexed(array)) if append => array.last_key_value().map_or(0, |(last, _)| last + 1),
            Some(Value::Scalar(_)) if append => 1,
            _ => 0,
        };
        let mut all = Vec::new();
        // What `[key]+=value` is added to: what the list itself has set, else what was there before.
        let mut appended: HashMap<Bytes, Bytes> = HashMap::new();
        let has_appends = elements.iter().any(|element| element.append);
        let mut subscripted = false;
        // Words without subscripts are keys and values in turn, in an array by name.
        let mut lone_key = None;
        // What is expanded is held twice for a while: here, and as elements.
        let mut waiting = 0;
        for Element { subscript, append: adds, value: word } in elements {
            match subscript {
                Some(subscript) => {
                    subscripted = true;
                    let key = self.key(name, subscript).await?;
                    if let Key::Number(number) = key {
                        next = number + 1;
                    }
                    let mut text = self.expand(|expander| expander.text(word)).await?;
                    if has_appends {
                        let place = key_text(&key);
                        if *adds {
                            let mut old = appended.get(&place).cloned();
                            if old.is_none() && append {
                                old = self.element_of(name, &key);
                            }
                            text =
                                self.appended(name, old, text).map_err(|message| self.refused(&message))?;
                        }
                        appended.insert(place, text.clone());
                    }
                    all.push((key, text));
                }
                None if keyed && subscripted => {
                    let text = self.expand(|expander| expander.text(word)).await?;
                    let (name, text) = (String::from_utf8_lossy(name), String::from_utf8_lossy(&text));
                    self.complain(&format!(
                        "{name}: {text}: must use subscript when assigning associative array"
                    ));
                }
                None if keyed => {
                    let text = self.expand(|expander| expander.text(word)).await?;
                    match lone_key.take() {
                        None => lone_key = Some(text),
                        Some(key) => all.push((Key::Name(key), text)),
                    }
                }
                None => {
                    let mut fields = Vec::new();
                    self.word(word, &mut fields).await?;
                    for field in fields {
                        waiting += field.len() + size_of::<(Key, Bytes)>();
                        all.push((Key::Number(next), field));
                        next += 1;
                    }
                    self.check_size_with(waiting).map_err(|message| self.refused(&message))?;
                }
            }
        }
        if let Some(key) = lone_key {
            all.push((Key::Name(key), Bytes::new()));
        }
        if self.options.xtrace && self.dialect.is_bash() {
            self.trace_array(name, append, &all).await;
        }
        if !append {
            let empty =
                if keyed { Value::Keyed(Default::default()) } else { Value::Indexed(Default::default()) };
            if self.variables.set_value(name, empty).is_err() {
                let message = self.read_only_message(name);
                return Err(self.refused(&message));
            }
        }
        for (key, text) in all {
            self.assign_element(name, key, text).map_err(|message| self.refused(&message))?;
            if self.process.tick(1) {
                self.process.pause().await;
            }
        }
        Ok(())
    }

    async fn trace_array(&mut self, name: &[u8], append: bool, all: &[(Key, Bytes)]) {
        let quoted: Vec<Vec<u8>> = all.iter().map(|(_, text)| quote::if_needed(text, self.dialect)).collect();
        let operator: &[u8] = if append { b"+=(" } else { b"=(" };
        self.trace(&[name, operator, &quoted.join(&b' '), b")"].concat(), &[]).await;
    }

    /// Sets the arrays among the operands of a builtin that declares, after it has declared them.
    pub(super) async fn assign_declared(&mut self, arrays: &[Assignment]) -> Result<(), Flow> {
        for array in arrays {
            let AssignedValue::Array(elements) = &array.value else { continue };
            let read_only = self.variables.get(&array.name).is_some_and(|variable| variable.read_only);
            // What is read-only from now on is so after it has its value.
            self.variables.mark(&array.name, |variable| variable.read_only = false);
            let done = self.assign_array(&array.name, elements, array.append).await;
            self.variables.mark(&array.name, |variable| variable.read_only = read_only);
            done?;
        }
        Ok(())
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

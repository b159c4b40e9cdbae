//! The values of parameters and variables, those too that are made up when they are looked at.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use bytes::Bytes;

use super::{ExpandError, Expander, Journal, WORD_COST};
use crate::shell::{
    Dialect,
    ast::ParameterName,
    frames::{Frame, Source, SourceKind},
    options::listed,
    shopt::Shopts,
    state::Shell,
    variables::{Key, LetterCase, ReadOnly, Value},
};

/// How many references may lead from one to the next.
const MAX_REFERENCES: usize = 8;

impl Shell {
    /// The value of a parameter, if it is set.
    pub(crate) fn parameter_value(&mut self, name: &ParameterName) -> Option<Bytes> {
        match name {
            ParameterName::Variable(name) => self.value_of(name),
            ParameterName::Positional(number) => self.positional.get(number - 1).cloned(),
            ParameterName::Special(special) => match special {
                b'#' => Some(self.positional.len().to_string().into()),
                b'?' => Some(self.status.to_string().into()),
                b'$' => Some(self.main_pid.to_string().into()),
                b'!' => self.jobs.last.map(|pid| pid.to_string().into()),
                b'-' => Some(self.options.flags(self.dialect).into()),
                b'0' => Some(self.name.clone()),
                _ => None,
            },
        }
    }

    /// The value of a variable, if it is set.
    pub(crate) fn value_of(&mut self, name: &[u8]) -> Option<Bytes> {
        match name {
            b"LINENO" => {
                // The first line of `-c` is number 0 in ash.
                let before = u32::from(self.dialect == Dialect::Ash && self.script.is_none());
                return Some(self.line.saturating_sub(before).to_string().into());
            }
            b"RANDOM" if self.dialect != Dialect::Dash => return Some(self.next_random().to_string().into()),
            b"SECONDS" if self.dialect.is_bash() => {
                let uptime = self.process.container.host.env.clock.uptime();
                return Some(uptime.saturating_sub(self.started).as_secs().to_string().into());
            }
            b"BASHPID" if self.dialect.is_bash() => return Some(self.process.pid.to_string().into()),
            b"EPOCHSECONDS" if self.dialect != Dialect::Dash => {
                return Some(self.process.now().as_second().to_string().into());
            }
            b"EPOCHREALTIME" if self.dialect.is_bash() => {
                let now = self.process.now();
                return Some(format!("{}.{:06}", now.as_second(), now.subsec_nanosecond() / 1000).into());
            }
            b"BASH_SUBSHELL" if self.dialect.is_bash() => {
                return Some(self.subshell_depth.to_string().into());
            }
            b"SHELLOPTS" if self.dialect.is_bash() => return Some(self.options_on().into()),
            b"BASHOPTS" if self.dialect.is_bash() => {
                let on: Vec<&str> = Shopts::names().filter(|name| self.shopts.is_on(name)).collect();
                return Some(on.join(":").into());
            }
            b"BASH_COMMAND" if self.dialect.is_bash() => return Some(self.command_text.clone()),
            b"FUNCNAME" | b"BASH_SOURCE" | b"BASH_LINENO" | b"PIPESTATUS" | b"BASH_VERSINFO"
            | b"DIRSTACK" | b"GROUPS"
                if self.dialect.is_bash() =>
            {
                return match self.made_up_array(name) {
                    Some(Value::Indexed(array)) => array.get(&0).cloned(),
                    _ => None,
                };
            }
            _ => {}
        }
        if self.is_reference(name) {
            let target = self.resolve(name);
            if let Some((array, key)) = subscripted(&target) {
                let key = self.key_of(&array, &key);
                return self.element_of(&array, &key);
            }
            return self.variables.text(&target).cloned().filter(|_| &target[..] != name);
        }
        self.variables.text(name).cloned()
    }

    /// An array that bash makes up when it is looked at.
    pub(crate) fn made_up_array(&self, name: &[u8]) -> Option<Value> {
        if !self.dialect.is_bash() {
            return None;
        }
        let all: Vec<Bytes> = match name {
            b"PIPESTATUS" => match &self.pipe_statuses[..] {
                [] => vec![self.status.to_string().into()],
                all => all.iter().map(|status| status.to_string().into()).collect(),
            },
            b"BASH_VERSINFO" => {
                ["5", "2", "37", "1", "release", "x86_64-pc-linux-gnu"].map(Bytes::from).to_vec()
            }
            b"FUNCNAME" => {
                // Outside of functions it is not set.
                let calls = self.calls();
                let outside = calls.first().is_none_or(|call| call.name == "main");
                if outside { Vec::new() } else { calls.into_iter().map(|call| call.name).collect() }
            }
            b"BASH_LINENO" => self.calls().iter().map(|call| call.line.to_string().into()).collect(),
            b"BASH_SOURCE" => self.calls().into_iter().filter_map(|call| call.source).collect(),
            b"DIRSTACK" => {
                let here = Bytes::from(self.process.cwd());
                std::iter::once(here).chain(self.directories.iter().rev().cloned()).collect()
            }
            b"GROUPS" => vec![self.process.creds().gid.to_string().into()],
            _ => return None,
        };
        Some(Value::Indexed((0..).zip(all).collect()))
    }

    /// The calls that are under way, the innermost first, and at the end the script itself.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let mut calls = Vec::new();
        for frame in self.frames.iter().rev() {
            match frame {
                Frame::Function(function) => calls.push(Call {
                    name: function.name.clone(),
                    line: function.called_at,
                    source: Some(function.source.clone().unwrap_or(Bytes::from_static(b"environment"))),
                }),
                Frame::Source(Source { kind: SourceKind::Dot { line, .. }, .. }) => calls.push(Call {
                    name: Bytes::from_static(b"source"),
                    line: *line,
                    source: self.script.clone(),
                }),
                _ => {}
            }
        }
        if self.script.is_some() {
            calls.push(Call { name: Bytes::from_static(b"main"), line: 0, source: self.script.clone() });
        }
        calls
    }

    /// The names of the options of `set -o` that are on.
    fn options_on(&self) -> String {
        let mut options = self.options;
        let on = listed(self.dialect)
            .iter()
            .filter(|name| options.named(name.as_bytes()).is_some_and(|option| *option));
        on.copied().collect::<Vec<&str>>().join(":")
    }

    fn next_random(&mut self) -> u64 {
        let mut rng = crate::rng::Rng::new(self.random);
        self.random = rng.next_u64();
        self.random >> 49
    }

    /// The variable that a name stands for: the one that a reference leads to (bash `declare -n`), else itself.
    pub(crate) fn resolve(&self, name: &[u8]) -> Bytes {
        let mut name = Bytes::copy_from_slice(name);
        for _ in 0..MAX_REFERENCES {
            match self.variables.get(&name) {
                Some(variable) if variable.reference => match variable.text() {
                    Some(target) => name = target.clone(),
                    None => break,
                },
                _ => break,
            }
        }
        name
    }

    /// Whether a variable leads to another (bash `declare -n`).
    pub(crate) fn is_reference(&self, name: &[u8]) -> bool {
        self.dialect.is_bash() && self.variables.get(name).is_some_and(|variable| variable.reference)
    }

    /// Whether a variable is an array by name.
    pub(crate) fn is_keyed(&self, name: &[u8]) -> bool {
        self.dialect.is_bash()
            && self
                .variables
                .get(&self.resolve(name))
                .is_some_and(|variable| matches!(variable.value, Value::Keyed(_)))
    }

    /// An element of a variable, if it is set.
    pub(crate) fn element_of(&mut self, name: &[u8], key: &Key) -> Option<Bytes> {
        let name = self.resolve(name);
        match (key, self.variables.get(&name).map(|variable| &variable.value)) {
            (Key::Number(index), Some(Value::Indexed(array))) => {
                array.get(&wrap_index(array, *index)).cloned()
            }
            (Key::Name(key), Some(Value::Keyed(array))) => array.get(key).cloned(),
            (Key::Number(0), _) => self.value_of(&name),
            _ => None,
        }
    }

    /// Sets a variable as an assignment does.
    pub(crate) fn assign(&mut self, name: &[u8], text: Bytes) -> Result<(), String> {
        match name {
            b"PATH" => self.found = std::sync::Arc::default(),
            b"OPTIND" => self.getopts = 0,
            b"SHELLOPTS" | b"BASHOPTS" if self.dialect.is_bash() => return Err(self.read_only_message(name)),
            b"RANDOM" if self.dialect != Dialect::Dash => {
                self.random = crate::rng::stable_hash(&text);
                return Ok(());
            }
            b"SECONDS" if self.dialect.is_bash() => {
                let past = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
                let now = self.process.container.host.env.clock.uptime();
                self.started = now.saturating_sub(std::time::Duration::from_secs(past));
                return Ok(());
            }
            _ => {}
        }
        if self.is_reference(name) {
            let target = self.resolve(name);
            // A reference to nothing yet: what is assigned says to what.
            if &target[..] != name {
                return match subscripted(&target) {
                    Some((array, key)) => {
                        let key = self.key_of(&array, &key);
                        self.assign_element(&array, key, text)
                    }
                    None => self.assign(&target, text),
                };
            }
        }
        let text = self.fitted(name, text)?;
        self.variables.set(name, text).map_err(|ReadOnly| self.read_only_message(name))?;
        if self.options.allexport {
            self.variables.export(name, true);
        }
        self.check_size()
    }

    /// The key that a subscript's text is, for an array.
    pub(crate) fn key_of(&mut self, array: &[u8], subscript: &Bytes) -> Key {
        if self.is_keyed(array) {
            return Key::Name(subscript.clone());
        }
        let mut journal = Journal::default();
        let index = Expander { shell: self, journal: &mut journal }.evaluate(subscript).unwrap_or(0);
        Key::Number(index)
    }

    /// Sets an element as an assignment does.
    pub(crate) fn assign_element(&mut self, name: &[u8], key: Key, text: Bytes) -> Result<(), String> {
        let name = self.resolve(name);
        let key = match key {
            Key::Number(index) if index < 0 => {
                let wrapped = match self.variables.get(&name).map(|variable| &variable.value) {
                    Some(Value::Indexed(array)) => wrap_index(array, index),
                    _ => index,
                };
                if wrapped < 0 {
                    let name = String::from_utf8_lossy(&name);
                    return Err(format!("{name}[{index}]: bad array subscript"));
                }
                Key::Number(wrapped)
            }
            Key::Name(key) if key.is_empty() => {
                return Err(format!("{}[]: bad array subscript", String::from_utf8_lossy(&name)));
            }
            key => key,
        };
        let text = self.fitted(&name, text)?;
        let set = self.variables.set_element(&name, key, text);
        set.map_err(|ReadOnly| self.read_only_message(&name))?;
        self.check_size()
    }

    /// Text as a variable's attributes want it: worked out, in capitals.
    fn fitted(&mut self, name: &[u8], text: Bytes) -> Result<Bytes, String> {
        let Some(variable) = self.variables.get(name).filter(|_| self.dialect.is_bash()) else {
            return Ok(text);
        };
        match variable.letter_case {
            Some(LetterCase::Lower) => return Ok(text.to_ascii_lowercase().into()),
            Some(LetterCase::Capital) => {
                let mut text = text.to_ascii_lowercase();
                if let Some(first) = text.first_mut() {
                    first.make_ascii_uppercase();
                }
                return Ok(text.into());
            }
            Some(LetterCase::Upper) => return Ok(text.to_ascii_uppercase().into()),
            None => {}
        }
        if !variable.integer {
            return Ok(text);
        }
        let mut journal = Journal::default();
        match (Expander { shell: self, journal: &mut journal }).evaluate(&text) {
            Ok(value) => Ok(value.to_string().into()),
            Err(ExpandError::Fail(message)) => Err(message),
            Err(_) => Ok(text),
        }
    }

    /// Charges what variables take to the container's memory.
    fn check_size(&mut self) -> Result<(), String> {
        self.check_size_with(0)
    }

    /// Charges what variables and positional parameters take to the container's memory, and what waits to be one of them.
    pub(crate) fn check_size_with(&mut self, waiting: usize) -> Result<(), String> {
        let words = self.positional.len() + self.kept_words.load(Ordering::Relaxed);
        let size = self.variables.size() + words * WORD_COST + waiting;
        let charged = if size > 1 << 20 { size as u64 } else { 0 };
        if (charged > 0 || self.process.holds()) && self.process.hold(charged).is_err() {
            return Err("out of memory".to_owned());
        }
        Ok(())
    }

    pub(crate) fn read_only_message(&self, name: &[u8]) -> String {
        let name = String::from_utf8_lossy(name);
        match self.dialect {
            Dialect::Bash => format!("{name}: readonly variable"),
            _ => format!("{name}: is read only"),
        }
    }

    pub(crate) fn unset_message(&self, name: &str) -> String {
        match self.dialect {
            Dialect::Bash => format!("{name}: unbound variable"),
            _ => format!("{name}: parameter not set"),
        }
    }
}

/// A function that was called, or a file that is read.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: Bytes,
    /// The line of the call.
    pub(crate) line: u32,
    /// Where the function was written; none for what a command line held.
    pub(crate) source: Option<Bytes>,
}

/// `name[subscript]`, taken apart.
pub(crate) fn subscripted(text: &Bytes) -> Option<(Bytes, Bytes)> {
    let open = text.iter().position(|byte| *byte == b'[')?;
    (text.ends_with(b"]") && open > 0).then(|| (text.slice(..open), text.slice(open + 1..text.len() - 1)))
}

/// The index that a negative one means: counted from the end.
pub(crate) fn wrap_index(array: &BTreeMap<i64, Bytes>, index: i64) -> i64 {
    if index >= 0 {
        return index;
    }
    array.last_key_value().map_or(index, |(last, _)| last + 1 + index)
}

/// The elements of a variable: of a scalar, itself.
pub(crate) fn elements(value: &Value) -> Vec<Bytes> {
    match value {
        Value::Unset => Vec::new(),
        Value::Scalar(text) => vec![text.clone()],
        Value::Indexed(array) => array.values().cloned().collect(),
        Value::Keyed(array) => array.iter().map(|(_, text)| text.clone()).collect(),
    }
}

/// The keys of a variable's elements.
pub(crate) fn keys(value: &Value) -> Vec<Bytes> {
    match value {
        Value::Unset => Vec::new(),
        Value::Scalar(_) => vec![Bytes::from_static(b"0")],
        Value::Indexed(array) => array.keys().map(|key| key.to_string().into()).collect(),
        Value::Keyed(array) => array.iter().map(|(key, _)| key.clone()).collect(),
    }
}

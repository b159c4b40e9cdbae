//! The values of parameters and variables, those too that are made up when they are looked at.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::shell::{
    Dialect,
    ast::ParameterName,
    frames::Frame,
    state::Shell,
    variables::{ReadOnly, Value},
};

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
            b"FUNCNAME" if self.dialect.is_bash() => {
                return self.frames.iter().rev().find_map(|frame| match frame {
                    Frame::Function(function) => Some(function.name.clone()),
                    _ => None,
                });
            }
            _ => {}
        }
        self.variables.text(name).cloned()
    }

    fn next_random(&mut self) -> u64 {
        let mut rng = crate::rng::Rng::new(self.random);
        self.random = rng.next_u64();
        self.random >> 49
    }

    /// Sets a variable as an assignment does.
    pub(crate) fn assign(&mut self, name: &[u8], text: Bytes) -> Result<(), String> {
        match name {
            b"PATH" => self.found = std::sync::Arc::default(),
            b"OPTIND" => self.getopts = 0,
            b"RANDOM" if self.dialect != Dialect::Dash => {
                self.random = crate::rng::stable_hash(&text);
                return Ok(());
            }
            _ => {}
        }
        self.variables.set(name, text).map_err(|ReadOnly| self.read_only_message(name))?;
        if self.options.allexport {
            self.variables.export(name, true);
        }
        self.check_size()
    }

    /// Charges what variables take to the container's memory.
    fn check_size(&mut self) -> Result<(), String> {
        let size = self.variables.size() as u64;
        if size > 1 << 20 && self.process.hold(size).is_err() {
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
        Value::Keyed(array) => array.values().cloned().collect(),
    }
}

/// The keys of a variable's elements.
pub(crate) fn keys(value: &Value) -> Vec<Bytes> {
    match value {
        Value::Unset => Vec::new(),
        Value::Scalar(_) => vec![Bytes::from_static(b"0")],
        Value::Indexed(array) => array.keys().map(|key| key.to_string().into()).collect(),
        Value::Keyed(array) => array.keys().cloned().collect(),
    }
}

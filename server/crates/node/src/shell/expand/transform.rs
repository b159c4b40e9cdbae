//! `${name@letter}`: what bash tells of a parameter, or makes of it.

use bytes::Bytes;

use super::{Expand, ExpandError, Expander, change::change_case, parameter::Values, value};
use crate::shell::{
    ast::{CaseChange, Parameter, ParameterName, Subscript},
    quote,
    variables::Value,
};

impl Expander<'_> {
    /// `${name@letter}`
    pub(super) fn transform(&mut self, parameter: &Parameter, values: Values, letter: u8) -> Expand<Values> {
        let name = match &parameter.name {
            ParameterName::Variable(name) => self.shell.resolve(name),
            _ => Bytes::new(),
        };
        let variable = self.shell.variables.get(&name).cloned();
        let whole = matches!(parameter.subscript, Some(Subscript::Each | Subscript::Joined));
        let letters = variable.as_ref().map(crate::shell::builtins::attributes).unwrap_or_default();
        Ok(match letter {
            b'Q' => values.map(|text| quote::reusable(text).into()),
            b'U' => values.map(|text| text.to_ascii_uppercase().into()),
            b'u' => values.map(|text| change_case(text, CaseChange::Upper, false, None)),
            b'L' => values.map(|text| text.to_ascii_lowercase().into()),
            b'E' => values.map(|text| crate::shell::parser::unescape_c(text, true).into()),
            b'P' => {
                let shell = &*self.shell;
                values.map(|text| shell.prompt_text(text).into())
            }
            b'a' => {
                let letters = Bytes::from(letters);
                match (variable, &values) {
                    (None, _) => Values::One(None),
                    // Attributes there are without a value too.
                    (Some(_), Values::One(None)) => Values::One(Some(letters)),
                    (Some(_), _) => values.map(|_| letters.clone()),
                }
            }
            b'A' => match variable {
                None => Values::One(None),
                Some(variable) if whole || !variable.assigned => {
                    let known = whole || !letters.is_empty();
                    let line = known.then(|| crate::shell::builtins::declaration(&name, &variable));
                    Values::One(line.map(Bytes::from))
                }
                Some(variable) => Values::One(variable.text().map(|text| {
                    let value = quote::reusable(text);
                    let prefix =
                        if letters.is_empty() { String::new() } else { format!("declare -{letters} ") };
                    [prefix.as_bytes(), &name, b"=", &value].concat().into()
                })),
            },
            b'K' | b'k' if whole => {
                let Some(variable) = variable else { return Ok(values) };
                let pairs = value::keys(&variable.value).into_iter().zip(value::elements(&variable.value));
                if letter == b'k' {
                    let all = pairs.flat_map(|(key, text)| [key, text]).collect();
                    return Ok(Values::Many { all, joined: false });
                }
                let keyed = matches!(variable.value, Value::Keyed(_));
                let pairs: Vec<Vec<u8>> =
                    pairs.map(|(key, text)| [&key[..], b" ", &quote::double(&text)].concat()).collect();
                let mut text = pairs.join(&b' ');
                if keyed && !text.is_empty() {
                    text.push(b' ');
                }
                Values::One(Some(text.into()))
            }
            b'K' | b'k' => values.map(|text| quote::reusable(text).into()),
            _ if matches!(values, Values::One(None)) => values,
            _ => {
                let shown = String::from_utf8_lossy(&name).into_owned();
                let letter = char::from(letter);
                return Err(ExpandError::Fail(format!("${{{shown}@{letter}}}: bad substitution")));
            }
        })
    }
}

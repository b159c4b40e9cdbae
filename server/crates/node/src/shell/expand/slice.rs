//! `${name:offset:length}`: parts of texts, of lists and of arrays.

use super::{Expand, ExpandError, Expander, change::slice, parameter::Values, value};
use crate::shell::{
    ast::{Parameter, ParameterName, Subscript, Word},
    variables::Value,
};

impl Expander<'_> {
    /// The array by number of which `${name[@]:offset}` is to take elements.
    pub(super) fn sparse(&self, parameter: &Parameter) -> Option<Value> {
        let (ParameterName::Variable(name), Some(Subscript::Each | Subscript::Joined), false) =
            (&parameter.name, &parameter.subscript, parameter.indirect)
        else {
            return None;
        };
        let value = &self.shell.variables.get(&self.shell.resolve(name))?.value;
        matches!(value, Value::Indexed(_)).then(|| value.clone())
    }

    /// `${name[@]:offset:length}`: the elements whose index is at least the offset, however many indices there are none for.
    pub(super) fn slice_of_array(
        &mut self,
        value: &Value,
        offset: &Word,
        length: Option<&Word>,
    ) -> Expand<Values> {
        let Value::Indexed(array) = value else { return Ok(Values::One(None)) };
        let offset = self.arithmetic(offset)?;
        let length = length.map(|word| self.arithmetic(word)).transpose()?;
        let first = value::wrap_index(array, offset);
        let most = match length {
            None => usize::MAX,
            Some(length) => usize::try_from(length)
                .map_err(|_| ExpandError::Fail(format!("{length}: substring expression < 0")))?,
        };
        let all = if first < 0 {
            Vec::new()
        } else {
            array.range(first..).take(most).map(|(_, text)| text.clone()).collect()
        };
        Ok(Values::Many { all, joined: false })
    }

    /// `${name:offset:length}`: a part of a text, or of a list.
    pub(super) fn substring(
        &mut self,
        values: Values,
        positional: bool,
        offset: &Word,
        length: Option<&Word>,
    ) -> Expand<Values> {
        let offset = self.arithmetic(offset)?;
        let length = length.map(|word| self.arithmetic(word)).transpose()?;
        Ok(match values {
            Values::One(None) => Values::One(None),
            Values::One(Some(text)) => {
                let range = slice(text.len(), offset, length).ok_or_else(|| {
                    ExpandError::Fail(format!("{}: substring expression < 0", length.unwrap_or(0)))
                })?;
                Values::One(Some(text.slice(range)))
            }
            Values::Many { all, joined } => {
                let mut list = all;
                if positional {
                    // They are counted from 1, after $0.
                    list.insert(0, self.shell.name.clone());
                }
                let range = slice(list.len(), offset, length).unwrap_or(0..0);
                Values::Many { all: list[range].to_vec(), joined }
            }
        })
    }
}

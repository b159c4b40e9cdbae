//! Parameter expansion (POSIX XCU 2.6.2).

use bytes::Bytes;

use super::{
    Context, Expand, ExpandError, Expander, Fields,
    change::{Replacement, change_case, replace},
    value,
};
use crate::{
    libc::pattern::Pattern,
    shell::{
        Dialect,
        arith::name_len,
        ast::{Parameter, ParameterName, ParameterOp, Subscript, Word},
        variables::Value,
    },
};

/// How many bytes of a text are looked through for a pattern, or changed, in one step...
const SEARCHED_A_STEP: usize = 64;
/// ...and how many are copied.
const COPIED_A_STEP: usize = 1024;

/// What a parameter stands for.
pub(super) enum Values {
    /// One value, or none.
    One(Option<Bytes>),
    /// Several: `$@`, `$*` (`joined`), or all elements of an array.
    Many { all: Vec<Bytes>, joined: bool },
}

impl Values {
    fn is_set(&self, null_counts: bool) -> bool {
        match self {
            Self::One(None) => false,
            Self::One(Some(value)) => !null_counts || !value.is_empty(),
            Self::Many { all, .. } => match &all[..] {
                [] => false,
                [only] => !null_counts || !only.is_empty(),
                _ => true,
            },
        }
    }

    /// How many bytes it is, and how many values.
    fn len(&self) -> usize {
        match self {
            Self::One(value) => value.as_ref().map_or(0, Bytes::len),
            Self::Many { all, .. } => all.iter().map(|value| value.len() + 1).sum(),
        }
    }

    pub(super) fn map(self, change: impl Fn(&Bytes) -> Bytes) -> Self {
        match self {
            Self::One(value) => Self::One(value.map(|value| change(&value))),
            Self::Many { all, joined } => Self::Many { all: all.iter().map(change).collect(), joined },
        }
    }
}

impl Expander<'_> {
    pub(super) fn parameter(
        &mut self,
        parameter: &Parameter,
        context: Context,
        out: &mut Fields,
    ) -> Expand<()> {
        // The common case: the value of a variable.
        if parameter.subscript.is_none()
            && !parameter.indirect
            && let (ParameterOp::None, ParameterName::Variable(_) | ParameterName::Positional(_)) =
                (&parameter.op, &parameter.name)
        {
            match self.shell.parameter_value(&parameter.name) {
                Some(value) => {
                    self.count(value.len() / COPIED_A_STEP);
                    Self::push(&value, context, out);
                }
                None => {
                    self.check_set(&parameter.name)?;
                    if context.quoted {
                        out.quoted(b"");
                    }
                }
            }
            return Ok(());
        }
        let values = self.values(parameter)?;
        self.apply(parameter, values, context, out)
    }

    /// An element of an array is named with its subscript.
    fn check_element(&mut self, parameter: &Parameter) -> Expand<()> {
        let checked = self.check_set(&parameter.name);
        if let (Err(_), Some(Subscript::Index(index))) = (&checked, &parameter.subscript) {
            let index = self.text(index)?;
            let shown = format!("{}[{}]", name_text(&parameter.name), String::from_utf8_lossy(&index));
            return Err(ExpandError::Unset(self.shell.unset_message(&shown)));
        }
        checked
    }

    fn check_set(&self, name: &ParameterName) -> Expand<()> {
        if !self.shell.options.nounset || matches!(name, ParameterName::Special(b'@' | b'*')) {
            return Ok(());
        }
        let mut shown = name_text(name);
        if self.shell.dialect.is_bash() && matches!(name, ParameterName::Positional(_)) {
            shown.insert(0, '$');
        }
        Err(ExpandError::Unset(self.shell.unset_message(&shown)))
    }

    fn values(&mut self, parameter: &Parameter) -> Expand<Values> {
        if parameter.indirect {
            return self.indirect(parameter);
        }
        if let ParameterName::Special(special @ (b'@' | b'*')) = parameter.name {
            return Ok(Values::Many { all: self.shell.positional.to_vec(), joined: special == b'*' });
        }
        let (Some(subscript), ParameterName::Variable(name)) = (&parameter.subscript, &parameter.name) else {
            return Ok(Values::One(self.shell.parameter_value(&parameter.name)));
        };
        self.element(name, subscript)
    }

    fn element(&mut self, name: &Bytes, subscript: &Subscript) -> Expand<Values> {
        let name = &self.shell.resolve(name);
        let value = self.shell.variables.get(name).map(|variable| variable.value.clone());
        let value = match self.shell.made_up_array(name).or(value) {
            Some(value) => value,
            None => self.shell.value_of(name).map_or(Value::Unset, Value::Scalar),
        };
        Ok(match subscript {
            Subscript::Each | Subscript::Joined => {
                Values::Many { all: value::elements(&value), joined: matches!(subscript, Subscript::Joined) }
            }
            Subscript::Index(word) => Values::One(match &value {
                Value::Keyed(array) => array.get(&self.text(word)?).cloned(),
                Value::Indexed(array) => {
                    let index = self.arithmetic(word)?;
                    let wrapped = value::wrap_index(array, index);
                    if wrapped < 0 {
                        let name = String::from_utf8_lossy(name);
                        self.shell.complain(&format!("{name}: bad array subscript"));
                    }
                    array.get(&wrapped).cloned()
                }
                Value::Scalar(text) => (self.arithmetic(word)? == 0).then(|| text.clone()),
                Value::Unset => None,
            }),
        })
    }

    /// `${!name}`: the parameter whose name is the value.
    fn indirect(&mut self, parameter: &Parameter) -> Expand<Values> {
        // Of a reference: the name that it leads to.
        if let ParameterName::Variable(name) = &parameter.name
            && self.shell.variables.get(name).is_some_and(|variable| variable.reference)
        {
            return Ok(Values::One(Some(self.shell.resolve(name))));
        }
        let direct = Parameter {
            name: parameter.name.clone(),
            subscript: None,
            indirect: false,
            op: ParameterOp::None,
        };
        let Values::One(Some(target)) = self.values(&direct)? else {
            let shown = name_text(&parameter.name);
            return Err(ExpandError::Fail(format!("{shown}: invalid indirect expansion")));
        };
        if target == "@" || target == "*" {
            return Ok(Values::Many { all: self.shell.positional.to_vec(), joined: target == "*" });
        }
        if let Ok(number) = String::from_utf8_lossy(&target).parse::<usize>() {
            let name =
                if number == 0 { ParameterName::Special(b'0') } else { ParameterName::Positional(number) };
            return Ok(Values::One(self.shell.parameter_value(&name)));
        }
        if let Some(open) = target.iter().position(|byte| *byte == b'[')
            && target.ends_with(b"]")
        {
            let (name, inner) = (target.slice(..open), &target[open + 1..target.len() - 1]);
            let subscript = match inner {
                b"@" => Subscript::Each,
                b"*" => Subscript::Joined,
                _ => Subscript::Index(Word::quoted(Bytes::copy_from_slice(inner))),
            };
            return self.element(&name, &subscript);
        }
        if name_len(&target) != target.len() || target.is_empty() {
            if let [special @ (b'#' | b'?' | b'-' | b'$' | b'!')] = target[..] {
                return Ok(Values::One(self.shell.parameter_value(&ParameterName::Special(special))));
            }
            let shown = String::from_utf8_lossy(&target);
            return Err(ExpandError::Fail(format!("{shown}: invalid variable name")));
        }
        Ok(Values::One(self.shell.value_of(&target)))
    }

    fn apply(
        &mut self,
        parameter: &Parameter,
        values: Values,
        context: Context,
        out: &mut Fields,
    ) -> Expand<()> {
        let inner = Context { quoted: context.quoted, split_text: !context.quoted };
        if !matches!(parameter.op, ParameterOp::None | ParameterOp::Length) {
            self.count(values.len() / SEARCHED_A_STEP);
        }
        match &parameter.op {
            ParameterOp::None => {
                self.require(parameter, &values)?;
                self.emit(values, context, out);
            }
            ParameterOp::Length => {
                self.require(parameter, &values)?;
                let len = match &values {
                    Values::One(value) => value.as_ref().map_or(0, Bytes::len),
                    // In ash and dash `${#@}` is the length of what `$*` is.
                    Values::Many { all, .. } if !self.shell.dialect.is_bash() => {
                        all.iter().map(Bytes::len).sum::<usize>() + all.len().saturating_sub(1)
                    }
                    Values::Many { all, .. } => all.len(),
                };
                Self::push(len.to_string().as_bytes(), context, out);
            }
            ParameterOp::Default { null, word } => {
                if values.is_set(*null) {
                    self.emit(values, context, out);
                } else {
                    self.word(word, inner, out)?;
                }
            }
            ParameterOp::Alternative { null, word } => {
                if values.is_set(*null) {
                    self.word(word, inner, out)?;
                } else if context.quoted && !matches!(values, Values::Many { .. }) {
                    out.quoted(b"");
                }
            }
            ParameterOp::Assign { null, word } => {
                if let Some(done) = self.journal.done() {
                    Self::push(&done, context, out);
                    return Ok(());
                }
                if values.is_set(*null) {
                    self.emit(values, context, out);
                    return Ok(());
                }
                let text = self.once(|this| this.assign_default(parameter, word))?;
                Self::push(&text, context, out);
            }
            ParameterOp::Error { null, word } => {
                if values.is_set(*null) {
                    self.emit(values, context, out);
                    return Ok(());
                }
                let text = String::from_utf8_lossy(&self.text(word)?).into_owned();
                let name = name_text(&parameter.name);
                let reason = match (self.shell.dialect, *null) {
                    _ if !text.is_empty() => text,
                    (Dialect::Bash, true) => "parameter null or not set".to_owned(),
                    (Dialect::Ash | Dialect::Dash, true) => "parameter not set or null".to_owned(),
                    (_, false) => "parameter not set".to_owned(),
                };
                return Err(ExpandError::Unset(format!("{name}: {reason}")));
            }
            ParameterOp::RemovePrefix { longest, pattern } => {
                self.require(parameter, &values)?;
                let pattern = self.taken_apart(pattern)?;
                let cut = |text: &Bytes| text.slice(pattern.prefix(text, *longest).unwrap_or(0)..);
                self.emit(values.map(cut), context, out);
            }
            ParameterOp::RemoveSuffix { longest, pattern } => {
                self.require(parameter, &values)?;
                let pattern = self.taken_apart(pattern)?;
                let cut = |text: &Bytes| text.slice(..pattern.suffix(text, *longest).unwrap_or(text.len()));
                self.emit(values.map(cut), context, out);
            }
            ParameterOp::Substring { offset, length } => {
                self.require(parameter, &values)?;
                let positional = matches!(parameter.name, ParameterName::Special(_));
                let values = match self.sparse(parameter) {
                    Some(array) => self.slice_of_array(&array, offset, length.as_ref())?,
                    None => self.substring(values, positional, offset, length.as_ref())?,
                };
                self.emit(values, context, out);
            }
            ParameterOp::Replace { scope, pattern, with } => {
                self.require(parameter, &values)?;
                let pattern = self.taken_apart(pattern)?;
                // In bash an `&` that is not quoted stands for what matched.
                let with = if self.shell.shopts.is_on("patsub_replacement") && self.shell.dialect.is_bash() {
                    Replacement::new(&self.replacement(with)?)
                } else {
                    Replacement::plain(self.text(with)?)
                };
                self.emit(values.map(|text| replace(text, &pattern, &with, *scope)), context, out);
            }
            ParameterOp::Case { change, all, pattern } => {
                self.require(parameter, &values)?;
                let pattern = match &*pattern.parts {
                    [] => None,
                    _ => Some(self.taken_apart(pattern)?),
                };
                let changed = |text: &Bytes| change_case(text, *change, *all, pattern.as_ref());
                self.emit(values.map(changed), context, out);
            }
            ParameterOp::Transform(letter) => {
                let values = self.transform(parameter, values, *letter)?;
                self.emit(values, context, out);
            }
            ParameterOp::Bad(text) => {
                let text = String::from_utf8_lossy(text);
                return Err(ExpandError::Fail(match self.shell.dialect {
                    Dialect::Bash => format!("${{{text}}}: bad substitution"),
                    _ => "Bad substitution".to_owned(),
                }));
            }
            ParameterOp::Names => {
                let ParameterName::Variable(prefix) = &parameter.name else { return Ok(()) };
                let sorted = self.shell.variables.sorted();
                let all = sorted
                    .iter()
                    .filter(|(name, _)| name.starts_with(prefix))
                    .map(|(name, _)| (*name).clone());
                let all = all.collect();
                let joined = matches!(parameter.subscript, Some(Subscript::Joined));
                self.emit(Values::Many { all, joined }, context, out);
            }
            ParameterOp::Keys => {
                let ParameterName::Variable(name) = &parameter.name else { return Ok(()) };
                let all = self
                    .shell
                    .variables
                    .get(&self.shell.resolve(name))
                    .map_or_else(Vec::new, |variable| value::keys(&variable.value));
                let joined = matches!(parameter.subscript, Some(Subscript::Joined));
                self.emit(Values::Many { all, joined }, context, out);
            }
        }
        Ok(())
    }

    /// `${name=word}`
    fn assign_default(&mut self, parameter: &Parameter, word: &Word) -> Expand<Bytes> {
        let text = self.text(word)?;
        let ParameterName::Variable(name) = &parameter.name else {
            return Err(ExpandError::Fail(match self.shell.dialect {
                Dialect::Bash => format!("${}: cannot assign in this way", name_text(&parameter.name)),
                _ => format!("{}: bad variable name", name_text(&parameter.name)),
            }));
        };
        self.shell.assign(name, text.clone()).map_err(ExpandError::Fail)?;
        Ok(text)
    }

    /// Expands a word to a pattern that is searched for.
    fn taken_apart(&mut self, pattern: &Word) -> Expand<Pattern> {
        Ok(Pattern::new(&self.pattern(pattern)?, self.shell.shopts.is_on("extglob")))
    }

    /// Fails for a parameter that is not set, where the shell was told to.
    fn require(&mut self, parameter: &Parameter, values: &Values) -> Expand<()> {
        match values {
            Values::One(None) => self.check_element(parameter),
            _ => Ok(()),
        }
    }

    /// The word of `${name-word}`.
    fn word(&mut self, word: &Word, context: Context, out: &mut Fields) -> Expand<()> {
        if context.quoted && word.parts.is_empty() {
            out.quoted(b"");
        }
        self.parts(&word.parts, context, out)
    }

    /// Counts steps: whoever expands long texts again and again lets others run in between.
    fn count(&self, steps: usize) {
        if steps > 0 {
            self.shell.process.tick(u32::try_from(steps).unwrap_or(u32::MAX));
        }
    }

    fn emit(&mut self, values: Values, context: Context, out: &mut Fields) {
        self.count(values.len() / COPIED_A_STEP);
        match values {
            Values::One(Some(value)) => Self::push(&value, context, out),
            Values::One(None) => {
                if context.quoted {
                    out.quoted(b"");
                }
            }
            // Where nothing is split, ash and dash take `$@` for `$*` (POSIX leaves it open).
            Values::Many { all, joined } if self.is_one_text(joined, context, out) => {
                let ifs = self.ifs();
                let separator = ifs.get(..1).unwrap_or_default();
                for (index, value) in all.iter().enumerate() {
                    if index > 0 {
                        out.quoted(separator);
                    }
                    Self::push(value, context, out);
                }
                if context.quoted {
                    out.quoted(b"");
                }
            }
            Values::Many { all, .. } => {
                for (index, value) in all.iter().enumerate() {
                    if out.is_full() {
                        return;
                    }
                    if index > 0 {
                        out.separate();
                    }
                    Self::push(value, context, out);
                }
            }
        }
    }

    /// Whether several values become one text with a character of `IFS` between them.
    fn is_one_text(&self, joined: bool, context: Context, out: &Fields) -> bool {
        match out.splits() {
            true => joined && context.quoted,
            false => joined || !self.shell.dialect.is_bash(),
        }
    }
}

pub(super) fn name_text(name: &ParameterName) -> String {
    match name {
        ParameterName::Variable(name) => String::from_utf8_lossy(name).into_owned(),
        ParameterName::Positional(number) => number.to_string(),
        ParameterName::Special(special) => char::from(*special).to_string(),
    }
}

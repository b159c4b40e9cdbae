//! Functions that every filter can call: natives, and those that are written in jq's own language.

pub(super) mod arithmetic;
mod arrays;
mod dates;
mod formats;
mod math;
pub(super) mod paths;
mod regex;
mod text;

use std::{collections::HashMap, sync::LazyLock};

pub(super) use dates::local;

use super::{
    ast::Function,
    machine::Question,
    parser,
    value::{Heap, Raise, Value},
};

/// A function of its input and the values of its arguments.
type Pure = fn(&Heap, Value, &[Value]) -> Result<Value, Raise>;

/// A function that is not written in jq's language.
#[derive(Clone, Copy, Debug)]
pub(super) enum Native {
    Pure(Pure),
    /// `getpath`, which leads on when paths are asked for.
    GetPath,
    Error,
    Halt,
    HaltError,
    Input,
    Ask(Question),
    Debug,
    Stderr,
}

const MACHINE: &[(&str, usize, Native)] = &[
    ("getpath", 1, Native::GetPath),
    ("error", 0, Native::Error),
    ("halt", 0, Native::Halt),
    ("halt_error", 1, Native::HaltError),
    ("input", 0, Native::Input),
    ("now", 0, Native::Ask(Question::Now)),
    ("input_line_number", 0, Native::Ask(Question::Line)),
    ("input_filename", 0, Native::Ask(Question::Filename)),
    ("debug", 0, Native::Debug),
    ("stderr", 0, Native::Stderr),
    ("localtime", 0, Native::Ask(Question::LocalTime)),
];

/// The native of this name that takes so many arguments.
pub(super) fn find(name: &str, arity: usize) -> Option<Native> {
    let machine = MACHINE.iter().find(|(known, takes, _)| *known == name && *takes == arity);
    if let Some((_, _, native)) = machine {
        return Some(*native);
    }
    let tables = [arrays::TABLE, paths::TABLE, text::TABLE, regex::TABLE, dates::TABLE, formats::TABLE];
    let tables = tables.iter().chain(math::TABLE);
    let pure = tables.copied().flatten().find(|(known, takes, _)| *known == name && *takes == arity);
    pure.map(|(_, _, run)| Native::Pure(*run))
}

static PRELUDE: LazyLock<HashMap<(String, usize), Function>> = LazyLock::new(|| {
    let functions = parser::definitions(include_str!("prelude.jq")).unwrap_or_default();
    functions
        .into_iter()
        .map(|function| ((function.name.clone(), function.parameters.len()), function))
        .collect()
});

/// The function of the prelude of this name that takes so many arguments.
pub(super) fn prelude(name: &str, arity: usize) -> Option<&'static Function> {
    PRELUDE.get(&(name.to_owned(), arity))
}

/// `WHAT (VALUE) SAYS`: the manner of most error messages.
fn complain(heap: &Heap, value: &Value, says: &str) -> Raise {
    Raise::error(heap, format!("{} ({}) {says}", value.kind(), super::write::shown(value)))
}

fn argument(arguments: &[Value], index: usize) -> &Value {
    arguments.get(index).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use super::parser;

    #[test]
    fn the_prelude_is_read() {
        assert!(parser::definitions(include_str!("prelude.jq")).is_ok_and(|functions| functions.len() > 90));
    }
}

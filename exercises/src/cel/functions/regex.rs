//! Kubernetes' regex library: `find` and `findAll`.

use cel::{
    DeclarationError, Env, ExecutionError,
    common::{
        types::{CelInt, CelList, CelString},
        value::Val,
    },
};
use regex::Regex;

pub(crate) fn extension(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_member_overload!(env, fn find: (CelString, CelString) -> Result<CelString>)?;
    cel::add_member_overload!(env, fn find_all: (CelString, CelString) -> Result<CelList>)?;
    cel::add_member_overload!(env, fn find_some: (CelString, CelString, CelInt) -> Result<CelList>, name = "findAll")
}

fn compiled(function: &str, pattern: &str) -> Result<Regex, ExecutionError> {
    Regex::new(pattern).map_err(|error| ExecutionError::function_error(function, error))
}

/// The first match, or the empty text.
fn find(this: &CelString<'_>, pattern: &CelString<'_>) -> Result<CelString<'static>, ExecutionError> {
    let found = compiled("find", pattern.inner())?.find(this.inner()).map_or("", |m| m.as_str()).to_owned();
    Ok(CelString::from(found))
}

/// All matches.
fn find_all(this: &CelString<'_>, pattern: &CelString<'_>) -> Result<CelList<'static>, ExecutionError> {
    matches(this, pattern, usize::MAX)
}

/// The first matches; all of them where the number is negative.
fn find_some(
    this: &CelString<'_>,
    pattern: &CelString<'_>,
    limit: &CelInt,
) -> Result<CelList<'static>, ExecutionError> {
    matches(this, pattern, usize::try_from(*limit.inner()).unwrap_or(usize::MAX))
}

fn matches(
    this: &CelString<'_>,
    pattern: &CelString<'_>,
    limit: usize,
) -> Result<CelList<'static>, ExecutionError> {
    let found: Vec<Box<dyn Val>> = compiled("findAll", pattern.inner())?
        .find_iter(this.inner())
        .take(limit)
        .map(|m| Box::new(CelString::from(m.as_str().to_owned())) as Box<dyn Val>)
        .collect();
    Ok(CelList::from(found))
}

#[cfg(test)]
mod tests {
    use crate::cel::{Expression, Variables};

    #[test]
    fn matches_are_found() {
        for condition in [
            "'abc 123 456'.find('[0-9]+') == '123' && 'abc'.find('[0-9]') == ''",
            "'abc 123 456'.findAll('[0-9]+') == ['123', '456']",
            "'1 2 3'.findAll('[0-9]', 2) == ['1', '2'] && '1 2'.findAll('[0-9]', -1).size() == 2",
        ] {
            let holds = Expression::compile(condition, &[]).unwrap().holds(&Variables::new());
            assert_eq!(holds, Ok(true), "{condition}");
        }
    }
}

//! podlab's own function for texts: `lines(text)`.

use cel::{
    DeclarationError, Env,
    common::{
        types::{CelList, CelString},
        value::Val,
    },
};

pub(crate) fn extension(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_overload!(env, fn lines: (CelString) -> CelList)
}

/// The lines of a text, without their ends; a line end at the text's end begins no further line. Past
/// [`crate::cel::MAX_ITEMS`] lines, the last ones.
fn lines(text: &CelString<'_>) -> CelList<'static> {
    let all: Vec<&str> = text.inner().lines().collect();
    let kept = &all[all.len().saturating_sub(crate::cel::MAX_ITEMS)..];
    let boxed: Vec<Box<dyn Val>> =
        kept.iter().map(|line| Box::new(CelString::from((*line).to_owned())) as Box<dyn Val>).collect();
    CelList::from(boxed)
}

#[cfg(test)]
mod tests {
    use crate::cel::{Expression, Variables};

    #[test]
    fn lines_are_counted_as_wc_counts_them() {
        for condition in ["lines('a\\nb\\n') == ['a', 'b']", "lines('') == []", "lines('a') == ['a']"] {
            assert_eq!(
                Expression::compile(condition, &[]).unwrap().holds(&Variables::new()),
                Ok(true),
                "{condition}"
            );
        }
    }
}

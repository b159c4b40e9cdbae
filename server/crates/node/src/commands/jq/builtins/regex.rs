//! Regular expressions. jq's are Oniguruma's; these lack what takes backtracking (look-around, back-references), so that
//! every match takes time in proportion to the text.

use std::sync::Arc;

use indexmap::IndexMap;
use regex::{Captures, Regex, RegexBuilder};

use super::{
    super::value::{Heap, Raise, Value},
    Pure, argument, complain,
};

/// The most memory that a compiled expression takes, in bytes.
const SIZE: usize = 1 << 20;

pub(super) const TABLE: &[(&str, usize, Pure)] = &[("_match", 3, |heap, input, arguments| {
    let (expression, flags) = (argument(arguments, 0), argument(arguments, 1));
    let testing = argument(arguments, 2).is_true();
    let Some(text) = input.as_text() else {
        return Err(complain(heap, &input, "cannot be matched, as it is not a string"));
    };
    let Some(pattern) = expression.as_text() else {
        return Err(complain(heap, expression, "cannot be matched, as it is not a string"));
    };
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(SIZE).dfa_size_limit(SIZE).nest_limit(100);
    // Oniguruma's `.` does not match a newline, its `^` and `$` match at lines.
    builder.multi_line(true);
    let (mut global, mut nonempty) = (false, false);
    if !matches!(flags, Value::Null) {
        let Some(letters) = flags.as_text() else {
            return Err(complain(heap, flags, "is not a string"));
        };
        for letter in letters.chars() {
            match letter {
                'g' => global = true,
                'n' => nonempty = true,
                'i' => drop(builder.case_insensitive(true)),
                'x' => drop(builder.ignore_whitespace(true)),
                's' => drop(builder.dot_matches_new_line(true)),
                'p' => drop(builder.dot_matches_new_line(true)),
                'l' => {}
                _ => {
                    let message = format!("{letters} is not a valid modifier string");
                    return Err(Raise::error(heap, message));
                }
            }
        }
    }
    let regex = builder.build().map_err(|_| {
        Raise::error(
            heap,
            format!("{pattern} (at offset 0) is not a valid regex: {}", what_is_wrong(pattern)),
        )
    })?;
    if testing {
        return Ok(regex.is_match(text).into());
    }
    let mut counter = Counter { text, at: 0, chars: 0 };
    let most = if global { usize::MAX } else { 1 };
    let mut found = Vec::new();
    for captures in regex.captures_iter(text).take(most) {
        if nonempty && captures.get(0).is_some_and(|whole| whole.is_empty()) {
            continue;
        }
        found.push(describe(heap, &regex, &captures, &mut counter)?);
    }
    heap.array(found)
})];

/// Oniguruma's words for what is wrong most often.
fn what_is_wrong(pattern: &str) -> &'static str {
    let count = |c| pattern.matches(c).count();
    if count('(') > count(')') {
        "end pattern with unmatched parenthesis"
    } else if count(')') > count('(') {
        "unmatched close parenthesis"
    } else if count('[') > count(']') {
        "premature end of char-class"
    } else if pattern.starts_with(['*', '+', '?']) {
        "target of repeat operator is not specified"
    } else if pattern.ends_with('\\') {
        "end pattern at escape"
    } else {
        "invalid pattern"
    }
}

/// Turns offsets of bytes, which grow, into offsets of characters.
struct Counter<'a> {
    text: &'a str,
    at: usize,
    chars: usize,
}

impl Counter<'_> {
    fn chars_before(&mut self, at: usize) -> usize {
        if at < self.at {
            return self.text[..at].chars().count();
        }
        self.chars += self.text[self.at..at].chars().count();
        self.at = at;
        self.chars
    }
}

fn describe(
    heap: &Heap,
    regex: &Regex,
    captures: &Captures<'_>,
    counter: &mut Counter<'_>,
) -> Result<Value, Raise> {
    let mut groups = Vec::new();
    let mut whole = Value::Null;
    for (index, name) in regex.capture_names().enumerate() {
        let mut members: IndexMap<Arc<str>, Value> = IndexMap::new();
        match captures.get(index) {
            Some(part) => {
                members.insert("offset".into(), Value::from(counter.chars_before(part.start())));
                members.insert("length".into(), Value::from(part.as_str().chars().count()));
                members.insert("string".into(), heap.text(part.as_str())?);
            }
            None => {
                members.insert("offset".into(), Value::from(-1.0));
                members.insert("length".into(), Value::from(0.0));
                members.insert("string".into(), Value::Null);
            }
        }
        if index == 0 {
            whole = heap.object(members)?;
            continue;
        }
        let name = name.map_or(Ok(Value::Null), |name| heap.text(name))?;
        members.insert("name".into(), name);
        groups.push(heap.object(members)?);
    }
    let captures = heap.array(groups)?;
    super::paths::with_member(whole, "captures", captures)
}

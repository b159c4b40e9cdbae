//! Functions of strings, and values as strings.

use super::{
    super::{
        number::Number,
        read::Reader,
        value::{Heap, Raise, Value},
        write,
    },
    Pure, argument, complain,
    paths::split,
};

pub(super) const TABLE: &[(&str, usize, Pure)] = &[
    ("type", 0, |heap, input, _| heap.text(input.kind())),
    ("tojson", 0, |heap, input, _| heap.text(write::compact(&input))),
    ("tostring", 0, |heap, input, _| to_text(heap, input)),
    ("fromjson", 0, |heap, input, _| {
        let text = input.as_text().ok_or_else(|| complain(heap, &input, "only strings can be parsed"))?;
        Reader::read_all(heap, text)
            .map_err(|message| Raise::error(heap, format!("{message} (while parsing '{text}')")))
    }),
    ("tonumber", 0, |heap, input, _| match &input {
        Value::Number(_) => Ok(input),
        Value::Text(_) => {
            let text = input.as_text().unwrap_or_default();
            match Number::read(text.trim()) {
                Some(number) => Ok(Value::Number(number)),
                None => Err(Raise::error(
                    heap,
                    format!("Cannot use {} ({}) as a number", input.kind(), write::shown(&input)),
                )),
            }
        }
        _ => Err(complain(heap, &input, "cannot be parsed as a number")),
    }),
    ("utf8bytelength", 0, |heap, input, _| match input.as_text() {
        Some(text) => Ok(Value::from(text.len())),
        None => Err(complain(heap, &input, "only strings have UTF-8 byte length")),
    }),
    ("ascii_downcase", 0, |heap, input, _| match input.as_text() {
        Some(text) => heap.text(text.to_ascii_lowercase()),
        None => Err(Raise::error(heap, "ascii_downcase input must be a string")),
    }),
    ("ascii_upcase", 0, |heap, input, _| match input.as_text() {
        Some(text) => heap.text(text.to_ascii_uppercase()),
        None => Err(Raise::error(heap, "ascii_upcase input must be a string")),
    }),
    ("explode", 0, |heap, input, _| match input.as_text() {
        Some(text) => heap.array(text.chars().map(|c| Value::from(f64::from(u32::from(c)))).collect()),
        None => Err(complain(heap, &input, "cannot be exploded")),
    }),
    ("implode", 0, |heap, input, _| {
        let Some(points) = input.as_items() else {
            return Err(complain(heap, &input, "cannot be imploded"));
        };
        let mut text = String::new();
        for point in points {
            let Some(number) = point.as_number() else {
                return Err(Raise::error(heap, "Unicode codepoint must be numeric"));
            };
            text.push(char::from_u32(number as u32).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        heap.text(text)
    }),
    ("startswith", 1, |heap, input, arguments| match (input.as_text(), argument(arguments, 0).as_text()) {
        (Some(text), Some(start)) => Ok(text.starts_with(start).into()),
        _ => Err(Raise::error(heap, "startswith() requires string inputs")),
    }),
    ("endswith", 1, |heap, input, arguments| match (input.as_text(), argument(arguments, 0).as_text()) {
        (Some(text), Some(end)) => Ok(text.ends_with(end).into()),
        _ => Err(Raise::error(heap, "endswith() requires string inputs")),
    }),
    ("ltrimstr", 1, |heap, input, arguments| {
        let rest = input.as_text().zip(argument(arguments, 0).as_text());
        match rest.and_then(|(text, start)| text.strip_prefix(start)) {
            Some(rest) => heap.text(rest),
            None => Ok(input),
        }
    }),
    ("rtrimstr", 1, |heap, input, arguments| {
        let rest = input.as_text().zip(argument(arguments, 0).as_text());
        match rest.and_then(|(text, end)| text.strip_suffix(end)) {
            Some(rest) => heap.text(rest),
            None => Ok(input),
        }
    }),
    ("trim", 0, |heap, input, _| trim(heap, &input, str::trim)),
    ("ltrim", 0, |heap, input, _| trim(heap, &input, str::trim_start)),
    ("rtrim", 0, |heap, input, _| trim(heap, &input, str::trim_end)),
    ("split", 1, |heap, input, arguments| match (input.as_text(), argument(arguments, 0).as_text()) {
        (Some(text), Some(separator)) => split(heap, text, separator),
        _ => Err(Raise::error(heap, "split input and separator must be strings")),
    }),
    ("_indices", 1, |heap, input, arguments| {
        let (text, part) = (input.as_text().unwrap_or_default(), argument(arguments, 0).as_text());
        let part = part.unwrap_or_default();
        if part.is_empty() {
            return Ok(Value::Null);
        }
        // Offsets are those of characters; those that overlap count too.
        let mut found = Vec::new();
        for (index, (at, _)) in text.char_indices().enumerate() {
            if text[at..].starts_with(part) {
                found.push(Value::from(index));
            }
        }
        heap.array(found)
    }),
];

fn trim(heap: &Heap, input: &Value, trim: fn(&str) -> &str) -> Result<Value, Raise> {
    match input.as_text() {
        Some(text) => heap.text(trim(text)),
        None => Err(complain(heap, input, "cannot be trimmed")),
    }
}

/// Strings as they are, anything else as JSON.
pub(super) fn to_text(heap: &Heap, value: Value) -> Result<Value, Raise> {
    match value {
        Value::Text(_) => Ok(value),
        _ => heap.text(write::compact(&value)),
    }
}

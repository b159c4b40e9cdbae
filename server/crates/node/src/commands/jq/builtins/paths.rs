//! Parts of values, and values with other parts.

use std::sync::Arc;

use super::{
    super::value::{Heap, MAX_DEPTH, Raise, Value, compare, sort_by_key},
    Pure, argument, complain,
};

pub(super) const TABLE: &[(&str, usize, Pure)] = &[
    ("setpath", 2, |heap, input, arguments| {
        let Some(path) = argument(arguments, 0).as_items() else {
            return Err(Raise::error(heap, "Path must be specified as an array"));
        };
        // What it would make is deeper than a value may be.
        if path.len() > MAX_DEPTH as usize {
            return Err(Raise::Memory);
        }
        set(heap, input, path, argument(arguments, 1).clone())
    }),
    ("delpaths", 1, delpaths),
    ("has", 1, |heap, input, arguments| {
        let key = argument(arguments, 0);
        match (&input, key) {
            (Value::Object(object), Value::Text(_)) => {
                Ok(object.members().contains_key(key.as_text().unwrap_or_default()).into())
            }
            (Value::Array(array), Value::Number(index)) => {
                let index = index.value();
                Ok((index >= 0.0 && index < array.items().len() as f64).into())
            }
            _ => {
                let (what, key) = (input.kind(), key.kind());
                Err(Raise::error(heap, format!("Cannot check whether {what} has a {key} key")))
            }
        }
    }),
];

/// `null` where an index is past the end.
pub(in super::super) fn index(heap: &Heap, value: &Value, key: &Value) -> Result<Value, Raise> {
    match (value, key) {
        (Value::Object(object), Value::Text(_)) => {
            Ok(object.get(key.as_text().unwrap_or_default()).cloned().unwrap_or(Value::Null))
        }
        (Value::Array(array), Value::Number(number)) => {
            let place = place(number.value(), array.items().len());
            Ok(place.and_then(|place| array.items().get(place)).cloned().unwrap_or(Value::Null))
        }
        (Value::Null, Value::Text(_) | Value::Number(_)) => Ok(Value::Null),
        (Value::Array(_) | Value::Text(_) | Value::Null, Value::Object(ends)) => {
            let end = |name| ends.get(name).cloned().unwrap_or(Value::Null);
            slice(heap, value, &end("start"), &end("end"))
        }
        (Value::Array(array), Value::Array(part)) => {
            let (items, part) = (array.items(), part.items());
            let same = |at: &usize| {
                let here = items.get(*at..*at + part.len());
                here.is_some_and(|here| here.iter().zip(part).all(|(a, b)| compare(a, b).is_eq()))
            };
            let found = (0..items.len()).filter(|_| !part.is_empty()).filter(same).map(Value::from).collect();
            heap.array(found)
        }
        _ => Err(cannot_index(heap, value, key)),
    }
}

fn cannot_index(heap: &Heap, value: &Value, key: &Value) -> Raise {
    let what = value.kind();
    Raise::error(
        heap,
        match key.as_text() {
            Some(name) => format!("Cannot index {what} with string \"{name}\""),
            None => format!("Cannot index {what} with {}", key.kind()),
        },
    )
}

/// Where an index points to: from the end where it is negative.
fn place(index: f64, len: usize) -> Option<usize> {
    let index = index.floor();
    let index = if index < 0.0 { index + len as f64 } else { index };
    (index >= 0.0).then_some(index as usize)
}

/// Where a slice begins and ends.
fn ends(heap: &Heap, len: usize, from: &Value, to: &Value) -> Result<(usize, usize), Raise> {
    let end = |value: &Value, otherwise: usize, round: fn(f64) -> f64| match value {
        Value::Null => Some(otherwise),
        Value::Number(number) => {
            let at = number.value();
            let at = if at < 0.0 { (at + len as f64).max(0.0) } else { at };
            Some((round(at) as usize).min(len))
        }
        _ => None,
    };
    match (end(from, 0, f64::floor), end(to, len, f64::ceil)) {
        (Some(from), Some(to)) => Ok((from, to.max(from))),
        _ => Err(Raise::error(heap, "Start and end indices of an array slice must be numbers")),
    }
}

fn slice(heap: &Heap, value: &Value, from: &Value, to: &Value) -> Result<Value, Raise> {
    match value {
        Value::Array(array) => {
            let (from, to) = ends(heap, array.items().len(), from, to)?;
            heap.array(array.items().get(from..to).unwrap_or_default().to_vec())
        }
        Value::Text(_) => {
            let text = value.as_text().unwrap_or_default();
            let (from, to) = ends(heap, text.chars().count(), from, to)?;
            heap.text(text.chars().skip(from).take(to - from).collect::<String>())
        }
        _ => Ok(Value::Null),
    }
}

/// What lies at a path.
pub(in super::super) fn get(heap: &Heap, value: &Value, path: &Value) -> Result<Value, Raise> {
    let Some(path) = path.as_items() else {
        return Err(Raise::error(heap, "Path must be specified as an array"));
    };
    let mut value = value.clone();
    for key in path {
        if matches!(value, Value::Null) {
            return Ok(value);
        }
        value = index(heap, &value, key)?;
    }
    Ok(value)
}

/// An object with one more member.
pub(in super::super) fn with_member(object: Value, key: &str, value: Value) -> Result<Value, Raise> {
    let Value::Object(mut object) = object else { return Ok(object) };
    Arc::make_mut(&mut object).set(key, value)?;
    Ok(Value::Object(object))
}

fn set(heap: &Heap, value: Value, path: &[Value], new: Value) -> Result<Value, Raise> {
    let Some((key, rest)) = path.split_first() else { return Ok(new) };
    let value = match (value, key) {
        (Value::Null, Value::Text(_)) => heap.object(indexmap::IndexMap::new())?,
        (Value::Null, Value::Number(_) | Value::Object(_)) => heap.array(Vec::new())?,
        (value, _) => value,
    };
    match (value, key) {
        (Value::Object(mut object), Value::Text(_)) => {
            let key = key.as_text().unwrap_or_default();
            let members = Arc::make_mut(&mut object);
            let old = members.take(key);
            let new = set(heap, old, rest, new)?;
            members.set(key, new)?;
            Ok(Value::Object(object))
        }
        (Value::Array(mut array), Value::Number(number)) => {
            let Some(place) = place(number.value(), array.items().len()) else {
                return Err(Raise::error(heap, "Out of bounds negative array index"));
            };
            if place > 1 << 24 {
                return Err(Raise::error(heap, "Array index too large"));
            }
            let items = Arc::make_mut(&mut array);
            let old = items.take(place);
            let new = set(heap, old, rest, new)?;
            items.set(place, new)?;
            Ok(Value::Array(array))
        }
        (Value::Array(array), Value::Object(range)) => {
            let end = |name| range.get(name).cloned().unwrap_or(Value::Null);
            let (from, to) = ends(heap, array.items().len(), &end("start"), &end("end"))?;
            let old = heap.array(array.items().get(from..to).unwrap_or_default().to_vec())?;
            let new = set(heap, old, rest, new)?;
            let Some(between) = new.as_items() else {
                return Err(Raise::error(heap, "A slice of an array can only be assigned another array"));
            };
            let (before, after) = (&array.items()[..from], &array.items()[to..]);
            heap.array([before, between, after].concat())
        }
        (Value::Object(_), Value::Object(_)) => {
            Err(Raise::error(heap, "Cannot update field at object index of object"))
        }
        (Value::Array(_), Value::Array(_)) => {
            Err(Raise::error(heap, "Cannot update field at array index of array"))
        }
        (value, key) => Err(cannot_index(heap, &value, key)),
    }
}

fn delpaths(heap: &Heap, input: Value, arguments: &[Value]) -> Result<Value, Raise> {
    let Some(paths) = argument(arguments, 0).as_items() else {
        return Err(Raise::error(heap, "Paths must be specified as an array"));
    };
    let mut paths: Vec<(Value, ())> = paths.iter().map(|path| (path.clone(), ())).collect();
    sort_by_key(&mut paths);
    let mut value = input;
    for (path, ()) in paths.into_iter().rev() {
        let Some(path) = path.as_items() else {
            return Err(Raise::error(heap, "Path must be specified as an array"));
        };
        value = delete(heap, value, path)?;
    }
    Ok(value)
}

fn delete(heap: &Heap, value: Value, path: &[Value]) -> Result<Value, Raise> {
    let Some((key, rest)) = path.split_first() else { return Ok(Value::Null) };
    if matches!(value, Value::Null) {
        return Ok(value);
    }
    if !rest.is_empty() {
        let part = index(heap, &value, key)?;
        if matches!(part, Value::Null) {
            return Ok(value);
        }
        let part = delete(heap, part, rest)?;
        return set(heap, value, std::slice::from_ref(key), part);
    }
    match (value, key) {
        (Value::Object(mut object), Value::Text(_)) => {
            Arc::make_mut(&mut object).remove(key.as_text().unwrap_or_default());
            Ok(Value::Object(object))
        }
        (Value::Array(array), Value::Number(number)) => {
            let gone = place(number.value(), array.items().len());
            let stays = array.items().iter().enumerate().filter(|(index, _)| Some(*index) != gone);
            heap.array(stays.map(|(_, item)| item.clone()).collect())
        }
        (Value::Array(array), Value::Object(range)) => {
            let end = |name| range.get(name).cloned().unwrap_or(Value::Null);
            let (from, to) = ends(heap, array.items().len(), &end("start"), &end("end"))?;
            heap.array([&array.items()[..from], &array.items()[to..]].concat())
        }
        (value, key) => {
            let (what, key) = (value.kind(), key.kind());
            let how = match value {
                Value::Object(_) => format!("Cannot delete field at object index of {key}"),
                Value::Array(_) => format!("Cannot delete field at array index of {key}"),
                _ => format!("Cannot delete fields from {what}"),
            };
            Err(Raise::error(heap, how))
        }
    }
}

/// The parts of a text between separators; its characters where the separator is empty.
pub(super) fn split(heap: &Heap, text: &str, separator: &str) -> Result<Value, Raise> {
    let parts: Vec<&str> = match (text, separator) {
        ("", _) => Vec::new(),
        (_, "") => text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]).collect(),
        _ => text.split(separator).collect(),
    };
    let parts = parts.into_iter().map(|part| heap.text(part)).collect::<Result<_, _>>()?;
    heap.array(parts)
}

/// The items of an array that has to be one.
pub(super) fn items<'a>(heap: &Heap, value: &'a Value, says: &str) -> Result<&'a [Value], Raise> {
    value.as_items().ok_or_else(|| complain(heap, value, says))
}

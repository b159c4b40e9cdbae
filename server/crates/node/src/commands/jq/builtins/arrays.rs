//! Functions of arrays and objects.

use super::{
    super::value::{Heap, Raise, Value, compare, sort_by_key},
    Pure, argument,
    arithmetic::add,
    complain,
    paths::items,
};

pub(super) const TABLE: &[(&str, usize, Pure)] = &[
    ("length", 0, |heap, input, _| {
        Ok(match &input {
            Value::Null => Value::from(0.0),
            Value::Number(number) => Value::from(number.value().abs()),
            Value::Text(_) => Value::from(input.as_text().unwrap_or_default().chars().count()),
            Value::Array(array) => Value::from(array.items().len()),
            Value::Object(object) => Value::from(object.members().len()),
            Value::Bool(_) => return Err(complain(heap, &input, "has no length")),
        })
    }),
    ("keys", 0, |heap, input, _| keys(heap, &input, true)),
    ("keys_unsorted", 0, |heap, input, _| keys(heap, &input, false)),
    ("add", 0, |heap, input, _| {
        let mut sum = Value::Null;
        match &input {
            Value::Array(array) if array.items().iter().all(|item| item.as_text().is_some()) => {
                let parts: Vec<&str> = array.items().iter().filter_map(Value::as_text).collect();
                return if parts.is_empty() { Ok(sum) } else { heap.text(parts.concat()) };
            }
            Value::Array(array) => {
                for item in array.items() {
                    sum = add(heap, sum, item)?;
                }
            }
            Value::Object(object) => {
                for item in object.members().values() {
                    sum = add(heap, sum, item)?;
                }
            }
            _ => {
                let shown = super::super::write::shown(&input);
                return Err(Raise::error(heap, format!("Cannot iterate over {} ({shown})", input.kind())));
            }
        }
        Ok(sum)
    }),
    ("contains", 1, |heap, input, arguments| {
        let part = argument(arguments, 0);
        if input.kind() != part.kind() {
            let (a, b) = (super::super::write::shown(&input), super::super::write::shown(part));
            let message = format!(
                "{} ({a}) and {} ({b}) cannot have their containment checked",
                input.kind(),
                part.kind()
            );
            return Err(Raise::error(heap, message));
        }
        Ok(contains(&input, part).into())
    }),
    ("reverse", 0, |heap, input, _| match &input {
        Value::Null => heap.array(Vec::new()),
        Value::Text(_) => heap.text(input.as_text().unwrap_or_default().chars().rev().collect::<String>()),
        _ => {
            let says = "cannot be reversed, as it is not an array";
            heap.array(items(heap, &input, says)?.iter().rev().cloned().collect())
        }
    }),
    ("flatten", 0, |heap, input, _| flatten(heap, &input, f64::INFINITY)),
    ("flatten", 1, |heap, input, arguments| {
        let depth = argument(arguments, 0).as_number().unwrap_or(0.0);
        if depth < 0.0 {
            return Err(Raise::error(heap, "flatten depth must not be negative"));
        }
        flatten(heap, &input, depth)
    }),
    ("sort", 0, |heap, input, _| {
        let list = items(heap, &input, "cannot be sorted, as it is not an array")?;
        let mut sorted: Vec<(Value, ())> = list.iter().map(|item| (item.clone(), ())).collect();
        sort_by_key(&mut sorted);
        heap.array(sorted.into_iter().map(|(item, ())| item).collect())
    }),
    ("_sort_by", 1, |heap, input, arguments| {
        let sorted = keyed(heap, &input, arguments, "cannot be sorted, as it is not an array")?;
        heap.array(sorted.into_iter().map(|(_, item)| item).collect())
    }),
    ("_group_by", 1, |heap, input, arguments| {
        let sorted = keyed(heap, &input, arguments, "cannot be grouped, as it is not an array")?;
        let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
        for (key, item) in sorted {
            match groups.last_mut() {
                Some((known, group)) if compare(known, &key).is_eq() => group.push(item),
                _ => groups.push((key, vec![item])),
            }
        }
        let groups = groups.into_iter().map(|(_, group)| heap.array(group)).collect::<Result<_, _>>()?;
        heap.array(groups)
    }),
    ("_min_by", 1, |heap, input, arguments| {
        let sorted = keyed(heap, &input, arguments, "cannot be iterated over")?;
        Ok(sorted.into_iter().next().map_or(Value::Null, |(_, item)| item))
    }),
    ("_max_by", 1, |heap, input, arguments| {
        let sorted = keyed(heap, &input, arguments, "cannot be iterated over")?;
        Ok(sorted.into_iter().next_back().map_or(Value::Null, |(_, item)| item))
    }),
];

fn keys(heap: &Heap, value: &Value, sorted: bool) -> Result<Value, Raise> {
    let keys = match value {
        Value::Object(object) if sorted => object
            .sorted()
            .into_iter()
            .map(|(key, _)| heap.text(key.to_string()))
            .collect::<Result<_, _>>()?,
        Value::Object(object) => {
            object.members().keys().map(|key| heap.text(key.to_string())).collect::<Result<_, _>>()?
        }
        Value::Array(array) => (0..array.items().len()).map(Value::from).collect(),
        _ => return Err(complain(heap, value, "has no keys")),
    };
    heap.array(keys)
}

fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part.members().iter().all(|(key, part)| {
            whole.get(key).is_some_and(|whole| whole.kind() == part.kind() && contains(whole, part))
        }),
        (Value::Array(whole), Value::Array(part)) => part.items().iter().all(|part| {
            whole.items().iter().any(|whole| whole.kind() == part.kind() && contains(whole, part))
        }),
        (Value::Text(_), Value::Text(_)) => {
            let (whole, part) = (whole.as_text().unwrap_or_default(), part.as_text().unwrap_or_default());
            memchr::memmem::find(whole.as_bytes(), part.as_bytes()).is_some()
        }
        _ => compare(whole, part).is_eq(),
    }
}

fn flatten(heap: &Heap, value: &Value, depth: f64) -> Result<Value, Raise> {
    fn into(out: &mut Vec<Value>, list: &[Value], depth: f64) {
        for item in list {
            match item.as_items() {
                Some(inner) if depth > 0.0 => into(out, inner, depth - 1.0),
                _ => out.push(item.clone()),
            }
        }
    }
    let mut flat = Vec::new();
    match value {
        Value::Object(object) => {
            let values: Vec<Value> = object.members().values().cloned().collect();
            into(&mut flat, &values, depth);
        }
        Value::Array(array) => into(&mut flat, array.items(), depth),
        _ => {
            let shown = super::super::write::shown(value);
            return Err(Raise::error(heap, format!("Cannot iterate over {} ({shown})", value.kind())));
        }
    }
    heap.array(flat)
}

/// The items with their keys, in the order of these.
fn keyed(heap: &Heap, input: &Value, arguments: &[Value], says: &str) -> Result<Vec<(Value, Value)>, Raise> {
    let list = items(heap, input, says)?;
    let keys = argument(arguments, 0).as_items().unwrap_or_default();
    let mut keyed: Vec<_> = keys.iter().cloned().zip(list.iter().cloned()).collect();
    sort_by_key(&mut keyed);
    Ok(keyed)
}

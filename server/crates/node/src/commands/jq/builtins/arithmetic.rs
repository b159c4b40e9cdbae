//! Operators between values.

use std::cmp::Ordering;

use super::{
    super::{
        ast::Op,
        value::{Heap, MAX_BYTES, Raise, Value, compare},
        write::shown,
    },
    complain, paths,
};

pub(in super::super) fn negate(heap: &Heap, value: &Value) -> Result<Value, Raise> {
    match value.as_number() {
        Some(number) => Ok(Value::from(-number)),
        None => Err(complain(heap, value, "cannot be negated")),
    }
}

pub(in super::super) fn binary(heap: &Heap, op: Op, left: Value, right: &Value) -> Result<Value, Raise> {
    let order = |wanted: fn(Ordering) -> bool| Ok(Value::Bool(wanted(compare(&left, right))));
    match op {
        Op::Equal => order(Ordering::is_eq),
        Op::Unequal => order(Ordering::is_ne),
        Op::Less => order(Ordering::is_lt),
        Op::LessEqual => order(Ordering::is_le),
        Op::Greater => order(Ordering::is_gt),
        Op::GreaterEqual => order(Ordering::is_ge),
        Op::Add => add(heap, left, right),
        Op::Subtract => subtract(heap, &left, right),
        Op::Multiply => multiply(heap, left, right),
        Op::Divide => divide(heap, &left, right),
        Op::Remainder => remainder(heap, &left, right),
    }
}

fn both(heap: &Heap, left: &Value, right: &Value, says: &str) -> Raise {
    let (a, b) = (shown(left), shown(right));
    Raise::error(heap, format!("{} ({a}) and {} ({b}) {says}", left.kind(), right.kind()))
}

pub(super) fn add(heap: &Heap, left: Value, right: &Value) -> Result<Value, Raise> {
    match (left, right) {
        (Value::Null, right) => Ok(right.clone()),
        (left, Value::Null) => Ok(left),
        (Value::Number(a), Value::Number(b)) => Ok(Value::from(a.value() + b.value())),
        (Value::Text(a), Value::Text(_)) => {
            let (a, b) = (Value::Text(a), right.as_text().unwrap_or_default());
            heap.text([a.as_text().unwrap_or_default(), b].concat())
        }
        (Value::Array(mut a), Value::Array(b)) => {
            let array = std::sync::Arc::make_mut(&mut a);
            for item in b.items() {
                array.push(item.clone())?;
            }
            Ok(Value::Array(a))
        }
        (Value::Object(mut a), Value::Object(b)) => {
            let object = std::sync::Arc::make_mut(&mut a);
            for (key, value) in b.members() {
                object.set(key, value.clone())?;
            }
            Ok(Value::Object(a))
        }
        (left, right) => Err(both(heap, &left, right, "cannot be added")),
    }
}

fn subtract(heap: &Heap, left: &Value, right: &Value) -> Result<Value, Raise> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => Ok(Value::from(a.value() - b.value())),
        (Value::Array(a), Value::Array(b)) => {
            let mut gone: Vec<((), &Value)> = b.items().iter().map(|item| ((), item)).collect();
            gone.sort_by(|(_, a), (_, b)| compare(a, b));
            let stays = |item: &&Value| gone.binary_search_by(|(_, other)| compare(other, item)).is_err();
            heap.array(a.items().iter().filter(stays).cloned().collect())
        }
        _ => Err(both(heap, left, right, "cannot be subtracted")),
    }
}

fn multiply(heap: &Heap, left: Value, right: &Value) -> Result<Value, Raise> {
    match (&left, right) {
        (Value::Number(a), Value::Number(b)) => Ok(Value::from(a.value() * b.value())),
        (Value::Text(_), Value::Number(times)) | (Value::Number(times), Value::Text(_)) => {
            let text = left.as_text().or(right.as_text()).unwrap_or_default();
            let times = times.value();
            if times <= 0.0 || times.is_nan() {
                return Ok(Value::Null);
            }
            let times = if times < 1.0 { 1.0 } else { times };
            if times * text.len() as f64 > MAX_BYTES as f64 {
                return Err(Raise::Memory);
            }
            heap.text(text.repeat(times as usize))
        }
        (Value::Object(_), Value::Object(_)) => merge(left, right),
        _ => Err(both(heap, &left, right, "cannot be multiplied")),
    }
}

/// Merges objects and the objects in them.
fn merge(left: Value, right: &Value) -> Result<Value, Raise> {
    let (Value::Object(mut a), Value::Object(b)) = (left, right) else { return Ok(right.clone()) };
    let object = std::sync::Arc::make_mut(&mut a);
    for (key, value) in b.members() {
        let merged = match (object.get(key), value) {
            (Some(old @ Value::Object(_)), Value::Object(_)) => merge(old.clone(), value)?,
            _ => value.clone(),
        };
        object.set(key, merged)?;
    }
    Ok(Value::Object(a))
}

fn divide(heap: &Heap, left: &Value, right: &Value) -> Result<Value, Raise> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) if b.value() != 0.0 => Ok(Value::from(a.value() / b.value())),
        (Value::Number(_), Value::Number(_)) => {
            Err(both(heap, left, right, "cannot be divided because the divisor is zero"))
        }
        (Value::Text(_), Value::Text(_)) => {
            paths::split(heap, left.as_text().unwrap_or_default(), right.as_text().unwrap_or_default())
        }
        _ => Err(both(heap, left, right, "cannot be divided")),
    }
}

fn remainder(heap: &Heap, left: &Value, right: &Value) -> Result<Value, Raise> {
    let (Value::Number(a), Value::Number(b)) = (left, right) else {
        return Err(both(heap, left, right, "cannot be divided"));
    };
    let (a, b) = (a.value(), b.value());
    if a.is_nan() || b.is_nan() {
        return Ok(Value::from(f64::NAN));
    }
    let (a, b) = (a as i64, (b as i64).unsigned_abs());
    if b == 0 {
        return Err(both(heap, left, right, "cannot be divided (remainder) because the divisor is zero"));
    }
    let rest = (a.unsigned_abs() % b) as f64;
    Ok(Value::from(if a < 0 && rest != 0.0 { -rest } else { rest }))
}

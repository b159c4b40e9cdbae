//! Values seen through their schema: which shape a place has, which element names a list's item, what does not fit.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fieldset::{FieldSet, PathElement};
use crate::schema::{Field, ListKind, Presence, Shape, Type};

/// A place in a schema.
#[derive(Clone, Copy)]
pub(super) enum Place<'s> {
    Object(&'s Type),
    Map(&'s Shape),
    Keyed(&'s Shape, &'s [std::borrow::Cow<'static, str>]),
    Set(&'s Shape),
    /// Owned as a whole, checked against its shape.
    Leaf(&'s Shape),
}

impl<'s> Place<'s> {
    pub(super) fn of_field(field: &'s Field) -> Self {
        match (&field.shape, &field.list) {
            _ if field.atomic => Self::Leaf(&field.shape),
            (Shape::List(of), ListKind::Map(keys)) => Self::Keyed(of, keys),
            (Shape::List(of), ListKind::Set) => Self::Set(of),
            _ => Self::of_shape(&field.shape),
        }
    }

    pub(super) fn of_shape(shape: &'s Shape) -> Self {
        match shape {
            Shape::Object(of) if !of.get().atomic => Self::Object(of.get()),
            Shape::Map(of) => Self::Map(of),
            _ => Self::Leaf(shape),
        }
    }
}

/// The element that names an item of a keyed list. A key that is missing has the default of its schema: a port's
/// protocol is TCP, and what Go always writes is its zero.
pub(super) fn key_of(
    item: &Value,
    of: &Shape,
    keys: &[std::borrow::Cow<'static, str>],
) -> Option<PathElement> {
    let object = item.as_object()?;
    let zero = |key: &str| {
        let Shape::Object(of) = of else { return None };
        let field = of.get().field(key).filter(|field| field.presence == Presence::Always)?;
        match field.shape {
            Shape::String => Some(Value::from("")),
            Shape::Int32 | Shape::Int64 => Some(Value::from(0)),
            _ => None,
        }
    };
    let mut named = Vec::with_capacity(keys.len());
    for key in keys {
        match object.get(&**key) {
            Some(value) => named.push((Box::from(&**key), value.clone())),
            None if key == "protocol" => named.push((Box::from(&**key), Value::from("TCP"))),
            None => named.extend(zero(key).map(|zero| (Box::from(&**key), zero))),
        }
    }
    named.sort_by(|a: &(Box<str>, Value), b| a.0.cmp(&b.0));
    (!named.is_empty()).then_some(PathElement::Key(named))
}

/// What does not fit the schema: a path, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TypedError(Vec<(String, String)>);

impl std::fmt::Display for TypedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let [(path, message)] = self.0.as_slice() {
            return write!(f, "{path}: {message}");
        }
        f.write_str("errors:")?;
        self.0.iter().try_for_each(|(path, message)| write!(f, "\n  {path}: {message}"))
    }
}

/// Checks a value against a type and tells which fields it sets.
pub(super) fn field_set(value: &Value, of: &Type) -> Result<FieldSet, TypedError> {
    let mut walk = Walk { path: Vec::new(), set: FieldSet::default(), errors: Vec::new() };
    walk.visit(value, Place::Object(of));
    if walk.errors.is_empty() { Ok(walk.set) } else { Err(TypedError(walk.errors)) }
}

struct Walk {
    path: Vec<PathElement>,
    set: FieldSet,
    errors: Vec<(String, String)>,
}

impl Walk {
    fn error(&mut self, message: String) {
        let path: String = self.path.iter().map(PathElement::to_path).collect();
        self.errors.push((path, message));
    }

    fn visit(&mut self, value: &Value, place: Place<'_>) {
        match (place, value) {
            (_, Value::Null) => self.set.insert(&self.path),
            (Place::Object(of), Value::Object(fields)) => {
                for (name, value) in fields {
                    self.path.push(PathElement::Field(name.as_str().into()));
                    match of.field(name) {
                        Some(field) => self.visit(value, Place::of_field(field)),
                        None if of.open => self.set.insert(&self.path),
                        None => {
                            // Nothing after it is looked at: structured-merge-diff stops there.
                            self.error("field not declared in schema".into());
                            self.path.pop();
                            return;
                        }
                    }
                    if value.as_object().is_some_and(serde_json::Map::is_empty) {
                        self.set.insert(&self.path);
                    }
                    self.path.pop();
                }
            }
            (Place::Map(of), Value::Object(entries)) => {
                for (key, value) in entries {
                    self.path.push(PathElement::Field(key.as_str().into()));
                    self.visit(value, Place::of_shape(of));
                    self.set.insert(&self.path);
                    self.path.pop();
                }
            }
            (Place::Keyed(of, keys), Value::Array(items)) => {
                self.items(items, of, |item| key_of(item, of, keys))
            }
            (Place::Set(of), Value::Array(items)) => {
                self.items(items, of, |item| Some(PathElement::Value(item.clone())));
            }
            (Place::Leaf(shape), value) => {
                self.check(value, shape);
                self.set.insert(&self.path);
            }
            (Place::Object(_) | Place::Map(_), other) => {
                let message = format!("expected map, got {}", go_value(other));
                self.error(message);
            }
            (Place::Keyed(..) | Place::Set(_), other) => {
                let message = format!("expected list, got {}", go_value(other));
                self.error(message);
            }
        }
    }

    fn items(&mut self, items: &[Value], of: &Shape, element: impl Fn(&Value) -> Option<PathElement>) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let Some(element) = element(item) else {
                self.path.push(PathElement::Index(index));
                let message = match item {
                    Value::Object(_) => {
                        "associative list with keys has an element that omits all key fields".to_owned()
                    }
                    _ => "element of associative list must be a map".to_owned(),
                };
                let path = self.path.pop();
                self.error(format!("element {index}: {message}"));
                drop(path);
                continue;
            };
            if !seen.insert(element.clone()) {
                let message = format!("duplicate entries for key {}", element.to_path());
                self.error(message);
                continue;
            }
            self.path.push(element);
            self.visit(item, Place::of_shape(of));
            self.set.insert(&self.path);
            self.path.pop();
        }
    }

    /// The shape of what is owned as a whole.
    fn check(&mut self, value: &Value, shape: &Shape) {
        let message = match (shape, value) {
            (_, Value::Null)
            | (Shape::Any | Shape::Quantity | Shape::IntOrString, _)
            | (Shape::String | Shape::Bytes | Shape::Time | Shape::MicroTime, Value::String(_))
            | (Shape::Bool, Value::Bool(_))
            | (Shape::Int32 | Shape::Int64 | Shape::Double, Value::Number(_)) => return,
            (Shape::Object(of), Value::Object(fields)) => {
                for (name, value) in fields {
                    self.path.push(PathElement::Field(name.as_str().into()));
                    match of.get().field(name) {
                        Some(field) => self.check(value, &field.shape),
                        None if of.get().open => {}
                        None => {
                            // Nothing after it is looked at: structured-merge-diff stops there.
                            self.error("field not declared in schema".into());
                            self.path.pop();
                            return;
                        }
                    }
                    self.path.pop();
                }
                return;
            }
            (Shape::List(of), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.path.push(PathElement::Index(index));
                    self.check(item, of);
                    self.path.pop();
                }
                return;
            }
            (Shape::Map(of), Value::Object(entries)) => {
                for (key, value) in entries {
                    self.path.push(PathElement::Field(key.as_str().into()));
                    self.check(value, of);
                    self.path.pop();
                }
                return;
            }
            (Shape::String | Shape::Bytes | Shape::Time | Shape::MicroTime, _) => {
                format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_syntax(value))
            }
            (Shape::Bool, _) => format!("expected boolean, got {}", go_value(value)),
            (Shape::Int32 | Shape::Int64 | Shape::Double, _) => {
                format!("expected numeric (int or float), got {}", go_type(value))
            }
            (Shape::Object(_) | Shape::Map(_), _) => format!("expected map, got {}", go_value(value)),
            (Shape::List(_), _) => format!("expected list, got {}", go_value(value)),
        };
        self.error(message);
    }
}

/// A value as Go's `%v` prints structured-merge-diff's wrapper of it: `&{map[A:b]}`.
fn go_value(value: &Value) -> String {
    format!("&{{{}}}", go_plain(value))
}

fn go_plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(k, v)| format!("{k}:{}", go_plain(v))).collect();
            format!("map[{}]", entries.join(" "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(go_plain).collect::<Vec<_>>().join(" "))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value in Go's syntax (`%#v`): `map[string]interface {}{"A":"b"}`.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".into(),
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(k, v)| format!("{k:?}:{}", go_syntax(v))).collect();
            format!("map[string]interface {{}}{{{}}}", entries.join(", "))
        }
        Value::Array(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(go_syntax).collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}

/// A value's type in Go (`%T`).
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

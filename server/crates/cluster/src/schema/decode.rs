//! From JSON to an object of a type, as Go's decoder and encoder would do it one after the other: unknown fields are
//! named and dropped, wrong types are errors in Go's words, empty fields go or stay as the Go struct has it, quantities
//! get their canonical form.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Number, Value};

use super::{Field, Presence, Shape, Type};
use crate::quantity::Quantity;

/// How many unknown fields are named.
const NAMED: usize = 100;

/// Go's message for a value that cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct DecodeError(pub(crate) String);

/// A decoded object.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) value: Value,
    /// The paths of the fields that the type does not have.
    pub(crate) unknown: Vec<String>,
}

/// Decodes a value as an object of a type.
pub(crate) fn decode(value: Value, of: &Type) -> Result<Decoded, DecodeError> {
    let mut walk = Walk {
        unknown: Vec::new(),
        struct_name: String::new(),
        path: Vec::new(),
        at: Vec::new(),
        lenient: of.lenient,
    };
    let value = walk.object(value, of)?;
    Ok(Decoded { value, unknown: walk.unknown })
}

/// The form in which an object is stored and sent: what [`decode`] makes of what Rust code has put together.
pub(crate) fn normalize(value: Value, of: &Type) -> Result<Value, DecodeError> {
    decode(value, of).map(|decoded| decoded.value)
}

struct Walk {
    unknown: Vec<String>,
    /// The struct that the field being decoded belongs to.
    struct_name: String,
    /// Field names down to the field being decoded, as Go's type errors name them: without indices and map keys.
    path: Vec<String>,
    /// The path with indices and map keys, as unknown fields are named.
    at: Vec<String>,
    /// The root type says that others judge the shapes of values.
    lenient: bool,
}

impl Walk {
    fn object(&mut self, value: Value, of: &Type) -> Result<Value, DecodeError> {
        let Value::Object(mut given) = value else {
            return Err(self.mismatch(&value, &Shape::Object(super::TypeRef::Own(of.shallow())).go_type()));
        };
        let outer = std::mem::replace(&mut self.struct_name, of.go_name().to_owned());
        let mut object = Map::new();
        for (name, value) in std::mem::take(&mut given) {
            if let Some(field) = of.field(&name) {
                self.path.push(name.clone());
                self.at.push(if self.at.is_empty() { name.clone() } else { format!(".{name}") });
                let decoded = self.field(value, field)?;
                self.path.pop();
                self.at.pop();
                if let Some(value) = decoded {
                    object.insert(name, value);
                }
            } else if of.open {
                object.insert(name, value);
            } else if self.unknown.len() < NAMED {
                let dot = if self.at.is_empty() { "" } else { "." };
                self.unknown.push(format!("{}{dot}{name}", self.at.concat()));
            }
        }
        for field in &of.fields {
            if !object.contains_key(&*field.name)
                && let Some(zero) = zero(field)
            {
                object.insert(field.name.clone().into_owned(), zero);
            }
        }
        self.struct_name = outer;
        Ok(Value::Object(object))
    }

    /// A field's value, or nothing where Go would leave it out.
    fn field(&mut self, value: Value, field: &Field) -> Result<Option<Value>, DecodeError> {
        if value.is_null() && !matches!(field.shape, Shape::Any) {
            return Ok(None);
        }
        let value = self.value(value, &field.shape, field.go_type.as_deref())?;
        let omitted = match field.presence {
            Presence::OmitEmpty | Presence::Struct => is_empty(&value, &field.shape),
            Presence::OmitZero => is_zero(&value),
            Presence::Keep | Presence::Always | Presence::Null => false,
        };
        Ok((!omitted).then_some(value))
    }

    fn value(&mut self, value: Value, shape: &Shape, go_type: Option<&str>) -> Result<Value, DecodeError> {
        match (shape, value) {
            (Shape::Any, value) => Ok(value),
            (Shape::Object(of), value @ Value::Object(_)) => self.object(value, of.get()),
            (Shape::List(of), Value::Array(items)) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    self.at.push(format!("[{index}]"));
                    list.push(if item.is_null() { zero_of(of) } else { self.value(item, of, go_type)? });
                    self.at.pop();
                }
                Ok(Value::Array(list))
            }
            (Shape::Map(of), Value::Object(entries)) => {
                let mut map = Map::new();
                for (key, item) in entries {
                    self.at.push(format!(".{key}"));
                    let item = if item.is_null() { zero_of(of) } else { self.value(item, of, None)? };
                    self.at.pop();
                    map.insert(key, item);
                }
                Ok(Value::Object(map))
            }
            (Shape::String, value @ Value::String(_)) | (Shape::Bool, value @ Value::Bool(_)) => Ok(value),
            (Shape::Double, value @ Value::Number(_)) => Ok(value),
            (Shape::Int32, Value::Number(number)) => {
                self.integer(&number, i32::MIN.into(), i32::MAX.into(), shape)
            }
            (Shape::Int64, Value::Number(number)) => self.integer(&number, i64::MIN, i64::MAX, shape),
            (Shape::IntOrString, value @ Value::String(_)) => Ok(value),
            (Shape::IntOrString, Value::Number(number)) => match number.as_i64().map(i32::try_from) {
                Some(Ok(number)) => Ok(number.into()),
                _ => Err(DecodeError(format!(
                    "json: cannot unmarshal number {number} into Go value of type int32"
                ))),
            },
            (Shape::IntOrString, other) => Err(DecodeError(format!(
                "json: cannot unmarshal {} into Go value of type int32",
                kind_of(&other)
            ))),
            (Shape::Bytes, Value::String(text)) => bytes(&text),
            (Shape::Quantity, Value::String(text)) => quantity(&text),
            (Shape::Quantity, Value::Number(number)) => quantity(&number.to_string()),
            (Shape::Quantity, other) => quantity(&other.to_string()),
            (Shape::Time, Value::String(text)) => time(&text, "2006-01-02T15:04:05Z07:00"),
            (Shape::MicroTime, Value::String(text)) => time(&text, "2006-01-02T15:04:05.000000Z07:00"),
            (Shape::Time | Shape::MicroTime, other) => Err(DecodeError(format!(
                "json: cannot unmarshal {} into Go value of type string",
                kind_of(&other)
            ))),
            (_, other) if self.lenient => Ok(other),
            (shape, other) => {
                let own = shape.go_type();
                let named = if matches!(shape, Shape::List(_)) { None } else { go_type };
                let list = match (shape, go_type) {
                    (Shape::List(_), Some(of)) => Some(format!("[]{of}")),
                    _ => None,
                };
                let go_type = list.as_deref().or(named).unwrap_or(&own);
                Err(self.mismatch(&other, go_type))
            }
        }
    }

    fn integer(&self, number: &Number, min: i64, max: i64, shape: &Shape) -> Result<Value, DecodeError> {
        match number.as_i64() {
            Some(n) if (min..=max).contains(&n) => Ok(n.into()),
            _ => Err(self.mismatch_of(&format!("number {number}"), &shape.go_type())),
        }
    }

    fn mismatch(&self, value: &Value, go_type: &str) -> DecodeError {
        self.mismatch_of(kind_of(value), go_type)
    }

    fn mismatch_of(&self, what: &str, go_type: &str) -> DecodeError {
        DecodeError(if self.path.is_empty() {
            format!("json: cannot unmarshal {what} into Go value of type {go_type}")
        } else {
            format!(
                "json: cannot unmarshal {what} into Go struct field {}.{} of type {go_type}",
                self.struct_name,
                self.path.join(".")
            )
        })
    }
}

impl Type {
    /// The type's name alone, for a message.
    fn shallow(&self) -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self { name: self.name.clone(), ..Self::default() })
    }
}

/// JSON's own word for what a value is.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_empty(value: &Value, shape: &Shape) -> bool {
    match (shape, value) {
        (Shape::Object(_) | Shape::Any, _) => false,
        (_, Value::String(text)) => text.is_empty() && !matches!(shape, Shape::IntOrString | Shape::Quantity),
        (_, Value::Array(list)) => list.is_empty(),
        (_, Value::Object(map)) => map.is_empty(),
        _ => false,
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// What Go prints for a field that was not given.
fn zero(field: &Field) -> Option<Value> {
    match field.presence {
        Presence::OmitEmpty | Presence::OmitZero | Presence::Keep => None,
        Presence::Null => Some(Value::Null),
        Presence::Always | Presence::Struct => Some(zero_of(&field.shape)),
    }
}

fn zero_of(shape: &Shape) -> Value {
    match shape {
        Shape::String => Value::String(String::new()),
        Shape::Int32 | Shape::Int64 | Shape::Double | Shape::IntOrString => 0.into(),
        Shape::Bool => Value::Bool(false),
        Shape::Quantity => Value::String("0".into()),
        Shape::Bytes | Shape::Time | Shape::MicroTime | Shape::Any | Shape::List(_) | Shape::Map(_) => {
            Value::Null
        }
        Shape::Object(of) => {
            let zeros = of.get().fields.iter();
            Value::Object(zeros.filter_map(|f| Some((f.name.clone().into_owned(), zero(f)?))).collect())
        }
    }
}

fn bytes(text: &str) -> Result<Value, DecodeError> {
    let bare: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    match BASE64_STANDARD.decode(&bare) {
        Ok(bytes) => Ok(Value::String(BASE64_STANDARD.encode(bytes))),
        Err(_) => {
            // Where Go's decoder stops: at the end of the last whole group of four before the first wrong character.
            let wrong = bare.bytes().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')));
            let at = wrong.unwrap_or(bare.len() - bare.len() % 4);
            Err(DecodeError(format!("illegal base64 data at input byte {at}")))
        }
    }
}

fn quantity(text: &str) -> Result<Value, DecodeError> {
    match text.parse::<Quantity>() {
        Ok(quantity) => Ok(Value::String(quantity.to_string())),
        Err(error) => Err(DecodeError(error.to_string())),
    }
}

fn time(text: &str, layout: &str) -> Result<Value, DecodeError> {
    let Ok(time) = text.parse::<Timestamp>() else {
        return Err(DecodeError(format!(
            "parsing time \"{text}\" as \"{layout}\": cannot parse \"{text}\" as \"2006\""
        )));
    };
    let format = if layout.contains(".000000") { "%Y-%m-%dT%H:%M:%S.%6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
    Ok(Value::String(time.to_zoned(TimeZone::UTC).strftime(format).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TypeRef;
    use serde_json::json;

    fn pod(value: Value) -> Result<Decoded, DecodeError> {
        decode(value, TypeRef::builtin("api.core.v1.Pod").unwrap().get())
    }

    proptest::proptest! {
        #[test]
        fn what_was_decoded_is_decoded_to_itself(value in crate::arbitrary::json()) {
            if let Ok(decoded) = pod(value) {
                let again = pod(decoded.value.clone()).unwrap();
                proptest::prop_assert_eq!(again.value, decoded.value);
            }
        }
    }

    #[test]
    fn unknown_fields_are_named_by_their_paths_and_dropped() {
        let spec = json!({"spce": 1, "spec": {"containers": [{"name": "a", "Image": "b", "ports": [{"containerport": 1}]}]}});
        let decoded = pod(spec).unwrap();
        assert_eq!(
            decoded.unknown,
            ["spce", "spec.containers[0].Image", "spec.containers[0].ports[0].containerport"]
        );
    }

    #[test]
    fn a_wrong_type_is_told_in_gos_words() {
        let message = |spec: Value| pod(json!({"spec": spec})).unwrap_err().0;
        assert_eq!(
            message(json!({"containers": [{"env": {"A": "b"}}]})),
            "json: cannot unmarshal object into Go struct field Container.spec.containers.env of type []v1.EnvVar"
        );
        assert_eq!(
            message(json!({"containers": [{"ports": [{"containerPort": "80"}]}]})),
            "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32"
        );
        assert_eq!(
            message(json!({"restartPolicy": 5})),
            "json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy"
        );
    }

    #[test]
    fn empty_fields_go_and_structs_stay() {
        let decoded = pod(json!({
            "metadata": {"name": "a", "labels": {}},
            "spec": {"containers": [{"name": "a", "tty": false, "resources": {"limits": {"cpu": 0.5, "memory": "1024Mi"}}}],
                     "hostNetwork": false, "volumes": null, "nodeName": "", "enableServiceLinks": false},
        }));
        assert_eq!(
            decoded.unwrap().value,
            json!({
                "metadata": {"name": "a"},
                "spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}}}],
                         "enableServiceLinks": false},
                "status": {},
            })
        );
    }
}

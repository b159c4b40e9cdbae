//! Request bodies in Kubernetes' protobuf: the envelope, and messages read by the schema's field numbers into the JSON
//! that stands for the same object.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding>.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::{Shape, Type};
use crate::protobuf::{ProtoError, Reader, TEXT, WIRE, Wire};

/// What an envelope begins with.
const MAGIC: &[u8] = b"k8s\0";

/// How deep messages may nest.
const DEPTH: usize = 100;

const DEEP: ProtoError = ProtoError("proto: message is nested too deeply");

/// What an envelope holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope<'a> {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) raw: &'a [u8],
}

/// Opens an envelope.
///
/// # Errors
///
/// Where the bytes do not begin with the mark of one, or end before it does.
pub(crate) fn open(bytes: &[u8]) -> Result<Envelope<'_>, ProtoError> {
    let body = bytes.strip_prefix(MAGIC).ok_or(ProtoError(
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    ))?;
    let mut envelope = Envelope::default();
    let mut reader = Reader(body);
    while let Some((number, wire)) = reader.next()? {
        match number {
            1 => {
                let mut kind = Reader(wire.bytes()?);
                while let Some((number, wire)) = kind.next()? {
                    match number {
                        1 => envelope.api_version = wire.text()?,
                        2 => envelope.kind = wire.text()?,
                        _ => {}
                    }
                }
            }
            2 => envelope.raw = wire.bytes()?,
            _ => {}
        }
    }
    Ok(envelope)
}

/// Reads a message of a type. Fields of unknown numbers are left out, as Go does.
pub(crate) fn message(bytes: &[u8], of: &Type) -> Result<Value, ProtoError> {
    let mut object = Map::new();
    read(bytes, of, &mut object, 0)?;
    Ok(Value::Object(object))
}

fn read(bytes: &[u8], of: &Type, into: &mut Map<String, Value>, depth: usize) -> Result<(), ProtoError> {
    if depth > DEPTH {
        return Err(DEEP);
    }
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.next()? {
        if let Some((_, inlined)) = of.inlined.iter().find(|(n, _)| *n == number) {
            read(wire.bytes()?, inlined.get(), into, depth + 1)?;
            continue;
        }
        let Some(field) = of.fields.iter().find(|f| f.number == number && number > 0) else { continue };
        let name = field.name.clone().into_owned();
        match &field.shape {
            Shape::List(item) => {
                let list = into.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                let Value::Array(list) = list else { continue };
                items(&wire, item, list, depth)?;
            }
            Shape::Map(item) => {
                let map = into.entry(name).or_insert_with(|| Value::Object(Map::new()));
                let Value::Object(map) = map else { continue };
                let (key, value) = entry(wire.bytes()?, item, depth)?;
                map.insert(key, value);
            }
            shape => {
                let value = value(&wire, shape, depth)?;
                into.insert(name, value);
            }
        }
    }
    Ok(())
}

/// One item of a list, or several numbers packed together.
fn items(wire: &Wire<'_>, shape: &Shape, list: &mut Vec<Value>, depth: usize) -> Result<(), ProtoError> {
    if let (Shape::Int32 | Shape::Int64 | Shape::Bool, Wire::Bytes(packed)) = (shape, wire) {
        let mut reader = Reader(packed);
        while !reader.0.is_empty() {
            list.push(value(&Wire::Varint(reader.varint()?), shape, depth)?);
        }
        return Ok(());
    }
    list.push(value(wire, shape, depth)?);
    Ok(())
}

fn entry(bytes: &[u8], shape: &Shape, depth: usize) -> Result<(String, Value), ProtoError> {
    let (mut key, mut found) = (String::new(), None);
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.next()? {
        match number {
            1 => key = wire.text()?,
            2 => found = Some(map_value(&wire, shape, depth)?),
            _ => {}
        }
    }
    let empty = || match shape {
        Shape::String | Shape::Bytes => json!(""),
        Shape::List(_) => json!([]),
        _ => Value::Null,
    };
    Ok((key, found.unwrap_or_else(empty)))
}

/// A list in a map is a message with the list as its first field.
fn map_value(wire: &Wire<'_>, shape: &Shape, depth: usize) -> Result<Value, ProtoError> {
    let Shape::List(item) = shape else { return value(wire, shape, depth) };
    let mut list = Vec::new();
    let mut reader = Reader(wire.bytes()?);
    while let Some((number, wire)) = reader.next()? {
        if number == 1 {
            items(&wire, item, &mut list, depth)?;
        }
    }
    Ok(Value::Array(list))
}

fn value(wire: &Wire<'_>, shape: &Shape, depth: usize) -> Result<Value, ProtoError> {
    Ok(match shape {
        Shape::String => json!(wire.text()?),
        // Negative numbers are sign-extended to 64 bits, so that the low half is the number.
        Shape::Int32 => json!(wire.number()? as i32),
        Shape::Int64 => json!(wire.number()? as i64),
        Shape::Bool => json!(wire.number()? != 0),
        Shape::Double => match wire {
            Wire::Fixed(bits) => json!(f64::from_bits(*bits)),
            _ => return Err(WIRE),
        },
        Shape::Bytes => json!(BASE64_STANDARD.encode(wire.bytes()?)),
        Shape::Quantity => json!(first_text(wire.bytes()?)?),
        Shape::IntOrString => int_or_string(wire.bytes()?)?,
        Shape::Time | Shape::MicroTime => time(wire.bytes()?, matches!(shape, Shape::MicroTime))?,
        Shape::Any => raw(wire.bytes()?)?,
        Shape::Object(of) => {
            let mut object = Map::new();
            read(wire.bytes()?, of.get(), &mut object, depth + 1)?;
            Value::Object(object)
        }
        Shape::List(_) | Shape::Map(_) => return Err(WIRE),
    })
}

/// The text in the first field of a message.
fn first_text(bytes: &[u8]) -> Result<String, ProtoError> {
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.next()? {
        if number == 1 {
            return wire.text();
        }
    }
    Ok(String::new())
}

fn int_or_string(bytes: &[u8]) -> Result<Value, ProtoError> {
    let (mut is_text, mut number, mut text) = (false, 0, String::new());
    let mut reader = Reader(bytes);
    while let Some((field, wire)) = reader.next()? {
        match field {
            1 => is_text = wire.number()? == 1,
            2 => number = wire.number()? as i32,
            3 => text = wire.text()?,
            _ => {}
        }
    }
    Ok(if is_text { json!(text) } else { json!(number) })
}

/// Seconds and nanoseconds; nothing at all is the zero time.
fn time(bytes: &[u8], with_micros: bool) -> Result<Value, ProtoError> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let (mut seconds, mut nanos) = (0_i64, 0_i32);
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.next()? {
        match number {
            1 => seconds = wire.number()? as i64,
            2 => nanos = wire.number()? as i32,
            _ => {}
        }
    }
    let Ok(time) = Timestamp::new(seconds, nanos.clamp(0, 999_999_999)) else { return Ok(Value::Null) };
    let format = if with_micros { "%Y-%m-%dT%H:%M:%S.%6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
    Ok(json!(time.to_zoned(TimeZone::UTC).strftime(format).to_string()))
}

/// JSON inside a message.
fn raw(bytes: &[u8]) -> Result<Value, ProtoError> {
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.next()? {
        if number == 1 {
            return serde_json::from_slice(wire.bytes()?).map_err(|_| TEXT);
        }
    }
    Ok(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf::CUT;
    use crate::schema::TypeRef;
    use proptest::prelude::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut message = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        message.extend_from_slice(bytes);
        message
    }

    fn namespace() -> Vec<u8> {
        let labels = field(11, &[field(1, b"a"), field(2, b"b")].concat());
        let metadata = [field(1, b"demo"), labels, field(8, &[])].concat();
        field(1, &metadata)
    }

    #[test]
    fn a_message_becomes_the_json_of_the_same_object() {
        let of = TypeRef::builtin("api.core.v1.Namespace").unwrap();
        assert_eq!(
            message(&namespace(), of.get()).unwrap(),
            json!({"metadata": {"name": "demo", "labels": {"a": "b"}, "creationTimestamp": null}})
        );
    }

    #[test]
    fn an_envelope_names_its_kind() {
        let kind = field(1, &[field(1, b"v1"), field(2, b"Namespace")].concat());
        let bytes = [MAGIC, &kind, &field(2, b"raw")].concat();
        let envelope = open(&bytes).unwrap();
        assert_eq!((envelope.api_version.as_str(), envelope.kind.as_str()), ("v1", "Namespace"));
        assert_eq!(envelope.raw, b"raw");
        assert!(open(b"{}").is_err());
    }

    #[test]
    fn a_message_that_ends_early_is_refused() {
        let of = TypeRef::builtin("api.core.v1.Pod").unwrap();
        assert_eq!(message(&[0x0a, 0x05, 0x0a], of.get()), Err(CUT));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = open(&bytes);
            let _ = message(&bytes, TypeRef::builtin("api.core.v1.Pod").unwrap().get());
        }

        #[test]
        fn no_damage_makes_it_panic(at in 0_usize..30, byte in any::<u8>()) {
            let mut bytes = namespace();
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = message(&bytes, TypeRef::builtin("api.core.v1.Namespace").unwrap().get());
        }
    }
}

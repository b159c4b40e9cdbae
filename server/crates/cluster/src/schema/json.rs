//! JSON with its duplicate keys: the last one counts, as in Go, but strict decoding names them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep JSON may nest, as in Go's decoder would be 10,000; serde_json's own limit (128) is what recursion here and
/// in all that walks a value can rely on.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) value: Value,
    /// The paths of the keys that stand more than once in their object.
    pub(crate) duplicates: Vec<String>,
}

/// How many duplicate keys are named.
const NAMED: usize = 100;

/// Reads a document.
pub(crate) fn parse(text: &[u8]) -> serde_json::Result<Parsed> {
    let mut duplicates = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let walk = Walk { path: &mut Vec::new(), duplicates: &mut duplicates };
    let value = walk.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(Parsed { value, duplicates })
}

enum Step {
    Key(String),
    Index(usize),
}

struct Walk<'a> {
    path: &'a mut Vec<Step>,
    duplicates: &'a mut Vec<String>,
}

impl Walk<'_> {
    fn name(&self, key: &str) -> String {
        let mut text = String::new();
        for step in self.path.iter() {
            match step {
                Step::Key(key) if text.is_empty() => text.push_str(key),
                Step::Key(key) => {
                    text.push('.');
                    text.push_str(key);
                }
                Step::Index(index) => text.push_str(&format!("[{index}]")),
            }
        }
        if !text.is_empty() {
            text.push('.');
        }
        text + key
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            self.path.push(Step::Index(list.len()));
            let item = seq.next_element_seed(Walk { path: self.path, duplicates: self.duplicates });
            self.path.pop();
            match item? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if object.contains_key(&key) && self.duplicates.len() < NAMED {
                let name = self.name(&key);
                self.duplicates.push(name);
            }
            self.path.push(Step::Key(key));
            let value = map.next_value_seed(Walk { path: self.path, duplicates: self.duplicates });
            let Some(Step::Key(key)) = self.path.pop() else { continue };
            object.insert(key, value?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_of_two_keys_counts_and_is_named() {
        let parsed = parse(br#"{"a":1,"b":[{"c":1},{"c":1,"c":2}],"a":3}"#).unwrap();
        assert_eq!(parsed.value, json!({"a": 3, "b": [{"c": 1}, {"c": 2}]}));
        assert_eq!(parsed.duplicates, ["b[1].c", "a"]);
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let deep = "[".repeat(100_000);
        assert!(parse(deep.as_bytes()).is_err());
    }
}

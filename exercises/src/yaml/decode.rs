//! From a located tree to a typed value, naming places and right spellings.
//!
//! [`decode`] is serde's usual machinery over a [`Node`], with two differences that serve those who write files by
//! hand: keys that a struct does not have are collected, all of them, instead of ending the decoding at the first;
//! and what does not fit is reported with its place.

use std::{cell::RefCell, fmt};

use serde::{
    Deserialize,
    de::{self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor},
    forward_to_deserialize_any,
};

use super::node::{Data, Key, Node, Position};
use crate::spelling;

/// Something in a file that does not fit the type that it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Misfit {
    /// What was seen and what belongs there.
    pub message: String,
    /// Where.
    pub at: Position,
}

/// Decodes `node` and adds everything that does not fit to `misfits`; the value is there where all of it is usable
/// (keys that nobody knows are left out).
pub fn decode<'de, T: Deserialize<'de>>(node: &'de Node, misfits: &mut Vec<Misfit>) -> Option<T> {
    let unknown = RefCell::new(Vec::new());
    let result = T::deserialize(Decoder { node, unknown: &unknown });
    misfits.append(&mut unknown.into_inner());
    result
        .map_err(|error| {
            misfits.push(Misfit { message: error.message, at: error.at.unwrap_or(node.at) });
        })
        .ok()
}

/// A value together with its place, where decoding alone does not settle whether it is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub at: Position,
}

/// The name by which [`Located`] asks the decoder for a place.
const LOCATED: &str = "podlab::Located";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LocatedVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for LocatedVisitor<T> {
            type Value = Located<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value in a file")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Located<T>, A::Error> {
                let missing = || de::Error::custom("only a value in a file has a place");
                let line = seq.next_element()?.ok_or_else(missing)?;
                let column = seq.next_element()?.ok_or_else(missing)?;
                let value = seq.next_element()?.ok_or_else(missing)?;
                Ok(Located { value, at: Position { line, column } })
            }
        }
        deserializer.deserialize_newtype_struct(LOCATED, LocatedVisitor(std::marker::PhantomData))
    }
}

/// The first thing that did not fit, with its place once that is known.
#[derive(Debug)]
struct Refusal {
    message: String,
    at: Option<Position>,
}

impl Refusal {
    fn at(mut self, at: Position) -> Self {
        self.at.get_or_insert(at);
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), at: None }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { message: format!("the key `{field}` is missing"), at: None }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let known = expected.join(", ");
        let near = spelling::suggestion(variant, expected.iter().copied());
        Self { message: format!("`{variant}` is none of {known}{near}"), at: None }
    }
}

#[derive(Clone, Copy)]
struct Decoder<'de, 'u> {
    node: &'de Node,
    unknown: &'u RefCell<Vec<Misfit>>,
}

impl<'de, 'u> Decoder<'de, 'u> {
    fn at(self, node: &'de Node) -> Self {
        Self { node, ..self }
    }

    fn mismatch(self, wanted: &str) -> Refusal {
        let message = format!("this must be {wanted}, but {} stands here", self.node.data.describe());
        Refusal { message, at: Some(self.node.at) }
    }

    /// serde says "invalid type: string "x", expected u32"; with the place that is enough, in better words.
    fn placed<T>(self, result: Result<T, Refusal>) -> Result<T, Refusal> {
        result.map_err(|refusal| refusal.at(self.node.at))
    }

    fn entries(
        self,
        entries: &'de [(Key, Node)],
        known: Option<&'static [&'static str]>,
    ) -> Entries<'de, 'u> {
        Entries { decoder: self, rest: entries.iter(), known, value: None }
    }
}

impl<'de> Deserializer<'de> for Decoder<'de, '_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let result = match &self.node.data {
            Data::Null => visitor.visit_unit(),
            Data::Bool(value) => visitor.visit_bool(*value),
            Data::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(n), _) => visitor.visit_u64(n),
                (None, Some(n)) => visitor.visit_i64(n),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Data::Text(text) => visitor.visit_borrowed_str(text),
            Data::List(items) => visitor.visit_seq(Items { decoder: self, rest: items.iter() }),
            Data::Map(entries) => visitor.visit_map(self.entries(entries, None)),
        };
        self.placed(result)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.node.data {
            Data::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match &self.node.data {
            Data::Text(text) => self.placed(visitor.visit_borrowed_str(text)),
            _ => Err(self.mismatch("a text")),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match &self.node.data {
            Data::List(items) => self.placed(visitor.visit_seq(Items { decoder: self, rest: items.iter() })),
            _ => Err(self.mismatch("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match &self.node.data {
            Data::Map(entries) => self.placed(visitor.visit_map(self.entries(entries, None))),
            _ => Err(self.mismatch("a mapping")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match &self.node.data {
            Data::Map(entries) => self.placed(visitor.visit_map(self.entries(entries, Some(fields)))),
            _ => Err(self.mismatch(&format!("a mapping with the keys {}", fields.join(", ")))),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        if name == LOCATED {
            return visitor.visit_seq(Place { decoder: self, step: 0 });
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match &self.node.data {
            Data::Text(text) => self.placed(visitor.visit_enum(Choice { text })),
            _ => Err(self.mismatch(&format!("one of {}", variants.join(", ")))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple
        tuple_struct identifier ignored_any
    }
}

struct Items<'de, 'u> {
    decoder: Decoder<'de, 'u>,
    rest: std::slice::Iter<'de, Node>,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        self.rest.next().map(|node| seed.deserialize(self.decoder.at(node))).transpose()
    }
}

struct Entries<'de, 'u> {
    decoder: Decoder<'de, 'u>,
    rest: std::slice::Iter<'de, (Key, Node)>,
    known: Option<&'static [&'static str]>,
    value: Option<&'de Node>,
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        for (key, value) in self.rest.by_ref() {
            if let Some(known) = self.known
                && !known.contains(&key.name.as_str())
            {
                let near = spelling::suggestion(&key.name, known.iter().copied());
                let near = if near.is_empty() { format!("; known are {}", known.join(", ")) } else { near };
                let message = format!("unknown key `{}`{near}", key.name);
                self.decoder.unknown.borrow_mut().push(Misfit { message, at: key.at });
                continue;
            }
            self.value = Some(value);
            let name = de::value::BorrowedStrDeserializer::<Refusal>::new(&key.name);
            return seed.deserialize(name).map(Some).map_err(|refusal| refusal.at(key.at));
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        let node =
            self.value.take().ok_or_else(|| de::Error::custom("a value was asked for before its key"))?;
        let decoder = self.decoder.at(node);
        decoder.placed(seed.deserialize(decoder))
    }
}

/// A choice among names, as enums without data are written.
struct Choice<'de> {
    text: &'de str,
}

impl<'de> EnumAccess<'de> for Choice<'de> {
    type Error = Refusal;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Refusal> {
        let variant = seed.deserialize(de::value::BorrowedStrDeserializer::<Refusal>::new(self.text))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'de> {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, Refusal> {
        Err(de::Error::custom(format!("`{}` needs a value", self.text)))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, Refusal> {
        Err(de::Error::custom(format!("`{}` needs values", self.text)))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Refusal> {
        Err(de::Error::custom(format!("`{}` needs keys", self.text)))
    }
}

/// Line, column and value, one after the other: what [`Located`] asks for.
struct Place<'de, 'u> {
    decoder: Decoder<'de, 'u>,
    step: u8,
}

impl<'de> SeqAccess<'de> for Place<'de, '_> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        self.step += 1;
        let at = self.decoder.node.at;
        match self.step {
            1 => seed.deserialize(de::value::U32Deserializer::<Refusal>::new(at.line)).map(Some),
            2 => seed.deserialize(de::value::U32Deserializer::<Refusal>::new(at.column)).map(Some),
            _ => seed.deserialize(self.decoder).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Outer {
        name: String,
        #[serde(default)]
        inner: Vec<Inner>,
        size: Option<Size>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Inner {
        port: u16,
        note: Option<Located<String>>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Large,
    }

    fn decoded(text: &str) -> (Option<Outer>, Vec<String>) {
        let node = parse(text).unwrap().unwrap();
        let mut misfits = Vec::new();
        let value = decode(&node, &mut misfits);
        (value, misfits.iter().map(|m| format!("{}:{} {}", m.at.line, m.at.column, m.message)).collect())
    }

    #[test]
    fn what_fits_is_decoded() {
        let (value, misfits) = decoded("name: a\nsize: large\ninner:\n- port: 80\n  note: hi\n");
        assert_eq!(misfits, [""; 0]);
        let value = value.unwrap();
        assert_eq!(value.size, Some(Size::Large));
        let note = value.inner[0].note.clone().unwrap();
        assert_eq!((note.value.as_str(), note.at.line, note.at.column), ("hi", 5, 9));
    }

    #[test]
    fn every_unknown_key_is_named_with_the_nearest_right_one() {
        let (_, misfits) = decoded("name: a\nsise: small\ninner:\n- prot: 1\n  port: 80\n  zzzzzz: 2\n");
        assert_eq!(
            misfits,
            [
                "2:1 unknown key `sise`; did you mean `size`?",
                "4:3 unknown key `prot`; did you mean `port`?",
                "6:3 unknown key `zzzzzz`; known are port, note",
            ]
        );
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        for (text, expected) in [
            ("name: 3\n", "1:7 this must be a text, but the number 3 stands here"),
            ("inner: []\n", "1:1 the key `name` is missing"),
            ("name: a\nsize: larg\n", "2:7 `larg` is none of small, large; did you mean `large`?"),
            ("name: a\ninner: x\n", "2:8 this must be a list, but the text `x` stands here"),
        ] {
            assert_eq!(decoded(text).1, [expected]);
        }
        assert!(decoded("name: a\ninner:\n- port: 70000\n").1[0].starts_with("3:9 "));
    }
}

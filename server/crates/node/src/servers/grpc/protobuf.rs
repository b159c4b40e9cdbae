//! Protocol Buffers (protobuf.dev, "Encoding"): numbers, and fields with a length, which is what the messages here are made
//! of.

use bytes::Bytes;

/// A message that is written field by field. As proto3 has it, what is zero or empty is left out.
#[derive(Clone, Debug, Default)]
pub(in crate::servers) struct Message(Vec<u8>);

impl Message {
    /// Adds a number, or a truth.
    pub(in crate::servers) fn number(mut self, field: u32, value: impl Into<u64>) -> Self {
        let value = value.into();
        if value != 0 {
            self.varint(u64::from(field) << 3);
            self.varint(value);
        }
        self
    }

    /// Adds a text.
    pub(in crate::servers) fn bytes(self, field: u32, value: &[u8]) -> Self {
        if value.is_empty() { self } else { self.delimited(field, value) }
    }

    /// Adds a message, which is there even where it is empty.
    pub(in crate::servers) fn message(self, field: u32, value: &Self) -> Self {
        self.delimited(field, &value.0)
    }

    /// As it is sent.
    pub(in crate::servers) fn encoded(self) -> Vec<u8> {
        self.0
    }

    fn delimited(mut self, field: u32, value: &[u8]) -> Self {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::servers) enum Value {
    Number(u64),
    Bytes(Bytes),
}

/// The fields of a message in their order; `None` where it is none. A field that is not known is passed over by whoever
/// reads.
pub(in crate::servers) fn fields(mut text: Bytes) -> Option<Vec<(u32, Value)>> {
    let mut fields = Vec::new();
    while !text.is_empty() {
        let key = varint(&mut text)?;
        let number = u32::try_from(key >> 3).ok().filter(|number| *number > 0)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut text)?),
            1 => Value::Number(u64::from_le_bytes(*take(&mut text, 8)?.first_chunk()?)),
            2 => {
                let len = usize::try_from(varint(&mut text)?).ok()?;
                Value::Bytes(take(&mut text, len)?)
            }
            5 => Value::Number(u32::from_le_bytes(*take(&mut text, 4)?.first_chunk()?).into()),
            _ => return None,
        };
        fields.push((number, value));
    }
    Some(fields)
}

/// The text of the last field of a number; empty where there is none.
pub(in crate::servers) fn bytes_of(fields: &[(u32, Value)], field: u32) -> Bytes {
    let found = fields.iter().rev().find_map(|(number, value)| match value {
        Value::Bytes(text) if *number == field => Some(text.clone()),
        _ => None,
    });
    found.unwrap_or_default()
}

/// The value of the last field of a number; zero where there is none.
pub(in crate::servers) fn number_of(fields: &[(u32, Value)], field: u32) -> u64 {
    let found = fields.iter().rev().find_map(|(number, value)| match value {
        Value::Number(found) if *number == field => Some(*found),
        _ => None,
    });
    found.unwrap_or_default()
}

/// The texts of all fields of a number.
pub(in crate::servers) fn all_of(fields: &[(u32, Value)], field: u32) -> impl Iterator<Item = Bytes> {
    fields.iter().filter_map(move |(number, value)| match value {
        Value::Bytes(text) if *number == field => Some(text.clone()),
        _ => None,
    })
}

fn take(text: &mut Bytes, len: usize) -> Option<Bytes> {
    (len <= text.len()).then(|| text.split_to(len))
}

fn varint(text: &mut Bytes) -> Option<u64> {
    let mut value = 0u64;
    for place in 0..10 {
        let byte = *take(text, 1)?.first()?;
        value |= u64::from(byte & 0x7f).checked_shl(place * 7)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_are_written_as_the_documentation_of_the_encoding_shows() {
        assert_eq!(Message::default().number(1, 150u64).encoded(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::default().bytes(2, b"testing").encoded(), b"\x12\x07testing");
        let inner = Message::default().number(1, 150u64);
        assert_eq!(Message::default().message(3, &inner).encoded(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert!(Message::default().number(1, 0u64).bytes(2, b"").encoded().is_empty());
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(number: u64, text: Vec<u8>, field in 1u32..1000) {
            let message = Message::default().number(field, number).bytes(field + 1, &text).encoded();
            let fields = fields(message.into()).unwrap();
            prop_assert_eq!(number_of(&fields, field), number);
            prop_assert_eq!(bytes_of(&fields, field + 1), text);
        }

        #[test]
        fn nothing_that_is_read_does_harm(text: Vec<u8>) {
            let count = text.len();
            prop_assert!(fields(text.into()).is_none_or(|fields| fields.len() <= count));
        }
    }
}

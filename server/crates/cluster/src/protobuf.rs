//! The wire format of protobuf: what every message is made of, whatever it says.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

/// The bytes are not a message of the type that they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ProtoError(pub(crate) &'static str);

pub(crate) const CUT: ProtoError = ProtoError("unexpected EOF");
pub(crate) const WIRE: ProtoError = ProtoError("proto: illegal wireType");
pub(crate) const LONG: ProtoError = ProtoError("proto: integer overflow");
pub(crate) const TEXT: ProtoError = ProtoError("proto: invalid UTF-8 in string");

/// A field as it stands in a message.
pub(crate) enum Wire<'a> {
    Varint(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
}

/// A message that is being read.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn varint(&mut self) -> Result<u64, ProtoError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(CUT)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(LONG)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ProtoError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(CUT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn fixed(&mut self, length: usize) -> Result<u64, ProtoError> {
        Ok(self.take(length)?.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    pub(crate) fn next(&mut self) -> Result<Option<(u32, Wire<'a>)>, ProtoError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| LONG)?;
        let wire = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed(self.fixed(8)?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| LONG)?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Fixed(self.fixed(4)?),
            _ => return Err(WIRE),
        };
        Ok(Some((number, wire)))
    }
}

impl<'a> Wire<'a> {
    pub(crate) fn bytes(&self) -> Result<&'a [u8], ProtoError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(WIRE),
        }
    }

    pub(crate) fn text(&self) -> Result<String, ProtoError> {
        std::str::from_utf8(self.bytes()?).map(str::to_owned).map_err(|_| TEXT)
    }

    pub(crate) fn number(&self) -> Result<u64, ProtoError> {
        match self {
            Self::Varint(value) => Ok(*value),
            _ => Err(WIRE),
        }
    }
}

/// A message that is being written.
#[derive(Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value as u8 & 0x7f) | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A field of the wire type that carries its length.
    pub(crate) fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.varint(u64::from(field << 3 | 2));
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn text(&mut self, field: u32, text: &str) {
        if !text.is_empty() {
            self.bytes(field, text.as_bytes());
        }
    }

    pub(crate) fn message(&mut self, field: u32, message: &Self) {
        self.bytes(field, &message.0);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

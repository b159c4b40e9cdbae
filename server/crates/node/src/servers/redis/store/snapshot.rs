//! Snapshots: `dump.rdb`, in Redis's own format without its compact encodings.

use bytes::Bytes;
use jiff::Timestamp;

use super::{Database, Slot, Store, Value};

const MAGIC: &[u8] = b"REDIS0011";
/// What stands before a database, the time when a key ends, and the end of the file.
const DATABASE: u8 = 0xfe;
const ENDS: u8 = 0xfc;
const END: u8 = 0xff;
/// Types of values.
const TEXT: u8 = 0;
const LIST: u8 = 1;
const SET: u8 = 2;
const HASH: u8 = 4;
const SORTED: u8 = 5;

impl Store {
    /// All databases, as they are written to the disk.
    pub(in crate::servers::redis) fn dump(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        for (number, database) in self.databases.iter().enumerate().filter(|(_, db)| !db.slots.is_empty()) {
            out.push(DATABASE);
            put_length(&mut out, number);
            for (key, slot) in &database.slots {
                put_slot(&mut out, key, slot);
            }
        }
        out.push(END);
        // No checksum.
        out.extend_from_slice(&[0; 8]);
        out
    }

    /// Takes over what a file holds; `false` where that is not what [`Store::dump`] writes. Returns how many keys there
    /// are.
    pub(in crate::servers::redis) fn load(&mut self, bytes: &[u8], now: Timestamp) -> Option<usize> {
        let mut rest = Reader(bytes.strip_prefix(MAGIC)?);
        let mut databases: Vec<Database> = self.databases.iter().map(|_| Database::default()).collect();
        let (mut number, mut ends, mut count) = (0, None, 0);
        loop {
            match rest.byte()? {
                END => break,
                DATABASE => number = rest.length()?,
                ENDS => {
                    let millis = i64::from_le_bytes(rest.take(8)?.try_into().ok()?);
                    ends = Some(Timestamp::from_millisecond(millis).ok()?);
                }
                kind => {
                    let key = rest.string()?;
                    let slot = Slot { value: rest.value(kind)?, ends: ends.take() };
                    if slot.ends.is_none_or(|end| end > now) {
                        databases.get_mut(number)?.slots.insert(key, slot);
                        count += 1;
                    }
                }
            }
        }
        self.databases = databases;
        Some(count)
    }
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    match u32::try_from(length).unwrap_or(u32::MAX) {
        length @ 0..64 => out.push(length as u8),
        length @ 64..16_384 => out.extend_from_slice(&(length as u16 | 0x4000).to_be_bytes()),
        length => {
            out.push(0x80);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
}

fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    put_length(out, text.len());
    out.extend_from_slice(text);
}

fn put_slot(out: &mut Vec<u8>, key: &[u8], slot: &Slot) {
    if let Some(end) = slot.ends {
        out.push(ENDS);
        out.extend_from_slice(&end.as_millisecond().to_le_bytes());
    }
    let (kind, count) = match &slot.value {
        Value::Text(_) => (TEXT, None),
        Value::List(list) => (LIST, Some(list.len())),
        Value::Set(set) => (SET, Some(set.len())),
        Value::Hash(hash) => (HASH, Some(hash.len())),
        Value::Sorted(sorted) => (SORTED, Some(sorted.len())),
    };
    out.push(kind);
    put_string(out, key);
    if let Some(count) = count {
        put_length(out, count);
    }
    match &slot.value {
        Value::Text(text) => put_string(out, text),
        Value::List(list) => list.iter().for_each(|item| put_string(out, item)),
        Value::Set(set) => set.iter().for_each(|member| put_string(out, member)),
        Value::Hash(hash) => {
            for (field, value) in hash {
                put_string(out, field);
                put_string(out, value);
            }
        }
        Value::Sorted(sorted) => {
            for (member, score) in sorted {
                put_string(out, member);
                out.extend_from_slice(&score.to_le_bytes());
            }
        }
    }
}

/// What is left of a file.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn length(&mut self) -> Option<usize> {
        let first = self.byte()?;
        match first >> 6 {
            0 => Some(usize::from(first)),
            1 => Some(usize::from(first & 0x3f) << 8 | usize::from(self.byte()?)),
            _ if first == 0x80 => Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?) as usize),
            _ => None,
        }
    }

    fn string(&mut self) -> Option<Bytes> {
        let length = self.length()?;
        self.take(length).map(Bytes::copy_from_slice)
    }

    fn value(&mut self, kind: u8) -> Option<Value> {
        if kind == TEXT {
            return self.string().map(Value::Text);
        }
        let count = self.length()?;
        Some(match kind {
            LIST => Value::List((0..count).map(|_| self.string()).collect::<Option<_>>()?),
            SET => Value::Set((0..count).map(|_| self.string()).collect::<Option<_>>()?),
            HASH => Value::Hash(
                (0..count).map(|_| Some((self.string()?, self.string()?))).collect::<Option<_>>()?,
            ),
            SORTED => {
                let mut pair = || {
                    let member = self.string()?;
                    Some((member, f64::from_le_bytes(self.take(8)?.try_into().ok()?)))
                };
                Value::Sorted((0..count).map(|_| pair()).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }
}

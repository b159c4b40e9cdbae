//! Reads JSON texts one after another as they come in, as jq's own parser does: its messages, and `nan` among numbers.

use std::{collections::VecDeque, sync::Arc};

use indexmap::IndexMap;

use super::{
    number::Number,
    value::{Block, Heap, MAX_BYTES, Raise, Value},
};

/// The deepest nesting of what is read.
const MAX_DEPTH: usize = 256;

/// Values are counted as memory by so many.
const COUNTED: usize = 1024;

/// An array or object that is not closed yet.
#[derive(Debug)]
enum Open {
    Array(Vec<Value>),
    Object(IndexMap<Arc<str>, Value>, Option<Arc<str>>),
}

/// Where in a string the parser is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Nothing,
    Text,
    Escape,
}

/// A parser that is fed.
#[derive(Debug)]
pub(super) struct Reader {
    heap: Heap,
    open: Vec<Open>,
    /// A value that may be followed by a separator.
    next: Option<Value>,
    token: Vec<u8>,
    within: Within,
    ready: VecDeque<Value>,
    /// How many values the open arrays and objects hold, and what these take.
    held: usize,
    block: Option<Block>,
    line: usize,
    column: usize,
    failed: bool,
}

impl Reader {
    pub(super) fn new(heap: &Heap) -> Self {
        Self {
            heap: heap.clone(),
            open: Vec::new(),
            next: None,
            token: Vec::new(),
            within: Within::Nothing,
            ready: VecDeque::new(),
            held: 0,
            block: None,
            line: 1,
            column: 0,
            failed: false,
        }
    }

    /// A whole text that holds one value.
    pub(super) fn read_all(heap: &Heap, text: &str) -> Result<Value, String> {
        let mut reader = Self::new(heap);
        reader.feed(text.as_bytes())?;
        reader.end()?;
        match (reader.ready.pop_front(), reader.ready.is_empty()) {
            (Some(value), true) => Ok(value),
            (Some(_), false) => Err("Unexpected extra JSON values".to_owned()),
            (None, _) => Err("Expected JSON value".to_owned()),
        }
    }

    /// What is read and waits to be taken.
    pub(super) fn take(&mut self) -> Option<Value> {
        self.ready.pop_front()
    }

    /// Reads on. After an error nothing more is read.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), String> {
        if self.failed {
            return Ok(());
        }
        for byte in bytes {
            self.column += 1;
            if *byte == b'\n' {
                self.line += 1;
                self.column = 0;
            }
            self.byte(*byte).map_err(|message| {
                self.failed = true;
                format!("{message} at line {}, column {}", self.line, self.column)
            })?;
        }
        Ok(())
    }

    /// There is no more.
    pub(super) fn end(&mut self) -> Result<(), String> {
        if self.failed {
            return Ok(());
        }
        let ended = if self.within != Within::Nothing {
            Err("Unfinished string".to_owned())
        } else {
            self.literal().and_then(|()| {
                if self.open.is_empty() { Ok(()) } else { Err("Unfinished JSON term".to_owned()) }
            })
        };
        ended.map_err(|message| {
            self.failed = true;
            format!("{message} at EOF at line {}, column {}", self.line, self.column)
        })?;
        self.ready.extend(self.next.take());
        Ok(())
    }

    fn byte(&mut self, byte: u8) -> Result<(), String> {
        match self.within {
            Within::Escape => {
                self.token.push(byte);
                self.within = Within::Text;
            }
            Within::Text if byte == b'"' => {
                self.within = Within::Nothing;
                let text = unescape(&std::mem::take(&mut self.token))?;
                let text = self.heap.text(text).map_err(too_large)?;
                return self.value(text);
            }
            Within::Text => {
                self.token.push(byte);
                if byte == b'\\' {
                    self.within = Within::Escape;
                }
            }
            Within::Nothing => match byte {
                b' ' | b'\t' | b'\r' | b'\n' => {
                    self.literal()?;
                    if self.open.is_empty() {
                        self.ready.extend(self.next.take());
                    }
                }
                b'"' => {
                    self.literal()?;
                    if self.open.is_empty() {
                        self.ready.extend(self.next.take());
                    }
                    self.within = Within::Text;
                }
                b'[' | b'{' | b']' | b'}' | b',' | b':' => {
                    self.literal()?;
                    self.punctuation(byte)?;
                }
                _ => self.token.push(byte),
            },
        }
        if self.token.len() as u64 > MAX_BYTES { Err("String or number too long".to_owned()) } else { Ok(()) }
    }

    /// Ends a word or number.
    fn literal(&mut self) -> Result<(), String> {
        if self.token.is_empty() {
            return Ok(());
        }
        let token = std::mem::take(&mut self.token);
        let word = match token[0] {
            b't' => Some(("true", Value::Bool(true))),
            b'f' => Some(("false", Value::Bool(false))),
            b'n' if token.len() != 3 => Some(("null", Value::Null)),
            _ => None,
        };
        if let Some((word, value)) = word {
            return if token == word.as_bytes() {
                self.value(value)
            } else {
                Err("Invalid literal".to_owned())
            };
        }
        let number = std::str::from_utf8(&token).ok().and_then(Number::read);
        self.value(Value::Number(number.ok_or("Invalid numeric literal")?))
    }

    fn value(&mut self, value: Value) -> Result<(), String> {
        if self.next.is_some() {
            if !self.open.is_empty() {
                return Err("Expected separator between values".to_owned());
            }
            self.ready.extend(self.next.take());
        }
        self.next = Some(value);
        if self.open.is_empty() {
            (self.held, self.block) = (0, None);
            return Ok(());
        }
        self.held += 1;
        if self.held.is_multiple_of(COUNTED) {
            self.block = Some(self.heap.block(self.held * 2 * size_of::<Value>()));
        }
        if self.held as u64 * 16 > MAX_BYTES { Err("Value too large".to_owned()) } else { Ok(()) }
    }

    fn punctuation(&mut self, byte: u8) -> Result<(), String> {
        match byte {
            b'[' | b'{' => {
                if self.open.len() >= MAX_DEPTH {
                    return Err("Exceeds depth limit for parsing".to_owned());
                }
                if self.next.is_some() {
                    if !self.open.is_empty() {
                        return Err("Expected separator between values".to_owned());
                    }
                    self.ready.extend(self.next.take());
                }
                self.open.push(if byte == b'[' {
                    Open::Array(Vec::new())
                } else {
                    Open::Object(IndexMap::new(), None)
                });
            }
            b':' => match self.open.last_mut() {
                None => return Err("':' not as part of an object".to_owned()),
                Some(Open::Object(_, key)) => {
                    let next = self.next.take().ok_or("Expected string key before ':'")?;
                    if key.is_some() {
                        return Err("':' should follow a key".to_owned());
                    }
                    *key = Some(next.as_text().ok_or("Object keys must be strings")?.into());
                }
                Some(Open::Array(_)) if self.next.is_none() => {
                    return Err("Expected string key before ':'".to_owned());
                }
                Some(Open::Array(_)) => return Err("':' not as part of an object".to_owned()),
            },
            b',' => {
                let next = self.next.take().ok_or("Expected value before ','")?;
                match self.open.last_mut() {
                    None => return Err("',' not as part of an object or array".to_owned()),
                    Some(Open::Array(items)) => items.push(next),
                    Some(Open::Object(members, key)) => {
                        let key = key.take().ok_or("Objects must consist of key:value pairs")?;
                        members.insert(key, next);
                    }
                }
            }
            _ => {
                let bracket = char::from(byte);
                let closed = match (byte, self.open.pop()) {
                    (b']', Some(Open::Array(mut items))) => {
                        match self.next.take() {
                            Some(next) => items.push(next),
                            None if items.is_empty() => {}
                            None => return Err("Expected another array element".to_owned()),
                        }
                        self.heap.array(items)
                    }
                    (b'}', Some(Open::Object(mut members, key))) => {
                        match (self.next.take(), key) {
                            (Some(next), Some(key)) => {
                                members.insert(key, next);
                            }
                            (Some(_), None) => {
                                return Err("Objects must consist of key:value pairs".to_owned());
                            }
                            (None, Some(_)) => return Err(format!("Unmatched '{bracket}'")),
                            (None, None) if members.is_empty() => {}
                            (None, None) => return Err("Expected another key-value pair".to_owned()),
                        }
                        self.heap.object(members)
                    }
                    _ => return Err(format!("Unmatched '{bracket}'")),
                };
                self.next = Some(closed.map_err(too_large)?);
            }
        }
        if self.open.is_empty() && matches!(byte, b']' | b'}') {
            self.ready.extend(self.next.take());
        }
        Ok(())
    }
}

fn too_large(_: Raise) -> String {
    "Value too large".to_owned()
}

/// What a string literal stands for.
fn unescape(raw: &[u8]) -> Result<String, String> {
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        at += 1;
        if byte < b' ' {
            return Err(
                "Invalid string: control characters from U+0000 through U+001F must be escaped".to_owned()
            );
        }
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let escape = raw.get(at).copied().ok_or("Expected escape character at end of string")?;
        at += 1;
        match escape {
            b'"' | b'\\' | b'/' => out.push(escape),
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'u' => {
                let unit = hex(raw, at)?;
                at += 4;
                let c = match unit {
                    0xd800..0xdc00 if raw.get(at) == Some(&b'\\') && raw.get(at + 1) == Some(&b'u') => {
                        let low = hex(raw, at + 2)?;
                        at += 6;
                        char::decode_utf16([unit as u16, low as u16]).next().and_then(Result::ok)
                    }
                    0xd800..0xe000 => {
                        return Err("Invalid \\uXXXX\\uXXXX surrogate pair escape".to_owned());
                    }
                    _ => char::from_u32(unit),
                };
                let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return Err("Invalid escape".to_owned()),
        }
    }
    Ok(String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn hex(raw: &[u8], at: usize) -> Result<u32, String> {
    let digits = raw.get(at..at + 4).ok_or("Invalid \\uXXXX escape")?;
    let all_hex = digits.iter().all(u8::is_ascii_hexdigit);
    let text =
        std::str::from_utf8(digits).ok().filter(|_| all_hex).ok_or("Invalid characters in \\uXXXX escape")?;
    u32::from_str_radix(text, 16).map_err(|error| error.to_string())
}

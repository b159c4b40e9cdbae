//! Records and their fields.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::value::Value;
use crate::{
    commands::{Cx, context::MAX_LINE},
    kernel::{errno::Errno, fs::OpenFile},
    libc::regex::{Regex, Syntax},
};

/// The most fields of a record.
pub(super) const MAX_FIELDS: usize = 1 << 20;

/// What separates things: fields, records, parts of a text.
#[derive(Clone, Debug)]
pub(super) enum Separator {
    /// Blanks and newlines, as many as there are.
    Blanks,
    Byte(u8),
    /// Each byte is apart.
    Nothing,
    Matching(Arc<Regex>),
}

impl Separator {
    /// What `FS` or the third argument of `split` means.
    pub(super) fn new(text: &[u8]) -> Self {
        match text {
            b" " => Self::Blanks,
            [] => Self::Nothing,
            [byte] if *byte != b'\\' => Self::Byte(*byte),
            text => match Regex::new(text, Syntax::extended()) {
                Ok(regex) => Self::Matching(Arc::new(regex)),
                Err(_) => Self::Byte(text[0]),
            },
        }
    }

    pub(super) fn split(&self, text: &Bytes) -> Vec<Bytes> {
        if text.is_empty() {
            return Vec::new();
        }
        match self {
            Self::Blanks => {
                let words = text.split(|byte| matches!(byte, b' ' | b'\t' | b'\n'));
                words
                    .filter(|word| !word.is_empty())
                    .take(MAX_FIELDS)
                    .map(|word| text.slice_ref(word))
                    .collect()
            }
            Self::Byte(byte) => {
                text.split(|own| own == byte).take(MAX_FIELDS).map(|part| text.slice_ref(part)).collect()
            }
            Self::Nothing => (0..text.len().min(MAX_FIELDS)).map(|at| text.slice(at..=at)).collect(),
            Self::Matching(regex) => {
                let mut all = Vec::new();
                let (mut start, mut from) = (0, 0);
                while all.len() < MAX_FIELDS
                    && let Some(found) = regex.find(text, from)
                {
                    if found.is_empty() {
                        from = found.end + 1;
                        if from > text.len() {
                            break;
                        }
                        continue;
                    }
                    all.push(text.slice(start..found.start));
                    start = found.end;
                    from = found.end;
                }
                all.push(text.slice(start..));
                all
            }
        }
    }
}

/// The current record.
#[derive(Debug, Default)]
pub(super) struct Record {
    text: Bytes,
    fields: Vec<Value>,
    /// Whether the fields are those of the text, and the text that of the fields.
    is_split: bool,
    is_joined: bool,
}

impl Record {
    pub(super) fn set(&mut self, text: Bytes) {
        self.text = text;
        self.is_split = false;
        self.is_joined = true;
    }

    pub(super) fn split(&mut self, separator: &Separator, newline_too: bool) {
        if self.is_split {
            return;
        }
        let parts = match separator {
            Separator::Byte(byte) if newline_too && *byte != b'\n' => {
                let parts = self.text.split(|own| own == byte || *own == b'\n');
                if self.text.is_empty() {
                    Vec::new()
                } else {
                    parts.map(|part| self.text.slice_ref(part)).collect()
                }
            }
            separator => separator.split(&self.text),
        };
        self.fields = parts.into_iter().map(Value::Input).collect();
        self.is_split = true;
    }

    pub(super) fn join(&mut self, separator: &[u8], convert: &[u8]) -> Bytes {
        if !self.is_joined {
            let parts: Vec<Bytes> = self.fields.iter().map(|field| field.text(convert)).collect();
            self.text = parts.join(separator).into();
            self.is_joined = true;
        }
        self.text.clone()
    }

    pub(super) fn count(&self) -> usize {
        self.fields.len()
    }

    pub(super) fn field(&self, index: usize) -> Value {
        index.checked_sub(1).and_then(|index| self.fields.get(index)).cloned().unwrap_or(Value::Unset)
    }

    pub(super) fn set_field(&mut self, index: usize, value: Value) {
        if self.fields.len() < index {
            self.fields.resize(index, Value::Unset);
        }
        self.fields[index - 1] = value;
        self.is_joined = false;
    }

    pub(super) fn set_count(&mut self, count: usize) {
        self.fields.resize(count.min(MAX_FIELDS), Value::Unset);
        self.is_joined = false;
    }
}

/// Reads records from a file.
#[derive(Debug)]
pub(super) struct Reader {
    file: Arc<OpenFile>,
    buffer: BytesMut,
    ended: bool,
}

impl Reader {
    pub(super) fn new(file: Arc<OpenFile>) -> Self {
        Self { file, buffer: BytesMut::new(), ended: false }
    }

    async fn fill(&mut self, cx: &mut Cx) -> Result<(), Errno> {
        if self.buffer.len() > MAX_LINE {
            return Err(Errno::ENOMEM);
        }
        let bytes = cx.read(&self.file).await?;
        self.ended = bytes.is_empty();
        self.buffer.extend_from_slice(&bytes);
        Ok(())
    }

    /// The next record, which ends as `RS` says: with a byte, an empty line (where it is empty), or what matches.
    pub(super) async fn next(&mut self, cx: &mut Cx, separator: &[u8]) -> Result<Option<Bytes>, Errno> {
        let regex = match separator {
            [] | [_] => None,
            text => Regex::new(text, Syntax::extended()).ok(),
        };
        let paragraphs = separator.is_empty();
        let mut searched = 0;
        loop {
            if paragraphs {
                let newlines = self.buffer.iter().take_while(|byte| **byte == b'\n').count();
                drop(self.buffer.split_to(newlines));
                if newlines > 0 {
                    searched = 0;
                }
            }
            let found = match (&regex, paragraphs) {
                (Some(regex), _) => {
                    // A match that touches the end could go on.
                    let found = regex.find(&self.buffer, 0).filter(|found| !found.is_empty());
                    found.filter(|found| self.ended || found.end < self.buffer.len())
                }
                (None, true) => {
                    let at = memchr::memmem::find(&self.buffer[searched..], b"\n\n");
                    at.map(|at| searched + at..searched + at + 2)
                }
                (None, false) => {
                    let at = memchr::memchr(separator[0], &self.buffer[searched..]);
                    at.map(|at| searched + at..searched + at + 1)
                }
            };
            if let Some(found) = found {
                let mut record = self.buffer.split_to(found.end);
                record.truncate(found.start);
                return Ok(Some(record.freeze()));
            }
            searched = self.buffer.len().saturating_sub(1);
            if self.ended {
                if self.buffer.is_empty() {
                    return Ok(None);
                }
                let mut record = self.buffer.split();
                if (paragraphs || regex.is_some()) && record.ends_with(b"\n") {
                    record.truncate(record.len() - 1);
                }
                return Ok(Some(record.freeze()));
            }
            self.fill(cx).await?;
        }
    }
}

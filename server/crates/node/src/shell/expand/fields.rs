//! Fields: gathering the text of a word, splitting it, and telling quoted from unquoted (POSIX XCU 2.6.5).

use std::ops::Range;

use bytes::Bytes;

use crate::libc::extglob::has_group;

/// What means something in patterns, groups of bash's among it.
const PATTERN: &[u8] = b"*?[]\\!-^+@()|";
/// The most fields that a word expands to.
pub(super) const MAX_FIELDS: usize = 1 << 20;
/// What a field takes of memory while it grows, beside its text; in bytes.
const FIELD_COST: usize = 160;

/// The fields that a word expands to, while they grow.
#[derive(Debug)]
pub(crate) struct Fields {
    /// What splits unquoted text; `None` where nothing is split.
    ifs: Option<Bytes>,
    done: Vec<Field>,
    current: Field,
    /// There is a field, though it may be empty.
    present: bool,
    /// The last field was ended by white space: a separator that follows belongs to that end.
    after_space: bool,
    len: usize,
    /// How many there may be.
    room: usize,
}

/// One field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Field {
    pub(crate) text: Bytes,
    buffer: Vec<u8>,
    /// The parts of it that no quotes protect.
    unquoted: Vec<Range<usize>>,
    /// No quotes protect any of it: what most fields are that come out of splitting.
    is_plain: bool,
}

impl Fields {
    pub(crate) fn new(ifs: Option<Bytes>) -> Self {
        Self {
            ifs,
            done: Vec::new(),
            current: Field::default(),
            present: false,
            after_space: false,
            len: 0,
            room: MAX_FIELDS,
        }
    }

    /// The same with no more fields than there is memory for, in bytes.
    pub(super) fn within(self, memory: u64) -> Self {
        let fit = usize::try_from(memory).unwrap_or(usize::MAX) / FIELD_COST;
        // A few are always had: what others hold must not end a small script.
        Self { room: self.room.min(fit.max(1024)), ..self }
    }

    /// Whether unquoted text is split at all.
    pub(crate) fn splits(&self) -> bool {
        self.ifs.is_some()
    }

    /// How long it is in all.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// What they take of memory, in bytes.
    pub(super) fn cost(&self) -> usize {
        self.len + self.done.len() * FIELD_COST
    }

    /// Whether there are more of them than a word may have: then no further ones are made.
    pub(super) fn is_full(&self) -> bool {
        self.done.len() > self.room
    }

    /// Adds text that quotes protect; empty text makes a field too.
    pub(crate) fn quoted(&mut self, text: &[u8]) {
        self.len += text.len();
        self.present = true;
        self.after_space = false;
        self.current.buffer.extend_from_slice(text);
    }

    /// Adds plain unquoted text of the script, which is never split.
    pub(crate) fn literal(&mut self, text: &[u8]) {
        if !text.is_empty() {
            self.len += text.len();
            self.present = true;
            self.after_space = false;
            self.current.push_unquoted(text);
        }
    }

    /// Adds unquoted text that came out of an expansion, and splits it.
    pub(crate) fn split(&mut self, text: &[u8]) {
        let Some(ifs) = self.ifs.clone() else { return self.literal(text) };
        let mut splits = [false; 256];
        for byte in &ifs {
            splits[usize::from(*byte)] = true;
        }
        let mut start = 0;
        for (at, byte) in text.iter().enumerate() {
            if !splits[usize::from(*byte)] {
                continue;
            }
            if self.is_full() {
                return;
            }
            let part = &text[start..at];
            start = at + 1;
            let white = matches!(byte, b' ' | b'\t' | b'\n');
            if !self.present && !part.is_empty() {
                self.len += part.len();
                let text = Bytes::copy_from_slice(part);
                self.done.push(Field { text, is_plain: true, ..Field::default() });
                self.after_space = white;
                continue;
            }
            self.literal(part);
            if white {
                if self.present {
                    self.end_field();
                    self.after_space = true;
                }
            } else if self.present || !self.after_space {
                self.end_field();
                self.after_space = false;
            } else {
                self.after_space = false;
            }
        }
        self.literal(&text[start..]);
    }

    /// Ends the field before the next positional parameter.
    pub(crate) fn separate(&mut self) {
        if self.ifs.is_none() {
            self.quoted(b" ");
        } else {
            if self.present {
                self.end_field();
            }
            self.after_space = false;
        }
    }

    fn end_field(&mut self) {
        let mut field = std::mem::take(&mut self.current);
        field.text = std::mem::take(&mut field.buffer).into();
        self.done.push(field);
        self.present = false;
    }

    /// The fields.
    pub(crate) fn finish(mut self) -> Vec<Field> {
        if self.present {
            self.end_field();
        }
        self.done
    }

    /// All of it as one text.
    pub(crate) fn into_text(self) -> Bytes {
        self.current.buffer.into()
    }

    /// All of it as one pattern.
    pub(crate) fn into_pattern(self) -> Bytes {
        escape(&self.current.buffer, &self.current.unquoted, PATTERN).into()
    }

    /// All of it as one pattern, with a backslash before each character that was quoted.
    pub(crate) fn into_shown_pattern(self) -> Bytes {
        let mut every = [0; 256];
        for (byte, value) in every.iter_mut().zip(0..=u8::MAX) {
            *byte = value;
        }
        escape(&self.current.buffer, &self.current.unquoted, &every).into()
    }

    /// All of it as what replaces a match, where `&` stands for that.
    pub(crate) fn into_replacement(self) -> Bytes {
        escape(&self.current.buffer, &self.current.unquoted, b"\\&").into()
    }

    /// All of it as one regular expression.
    pub(crate) fn into_regex(self) -> Bytes {
        escape(&self.current.buffer, &self.current.unquoted, b"\\.[]*^$+?(){}|").into()
    }
}

impl Field {
    fn push_unquoted(&mut self, text: &[u8]) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(text);
        let end = self.buffer.len();
        match self.unquoted.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => self.unquoted.push(start..end),
        }
    }

    /// What it is as a pattern, if an unquoted `*`, `?` or `[` makes it one, or a group where those count.
    pub(crate) fn pattern(&self, extended: bool) -> Option<Vec<u8>> {
        let is_special = |text: &[u8]| {
            text.iter().any(|byte| matches!(byte, b'*' | b'?' | b'[')) || (extended && has_group(text))
        };
        if self.is_plain {
            return is_special(&self.text).then(|| self.text.to_vec());
        }
        let special = |range: &Range<usize>| self.text.get(range.clone()).is_some_and(is_special);
        if !self.unquoted.iter().any(special) {
            return None;
        }
        Some(escape(&self.text, &self.unquoted, PATTERN))
    }
}

/// Puts a backslash before each of `special` outside of the unquoted parts.
fn escape(text: &[u8], unquoted: &[Range<usize>], special: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 8);
    let mut at = 0;
    let quote = |out: &mut Vec<u8>, text: &[u8]| {
        for byte in text {
            if special.contains(byte) {
                out.push(b'\\');
            }
            out.push(*byte);
        }
    };
    for range in unquoted {
        quote(&mut out, &text[at..range.start]);
        out.extend_from_slice(&text[range.clone()]);
        at = range.end;
    }
    quote(&mut out, &text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::Fields;

    fn split(ifs: &'static str, texts: &[&str]) -> Vec<String> {
        let mut fields = Fields::new(Some(ifs.into()));
        for text in texts {
            fields.split(text.as_bytes());
        }
        fields.finish().iter().map(|field| String::from_utf8_lossy(&field.text).into_owned()).collect()
    }

    #[test]
    fn white_space_separates_once_and_other_characters_each_time() {
        assert_eq!(split(" \t\n", &["  a  b c "]), ["a", "b", "c"]);
        assert_eq!(split(":", &["a::b:"]), ["a", "", "b"]);
        assert_eq!(split(":", &[":a"]), ["", "a"]);
        assert_eq!(split(" :", &["a : b"]), ["a", "b"]);
        assert_eq!(split(" :", &["a :: b"]), ["a", "", "b"]);
        assert_eq!(split(" ", &["a ", "b"]), ["a", "b"]);
        assert_eq!(split(" ", &["a", "b"]), ["ab"]);
        assert_eq!(split("", &["a b"]), ["a b"]);
        assert!(split(" ", &[" "]).is_empty());
    }

    #[test]
    fn an_empty_quoted_text_is_a_field() {
        let mut fields = Fields::new(Some(" ".into()));
        fields.split(b"a ");
        fields.quoted(b"");
        assert_eq!(fields.finish().len(), 2);
    }

    #[test]
    fn quotes_take_the_meaning_from_patterns() {
        let mut fields = Fields::new(Some(" ".into()));
        fields.quoted(b"*");
        fields.literal(b".t?");
        let all = fields.finish();
        assert_eq!(all[0].pattern(false).unwrap(), b"\\*.t?");
        let mut fields = Fields::new(Some(" ".into()));
        fields.quoted(b"*");
        assert!(fields.finish()[0].pattern(false).is_none());
    }
}

//! What parameter expansions make of a text: a part of it, another text in its place, capitals (POSIX XCU 2.6.2 and bash).

use bytes::Bytes;

use super::MAX_WORD;
use crate::{
    libc::pattern::Pattern,
    shell::ast::{CaseChange, ReplaceScope},
};

/// The range that an offset and a length mean; negative ones count from the end.
pub(super) fn slice(len: usize, offset: i64, length: Option<i64>) -> Option<std::ops::Range<usize>> {
    let len = i64::try_from(len).ok()?;
    let start = if offset < 0 { len + offset } else { offset };
    if start < 0 || start > len {
        return Some(0..0);
    }
    let end = match length {
        None => len,
        Some(length) if length < 0 => len + length,
        Some(length) => start.saturating_add(length).min(len),
    };
    if end < start {
        return length.is_none_or(|length| length >= 0).then_some(0..0);
    }
    Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

/// What matches are replaced by: texts, and (`None`) what matched.
pub(super) struct Replacement(Vec<Option<Bytes>>);

impl Replacement {
    /// A text that stands for itself.
    pub(super) fn plain(text: Bytes) -> Self {
        Self(vec![Some(text)])
    }

    /// Reads a text in which `\` precedes what was quoted.
    pub(super) fn new(text: &[u8]) -> Self {
        let mut pieces = Vec::new();
        let mut plain = Vec::new();
        let mut bytes = text.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b'&' => {
                    pieces.push(Some(Bytes::from(std::mem::take(&mut plain))));
                    pieces.push(None);
                }
                b'\\' => plain.extend(bytes.next()),
                _ => plain.push(*byte),
            }
        }
        pieces.push(Some(plain.into()));
        Self(pieces)
    }

    fn put(&self, matched: &[u8], out: &mut Vec<u8>) {
        for piece in &self.0 {
            out.extend_from_slice(piece.as_ref().map_or(matched, |piece| &piece[..]));
        }
    }
}

/// A text with what matches a pattern replaced.
pub(super) fn replace(text: &Bytes, pattern: &Pattern, with: &Replacement, scope: ReplaceScope) -> Bytes {
    let mut out = Vec::with_capacity(text.len());
    if text.is_empty() && !pattern.is_empty() && pattern.prefix(b"", true).is_some() {
        with.put(b"", &mut out);
        return out.into();
    }
    match scope {
        ReplaceScope::AtStart => match pattern.prefix(text, true) {
            Some(end) => {
                with.put(&text[..end], &mut out);
                out.extend_from_slice(&text[end..]);
            }
            None => return text.clone(),
        },
        ReplaceScope::AtEnd => match pattern.suffix(text, true) {
            Some(start) => {
                out.extend_from_slice(&text[..start]);
                with.put(&text[start..], &mut out);
            }
            None => return text.clone(),
        },
        ReplaceScope::All if pattern.literal().is_some() => {
            let literal = pattern.literal().unwrap_or_default();
            let mut at = 0;
            for start in memchr::memmem::find_iter(text, literal) {
                out.extend_from_slice(&text[at..start]);
                at = start + literal.len();
                with.put(&text[start..at], &mut out);
                if out.len() > MAX_WORD {
                    break;
                }
            }
            out.extend_from_slice(&text[at..]);
        }
        ReplaceScope::First | ReplaceScope::All => {
            let mut at = 0;
            while let Some((start, end)) = pattern.search(text, at) {
                out.extend_from_slice(&text[at..start]);
                with.put(&text[start..end], &mut out);
                at = end;
                if scope == ReplaceScope::First || out.len() > MAX_WORD {
                    break;
                }
            }
            out.extend_from_slice(&text[at..]);
        }
    }
    out.into()
}

/// A text in capitals or small letters, where its characters match a pattern.
pub(super) fn change_case(text: &Bytes, change: CaseChange, all: bool, pattern: Option<&Pattern>) -> Bytes {
    let mut out = text.to_vec();
    let end = if all { out.len() } else { out.len().min(1) };
    for byte in &mut out[..end] {
        let fits = pattern.is_none_or(|pattern| pattern.prefix(&[*byte], true) == Some(1));
        match change {
            _ if !fits => {}
            CaseChange::Swap if byte.is_ascii_uppercase() => byte.make_ascii_lowercase(),
            CaseChange::Upper | CaseChange::Swap => byte.make_ascii_uppercase(),
            CaseChange::Lower => byte.make_ascii_lowercase(),
        }
    }
    out.into()
}

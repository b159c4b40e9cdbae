//! How differences are shown: as POSIX's default, with context (`-c`), and unified (`-u`).

use std::{fmt::Write as _, ops::Range};

use bytes::Bytes;

use super::changes::Change;

/// A text in lines.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) lines: Vec<Bytes>,
    /// The last line lacks its newline.
    pub(super) unfinished: bool,
}

impl Text {
    pub(super) fn new(bytes: &Bytes) -> Self {
        let mut lines: Vec<Bytes> =
            bytes.split(|byte| *byte == b'\n').map(|line| bytes.slice_ref(line)).collect();
        let unfinished = lines.last().is_some_and(|last| !last.is_empty());
        if !unfinished {
            lines.pop();
        }
        Self { lines, unfinished }
    }

    fn put(&self, out: &mut Vec<u8>, mark: &str, index: usize) {
        out.extend_from_slice(mark.as_bytes());
        out.extend_from_slice(&self.lines[index]);
        out.push(b'\n');
        if self.unfinished && index + 1 == self.lines.len() {
            out.extend_from_slice(b"\\ No newline at end of file\n");
        }
    }
}

/// `1c1`, `< old`, `---`, `> new`.
pub(super) fn normal(old: &Text, new: &Text, changes: &[Change], out: &mut Vec<u8>) {
    let range = |range: &Range<usize>| match range.len() {
        0 => range.start.to_string(),
        1 => (range.start + 1).to_string(),
        _ => format!("{},{}", range.start + 1, range.end),
    };
    for Change { old: a, new: b } in changes {
        let letter = match (a.is_empty(), b.is_empty()) {
            (true, _) => 'a',
            (_, true) => 'd',
            _ => 'c',
        };
        out.extend_from_slice(format!("{}{letter}{}\n", range(a), range(b)).as_bytes());
        a.clone().for_each(|index| old.put(out, "< ", index));
        if letter == 'c' {
            out.extend_from_slice(b"---\n");
        }
        b.clone().for_each(|index| new.put(out, "> ", index));
    }
}

/// Changes that are near each other, with the lines around them.
fn hunks(changes: &[Change], context: usize, old_len: usize) -> Vec<(Range<usize>, Range<usize>, &[Change])> {
    let mut hunks = Vec::new();
    let mut rest = changes;
    while let Some(first) = rest.first() {
        let mut count = 1;
        while let Some(next) = rest.get(count)
            && next.old.start - rest[count - 1].old.end <= context.saturating_mul(2)
        {
            count += 1;
        }
        let (these, later) = rest.split_at(count);
        rest = later;
        let last = &these[count - 1];
        let before = context.min(first.old.start);
        let after = context.min(old_len - last.old.end);
        hunks.push((
            first.old.start - before..last.old.end + after,
            first.new.start - before..last.new.end + after,
            these,
        ));
    }
    hunks
}

/// `@@ -1,3 +1,4 @@`
pub(super) fn unified(old: &Text, new: &Text, changes: &[Change], context: usize, out: &mut Vec<u8>) {
    let range = |range: &Range<usize>| match range.len() {
        0 => format!("{},0", range.start),
        1 => (range.start + 1).to_string(),
        len => format!("{},{len}", range.start + 1),
    };
    for (a, b, these) in hunks(changes, context, old.lines.len()) {
        out.extend_from_slice(format!("@@ -{} +{} @@\n", range(&a), range(&b)).as_bytes());
        let mut at = a.start;
        for change in these {
            (at..change.old.start).for_each(|index| old.put(out, " ", index));
            change.old.clone().for_each(|index| old.put(out, "-", index));
            change.new.clone().for_each(|index| new.put(out, "+", index));
            at = change.old.end;
        }
        (at..a.end).for_each(|index| old.put(out, " ", index));
    }
}

/// `*** 1,3 ****`, `--- 1,4 ----`
pub(super) fn context(old: &Text, new: &Text, changes: &[Change], context: usize, out: &mut Vec<u8>) {
    let range = |range: &Range<usize>| match range.len() {
        0 => range.start.to_string(),
        1 => (range.start + 1).to_string(),
        _ => format!("{},{}", range.start + 1, range.end),
    };
    for (a, b, these) in hunks(changes, context, old.lines.len()) {
        let mut head = String::new();
        let _ = write!(head, "***************\n*** {} ****\n", range(&a));
        out.extend_from_slice(head.as_bytes());
        side(old, &a, these.iter().map(|change| (&change.old, change.new.is_empty())), "- ", out);
        out.extend_from_slice(format!("--- {} ----\n", range(&b)).as_bytes());
        side(new, &b, these.iter().map(|change| (&change.new, change.old.is_empty())), "+ ", out);
    }
}

/// One side of a hunk with context; nothing where nothing in it changed.
fn side<'a>(
    text: &Text,
    range: &Range<usize>,
    changes: impl Iterator<Item = (&'a Range<usize>, bool)> + Clone,
    mark: &str,
    out: &mut Vec<u8>,
) {
    if changes.clone().all(|(lines, _)| lines.is_empty()) {
        return;
    }
    let mut at = range.start;
    for (lines, alone) in changes {
        (at..lines.start).for_each(|index| text.put(out, "  ", index));
        lines.clone().for_each(|index| text.put(out, if alone { mark } else { "! " }, index));
        at = lines.end;
    }
    (at..range.end).for_each(|index| text.put(out, "  ", index));
}

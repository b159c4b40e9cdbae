//! `patch`: makes the changes that a difference describes (POSIX XCU patch; unified differences, as busybox's).

use bytes::Bytes;

use super::super::Cx;
use crate::{
    kernel::{errno::Errno, fs::OpenFlags, process::Process},
    libc::getopt::OptSpec,
};

const USAGE: &str = "[-RNE] [-p N] [-i DIFF] [ORIGFILE [PATCHFILE]]

	-p N	Strip N leading components from file names
	-i DIFF	Read DIFF instead of stdin
	-R	Reverse patch
	-N	Ignore already applied patches
	-E	Remove output files if they become empty
	--dry-run	Don't actually change files";

/// What a line of a hunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Context,
    Removed,
    Added,
}

/// Some lines that change together.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hunk {
    old_start: usize,
    new_start: usize,
    lines: Vec<(Kind, Bytes)>,
    /// The last line of the new file has no end.
    open_end: bool,
}

/// What changes in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    old: Bytes,
    new: Bytes,
    hunks: Vec<Hunk>,
}

impl Hunk {
    /// The lines before (`Removed`) or after (`Added`).
    fn side(&self, side: Kind) -> impl Iterator<Item = &Bytes> {
        self.lines
            .iter()
            .filter(move |(kind, _)| *kind == Kind::Context || *kind == side)
            .map(|(_, text)| text)
    }

    fn reversed(mut self) -> Self {
        std::mem::swap(&mut self.old_start, &mut self.new_start);
        for (kind, _) in &mut self.lines {
            *kind = match kind {
                Kind::Context => Kind::Context,
                Kind::Removed => Kind::Added,
                Kind::Added => Kind::Removed,
            };
        }
        // What comes off comes before what takes its place.
        let mut sorted = Vec::with_capacity(self.lines.len());
        let mut added = Vec::new();
        for (kind, text) in self.lines {
            match kind {
                Kind::Added => added.push((kind, text)),
                Kind::Removed => sorted.push((kind, text)),
                Kind::Context => {
                    sorted.append(&mut added);
                    sorted.push((kind, text));
                }
            }
        }
        sorted.append(&mut added);
        self.lines = sorted;
        self
    }

    fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (kind, text) in &self.lines {
            out.push(match kind {
                Kind::Context => b' ',
                Kind::Removed => b'-',
                Kind::Added => b'+',
            });
            out.extend_from_slice(text);
            out.push(b'\n');
        }
        out
    }
}

/// `start,length` of a hunk's head; the length is 1 where it is not written.
fn range(text: &str) -> Option<(usize, usize)> {
    let (start, len) = text.split_once(',').unwrap_or((text, "1"));
    Some((start.parse().ok()?, len.parse().ok()?))
}

/// The head of a hunk: `@@ -1,2 +1,3 @@`.
fn head(line: &[u8]) -> Option<[(usize, usize); 2]> {
    let text = std::str::from_utf8(line.strip_prefix(b"@@ -")?).ok()?;
    let (ranges, _) = text.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    Some([range(old)?, range(new)?])
}

/// The name after `--- ` or `+++ `, without the date.
fn name(line: &[u8], mark: &[u8]) -> Option<Bytes> {
    let rest = line.strip_prefix(mark)?;
    let end = rest.iter().position(|byte| *byte == b'\t').unwrap_or(rest.len());
    Some(Bytes::copy_from_slice(rest[..end].trim_ascii_end()))
}

/// Reads a difference. What is no part of one is passed by.
fn parse(text: &Bytes) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut lines = text.split(|byte| *byte == b'\n').map(|line| text.slice_ref(line)).peekable();
    let mut old = None;
    while let Some(line) = lines.next() {
        if let Some(found) = name(&line, b"--- ") {
            old = Some(found);
            continue;
        }
        if let (Some(before), Some(new)) = (&old, name(&line, b"+++ ")) {
            changes.push(Change { old: before.clone(), new, hunks: Vec::new() });
            old = None;
            continue;
        }
        let (Some([(old_start, mut before), (new_start, mut after)]), Some(change)) =
            (head(&line), changes.last_mut())
        else {
            continue;
        };
        let mut hunk = Hunk { old_start, new_start, lines: Vec::new(), open_end: false };
        while before > 0 || after > 0 {
            let Some(line) = lines.next() else { break };
            let (kind, text) = match line.first() {
                Some(b'-') => (Kind::Removed, line.slice(1..)),
                Some(b'+') => (Kind::Added, line.slice(1..)),
                Some(b' ') => (Kind::Context, line.slice(1..)),
                Some(b'\\') => continue,
                // An empty line of context that lost its blank on the way.
                None => (Kind::Context, line),
                Some(_) => break,
            };
            before = before.saturating_sub(usize::from(kind != Kind::Added));
            after = after.saturating_sub(usize::from(kind != Kind::Removed));
            hunk.lines.push((kind, text));
        }
        if lines.next_if(|line| line.starts_with(b"\\")).is_some() {
            hunk.open_end = hunk.lines.last().is_some_and(|(kind, _)| *kind != Kind::Removed);
        }
        change.hunks.push(hunk);
    }
    changes
}

/// A name without so many leading components.
fn stripped(name: &Bytes, count: usize) -> Bytes {
    let mut rest = &name[..];
    for _ in 0..count {
        let Some(slash) = rest.iter().position(|byte| *byte == b'/') else { break };
        rest = &rest[slash..];
        while let Some(after) = rest.strip_prefix(b"/") {
            rest = after;
        }
    }
    name.slice_ref(rest)
}

/// Where lines stand in others, from a place on.
async fn find<'a>(
    process: &Process,
    lines: &[Bytes],
    from: usize,
    wanted: impl Iterator<Item = &'a Bytes> + Send,
) -> Option<usize> {
    let wanted: Vec<&Bytes> = wanted.collect();
    let last = lines.len().checked_sub(wanted.len())?;
    for at in from..=last {
        let same = wanted.iter().zip(&lines[at..]).take_while(|(wanted, line)| *wanted == line).count();
        if same == wanted.len() {
            return Some(at);
        }
        process.work(1 + u32::try_from(same / 16).unwrap_or(u32::MAX)).await;
    }
    None
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "p:i:RNEus",
        long: &[
            ("strip=", b'p'),
            ("input=", b'i'),
            ("reverse", b'R'),
            ("forward", b'N'),
            ("remove-empty-files", b'E'),
            ("dry-run", b'\x01'),
        ],
    };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let strip = match opts
        .value(b'p')
        .map(|text| (text, std::str::from_utf8(text).ok().and_then(|text| text.parse().ok())))
    {
        None => 0,
        Some((_, Some(count))) => count,
        Some((text, None)) => {
            let text = text.clone();
            return cx.bad_number(&text).await;
        }
    };
    let source =
        opts.value(b'i').or_else(|| opts.operands.get(1)).cloned().unwrap_or(Bytes::from_static(b"-"));
    let read = match cx.open(&source).await {
        Ok(file) => cx.read_all(&file).await,
        Err(errno) => Err(errno),
    };
    let text = match read {
        Ok(text) => Bytes::from(text),
        Err(errno) => {
            cx.open_error(&source, errno).await;
            return 1;
        }
    };
    cx.process.work(u32::try_from(text.len() / 256).unwrap_or(u32::MAX)).await;
    let request = Request {
        reverse: opts.has(b'R'),
        forward: opts.has(b'N'),
        remove_empty: opts.has(b'E'),
        dry: opts.has(b'\x01'),
    };
    let mut code = 0;
    for change in parse(&text) {
        let target = match opts.operands.first() {
            Some(given) => given.clone(),
            None if change.new == "/dev/null" => stripped(&change.old, strip),
            None => stripped(&change.new, strip),
        };
        match request.apply(&mut cx, change, &target).await {
            Ok(failed) => code |= failed,
            Err(errno) => {
                cx.open_error(&target, errno).await;
                return cx.finish(1).await;
            }
        }
    }
    cx.finish(code).await
}

/// What the options ask for.
struct Request {
    reverse: bool,
    forward: bool,
    remove_empty: bool,
    dry: bool,
}

impl Request {
    /// Changes one file; returns the exit code for it.
    async fn apply(&self, cx: &mut Cx, change: Change, target: &Bytes) -> Result<u8, Errno> {
        let shown = String::from_utf8_lossy(target).into_owned();
        let (old, hunks) = match self.reverse {
            true => (change.new, change.hunks.into_iter().map(Hunk::reversed).collect()),
            false => (change.old, change.hunks),
        };
        let from_nothing = old == "/dev/null"
            || matches!(hunks.first(), Some(hunk) if hunk.side(Kind::Removed).next().is_none());
        let text = match cx.process.open_file(target, OpenFlags::READ, 0).await {
            Ok(file) => {
                cx.put(format!("patching file {shown}\n"));
                cx.read_all(&file).await?
            }
            Err(Errno::ENOENT) if from_nothing => {
                cx.put(format!("creating {shown}\n"));
                Vec::new()
            }
            Err(errno) => {
                cx.put(format!("patching file {shown}\n"));
                return Err(errno);
            }
        };
        let text = Bytes::from(text);
        let whole = text.is_empty() || text.ends_with(b"\n");
        let mut lines: Vec<Bytes> =
            text.split(|byte| *byte == b'\n').map(|line| text.slice_ref(line)).collect();
        if whole {
            lines.pop();
        }
        let (mut at, mut open_end) = (0, !whole);
        for (number, hunk) in (1..).zip(&hunks) {
            cx.process.work(u32::try_from(lines.len() / 16).unwrap_or(u32::MAX)).await;
            let Some(found) = find(&cx.process, &lines, at, hunk.side(Kind::Removed)).await else {
                let applied = find(&cx.process, &lines, at, hunk.side(Kind::Added)).await;
                if self.forward && applied.is_some() {
                    continue;
                }
                if let Some(applied) = applied {
                    let end = applied + hunk.side(Kind::Added).count() + 1;
                    cx.flush().await;
                    cx.complain(format!("Possibly reversed hunk {number} at {end}\n")).await;
                }
                let failed = format!("Hunk {number} FAILED {}/{}.\n", hunk.old_start, hunk.new_start);
                cx.flush().await;
                cx.complain([failed.as_bytes(), &hunk.text()].concat()).await;
                return Ok(1);
            };
            let count = hunk.side(Kind::Removed).count();
            let new: Vec<Bytes> = hunk.side(Kind::Added).cloned().collect();
            at = found + new.len();
            lines.splice(found..found + count, new);
            if at == lines.len() {
                open_end = hunk.open_end;
            }
        }
        if self.dry {
            return Ok(0);
        }
        let mut out = lines.join(&b'\n');
        if !lines.is_empty() && !open_end {
            out.push(b'\n');
        }
        if out.is_empty() && self.remove_empty {
            cx.process.unlink(target)?;
            return Ok(0);
        }
        make_directories(cx, &target[..memchr::memrchr(b'/', target).unwrap_or(0)]);
        let flags = OpenFlags { create: true, truncate: true, ..OpenFlags::WRITE };
        let file = cx.process.open_file(target, flags, 0o666).await?;
        cx.process.write_file(&file, out.into()).await?;
        Ok(0)
    }
}

/// Makes the directories of a path that are missing. Where that fails, opening the file tells why.
fn make_directories(cx: &Cx, path: &[u8]) {
    let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    for end in ends.chain([path.len()]) {
        if end > 0 && cx.process.stat(&path[..end], true).is_err() {
            let _ = cx.process.mkdir(&path[..end], 0o777);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{Kind, parse, stripped};

    #[test]
    fn a_difference_has_files_with_hunks() {
        let text = "diff -u a b\n--- a/x\t2000-01-01\n+++ b/x\n@@ -1,2 +1,3 @@ f\n one\n+two\n three\n@@ -9 +10 @@\n-a\n+b\n\\ No \
                    newline at end of file\n";
        let changes = parse(&Bytes::from_static(text.as_bytes()));
        assert_eq!(changes.len(), 1);
        assert_eq!((&changes[0].old[..], &changes[0].new[..]), (&b"a/x"[..], &b"b/x"[..]));
        let [first, second] = &changes[0].hunks[..] else { panic!("two hunks") };
        assert_eq!(first.side(Kind::Added).count(), 3);
        assert!(!first.open_end && second.open_end);
        assert_eq!(second.clone().reversed().text(), b"-b\n+a\n");
    }

    #[test]
    fn names_lose_leading_components() {
        assert_eq!(stripped(&Bytes::from_static(b"a///b/c"), 1), "b/c");
        assert_eq!(stripped(&Bytes::from_static(b"c"), 2), "c");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_fail(text in "([-+ @a0-9,\\\\]{0,12}\n){0,8}") {
            let _ = parse(&Bytes::from(text));
        }
    }
}

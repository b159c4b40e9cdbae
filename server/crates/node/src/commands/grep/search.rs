//! Searching one file.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use super::matcher::Matcher;
use crate::{
    commands::{Cx, Line, Lines},
    kernel::{errno::Errno, fs::OpenFile},
};

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Lines,
    /// `-o`
    Matches,
    /// `-c`
    Counts,
    /// `-l`
    Names,
    /// `-L`
    OtherNames,
    /// `-q`
    Nothing,
}

/// What is searched for, and what is printed of it.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) matcher: Matcher,
    pub(super) invert: bool,
    pub(super) want: Want,
    pub(super) numbers: bool,
    pub(super) offsets: bool,
    pub(super) names: bool,
    /// Lines before and after.
    pub(super) context: (u64, u64),
    pub(super) max_count: Option<u64>,
    pub(super) delimiter: u8,
    /// Whether files that are no text are printed all the same.
    pub(super) binary: bool,
    pub(super) color: bool,
}

/// The most lines that are kept as context.
const MAX_CONTEXT: u64 = 100_000;

/// A line with its place.
#[derive(Clone, Debug)]
struct Placed {
    line: Line,
    number: u64,
    offset: u64,
}

impl Search {
    fn shown_name(&self, path: &Bytes) -> Bytes {
        if path == "-" { Bytes::from_static(b"(standard input)") } else { path.clone() }
    }

    /// Searches nothing.
    pub(super) fn empty(&self, cx: &mut Cx, path: &Bytes) -> Result<bool, Errno> {
        Ok(self.conclude(cx, path, 0))
    }

    /// Searches a file; whether something was found.
    pub(super) async fn run(&self, cx: &mut Cx, path: &Bytes, file: Arc<OpenFile>) -> Result<bool, Errno> {
        let mut lines = Lines::separated_by(file, self.delimiter);
        let mut count = 0;
        let mut before: VecDeque<Placed> = VecDeque::new();
        let mut after = 0;
        // The number of the last line that was printed.
        let mut printed: Option<u64> = None;
        let mut placed = Placed { line: Line { text: Bytes::new(), complete: true }, number: 0, offset: 0 };
        let kept = self.context.0.min(MAX_CONTEXT);
        let prints = matches!(self.want, Want::Lines | Want::Matches);
        while self.max_count != Some(0) {
            placed.offset += placed.line.text.len() as u64 + u64::from(placed.number > 0);
            let Some(line) = lines.next(cx).await? else { break };
            placed.line = line;
            placed.number += 1;
            if cx.process.tick(1 + (placed.line.text.len() >> 8) as u32) {
                cx.process.pause().await;
            }
            let full = self.max_count.is_some_and(|max| count >= max);
            if !full && self.matcher.is_match(&placed.line.text) != self.invert {
                count += 1;
                match self.want {
                    Want::Names | Want::OtherNames | Want::Nothing => break,
                    Want::Counts => {}
                    Want::Lines | Want::Matches => {
                        if !self.binary && placed.line.text.contains(&0) {
                            let name = String::from_utf8_lossy(&self.shown_name(path)).into_owned();
                            if cx.is_gnu() {
                                cx.flush().await;
                                cx.error(format!("{name}: binary file matches")).await;
                            } else {
                                cx.put(format!("{}: {name}: binary file matches\n", cx.name));
                            }
                            return Ok(true);
                        }
                        let first = before.front().map_or(placed.number, |line| line.number);
                        let gap = printed.is_some_and(|last| first > last + 1);
                        if gap && (self.context.0 > 0 || self.context.1 > 0) {
                            cx.put(if self.color { "\x1b[36m\x1b[K--\x1b[m\x1b[K\n" } else { "--\n" });
                        }
                        for line in before.drain(..) {
                            self.line(cx, path, &line, b'-').await;
                        }
                        self.line(cx, path, &placed, b':').await;
                        printed = Some(placed.number);
                        after = self.context.1;
                    }
                }
                if self.max_count.is_some_and(|max| count >= max) && (self.context.1 == 0 || !prints) {
                    break;
                }
            } else if prints && after > 0 {
                after -= 1;
                self.line(cx, path, &placed, b'-').await;
                printed = Some(placed.number);
            } else if full {
                break;
            } else if kept > 0 && prints {
                before.push_back(placed.clone());
                if before.len() as u64 > kept {
                    before.pop_front();
                }
            }
            if !cx.drain().await {
                break;
            }
        }
        Ok(self.conclude(cx, path, count))
    }

    fn conclude(&self, cx: &mut Cx, path: &Bytes, count: u64) -> bool {
        match self.want {
            Want::Counts => {
                self.prefix(cx, path, b':');
                cx.put(format!("{count}\n"));
            }
            Want::Names if count > 0 => {
                let name = self.shown_name(path);
                cx.put(&name);
                cx.put("\n");
            }
            Want::OtherNames => {
                if count == 0 {
                    let name = self.shown_name(path);
                    cx.put(&name);
                    cx.put("\n");
                }
                // A file that is listed is a success to busybox, a line that is found to GNU's.
                return (count == 0) != cx.is_gnu();
            }
            _ => {}
        }
        count > 0
    }

    fn prefix(&self, cx: &mut Cx, path: &Bytes, separator: u8) {
        if self.names {
            let name = self.shown_name(path);
            self.painted(cx, "35", &name);
            self.separator(cx, separator);
        }
    }

    fn separator(&self, cx: &mut Cx, separator: u8) {
        self.painted(cx, "36", &[separator]);
    }

    fn painted(&self, cx: &mut Cx, color: &str, text: &[u8]) {
        if self.color {
            cx.put(format!("\x1b[{color}m\x1b[K"));
        }
        cx.put(text);
        if self.color {
            cx.put("\x1b[m\x1b[K");
        }
    }

    async fn line(&self, cx: &mut Cx, path: &Bytes, placed: &Placed, separator: u8) {
        let text = &placed.line.text;
        if self.want == Want::Matches {
            if separator != b':' || self.invert {
                return;
            }
            let mut from = 0;
            while let Some(found) = self.matcher.find(text, from) {
                if !found.is_empty() {
                    self.head(cx, path, placed, separator, found.start);
                    self.painted(cx, "01;31", &text[found.clone()]);
                    cx.put([self.delimiter]);
                }
                from = if found.is_empty() { found.end + 1 } else { found.end };
                if from > text.len() {
                    return;
                }
                // A line can hold millions of them.
                if cx.process.tick(1) {
                    cx.process.pause().await;
                }
                if !cx.drain().await {
                    return;
                }
            }
            return;
        }
        self.head(cx, path, placed, separator, 0);
        if self.color && separator == b':' && !self.invert {
            let mut from = 0;
            while let Some(found) = self.matcher.find(text, from).filter(|found| !found.is_empty()) {
                cx.put(&text[from..found.start]);
                self.painted(cx, "01;31", &text[found.clone()]);
                from = found.end;
            }
            cx.put(&text[from..]);
        } else {
            cx.put(text);
        }
        cx.put([self.delimiter]);
    }

    fn head(&self, cx: &mut Cx, path: &Bytes, placed: &Placed, separator: u8, at: usize) {
        self.prefix(cx, path, separator);
        if self.numbers {
            self.painted(cx, "32", placed.number.to_string().as_bytes());
            self.separator(cx, separator);
        }
        if self.offsets {
            self.painted(cx, "32", (placed.offset + at as u64).to_string().as_bytes());
            self.separator(cx, separator);
        }
    }
}

//! `cat`: prints files one after another.

use bytes::Bytes;

use super::{Cx, Line, Lines};
use crate::{kernel::errno::Errno, libc::getopt::OptSpec};

const SPEC: OptSpec = OptSpec { short: "nbvteAu", long: &[] };
const GNU_SPEC: OptSpec = OptSpec {
    short: "nbsvteTEAu",
    long: &[
        ("number", b'n'),
        ("number-nonblank", b'b'),
        ("squeeze-blank", b's'),
        ("show-nonprinting", b'v'),
        ("show-tabs", b'T'),
        ("show-ends", b'E'),
        ("show-all", b'A'),
    ],
};

/// How lines are shown.
#[derive(Debug, Default)]
struct Style {
    number: bool,
    number_nonblank: bool,
    squeeze: bool,
    nonprinting: bool,
    ends: bool,
    tabs: bool,
    /// The last line gets a newline, too.
    ends_all: bool,
    /// The number of the last line.
    count: u64,
    /// Whether the last line was blank, or unfinished.
    blank: bool,
    unfinished: bool,
}

pub(super) async fn run(mut cx: Cx) -> u8 {
    let spec = if cx.is_gnu() { GNU_SPEC } else { SPEC };
    let opts = match cx.opts(spec, "[-nbvteA] [FILE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut style = Style {
        number: opts.has(b'n'),
        number_nonblank: opts.has(b'b'),
        squeeze: opts.has(b's'),
        nonprinting: opts.given.iter().any(|(letter, _)| b"vteA".contains(letter)),
        ends: opts.given.iter().any(|(letter, _)| b"eEA".contains(letter)),
        ends_all: !cx.is_gnu(),
        tabs: opts.given.iter().any(|(letter, _)| b"tTA".contains(letter)),
        ..Style::default()
    };
    let plain = opts.given.iter().all(|(letter, _)| *letter == b'u');
    let mut code = 0;
    for path in Cx::inputs(opts.operands) {
        let file = match cx.open(&path).await {
            Ok(file) => file,
            Err(errno) => {
                cx.open_error(&path, errno).await;
                code = 1;
                continue;
            }
        };
        let read = if plain {
            copy(&mut cx, &file).await
        } else {
            show(&mut cx, Lines::new(file), &mut style).await
        };
        match read {
            Ok(true) => {}
            Ok(false) => return cx.finish(1).await,
            Err(errno) => {
                if cx.is_gnu() {
                    cx.file_error(&path, errno).await;
                } else {
                    let text = cx.text(errno);
                    cx.error(format!("read error: {text}")).await;
                }
                code = 1;
            }
        }
    }
    cx.finish(code).await
}

/// Copies a file to standard output; `false` where nobody reads that.
async fn copy(cx: &mut Cx, file: &crate::kernel::fs::OpenFile) -> Result<bool, Errno> {
    loop {
        let bytes = cx.read(file).await?;
        if bytes.is_empty() {
            return Ok(true);
        }
        if !cx.write(bytes).await {
            return Ok(false);
        }
    }
}

async fn show(cx: &mut Cx, mut lines: Lines, style: &mut Style) -> Result<bool, Errno> {
    while let Some(line) = lines.next(cx).await? {
        let shown = style.line(&line);
        cx.put(shown);
        if !cx.drain().await {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Style {
    fn line(&mut self, line: &Line) -> Vec<u8> {
        let blank = line.text.is_empty() && line.complete && !self.unfinished;
        if blank && self.blank && self.squeeze {
            return Vec::new();
        }
        self.blank = blank;
        let mut out = Vec::with_capacity(line.text.len() + 8);
        let numbered = if self.number_nonblank { !blank } else { self.number };
        if numbered && !self.unfinished {
            self.count += 1;
            out.extend_from_slice(format!("{:>6}\t", self.count).as_bytes());
        }
        // busybox numbers lines, and gives each its end.
        let complete = line.complete || (self.ends_all && numbered);
        self.unfinished = !complete;
        // GNU shows a carriage return before the end that it marks.
        match line.text.strip_suffix(b"\r") {
            Some(text) if self.ends && complete && !self.ends_all && !self.nonprinting => {
                self.text(&line.text.slice(..text.len()), &mut out);
                out.extend_from_slice(b"^M");
            }
            _ => self.text(&line.text, &mut out),
        }
        if complete {
            if self.ends {
                out.push(b'$');
            }
            out.push(b'\n');
        }
        out
    }

    fn text(&self, text: &Bytes, out: &mut Vec<u8>) {
        for byte in text {
            match byte {
                b'\t' if !self.tabs => out.push(b'\t'),
                b'\t' => out.extend_from_slice(b"^I"),
                _ if self.nonprinting => visible(*byte, out),
                _ => out.push(*byte),
            }
        }
    }
}

/// A byte in the notation `^X`, `M-X`.
pub(super) fn visible(byte: u8, out: &mut Vec<u8>) {
    if byte >= 128 {
        out.extend_from_slice(b"M-");
    }
    match byte & 127 {
        127 => out.extend_from_slice(b"^?"),
        low @ 0..32 => out.extend_from_slice(&[b'^', low + 64]),
        low => out.push(low),
    }
}

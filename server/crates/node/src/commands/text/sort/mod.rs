//! `sort`: lines in order (POSIX XCU sort).

mod key;

use std::cmp::Ordering;

use bytes::Bytes;
use key::{Flags, Key};

use super::super::{Cx, Lines};
use crate::{kernel::fs::OpenFlags, libc::getopt::OptSpec};

const SPEC: OptSpec = OptSpec {
    short: "nrugMcszbdfik:t:T:S:hVRCmo:",
    long: &[
        ("numeric-sort", b'n'),
        ("reverse", b'r'),
        ("unique", b'u'),
        ("general-numeric-sort", b'g'),
        ("month-sort", b'M'),
        ("check==", b'c'),
        ("stable", b's'),
        ("zero-terminated", b'z'),
        ("ignore-leading-blanks", b'b'),
        ("dictionary-order", b'd'),
        ("ignore-case", b'f'),
        ("ignore-nonprinting", b'i'),
        ("output=", b'o'),
        ("key=", b'k'),
        ("field-separator=", b't'),
        ("human-numeric-sort", b'h'),
        ("version-sort", b'V'),
        ("random-sort", b'R'),
        ("merge", b'm'),
        ("buffer-size=", b'S'),
        ("temporary-directory=", b'T'),
        ("parallel=", b'\x01'),
    ],
};
const USAGE: &str =
    "[-nrugMcszbdfiokt] [-o FILE] [-k START[.OFS][OPTS][,END[.OFS][OPTS]] [-t CHAR] [FILE]...";

/// The exit code where something is wrong, for 1 says that lines are not in order.
const FAILURE: u8 = 2;

use super::super::ls::version_order as version;

/// How lines are ordered.
#[derive(Debug)]
struct Order {
    keys: Vec<Key>,
    flags: Flags,
    separator: Option<u8>,
    /// Lines whose keys are the same keep their order.
    stable: bool,
    gnu: bool,
}

impl Order {
    fn compare_keys(&self, a: &[u8], b: &[u8]) -> Ordering {
        if self.keys.is_empty() {
            return self.flags.compare(a, b);
        }
        for key in &self.keys {
            let flags = if key.flags.is_plain() { self.flags } else { key.flags };
            let (x, y) =
                (key.part(a, self.separator, flags, self.gnu), key.part(b, self.separator, flags, self.gnu));
            let order = flags.compare(x, y);
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }

    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        let order = self.compare_keys(a, b);
        if order.is_ne() || self.stable {
            return order;
        }
        if self.flags.reverse { b.cmp(a) } else { a.cmp(b) }
    }
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code * FAILURE,
    };
    let separator = match opts.value(b't').map(|text| &text[..]) {
        None => None,
        Some(b"\\0") => Some(0),
        Some([only]) => Some(*only),
        Some(text) => {
            let message = match (cx.is_gnu(), text) {
                (true, []) => "empty tab".to_owned(),
                (true, text) => format!("multi-character tab '{}'", String::from_utf8_lossy(text)),
                (false, _) => "bad -t parameter".to_owned(),
            };
            cx.error(message).await;
            return FAILURE;
        }
    };
    let mut flags = Flags::default();
    for (letter, _) in &opts.given {
        flags.add(*letter);
    }
    let mut keys = Vec::new();
    for text in opts.values(b'k') {
        match Key::parse(text) {
            Some(key) => keys.push(key),
            None => {
                let shown = String::from_utf8_lossy(text).into_owned();
                let message = match (cx.is_gnu(), shown.starts_with('0')) {
                    (true, true) => format!("field number is zero: invalid field specification '{shown}'"),
                    (true, false) => {
                        format!("invalid number at field start: invalid count at start of '{shown}'")
                    }
                    (false, true) => "bad field specification".to_owned(),
                    (false, false) => format!("invalid number '{shown}'"),
                };
                cx.error(message).await;
                return FAILURE;
            }
        }
    }
    let (unique, end) = (opts.has(b'u'), if opts.has(b'z') { 0 } else { b'\n' });
    let order = Order { keys, flags, separator, stable: opts.has(b's') || unique, gnu: cx.is_gnu() };
    let paths = Cx::inputs(opts.operands.clone());
    if opts.has(b'c') || opts.has(b'C') {
        return check(&mut cx, &paths[0], &order, unique, opts.has(b'C')).await;
    }
    let mut lines: Vec<Bytes> = Vec::new();
    let mut held = 0u64;
    for path in &paths {
        let file = match cx.open(path).await {
            Ok(file) => file,
            Err(errno) => {
                let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
                match cx.is_gnu() {
                    true => cx.error(format!("cannot read: {shown}: {text}")).await,
                    false => cx.error(format!("{shown}: {text}")).await,
                }
                return FAILURE;
            }
        };
        let mut input = Lines::separated_by(file, end);
        loop {
            match input.next(&mut cx).await {
                Ok(Some(line)) => {
                    held += line.text.len() as u64 + 48;
                    lines.push(line.text);
                    if held > 1 << 20
                        && lines.len().is_multiple_of(1024)
                        && let Err(errno) = cx.process.hold(held)
                    {
                        let text = cx.text(errno);
                        cx.error(text).await;
                        return FAILURE;
                    }
                    if cx.process.tick(1) {
                        cx.process.pause().await;
                    }
                }
                Ok(None) => break,
                Err(errno) => {
                    let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
                    match cx.is_gnu() {
                        true => cx.error(format!("read failed: {shown}: {text}")).await,
                        false => cx.error(format!("{shown}: {text}")).await,
                    }
                    return FAILURE;
                }
            }
        }
    }
    let mut lines = merge_sort(&cx, lines, &order).await;
    if flags.random {
        for index in (1..lines.len()).rev() {
            lines.swap(index, (cx.process.random() % (index as u64 + 1)) as usize);
        }
    }
    if unique {
        lines.dedup_by(|next, kept| order.compare_keys(kept, next).is_eq());
    }
    if let Some(path) = opts.value(b'o') {
        let opened = cx.process.open_file(path, OpenFlags::WRITE, 0o666).await;
        if let Err(errno) = opened.and_then(|file| cx.process.put(1, file).map(drop)) {
            let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("open failed: {shown}: {text}")).await,
                false => cx.error(format!("can't open '{shown}': {text}")).await,
            }
            return FAILURE;
        }
    }
    for line in lines {
        cx.put(&line);
        cx.put([end]);
        if !cx.drain().await {
            break;
        }
    }
    cx.finish(0).await
}

/// Sorts, and lets others run meanwhile: runs of a thousand lines first, then merges.
async fn merge_sort(cx: &Cx, lines: Vec<Bytes>, order: &Order) -> Vec<Bytes> {
    const RUN: usize = 1000;
    let mut runs: Vec<Vec<Bytes>> = Vec::new();
    let mut lines = lines;
    while !lines.is_empty() {
        let rest = lines.split_off(lines.len().min(RUN));
        lines.sort_by(|a, b| order.compare(a, b));
        runs.push(std::mem::replace(&mut lines, rest));
        cx.process.work(RUN as u32).await;
    }
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut pairs = runs.into_iter();
        while let Some(left) = pairs.next() {
            merged.push(match pairs.next() {
                Some(right) => merge(cx, left, right, order).await,
                None => left,
            });
        }
        runs = merged;
    }
    runs.pop().unwrap_or_default()
}

async fn merge(cx: &Cx, left: Vec<Bytes>, right: Vec<Bytes>, order: &Order) -> Vec<Bytes> {
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    loop {
        let from_right = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) => order.compare(a, b).is_gt(),
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => return out,
        };
        out.extend(if from_right { right.next() } else { left.next() });
        if cx.process.tick(1) {
            cx.process.pause().await;
        }
    }
}

async fn check(cx: &mut Cx, path: &Bytes, order: &Order, unique: bool, quiet: bool) -> u8 {
    let file = match cx.open(path).await {
        Ok(file) => file,
        Err(errno) => {
            cx.file_error(path, errno).await;
            return FAILURE;
        }
    };
    let mut lines = Lines::new(file);
    let mut last: Option<Bytes> = None;
    let mut number = 0u64;
    while let Ok(Some(line)) = lines.next(cx).await {
        number += 1;
        if let Some(last) = &last {
            let found =
                if unique { order.compare_keys(last, &line.text) } else { order.compare(last, &line.text) };
            if found.is_gt() || (unique && found.is_eq()) {
                if !quiet {
                    match cx.is_gnu() {
                        true => {
                            let (name, text) = (
                                String::from_utf8_lossy(path).into_owned(),
                                String::from_utf8_lossy(&line.text).into_owned(),
                            );
                            cx.error(format!("{name}:{number}: disorder: {text}")).await;
                        }
                        false => cx.complain(format!("Check line {}\n", number - 1)).await,
                    }
                }
                return 1;
            }
        }
        last = Some(line.text);
        cx.process.work(1).await;
    }
    0
}

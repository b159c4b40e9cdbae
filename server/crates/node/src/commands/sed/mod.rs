//! `sed`: edits a stream of lines by a script (POSIX XCU sed).

mod execute;
mod input;
mod parse;
mod script;
mod substitute;

use std::collections::BTreeMap;

use bytes::Bytes;
use execute::Machine;
use input::Input;

use super::Cx;
use crate::{kernel::fs::OpenFlags, libc::getopt::OptSpec};

const GNU: OptSpec = OptSpec {
    short: "i::rEne:f:suz",
    long: &[
        ("quiet", b'n'),
        ("silent", b'n'),
        ("expression=", b'e'),
        ("file=", b'f'),
        ("in-place==", b'i'),
        ("regexp-extended", b'E'),
        ("separate", b's'),
        ("unbuffered", b'u'),
        ("null-data", b'z'),
        ("posix", b'\x01'),
        ("debug", b'\x01'),
        ("sandbox", b'\x01'),
        ("line-length=", b'\x02'),
    ],
};
const BUSYBOX: OptSpec = OptSpec {
    short: "i::rEne:f:",
    long: &[
        ("quiet", b'n'),
        ("silent", b'n'),
        ("expression=", b'e'),
        ("file=", b'f'),
        ("in-place==", b'i'),
        ("regexp-extended", b'E'),
    ],
};
const USAGE: &str =
    "[-i[SFX]] [-nrE] [-f FILE]... [-e CMD]... [FILE]...\nor: sed [-i[SFX]] [-nrE] CMD [FILE]...";

pub(super) async fn run(mut cx: Cx) -> u8 {
    let gnu = cx.is_gnu();
    if cx.args.iter().any(|arg| arg == "--version") {
        cx.put(if gnu { "sed (GNU sed) 4.9\n" } else { "This is not GNU sed version 4.0\n" });
        return cx.finish(0).await;
    }
    let opts = match cx.opts(if gnu { GNU } else { BUSYBOX }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut operands = opts.operands.clone();
    let mut text: Option<Vec<u8>> = None;
    for (letter, value) in &opts.given {
        let (b'e' | b'f', Some(value)) = (letter, value) else { continue };
        let part = match letter {
            b'e' => value.to_vec(),
            _ => match script_file(&mut cx, value).await {
                Ok(part) => part,
                Err(code) => return code,
            },
        };
        match &mut text {
            Some(text) => {
                text.push(b'\n');
                text.extend_from_slice(&part);
            }
            None => text = Some(part),
        }
    }
    let text = match text {
        Some(text) => text,
        None if operands.is_empty() => return cx.bad_usage(USAGE).await,
        None => operands.remove(0).to_vec(),
    };
    let script = match parse::parse(&text, opts.has(b'E') || opts.has(b'r'), gnu) {
        Ok(script) => script,
        Err(error) => {
            let message = match gnu {
                true => format!("-e expression #1, char {}: {}", error.at, error.message),
                false => error.message,
            };
            cx.error(message).await;
            return 1;
        }
    };
    let mut files = BTreeMap::new();
    for path in script.output_files() {
        if path == b"/dev/stdout" || path == b"/dev/stderr" {
            continue;
        }
        match cx.process.open_file(&path, OpenFlags::WRITE, 0o666).await {
            Ok(file) => drop(files.insert(path, file)),
            Err(errno) => {
                let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                match gnu {
                    true => cx.error(format!("couldn't open file {shown}: {text}")).await,
                    false => cx.error(format!("can't open '{shown}': {text}")).await,
                }
                return if gnu { 4 } else { 1 };
            }
        }
    }
    let quiet = opts.has(b'n') || (gnu && text.starts_with(b"#n\n"));
    let in_place = opts.has(b'i').then(|| opts.value(b'i').cloned().unwrap_or_default());
    let separate = opts.has(b's') || in_place.is_some();
    if in_place.is_some() && operands.is_empty() {
        if !gnu {
            return cx.bad_usage(USAGE).await;
        }
        cx.error("no input files").await;
        return 1;
    }
    let paths: Vec<Bytes> = Cx::inputs(operands);
    let end = if opts.has(b'z') { 0 } else { b'\n' };
    let input = Input::new(paths, separate, in_place, end);
    let mut machine = Machine::new(&script, input, files, quiet, end);
    let code = machine.run(&mut cx).await;
    cx.finish(code).await
}

async fn script_file(cx: &mut Cx, path: &[u8]) -> Result<Vec<u8>, u8> {
    let read = match cx.open(path).await {
        Ok(file) => cx.read_all(&file).await,
        Err(errno) => Err(errno),
    };
    match read {
        Ok(mut text) => {
            if text.ends_with(b"\n") {
                text.pop();
            }
            Ok(text)
        }
        Err(errno) => {
            let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("couldn't open file {shown}: {text}")).await,
                false => cx.error(format!("{shown}: {text}")).await,
            }
            Err(1)
        }
    }
}

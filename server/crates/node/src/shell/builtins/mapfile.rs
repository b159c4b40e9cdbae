//! `mapfile`, `readarray`: lines into an array (bash).

use std::future::poll_fn;

use bytes::Bytes;

use super::{Effect, usage};
use crate::shell::{
    frames::SourceKind,
    quote,
    state::Shell,
    variables::{Key, Value},
};

/// How much is read at most.
const MAX_TEXT: usize = 16 << 20;

#[derive(Debug)]
struct Options {
    strip: bool,
    delimiter: u8,
    count: usize,
    skip: usize,
    origin: Option<i64>,
    fd: u32,
    callback: Option<Bytes>,
    /// After how many lines the callback runs.
    quantum: usize,
}

fn parse<'a>(shell: &mut Shell, args: &'a [Bytes]) -> Result<(Options, &'a [Bytes]), Effect> {
    let mut options = Options {
        strip: false,
        delimiter: b'\n',
        count: usize::MAX,
        skip: 0,
        origin: None,
        fd: 0,
        callback: None,
        quantum: 5000,
    };
    let mut rest = &args[1..];
    while let Some(arg) = rest.first().filter(|arg| arg.starts_with(b"-") && arg.len() > 1) {
        rest = &rest[1..];
        if arg == "--" {
            break;
        }
        let letter = arg[1];
        if letter == b't' {
            options.strip = true;
            continue;
        }
        if !b"dnOsuCc".contains(&letter) {
            let text = "mapfile [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [-C callback] [-c quantum] [array]";
            return Err(usage(shell, letter, text));
        }
        let value = if arg.len() > 2 {
            arg.slice(2..)
        } else {
            let Some((first, after)) = rest.split_first() else {
                shell.complain(&format!("-{}: option requires an argument", char::from(letter)));
                return Err(Effect::Status(2));
            };
            rest = after;
            first.clone()
        };
        let number = std::str::from_utf8(&value).ok().and_then(|text| text.parse::<usize>().ok());
        match (letter, number) {
            (b'd', _) => options.delimiter = value.first().copied().unwrap_or(0),
            (b'C', _) => options.callback = Some(value),
            (b'n', Some(count)) => options.count = if count == 0 { usize::MAX } else { count },
            (b's', Some(count)) => options.skip = count,
            (b'O', Some(origin)) => options.origin = i64::try_from(origin).ok(),
            (b'u', Some(fd)) => options.fd = u32::try_from(fd).unwrap_or(0),
            (b'c', Some(quantum)) if quantum > 0 => options.quantum = quantum,
            _ => {
                shell.complain(&format!("{}: invalid line count", String::from_utf8_lossy(&value)));
                return Err(Effect::Status(1));
            }
        }
    }
    Ok((options, rest))
}

pub(super) async fn mapfile(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let (options, operands) = match parse(shell, args) {
        Ok(parsed) => parsed,
        Err(effect) => return effect,
    };
    let name = operands.first().cloned().unwrap_or(Bytes::from_static(b"MAPFILE"));
    let Ok(file) = shell.process.file(options.fd) else {
        shell.complain(&format!("{}: invalid file descriptor: Bad file descriptor", options.fd));
        return Effect::Status(1);
    };
    let mut all = Vec::new();
    while let Ok(bytes) = poll_fn(|cx| file.poll_read(cx, 64 * 1024)).await {
        if bytes.is_empty() || all.len() > MAX_TEXT {
            break;
        }
        all.extend_from_slice(&bytes);
        shell.process.work(64).await;
    }
    if options.origin.is_none()
        && shell.variables.set_value(&name, Value::Indexed(Default::default())).is_err()
    {
        let message = shell.read_only_message(&name);
        shell.complain(&message);
        return Effect::Status(1);
    }
    let delimiter = options.delimiter;
    let mut callbacks = Vec::new();
    let lines = all.split_inclusive(|byte| *byte == delimiter).skip(options.skip).take(options.count);
    for ((index, line), count) in (options.origin.unwrap_or(0)..).zip(lines).zip(1usize..) {
        let kept = if options.strip { line.strip_suffix(&[delimiter]).unwrap_or(line) } else { line };
        if let Some(callback) = options.callback.as_ref().filter(|_| count % options.quantum == 0) {
            let quoted = quote::reusable(kept);
            callbacks
                .extend([callback, &b" "[..], index.to_string().as_bytes(), b" ", &quoted, b"\n"].concat());
        }
        if let Err(message) = shell.assign_element(&name, Key::Number(index), Bytes::copy_from_slice(kept)) {
            shell.complain(&message);
            return Effect::Status(1);
        }
    }
    if callbacks.is_empty() {
        return Effect::Status(0);
    }
    Effect::Source { text: callbacks, kind: SourceKind::Eval { line: shell.line }, line: shell.line }
}

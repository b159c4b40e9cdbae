//! `read` and `mapfile`: lines into variables.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use bytes::Bytes;

use super::Effect;
use crate::{
    kernel::{
        errno::Errno,
        fs::{OpenFile, SeekFrom},
    },
    shell::{Dialect, arith::name_len, state::Shell, variables::Value},
};

/// The longest line.
const MAX_LINE: usize = 16 << 20;

/// How bash's `read` is used.
const USAGE: &str = "read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]";

#[derive(Debug)]
struct Options {
    raw: bool,
    silent: bool,
    prompt: Option<Bytes>,
    timeout: Option<Duration>,
    count: Option<usize>,
    delimiter: u8,
    fd: u32,
    array: Option<Bytes>,
    /// So many bytes, whatever they are (bash `-N`).
    exact: bool,
}

/// What was read.
enum Got {
    Line(Vec<(u8, bool)>),
    /// The input ended within the line.
    End(Vec<(u8, bool)>),
    Timeout,
    Signal(u8),
    Error(Errno),
}

pub(super) async fn read(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let (options, names) = match parse(shell, args) {
        Ok(parsed) => parsed,
        Err(effect) => return effect,
    };
    let file = match shell.process.file(options.fd) {
        Ok(file) => file,
        Err(_) => {
            shell.complain(&format!("{}: invalid file descriptor", options.fd));
            return Effect::Status(1);
        }
    };
    if options.timeout == Some(Duration::ZERO) {
        // Whether there is something to read (or its end), which stays there.
        return Effect::Status(u8::from(!file.is_ready()));
    }
    let terminal = file.terminal().cloned();
    if let (Some(prompt), Some(_)) = (&options.prompt, &terminal) {
        let process = Arc::clone(&shell.process);
        let _ = process.write(2, prompt.clone()).await;
    }
    let settings = terminal.as_ref().map(|tty| tty.termios());
    if let (Some(tty), Some(mut changed)) = (&terminal, settings) {
        changed.echo = !options.silent && changed.echo;
        changed.icanon = options.count.is_none() && changed.icanon;
        tty.set_termios(changed);
    }
    let got = gather(shell, &file, &options).await;
    if let (Some(tty), Some(settings)) = (&terminal, settings) {
        tty.set_termios(settings);
    }
    let (text, status) = match got {
        Got::Line(text) => (text, 0),
        Got::End(text) => (text, 1),
        Got::Timeout => (Vec::new(), if shell.dialect.is_bash() { 142 } else { 1 }),
        Got::Signal(signal) => return Effect::Status(128 + signal),
        Got::Error(errno) => {
            let text = shell.process.text(errno);
            shell.complain(&format!("read error: {}: {text}", options.fd));
            return Effect::Status(1);
        }
    };
    match assign(shell, &text, &options, names) {
        Ok(()) => Effect::Status(status),
        Err(message) => {
            if shell.dialect.is_bash() {
                // It is the assignment that fails.
                shell.builtin = None;
            }
            shell.complain(&message);
            if shell.dialect.is_bash() { Effect::Status(1) } else { Effect::Fatal(2) }
        }
    }
}

fn parse<'a>(shell: &mut Shell, args: &'a [Bytes]) -> Result<(Options, &'a [Bytes]), Effect> {
    let mut options = Options {
        raw: false,
        silent: false,
        prompt: None,
        timeout: None,
        count: None,
        delimiter: b'\n',
        fd: 0,
        array: None,
        exact: false,
    };
    let mut rest = &args[1..];
    while let Some(arg) = rest.first().filter(|arg| arg.starts_with(b"-") && arg.len() > 1) {
        rest = &rest[1..];
        if arg == "--" {
            break;
        }
        let mut at = 1;
        while let Some(letter) = arg.get(at).copied() {
            at += 1;
            let takes: &[u8] = match shell.dialect {
                Dialect::Dash => b"p",
                Dialect::Ash => b"ptndu",
                Dialect::Bash => b"ptndNuai",
            };
            if !takes.contains(&letter) {
                match letter {
                    b'r' => options.raw = true,
                    b's' if shell.dialect != Dialect::Dash => options.silent = true,
                    b'e' if shell.dialect.is_bash() => {}
                    _ => {
                        let shown = char::from(letter);
                        let message = match shell.dialect {
                            Dialect::Bash => format!("-{shown}: invalid option"),
                            Dialect::Dash => format!("Illegal option -{shown}"),
                            Dialect::Ash => format!("illegal option -{shown}"),
                        };
                        shell.complain(&message);
                        return Err(if shell.dialect.is_bash() {
                            super::show_usage(shell, b"read", USAGE)
                        } else {
                            Effect::Fatal(2)
                        });
                    }
                }
                continue;
            }
            let value = if at < arg.len() {
                arg.slice(at..)
            } else {
                let Some((first, after)) = rest.split_first() else {
                    shell.complain(&format!("No arg for -{} option", char::from(letter)));
                    return Err(Effect::Fatal(2));
                };
                rest = after;
                first.clone()
            };
            let text = String::from_utf8_lossy(&value).into_owned();
            match letter {
                b'p' => options.prompt = Some(value),
                b't' if shell.dialect.is_bash()
                    && !text.parse::<f64>().is_ok_and(|seconds| seconds >= 0.0) =>
                {
                    shell.complain(&format!("{text}: invalid timeout specification"));
                    return Err(Effect::Status(1));
                }
                b't' => {
                    options.timeout =
                        text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                }
                b'n' | b'N' if shell.dialect.is_bash() && text.parse::<usize>().is_err() => {
                    shell.complain(&format!("{text}: invalid number"));
                    return Err(Effect::Status(1));
                }
                b'n' | b'N' => {
                    options.count = text.parse().ok();
                    options.exact = letter == b'N';
                }
                b'd' => options.delimiter = value.first().copied().unwrap_or(0),
                b'u' => options.fd = text.parse().unwrap_or(0),
                b'a' => options.array = Some(value),
                _ => {}
            }
            break;
        }
    }
    let takes = |name: &Bytes| match shell.dialect.is_bash() && name.contains(&b'[') {
        true => true,
        false => !name.is_empty() && name_len(name) == name.len(),
    };
    if let Some(bad) = rest.iter().find(|name| !takes(name)) {
        let bad = String::from_utf8_lossy(bad).into_owned();
        return Err(match shell.dialect {
            Dialect::Ash => {
                let name = String::from_utf8_lossy(&shell.name).into_owned();
                let line = format!("{name}: read: '{bad}': bad variable name\n");
                shell.errors.extend_from_slice(line.as_bytes());
                Effect::Status(1)
            }
            Dialect::Dash => {
                shell.complain(&format!("{bad}: bad variable name"));
                Effect::Fatal(2)
            }
            Dialect::Bash => {
                shell.complain(&format!("`{bad}': not a valid identifier"));
                Effect::Status(1)
            }
        });
    }
    if rest.is_empty() && shell.dialect == Dialect::Dash {
        shell.complain("arg count");
        return Err(Effect::Fatal(2));
    }
    Ok((options, rest))
}

/// Reads up to the delimiter, no byte further. Each byte comes with whether a backslash keeps it from being split.
async fn gather(shell: &Shell, file: &OpenFile, options: &Options) -> Got {
    let env = shell.process.container.host.env.clone();
    let mut deadline = options.timeout.map(|timeout| env.sleep(timeout));
    let mut reader = Bytewise::default();
    let mut text = Vec::new();
    let mut escaped = false;
    loop {
        if options.count == Some(text.len()) {
            break;
        }
        let next = poll_fn(|cx| {
            if let Poll::Ready(byte) = reader.poll_next(file, cx) {
                return Poll::Ready(Ok(byte));
            }
            if let Some(deadline) = &mut deadline
                && deadline.as_mut().poll(cx).is_ready()
            {
                return Poll::Ready(Err(Got::Timeout));
            }
            shell.process.poll_signalled(cx).map(|()| {
                let [pending, ..] = shell.process.signal_sets();
                Err(Got::Signal(u8::try_from(pending.trailing_zeros() + 1).unwrap_or(0)))
            })
        })
        .await;
        let byte = match next {
            Ok(Ok(Some(byte))) => byte,
            Ok(Ok(None)) => return Got::End(text),
            Ok(Err(errno)) => return Got::Error(errno),
            Err(got) => return got,
        };
        if shell.process.tick(1) {
            reader.give_back(file);
            shell.process.pause().await;
        }
        if escaped {
            escaped = false;
            if byte != b'\n' {
                text.push((byte, true));
            }
        } else if byte == b'\\' && !options.raw {
            escaped = true;
        } else if byte == options.delimiter {
            break;
        } else if byte != 0 {
            text.push((byte, false));
        }
        if text.len() > MAX_LINE {
            break;
        }
    }
    reader.give_back(file);
    Got::Line(text)
}

/// Reads byte by byte. What can seek is read in pieces, and the rest given back.
#[derive(Debug, Default)]
struct Bytewise {
    piece: Bytes,
}

impl Bytewise {
    fn poll_next(&mut self, file: &OpenFile, cx: &std::task::Context<'_>) -> Poll<Result<Option<u8>, Errno>> {
        if self.piece.is_empty() {
            let size = if file.place().is_some() { 256 } else { 1 };
            match file.poll_read(cx, size) {
                Poll::Ready(Ok(piece)) => self.piece = piece,
                Poll::Ready(Err(errno)) => return Poll::Ready(Err(errno)),
                Poll::Pending => return Poll::Pending,
            }
        }
        let byte = self.piece.first().copied();
        if byte.is_some() {
            self.piece = self.piece.slice(1..);
        }
        Poll::Ready(Ok(byte))
    }

    fn give_back(&mut self, file: &OpenFile) {
        let rest = i64::try_from(std::mem::take(&mut self.piece).len()).unwrap_or(0);
        if rest > 0 {
            let _ = file.seek(SeekFrom::Current(-rest));
        }
    }
}

/// Splits what was read among the variables; the last gets all that is left.
fn assign(shell: &mut Shell, text: &[(u8, bool)], options: &Options, names: &[Bytes]) -> Result<(), String> {
    let plain = |part: &[(u8, bool)]| part.iter().map(|(byte, _)| *byte).collect::<Vec<u8>>();
    let ifs = shell.variables.text(b"IFS").cloned().unwrap_or(Bytes::from_static(b" \t\n"));
    let is_separator = |(byte, escaped): &(u8, bool)| !escaped && ifs.contains(byte);
    let is_space = |item: &(u8, bool)| is_separator(item) && matches!(item.0, b' ' | b'\t' | b'\n');
    if let Some(array) = &options.array {
        let mut rest = trim(text, &is_space);
        let mut all = Vec::new();
        while !rest.is_empty() {
            let (field, after) = cut(rest, &is_separator, &is_space);
            all.push(Bytes::from(plain(field)));
            rest = after;
        }
        let value = Value::Indexed((0..).zip(all).collect());
        return shell.variables.set_value(array, value).map_err(|_| shell.read_only_message(array));
    }
    if options.exact {
        let (first, others) = match names.split_first() {
            Some((first, others)) => (first.clone(), others),
            None => (Bytes::from_static(b"REPLY"), names),
        };
        shell.assign(&first, plain(text).into())?;
        return others.iter().try_for_each(|name| shell.assign(name, Bytes::new()));
    }
    let Some((last, firsts)) = names.split_last() else {
        return shell.assign(b"REPLY", plain(text).into());
    };
    let mut rest = trim_start(text, &is_space);
    for name in firsts {
        let (field, after) = cut(rest, &is_separator, &is_space);
        shell.assign(name, plain(field).into())?;
        rest = after;
    }
    // A single separator at the very end belongs to the last field, not to its text.
    let mut value = trim(rest, &is_space);
    if let (field, []) = cut(value, &is_separator, &is_space) {
        value = field;
    }
    shell.assign(last, plain(value).into())
}

type Text<'a> = &'a [(u8, bool)];

fn trim_start<'a>(text: Text<'a>, is_space: &impl Fn(&(u8, bool)) -> bool) -> Text<'a> {
    let skipped = text.iter().take_while(|item| is_space(item)).count();
    &text[skipped..]
}

fn trim<'a>(text: Text<'a>, is_space: &impl Fn(&(u8, bool)) -> bool) -> Text<'a> {
    let text = trim_start(text, is_space);
    let kept = text.iter().rposition(|item| !is_space(item)).map_or(0, |last| last + 1);
    &text[..kept]
}

/// The first field, and what follows the separator after it.
fn cut<'a>(
    text: Text<'a>,
    is_separator: &impl Fn(&(u8, bool)) -> bool,
    is_space: &impl Fn(&(u8, bool)) -> bool,
) -> (Text<'a>, Text<'a>) {
    let end = text.iter().position(is_separator).unwrap_or(text.len());
    let (field, rest) = text.split_at(end);
    let rest = trim_start(rest, is_space);
    let rest = match rest.split_first() {
        Some((first, after)) if is_separator(first) && !is_space(first) => trim_start(after, is_space),
        _ => rest,
    };
    (field, rest)
}

//! `flock`: locks a file while a program runs, or an open file of the shell that runs it.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use bytes::Bytes;

use super::{exec, spawn, wait};
use crate::{
    commands::{Cx, number},
    kernel::{
        errno::Errno,
        fs::{FileLock, OpenFile, OpenFlags},
        process::{Fd, Outcome},
    },
    libc::getopt::{OptSpec, Opts},
};

const USAGE: &str = "[-sxun] FD | { FILE [-c] PROG ARGS }";

/// What util-linux's ends with, as `sysexits.h` has it.
mod exit {
    pub(super) const USAGE: u8 = 64;
    pub(super) const DATA: u8 = 65;
    pub(super) const NO_INPUT: u8 = 66;
    pub(super) const UNAVAILABLE: u8 = 69;
    pub(super) const CANNOT_CREATE: u8 = 73;
}

const BUSYBOX: OptSpec = OptSpec {
    short: "+sxnu",
    long: &[("shared", b's'), ("exclusive", b'x'), ("nonblock", b'n'), ("unlock", b'u')],
};

const UTIL_LINUX: OptSpec = OptSpec {
    short: "+sexnoFuw:E:",
    long: &[
        ("shared", b's'),
        ("exclusive", b'x'),
        ("unlock", b'u'),
        ("nonblocking", b'n'),
        ("nonblock", b'n'),
        ("nb", b'n'),
        ("timeout=", b'w'),
        ("wait=", b'w'),
        ("conflict-exit-code=", b'E'),
        ("close", b'o'),
        ("no-fork", b'F'),
        ("verbose", b'v'),
    ],
};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
struct Request {
    /// `None` gives a lock up.
    lock: Option<FileLock>,
    /// How long to wait for it.
    patience: Duration,
    /// The exit code where it was not to be had.
    conflict: u8,
    verbose: bool,
}

pub(in crate::commands) async fn run(mut cx: Cx) -> Outcome {
    let (spec, misuse) = if cx.is_gnu() { (UTIL_LINUX, exit::USAGE) } else { (BUSYBOX, 1) };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return Outcome::Exit(if code == 0 { 0 } else { misuse }),
    };
    match locked(&mut cx, &opts).await {
        Ok(outcome) => outcome,
        Err(code) => Outcome::Exit(code),
    }
}

async fn locked(cx: &mut Cx, opts: &Opts) -> Result<Outcome, u8> {
    let request = request(cx, opts).await?;
    let Some((target, command)) = opts.operands.split_first() else {
        if cx.is_gnu() {
            cx.error("not enough arguments").await;
        }
        cx.bad_usage(USAGE).await;
        return Err(if cx.is_gnu() { exit::USAGE } else { 1 });
    };
    let command = command_line(cx, command).await?;
    let fd = if command.is_empty() { number_of(cx, target).await? } else { open(cx, target).await? };
    let Ok(file) = cx.process.file(fd) else {
        let text = cx.text(Errno::EBADF);
        let message = if cx.is_gnu() { format!("{fd}: {text}") } else { text.to_owned() };
        cx.error(message).await;
        return Err(if cx.is_gnu() { exit::DATA } else { 1 });
    };
    take(cx, &file, request).await?;
    // From here on the numbers hold the file, and whoever inherits them.
    drop(file);
    if command.is_empty() {
        return Ok(Outcome::Exit(0));
    }
    if request.verbose {
        let line = format!("{}: executing {}\n", cx.name, String::from_utf8_lossy(&command[0]));
        cx.put(line);
    }
    let unavailable = if cx.is_gnu() { exit::UNAVAILABLE } else { 255 };
    if opts.has(b'F') {
        return match exec(cx, &command, None).await {
            Outcome::Exit(_) => Err(unavailable),
            outcome => Ok(outcome),
        };
    }
    let close = opts.has(b'o');
    let child = spawn(cx, &command, |child| {
        if close {
            let _ = child.close(fd);
        }
    })
    .await
    .map_err(|_| unavailable)?;
    Ok(Outcome::Exit(wait(cx, &child).await))
}

async fn request(cx: &mut Cx, opts: &Opts) -> Result<Request, u8> {
    let lock = match opts.last_of(b"sexu") {
        Some(b'u') => None,
        Some(b's') => Some(FileLock::Shared),
        _ => Some(FileLock::Exclusive),
    };
    let mut patience = if opts.has(b'n') { Duration::ZERO } else { Duration::MAX };
    if let Some(seconds) = opts.value(b'w') {
        let parsed = seconds.last().filter(|byte| byte.is_ascii_digit() || **byte == b'.');
        let Some(parsed) = parsed.and_then(|_| number::parse_duration(seconds)) else {
            cx.error(format!("invalid timeout value: '{}'", String::from_utf8_lossy(seconds))).await;
            return Err(exit::USAGE);
        };
        patience = patience.min(parsed);
    }
    let mut conflict = 1;
    if let Some(code) = opts.value(b'E') {
        let message = match number::parse::<i64>(code).map(u8::try_from) {
            Some(Ok(code)) => {
                conflict = code;
                None
            }
            Some(Err(_)) => Some("exit code out of range (expected 0 to 255)".to_owned()),
            None => Some(format!("invalid exit code: '{}'", String::from_utf8_lossy(code))),
        };
        if let Some(message) = message {
            cx.error(message).await;
            return Err(exit::USAGE);
        }
    }
    Ok(Request { lock, patience, conflict, verbose: opts.has(b'v') })
}

/// The words to run: `-c` has a shell read its text.
async fn command_line(cx: &mut Cx, words: &[Bytes]) -> Result<Vec<Bytes>, u8> {
    let Some((first, rest)) = words.split_first() else { return Ok(Vec::new()) };
    if !matches!(&**first, b"-c" | b"--command") {
        return Ok(words.to_vec());
    }
    let [text] = rest else {
        let option = String::from_utf8_lossy(first).into_owned();
        if cx.is_gnu() {
            cx.error(format!("{option} requires exactly one command argument")).await;
            return Err(exit::USAGE);
        }
        cx.error("-c takes only one argument").await;
        return Err(1);
    };
    let shell = cx.process.var("SHELL").filter(|shell| !shell.is_empty());
    let shell = shell.unwrap_or_else(|| Bytes::from_static(b"/bin/sh"));
    Ok(vec![shell, Bytes::from_static(b"-c"), text.clone()])
}

async fn number_of(cx: &mut Cx, text: &Bytes) -> Result<Fd, u8> {
    match number::parse(text) {
        Some(fd) => Ok(fd),
        None if cx.is_gnu() => {
            cx.error(format!("bad file descriptor: '{}'", String::from_utf8_lossy(text))).await;
            Err(exit::USAGE)
        }
        None => Err(cx.bad_number(text).await),
    }
}

/// Opens the file to lock, making it where there is none; a directory does as well.
async fn open(cx: &mut Cx, path: &Bytes) -> Result<Fd, u8> {
    let create = OpenFlags { create: true, ..OpenFlags::READ };
    let mut opened = cx.process.open(path, create, 0o666).await;
    if opened == Err(Errno::EISDIR) {
        opened = cx.process.open(path, OpenFlags::READ, 0).await;
    }
    match opened {
        Ok(fd) => Ok(fd),
        Err(errno) if cx.is_gnu() => {
            let text = cx.text(errno);
            cx.error(format!("cannot open lock file {}: {text}", String::from_utf8_lossy(path))).await;
            Err(match errno {
                Errno::EROFS | Errno::ENOSPC => exit::CANNOT_CREATE,
                _ => exit::NO_INPUT,
            })
        }
        Err(errno) => {
            cx.open_error(path, errno).await;
            Err(1)
        }
    }
}

/// Takes the lock, or gives it up.
async fn take(cx: &mut Cx, file: &Arc<OpenFile>, request: Request) -> Result<(), u8> {
    let Some(lock) = request.lock else {
        file.unlock();
        return Ok(());
    };
    if request.patience.is_zero() {
        if file.try_lock(lock) {
            return Ok(());
        }
        if request.verbose {
            cx.error("failed to get lock").await;
        }
        return Err(request.conflict);
    }
    let mut timer = cx.process.container.host.env.sleep(request.patience);
    let taken = poll_fn(|task| match file.poll_lock(task, lock) {
        Poll::Ready(()) => Poll::Ready(true),
        Poll::Pending => timer.as_mut().poll(task).map(|()| false),
    })
    .await;
    match taken {
        true => Ok(()),
        false => {
            if request.verbose {
                cx.error("timeout while waiting to get lock").await;
            }
            Err(request.conflict)
        }
    }
}

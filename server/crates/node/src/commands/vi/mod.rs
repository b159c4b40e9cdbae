//! `vi`: the editor of busybox, as far as files are changed by hand with it (POSIX XCU vi). What it does is in
//! [`editor`], without any input or output; here are the keys, the screen and the files.

mod editor;
mod ex;
pub(super) mod keys;
mod motion;
mod screen;

use std::{future::poll_fn, sync::Arc};

use bytes::Bytes;
use editor::{Editor, Effect};
use keys::Keys;

use super::{Cx, processes};
use crate::{
    kernel::{
        errno::Errno,
        fs::{FileType, OpenFile, OpenFlags},
        process::Process,
        tty::Termios,
    },
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec { short: "c:RH", long: &[] };
const USAGE: &str = "[-c CMD] [-R] [-H] [FILE]...";
/// The largest file that can be edited.
const MAX_FILE: usize = 4 << 20;

pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let Ok(keyboard) = cx.process.file(0) else { return 1 };
    let terminal = keyboard.terminal().cloned();
    let before = terminal.as_ref().map(|tty| {
        let before = tty.termios();
        tty.set_termios(before.raw());
        before
    });
    cx.put("\x1b[?1049h");
    let mut files: std::collections::VecDeque<Bytes> = opts.operands.iter().cloned().collect();
    let mut editor = Editor::new(opts.has(b'R'));
    load(&mut cx, &mut editor, files.pop_front()).await;
    for command in opts.values(b'c') {
        let effects = editor.command(command);
        act(&mut cx, &mut editor, effects).await;
    }
    edit(&mut cx, &mut editor, &keyboard, &mut files).await;
    let rows = terminal.as_ref().map_or(24, |tty| tty.size().rows);
    cx.put(format!("\x1b[{rows};1H\x1b[K\x1b[?1049l"));
    cx.flush().await;
    if let (Some(tty), Some(before)) = (terminal, before) {
        tty.set_termios(before);
    }
    cx.finish(0).await
}

/// Shows, takes a key, does what it says, until it says to end.
async fn edit(
    cx: &mut Cx,
    editor: &mut Editor,
    keyboard: &Arc<OpenFile>,
    files: &mut std::collections::VecDeque<Bytes>,
) {
    let mut keys = Keys;
    loop {
        let size = keyboard.terminal().map(|tty| tty.size());
        let (rows, columns) =
            size.map_or((24, 80), |size| (usize::from(size.rows), usize::from(size.columns)));
        cx.put(editor.screen(rows.max(2), columns.max(10)));
        if !cx.flush().await || cx.process.hold(editor.bytes_held()).is_err() {
            return;
        }
        let Ok(bytes) = poll_fn(|task| keyboard.poll_read(task, Process::READ_SIZE)).await else { return };
        if bytes.is_empty() {
            return;
        }
        for key in keys.read(&bytes) {
            cx.process.work(2).await;
            let effect = editor.key(key);
            if act(cx, editor, effect).await {
                match files.pop_front() {
                    Some(next) => load(cx, editor, Some(next)).await,
                    None => return,
                }
            }
        }
    }
}

/// Does what the editor cannot do itself. `true` where it is to end.
async fn act(cx: &mut Cx, editor: &mut Editor, effect: Effect) -> bool {
    match effect {
        Effect::None => false,
        Effect::Quit => true,
        Effect::Write { path, careful: true, .. } if cx.process.stat(&path, true).is_ok() => {
            editor.warn("File exists (:w! overrides)".to_owned());
            false
        }
        Effect::Write { path, text, quit, .. } => match write(cx, &path, &text).await {
            Ok(()) => {
                let lines = text.iter().filter(|byte| **byte == b'\n').count();
                editor.written(&path, format!("'{}' {lines}L, {}C", shown(&path), text.len()));
                quit
            }
            Err(errno) => {
                editor.warn(format!("'{}' {}", shown(&path), cx.text(errno)));
                false
            }
        },
        Effect::Load(path) => {
            load(cx, editor, Some(path)).await;
            false
        }
        Effect::Shell(command) => {
            shell(cx, &command).await;
            false
        }
        Effect::Insert(path) => {
            match read(cx, &path).await {
                Ok(text) => editor.insert_file(&path, &text),
                Err(errno) => editor.warn(format!("'{}' {}", shown(&path), cx.text(errno))),
            }
            false
        }
    }
}

/// Runs a command below the text, and waits until its output has been read.
async fn shell(cx: &mut Cx, command: &Bytes) {
    let Ok(keyboard) = cx.process.file(0) else { return };
    let terminal = keyboard.terminal().cloned();
    let rows = terminal.as_ref().map_or(24, |tty| tty.size().rows);
    cx.put(format!("\x1b[{rows};1H\x1b[K"));
    cx.flush().await;
    let raw = terminal.as_ref().map(|tty| {
        let raw = tty.termios();
        tty.set_termios(Termios { icrnl: true, isig: true, icanon: true, echo: true, ..raw });
        raw
    });
    let argv = [Bytes::from_static(b"/bin/sh"), Bytes::from_static(b"-c"), command.clone()];
    if let Ok(child) = processes::spawn(cx, &argv, |_| {}).await {
        processes::wait(cx, &child).await;
    }
    if let (Some(tty), Some(raw)) = (&terminal, raw) {
        tty.set_termios(raw);
    }
    cx.put("\x1b[7m[Hit return to continue]\x1b[m");
    cx.flush().await;
    while let Ok(bytes) = cx.process.read(0, 1).await
        && !matches!(bytes.first(), None | Some(b'\r' | b'\n'))
    {}
}

async fn load(cx: &mut Cx, editor: &mut Editor, path: Option<Bytes>) {
    let text = match &path {
        Some(path) => read(cx, path).await,
        None => Ok(Vec::new()),
    };
    match text {
        Ok(text) => editor.open(path, &text),
        Err(Errno::ENOENT) => editor.open(path, &[]),
        Err(errno) => {
            let message = path.as_deref().map(|path| format!("'{}' {}", shown(path), cx.text(errno)));
            editor.open(path, &[]);
            editor.warn(message.unwrap_or_default());
        }
    }
}

async fn read(cx: &mut Cx, path: &[u8]) -> Result<Vec<u8>, Errno> {
    let file = cx.open(path).await?;
    if cx.process.stat(path, true)?.file_type == FileType::Directory {
        return Err(Errno::EISDIR);
    }
    let text = cx.read_all(&file).await?;
    if text.len() > MAX_FILE { Err(Errno::EFBIG) } else { Ok(text) }
}

async fn write(cx: &Cx, path: &[u8], text: &[u8]) -> Result<(), Errno> {
    let file = cx.process.open_file(path, OpenFlags::WRITE, 0o666).await?;
    cx.process.write_file(&file, Bytes::copy_from_slice(text)).await
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

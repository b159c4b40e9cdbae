//! `less`, `more`: a file page by page. What is no terminal gets all of it.

pub(super) mod less;
pub(super) mod more;
mod view;

use std::{future::poll_fn, sync::Arc};

use bytes::Bytes;

use super::{Cx, Lines};
use crate::kernel::{
    errno::Errno,
    fs::{OpenFile, OpenFlags},
    process::Process,
    tty::Tty,
};

/// The most lines that are held.
const MAX_LINES: usize = 200_000;

/// Copies files to an output that is no terminal.
async fn copy(cx: &mut Cx, paths: &[Bytes]) -> u8 {
    let mut code = 0;
    for path in paths {
        let file = match cx.open(path).await {
            Ok(file) => file,
            Err(errno) => {
                cx.open_error(path, errno).await;
                code = 1;
                continue;
            }
        };
        loop {
            match cx.read(&file).await {
                Ok(bytes) if bytes.is_empty() => break,
                Ok(bytes) => {
                    if !cx.write(bytes).await {
                        return cx.finish(1).await;
                    }
                }
                Err(errno) => {
                    cx.file_error(path, errno).await;
                    code = 1;
                    break;
                }
            }
        }
    }
    cx.finish(code).await
}

/// The lines of a file, as many as are held.
async fn lines(cx: &mut Cx, path: &[u8]) -> Result<Vec<Bytes>, Errno> {
    let file = cx.open(path).await?;
    let mut input = Lines::new(file);
    let mut lines = Vec::new();
    while lines.len() < MAX_LINES
        && let Some(line) = input.next(cx).await?
    {
        lines.push(line.text);
        cx.process.work(1).await;
    }
    Ok(lines)
}

/// Where keys come from: the terminal, even where standard input is something else.
async fn keyboard(cx: &Cx) -> Result<Arc<OpenFile>, Errno> {
    match cx.process.open_file(b"/dev/tty", OpenFlags::READ, 0).await {
        Ok(keyboard) => Ok(keyboard),
        Err(_) => cx.process.file(1),
    }
}

/// The terminal that standard output is.
fn screen(cx: &Cx) -> Option<Arc<Tty>> {
    cx.process.file(1).ok()?.terminal().cloned()
}

/// What is typed next; nothing once nobody types any more.
async fn typed(keyboard: &OpenFile) -> Option<Bytes> {
    let typed = poll_fn(|task| keyboard.poll_read(task, Process::READ_SIZE)).await.ok()?;
    (!typed.is_empty()).then_some(typed)
}

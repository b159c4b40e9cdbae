//! Files and commands that a program reads and writes.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::{ast::Redirect, compile::ReadFrom, record::Reader};
use crate::{
    commands::{Cx, processes},
    kernel::{
        errno::Errno,
        fs::{OpenFile, OpenFlags},
        process::Process,
    },
};

/// The most files and commands at once.
const MAX_STREAMS: usize = 200;
/// Output to a file or command is written when so much has gathered.
const BUFFER: usize = 16 * 1024;

#[derive(Debug)]
struct Output {
    file: Arc<OpenFile>,
    child: Option<Arc<Process>>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Source {
    reader: Reader,
    child: Option<Arc<Process>>,
}

#[derive(Debug, Default)]
pub(super) struct Streams {
    outputs: BTreeMap<Bytes, Output>,
    sources: BTreeMap<Bytes, Source>,
}

/// The command line that a shell runs.
fn shell(command: &Bytes) -> [Bytes; 3] {
    [Bytes::from_static(b"/bin/sh"), Bytes::from_static(b"-c"), command.clone()]
}

impl Streams {
    /// Prints to a file or a command.
    pub(super) async fn print(
        &mut self,
        cx: &mut Cx,
        to: Redirect,
        name: &Bytes,
        text: &[u8],
    ) -> Result<(), String> {
        if to != Redirect::Pipe {
            match &name[..] {
                b"/dev/stdout" | b"-" => {
                    cx.put(text);
                    return Ok(());
                }
                b"/dev/stderr" => {
                    cx.flush().await;
                    cx.complain(text.to_vec()).await;
                    return Ok(());
                }
                _ => {}
            }
        }
        if !self.outputs.contains_key(name) {
            if self.outputs.len() + self.sources.len() >= MAX_STREAMS {
                return Err(cx.text(Errno::EMFILE).to_owned());
            }
            let output = self.open(cx, to, name).await?;
            self.outputs.insert(name.clone(), output);
        }
        let Some(output) = self.outputs.get_mut(name) else { return Ok(()) };
        output.buffer.extend_from_slice(text);
        if output.buffer.len() >= BUFFER {
            output.flush(cx).await;
        }
        Ok(())
    }

    async fn open(&mut self, cx: &mut Cx, to: Redirect, name: &Bytes) -> Result<Output, String> {
        let flags = match to {
            Redirect::File => OpenFlags::WRITE,
            Redirect::Append => OpenFlags::APPEND,
            Redirect::Pipe => {
                cx.flush().await;
                let (reader, writer) = cx.process.pipe();
                let child = processes::spawn(cx, &shell(name), |child| {
                    let _ = child.put(0, reader);
                })
                .await;
                let child = child.map_err(|_| "cannot run the shell".to_owned())?;
                return Ok(Output { file: writer, child: Some(child), buffer: Vec::new() });
            }
        };
        match cx.process.open_file(name, flags, 0o666).await {
            Ok(file) => Ok(Output { file, child: None, buffer: Vec::new() }),
            Err(errno) => {
                let (shown, text) = (String::from_utf8_lossy(name).into_owned(), cx.text(errno));
                Err(match cx.is_gnu() {
                    true => format!("cannot open \"{shown}\" for output ({text})"),
                    false => format!("can't open '{shown}': {text}"),
                })
            }
        }
    }

    /// The next record of a file or of what a command prints; `Err` where it cannot be had.
    pub(super) async fn read(
        &mut self,
        cx: &mut Cx,
        from: ReadFrom,
        name: &Bytes,
        separator: &[u8],
    ) -> Result<Option<Bytes>, Errno> {
        if !self.sources.contains_key(name) {
            if self.outputs.len() + self.sources.len() >= MAX_STREAMS {
                return Err(Errno::EMFILE);
            }
            let source = if from == ReadFrom::Command {
                self.flush(cx).await;
                let (reader, writer) = cx.process.pipe();
                let child = processes::spawn(cx, &shell(name), |child| {
                    let _ = child.put(1, writer);
                })
                .await;
                let child = child.map_err(|_| Errno::ENOENT)?;
                Source { reader: Reader::new(reader), child: Some(child) }
            } else {
                let file = match &name[..] {
                    b"-" | b"/dev/stdin" => cx.process.file(0)?,
                    path => cx.process.open_file(path, OpenFlags::READ, 0).await?,
                };
                Source { reader: Reader::new(file), child: None }
            };
            self.sources.insert(name.clone(), source);
        }
        match self.sources.get_mut(name) {
            Some(source) => source.reader.next(cx, separator).await,
            None => Ok(None),
        }
    }

    /// Closes what has this name; the exit status of a command, or -1 where nothing is open.
    pub(super) async fn close(&mut self, cx: &mut Cx, name: &Bytes) -> f64 {
        let mut status = -1.0;
        if let Some(mut output) = self.outputs.remove(name) {
            output.flush(cx).await;
            let child = output.child.take();
            drop(output);
            status = wait(cx, child).await;
        }
        if let Some(source) = self.sources.remove(name) {
            let child = source.child;
            drop(source.reader);
            status = wait(cx, child).await;
        }
        status
    }

    pub(super) async fn flush(&mut self, cx: &mut Cx) {
        cx.flush().await;
        for output in self.outputs.values_mut() {
            output.flush(cx).await;
        }
    }

    pub(super) async fn close_all(&mut self, cx: &mut Cx) {
        cx.flush().await;
        let names: Vec<Bytes> = self.outputs.keys().chain(self.sources.keys()).cloned().collect();
        for name in names {
            self.close(cx, &name).await;
        }
    }

    /// Runs a command; returns its exit status.
    pub(super) async fn system(&mut self, cx: &mut Cx, command: &Bytes) -> f64 {
        self.flush(cx).await;
        match processes::spawn(cx, &shell(command), |_| {}).await {
            Ok(child) => wait(cx, Some(child)).await,
            Err(code) => f64::from(code),
        }
    }
}

impl Output {
    async fn flush(&mut self, cx: &Cx) {
        let buffer = std::mem::take(&mut self.buffer);
        // A reader that is gone has seen enough.
        let _ = cx.process.write_file(&self.file, buffer.into()).await;
    }
}

async fn wait(cx: &Cx, child: Option<Arc<Process>>) -> f64 {
    match child {
        Some(child) => f64::from(processes::wait(cx, &child).await),
        None => 0.0,
    }
}

//! Redirections (POSIX XCU 2.7).

use std::{future::poll_fn, sync::Arc};

use bytes::Bytes;

use super::{
    Dialect,
    ast::{Redirect, RedirectKind, Word},
    expand::as_written,
    frames::Saved,
    machine::Flow,
    state::Shell,
};
use crate::kernel::{
    errno::Errno,
    fs::{FileObject, FileType, OpenFile, OpenFlags},
    process::{Fd, Process},
};

/// The first number that bash gives to a file for `{name}>`.
const FIRST_FREE: Fd = 10;

/// A redirection that is ready: what each file descriptor is to stand for.
type Change = (Fd, Option<Arc<OpenFile>>);

impl Shell {
    /// Redirects the shell's own files; returns how they were. A failure is printed and undone.
    pub(super) async fn redirect(&mut self, redirects: &[Redirect]) -> Result<Vec<Saved>, Flow> {
        let process = Arc::clone(&self.process);
        let mut saved = Vec::new();
        for redirect in redirects {
            if let Some(name) = &redirect.variable {
                match self.redirect_variable(&process, name, redirect).await {
                    Ok(()) => continue,
                    Err(flow) => {
                        self.restore_files(saved);
                        return Err(flow);
                    }
                }
            }
            match self.change(&process, redirect).await {
                Ok(changes) => {
                    for (fd, file) in changes {
                        saved.push(Saved { fd, file: self.put(&process, fd, file) });
                    }
                }
                Err(flow) => {
                    self.restore_files(saved);
                    return Err(flow);
                }
            }
        }
        Ok(saved)
    }

    /// `{name}>file`: opens at a number that is free, and which stays open; `{name}>&-` closes it (bash).
    async fn redirect_variable(
        &mut self,
        process: &Arc<Process>,
        name: &Bytes,
        redirect: &Redirect,
    ) -> Result<(), Flow> {
        if self.variables.get(&self.resolve(name)).is_some_and(|variable| variable.read_only) {
            let shown = String::from_utf8_lossy(name).into_owned();
            let message = self.read_only_message(name);
            self.complain(&message);
            self.complain(&format!("{shown}: cannot assign fd to variable"));
            self.status = 1;
            return Err(Flow::On);
        }
        for (_, file) in self.change(process, redirect).await? {
            let Some(file) = file else {
                let number =
                    self.value_of(name).and_then(|text| std::str::from_utf8(&text).ok()?.parse().ok());
                drop(number.and_then(|fd: Fd| process.lock().fds.take(fd)));
                continue;
            };
            let added = process.lock().fds.add(file, FIRST_FREE, false);
            match added {
                Ok(fd) => self.assign(name, fd.to_string().into()).map_err(|message| {
                    self.complain(&message);
                    self.status = 1;
                    Flow::On
                })?,
                Err(errno) => return Err(self.failed(name, errno, false)),
            }
        }
        Ok(())
    }

    /// Redirects the files of a process that is about to run.
    pub(super) async fn redirect_child(
        &mut self,
        child: &Arc<Process>,
        redirects: &[Redirect],
    ) -> Result<(), Flow> {
        for redirect in redirects {
            for (fd, file) in self.change(child, redirect).await? {
                drop(self.put(child, fd, file));
            }
        }
        Ok(())
    }

    pub(super) fn put(
        &self,
        process: &Process,
        fd: Fd,
        file: Option<Arc<OpenFile>>,
    ) -> Option<Arc<OpenFile>> {
        match file {
            // Numbers were checked when the change was made.
            Some(file) => process.put(fd, file).ok().flatten(),
            None => process.lock().fds.take(fd),
        }
    }

    /// Puts files back.
    pub(super) fn restore_files(&mut self, saved: Vec<Saved>) {
        let process = Arc::clone(&self.process);
        for Saved { fd, file } in saved.into_iter().rev() {
            drop(self.put(&process, fd, file));
        }
    }

    /// Opens what a redirection asks for, as `process`.
    async fn change(&mut self, process: &Arc<Process>, redirect: &Redirect) -> Result<Vec<Change>, Flow> {
        let one = |default: Fd, file| vec![(redirect.fd.unwrap_or(default), Some(file))];
        match &redirect.kind {
            RedirectKind::Read(word) => Ok(one(0, self.open_word(process, word, OpenFlags::READ).await?)),
            RedirectKind::ReadWrite(word) => {
                Ok(one(0, self.open_word(process, word, OpenFlags::READ_WRITE).await?))
            }
            RedirectKind::Append(word) => Ok(one(1, self.open_word(process, word, OpenFlags::APPEND).await?)),
            RedirectKind::Clobber(word) => Ok(one(1, self.open_word(process, word, OpenFlags::WRITE).await?)),
            RedirectKind::Write(word) => Ok(one(1, self.open_output(process, word).await?)),
            RedirectKind::Both { word, append } => {
                let file = if *append {
                    self.open_word(process, word, OpenFlags::APPEND).await?
                } else {
                    self.open_output(process, word).await?
                };
                Ok(vec![(1, Some(Arc::clone(&file))), (2, Some(file))])
            }
            RedirectKind::Duplicate { word, output } => {
                self.duplicate(process, redirect, word, *output).await
            }
            RedirectKind::HereDocument(body) => {
                let text = match body.get() {
                    Some(word) => self.expand(|expander| expander.text(word)).await?,
                    None => Bytes::new(),
                };
                Ok(one(0, self.here(process, text)))
            }
            RedirectKind::HereString(word) => {
                let text = self.expand(|expander| expander.text(word)).await?;
                Ok(one(0, self.here(process, [&text[..], b"\n"].concat().into())))
            }
        }
    }

    async fn target(&mut self, word: &Word) -> Result<Bytes, Flow> {
        if !self.dialect.is_bash() {
            return self.expand(|expander| expander.text(word)).await;
        }
        let mut fields = self.words(std::slice::from_ref(word)).await?;
        match (fields.pop(), fields.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => {
                self.complain(&format!("{}: ambiguous redirect", as_written(word)));
                self.status = 1;
                Err(Flow::On)
            }
        }
    }

    async fn open_output(&mut self, process: &Arc<Process>, word: &Word) -> Result<Arc<OpenFile>, Flow> {
        if !self.options.noclobber {
            return self.open_word(process, word, OpenFlags::WRITE).await;
        }
        let path = self.target(word).await?;
        let is_file = process.stat(&path, true).is_ok_and(|stat| stat.file_type == FileType::Regular);
        if is_file {
            return Err(self.failed(&path, Errno::EEXIST, true));
        }
        self.open_path(process, &path, OpenFlags::WRITE).await
    }

    async fn open_word(
        &mut self,
        process: &Arc<Process>,
        word: &Word,
        flags: OpenFlags,
    ) -> Result<Arc<OpenFile>, Flow> {
        let before = self.beside.len();
        let path = self.target(word).await?;
        if self.beside.len() > before {
            // `<(...)`: the pipe's end is the shell's own; a child that was forked before does not have it.
            let process = Arc::clone(&self.process);
            return self.open_path(&process, &path, flags).await;
        }
        self.open_path(process, &path, flags).await
    }

    async fn open_path(
        &mut self,
        process: &Arc<Process>,
        path: &[u8],
        flags: OpenFlags,
    ) -> Result<Arc<OpenFile>, Flow> {
        process.open_file(path, flags, 0o666).await.map_err(|errno| self.failed(path, errno, flags.create))
    }

    fn failed(&mut self, path: &[u8], errno: Errno, creating: bool) -> Flow {
        let message = match (self.dialect, errno) {
            (Dialect::Bash, Errno::EEXIST) => {
                format!("{}: cannot overwrite existing file", String::from_utf8_lossy(path))
            }
            _ => self.not_opened(path, errno, creating),
        };
        self.complain(&message);
        self.status = if self.dialect == Dialect::Dash { 2 } else { 1 };
        Flow::On
    }

    /// `n>&word`
    async fn duplicate(
        &mut self,
        process: &Arc<Process>,
        redirect: &Redirect,
        word: &Word,
        output: bool,
    ) -> Result<Vec<Change>, Flow> {
        let text = self.target(word).await?;
        let fd = redirect.fd.unwrap_or(Fd::from(output));
        if &*text == b"-" {
            return Ok(vec![(fd, None)]);
        }
        let (digits, moves) = match text.strip_suffix(b"-") {
            Some(digits) if self.dialect.is_bash() => (digits, true),
            _ => (&text[..], false),
        };
        let number = std::str::from_utf8(digits).ok().and_then(|text| text.parse::<Fd>().ok());
        let Some(number) = number else {
            if output && self.dialect.has_bashisms() && redirect.fd.is_none() {
                let file = self.open_path(process, &text, OpenFlags::WRITE).await?;
                return Ok(vec![(1, Some(Arc::clone(&file))), (2, Some(file))]);
            }
            let shown = if self.dialect.is_bash() {
                as_written(word)
            } else {
                String::from_utf8_lossy(&text).into_owned()
            };
            let message = match self.dialect {
                Dialect::Bash => format!("{shown}: ambiguous redirect"),
                Dialect::Ash => format!("{shown}: ambiguous redirect"),
                Dialect::Dash => "Syntax error: Bad fd number".to_owned(),
            };
            self.complain(&message);
            return Err(Flow::Fatal(2));
        };
        match process.file(number) {
            Ok(file) if moves => Ok(vec![(fd, Some(file)), (number, None)]),
            Ok(file) => Ok(vec![(fd, Some(file))]),
            Err(_) => {
                self.complain(&format!("{number}: Bad file descriptor"));
                self.status = if self.dialect == Dialect::Dash { 2 } else { 1 };
                Err(Flow::On)
            }
        }
    }

    /// A file to read `text` from: a pipe, filled by a task beside where the text is longer than a pipe holds.
    fn here(&self, process: &Arc<Process>, mut text: Bytes) -> Arc<OpenFile> {
        let (reader, writer) = process.pipe();
        if let FileObject::PipeWriter(pipe) = &writer.object
            && pipe.put_now(&text)
        {
            return reader;
        }
        process.container.host.env.spawn(async move {
            while !text.is_empty() {
                if poll_fn(|cx| writer.poll_write(cx, &mut text)).await.is_err() {
                    return;
                }
            }
        });
        reader
    }
}

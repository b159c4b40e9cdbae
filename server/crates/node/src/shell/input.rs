//! Commands that come while the shell runs: from standard input, or typed at a terminal.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;

use super::{
    editor::{Editor, Step, recalled},
    frames::{Frame, List},
    machine::Flow,
    parser::Parser,
    state::Shell,
};
use crate::kernel::{
    errno::Errno,
    fs::{OpenFile, SeekFrom},
    tty::{Termios, Tty},
};

/// The longest command.
const MAX_COMMAND: usize = 4 << 20;

/// Where commands come from.
#[derive(Debug)]
pub(super) struct Input {
    file: Arc<OpenFile>,
    /// Lines of a command that is not complete.
    pending: Vec<u8>,
    /// The number of the first of them.
    line: u32,
    /// The delimiter that a here-document in them waits for.
    here_document: Option<Bytes>,
    ended: bool,
}

impl Input {
    pub(super) fn new(file: Arc<OpenFile>) -> Self {
        Self { file, pending: Vec::new(), line: 1, here_document: None, ended: false }
    }

    /// Whether a command has begun, and whether it goes on within quotes or a here-document.
    fn unfinished(&self) -> (bool, bool) {
        let (mut quote, mut escaped) = (None, false);
        for &byte in &self.pending {
            match (quote, byte) {
                _ if escaped => escaped = false,
                (None | Some(b'"'), b'\\') => escaped = true,
                (None, b'\'' | b'"') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
        }
        (!self.pending.is_empty(), quote.is_some() || self.here_document.is_some())
    }
}

impl Shell {
    /// Reads the next command and has it run.
    pub(super) async fn read_input(&mut self) -> Flow {
        let Some((file, ended)) = self.input().map(|input| (Arc::clone(&input.file), input.ended)) else {
            return Flow::On;
        };
        if ended {
            self.leave_innermost();
            return Flow::On;
        }
        if self.options.interactive {
            self.load_history().await;
            self.tell_of_jobs();
            let process = Arc::clone(&self.process);
            self.print_errors(&process).await;
            let begun = self.input().is_some_and(|input| !input.pending.is_empty());
            let prompt = self.prompt(if begun { b"PS2" } else { b"PS1" }).await;
            if let Some(tty) = file.terminal().filter(|_| self.dialect.edits_lines()) {
                let line = self.edit_line(&file, &Arc::clone(tty), prompt).await;
                return self.take_input(line).await;
            }
            let _ = process.write(2, prompt).await;
        }
        let line = self.read_line(&file).await;
        self.take_input(line).await
    }

    async fn take_input(&mut self, line: Result<Option<Bytes>, Errno>) -> Flow {
        match line {
            Ok(Some(line)) => self.take_line(&line),
            Ok(None) => self.end_of_input().await,
            Err(_) => {
                self.leave_innermost();
                Flow::On
            }
        }
    }

    fn input(&mut self) -> Option<&mut Input> {
        match self.frames.last_mut() {
            Some(Frame::Input(input)) => Some(input),
            _ => None,
        }
    }

    fn take_line(&mut self, line: &[u8]) -> Flow {
        let Some(input) = self.input() else { return Flow::On };
        input.pending.extend_from_slice(line);
        if input.pending.len() > MAX_COMMAND {
            input.pending.clear();
            self.complain("command too long");
            return Flow::Fatal(2);
        }
        // A long here-document is not parsed again for each of its lines.
        if let Some(delimiter) = &input.here_document {
            let bare = line.strip_suffix(b"\n").unwrap_or(line);
            let tabs = bare.iter().take_while(|byte| **byte == b'\t').count();
            if bare != &delimiter[..] && bare[tabs..] != delimiter[..] {
                return Flow::On;
            }
        }
        if is_continued(&input.pending) {
            return Flow::On;
        }
        self.parse_pending(false)
    }

    /// Runs what is pending, if it is complete.
    fn parse_pending(&mut self, last: bool) -> Flow {
        let (dialect, aliases) = (self.dialect, Arc::clone(&self.aliases));
        let extglob = self.shopts.is_on("extglob");
        let Some(input) = self.input() else { return Flow::On };
        let mut parser = Parser::new(input.pending.clone(), dialect, aliases, input.line);
        parser.at_last_line = last;
        parser.set_extglob(extglob);
        let parsed = parser.next_line();
        if let Err(error) = &parsed
            && error.incomplete
            && !last
        {
            input.here_document.clone_from(&error.here_document);
            return Flow::On;
        }
        // What follows on the same lines stays for the next time.
        let rest = input.pending.split_off(parser.position().min(input.pending.len()));
        input.pending = rest;
        input.line = parser.line();
        input.here_document = None;
        match parsed {
            Ok(Some(block)) => {
                if !self.options.noexec {
                    self.frames.push(Frame::List(List::new(block)));
                }
                Flow::On
            }
            Ok(None) => {
                input.pending.clear();
                Flow::On
            }
            Err(error) => {
                input.pending.clear();
                self.line = error.line;
                self.complain_of_syntax(&error);
                self.status = 2;
                Flow::Fatal(2)
            }
        }
    }

    async fn end_of_input(&mut self) -> Flow {
        let interactive = self.options.interactive;
        let ignore = self.options.ignoreeof;
        let Some(input) = self.input() else { return Flow::On };
        input.ended = true;
        if !input.pending.is_empty() {
            return self.parse_pending(true);
        }
        if interactive {
            let process = Arc::clone(&self.process);
            if ignore && process.is_terminal(0) {
                if let Some(input) = self.input() {
                    input.ended = false;
                }
                let _ = process.write(2, "\nUse \"exit\" to leave shell.\n").await;
                return Flow::On;
            }
            let line_end = if self.dialect.is_bash() && !process.is_terminal(0) { "" } else { "\n" };
            let farewell = self.farewell().unwrap_or_default();
            let _ = process.write(2, format!("{line_end}{farewell}")).await;
            return Flow::Exit(self.status);
        }
        Flow::On
    }

    /// What bash says to whoever typed when it goes; the others say nothing, but for a new line at the end of input.
    pub(super) fn farewell(&self) -> Option<&'static str> {
        let says = self.dialect.is_bash() && self.options.interactive && !self.subshell;
        says.then_some(if self.options.login { "logout\n" } else { "exit\n" })
    }

    /// Reads a line that someone edits at a terminal.
    async fn edit_line(
        &mut self,
        file: &Arc<OpenFile>,
        tty: &Tty,
        prompt: Bytes,
    ) -> Result<Option<Bytes>, Errno> {
        let before = tty.termios();
        // What a program left behind that ended without putting things right is not put back.
        let settings = if before.icanon { before } else { Termios::default() };
        tty.set_termios(settings.raw());
        let mut editor = Editor::new(prompt, self.history().lines().to_vec(), tty.size().columns);
        let line = self.edit(file, &mut editor).await;
        tty.set_termios(settings);
        let Ok(Some(line)) = line else { return line };
        let recalled = match self.options.histexpand {
            true => recalled(&line, self.history().lines()),
            false => Ok(None),
        };
        let line = match recalled {
            Ok(None) => line,
            Ok(Some(new)) => {
                let _ = self.process.write(2, [&new[..], b"\n"].concat()).await;
                new.into()
            }
            Err(message) => {
                self.complain(&message);
                Bytes::new()
            }
        };
        let (begun, in_text) = self.input().map_or((false, false), |input| input.unfinished());
        self.remember(&line, begun, in_text).await;
        Ok(Some([&line[..], b"\n"].concat().into()))
    }

    /// Hands keys to the editor until the line is done. Keys are read one by one: what is typed ahead is for the command.
    async fn edit(&mut self, file: &Arc<OpenFile>, editor: &mut Editor) -> Result<Option<Bytes>, Errno> {
        let process = Arc::clone(&self.process);
        loop {
            let shown = editor.take_screen();
            if !shown.is_empty() {
                process.write_file(file, shown.into()).await?;
            }
            let Some(piece) = poll_fn(|cx| self.poll_piece(cx, file, 1)).await? else {
                return Ok(Some(Bytes::new()));
            };
            let Some(byte) = piece.first() else { return Ok(None) };
            let done = match editor.push(*byte) {
                Step::More => continue,
                Step::Line(line) => Some(line.into()),
                Step::End => None,
                Step::Interrupt => {
                    if let Some(input) = self.input() {
                        input.pending.clear();
                        input.here_document = None;
                    }
                    self.status = 130;
                    Some(Bytes::new())
                }
                Step::Complete { again } => {
                    let completion = self.completion(editor.before_cursor());
                    if !completion.rest.is_empty() {
                        editor.complete_with(&completion.rest);
                    }
                    if completion.names.len() != 1 {
                        if again && completion.rest.is_empty() && !completion.names.is_empty() {
                            editor.show_choices(&completion.names);
                        } else {
                            editor.not_completed();
                        }
                    }
                    process.work(1 + completion.names.len() as u32).await;
                    continue;
                }
            };
            process.write_file(file, editor.take_screen().into()).await?;
            return Ok(done);
        }
    }

    /// Reads a line, its newline included, and no byte further, so that commands find the rest. `None` at the end.
    async fn read_line(&mut self, file: &Arc<OpenFile>) -> Result<Option<Bytes>, Errno> {
        let mut line = Vec::new();
        let seekable = file.place().is_some() || file.terminal().is_some();
        loop {
            let piece = poll_fn(|cx| self.poll_piece(cx, file, if seekable { 512 } else { 1 })).await?;
            let Some(piece) = piece else {
                // A signal: what was typed so far is gone, and its trap runs.
                return Ok(Some(Bytes::from_static(b"\n")));
            };
            if piece.is_empty() {
                return Ok((!line.is_empty()).then(|| line.into()));
            }
            let end = piece.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            line.extend_from_slice(&piece[..end.unwrap_or(piece.len())]);
            if let Some(end) = end {
                let rest = i64::try_from(piece.len() - end).unwrap_or(0);
                if rest > 0 {
                    let _ = file.seek(SeekFrom::Current(-rest));
                }
                return Ok(Some(line.into()));
            }
            self.process.work(1).await;
            if line.len() > MAX_COMMAND {
                return Err(Errno::ENOMEM);
            }
        }
    }

    fn poll_piece(
        &self,
        cx: &Context<'_>,
        file: &OpenFile,
        max: usize,
    ) -> Poll<Result<Option<Bytes>, Errno>> {
        if let Poll::Ready(piece) = file.poll_read(cx, max) {
            return Poll::Ready(piece.map(Some));
        }
        self.process.poll_signalled(cx).map(|()| Ok(None))
    }

    /// Tells of jobs that have ended.
    fn tell_of_jobs(&mut self) {
        while let Some((pid, status)) = self.process.reap() {
            let code = u8::try_from(status.code()).unwrap_or(u8::MAX);
            self.jobs.note(pid, code);
        }
        let last = self.jobs.all().last().map(|job| job.number);
        for job in self.jobs.take_done() {
            let line = super::builtins::job_line(&job, last == Some(job.number), self.dialect);
            self.errors.extend_from_slice(line.as_bytes());
        }
    }
}

/// Whether a backslash joins the next line to what there is: not in a line that is a comment.
fn is_continued(text: &[u8]) -> bool {
    let Some(text) = text.strip_suffix(b"\n") else { return false };
    let last = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let backslashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
    backslashes % 2 == 1 && !last.trim_ascii_start().starts_with(b"#")
}

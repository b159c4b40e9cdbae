//! What shells say when something is wrong, each in its own way.

use bytes::Bytes;

use super::{
    Dialect,
    frames::{Frame, SourceKind},
    parser::ParseError,
    state::Shell,
};
use crate::kernel::{errno::Errno, fs::file_name, process::Process};

impl Shell {
    /// Notes an error message; it is printed as soon as the shell can.
    pub(crate) fn complain(&mut self, message: &str) {
        let line = self.line;
        self.complain_at(line, message);
    }

    fn complain_at(&mut self, line: u32, message: &str) {
        let prefix = self.prefix(line);
        self.errors.extend_from_slice(format!("{prefix}{message}\n").as_bytes());
    }

    /// Notes that what a builtin printed could not be written. busybox's `pwd` and `printf` do not look.
    pub(super) fn complain_of_output(&mut self, errno: Errno) {
        let text = self.process.text(errno);
        match (self.dialect, self.builtin.as_deref()) {
            (Dialect::Ash, Some(b"echo")) => {
                // The applet says it, not the script.
                let argv = self.process.argv();
                let applet = argv.first().map_or(&b"sh"[..], |name| file_name(name));
                let applet = String::from_utf8_lossy(applet.strip_prefix(b"-").unwrap_or(applet));
                let line = format!("{applet}: write error: {text}\n");
                self.errors.extend_from_slice(line.as_bytes());
            }
            (Dialect::Ash, _) => {}
            (Dialect::Dash, builtin) => {
                let name = String::from_utf8_lossy(builtin.unwrap_or_default()).into_owned();
                self.complain(&format!("{name}: I/O error"));
            }
            (Dialect::Bash, _) => self.complain(&format!("write error: {text}")),
        }
    }

    /// What a message begins with: in bash the file whose commands run, be it one that `.` reads.
    fn name_in_errors(&self) -> Bytes {
        let within = self.frames.iter().any(|frame| match frame {
            Frame::Function(_) => true,
            Frame::Source(source) => matches!(source.kind, SourceKind::Dot { .. }),
            _ => false,
        });
        if !self.dialect.is_bash() || self.options.interactive || !within {
            return self.name.clone();
        }
        let calls = self.calls();
        calls.into_iter().next().and_then(|call| call.source).unwrap_or_else(|| self.name.clone())
    }

    /// What precedes a message: the shell's name, the line, the builtin.
    fn prefix(&self, line: u32) -> String {
        let name = self.name_in_errors();
        let name = String::from_utf8_lossy(&name);
        let command = self.command_name();
        let builtin = match &command {
            Some(builtin) => format!("{}: ", String::from_utf8_lossy(builtin)),
            None => String::new(),
        };
        let interactive = self.options.interactive;
        match self.dialect {
            // The first line of `-c` is number 0 there.
            Dialect::Ash => match (&self.script, &command) {
                (Some(_), _) if !interactive => format!("{name}: {builtin}line {line}: "),
                (None, command) if !interactive && (command.is_some() || self.named) => {
                    format!("{name}: {builtin}line {}: ", line.saturating_sub(1))
                }
                _ => format!("{name}: {builtin}"),
            },
            Dialect::Dash => format!("{name}: {line}: {builtin}"),
            Dialect::Bash if interactive => format!("{name}: {builtin}"),
            Dialect::Bash => format!("{name}: line {line}: {builtin}"),
        }
    }

    /// What messages name after the shell: the builtin that runs; in ash and dash also `eval`, or the file that `.` reads, for
    /// what their text does.
    fn command_name(&self) -> Option<Bytes> {
        if self.builtin.is_some() || self.dialect.is_bash() {
            return self.builtin.clone();
        }
        let source = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Source(source) => Some(&source.kind),
            _ => None,
        });
        match source? {
            SourceKind::Eval { .. } => Some(Bytes::from_static(b"eval")),
            SourceKind::Dot { .. } => self.script.clone(),
            SourceKind::Main | SourceKind::Trap { .. } => None,
        }
    }

    /// Notes that a text is no script.
    pub(super) fn complain_of_syntax(&mut self, error: &ParseError) {
        let message = error.message(self.dialect);
        if self.dialect.is_bash() && !self.options.interactive {
            let within_eval = self.frames.iter().rev().any(
                |frame| matches!(frame, Frame::Source(source) if matches!(source.kind, SourceKind::Eval { .. })),
            );
            let name = String::from_utf8_lossy(&self.name).into_owned();
            let place = match (within_eval, &self.script) {
                (true, None) => format!("{name}: eval"),
                (false, None) => format!("{name}: -c"),
                (true, Some(_)) => format!("{name}: eval"),
                (false, Some(_)) => name,
            };
            let line = error.line;
            let mut text = format!("{place}: line {line}: {message}\n");
            if let Some(seen) = &error.source_line {
                text.push_str(&format!("{place}: line {line}: `{}'\n", String::from_utf8_lossy(seen)));
            }
            self.errors.extend_from_slice(text.as_bytes());
        } else {
            self.complain_at(error.line, &message);
        }
    }

    /// What is said of a program that cannot be run, and the status for it.
    pub(super) fn not_run(&self, name: &[u8], errno: Errno) -> (String, u8) {
        let name = String::from_utf8_lossy(name);
        let text = self.process.text(errno);
        let missing = matches!(errno, Errno::ENOENT | Errno::ENOTDIR) || name.is_empty();
        let status = if missing { 127 } else { 126 };
        let message = match (self.dialect, errno) {
            (Dialect::Bash, Errno::ENOENT) if !name.contains('/') => format!("{name}: command not found"),
            (Dialect::Bash, Errno::EACCES) if self.is_directory(name.as_bytes()) => {
                format!("{name}: Is a directory")
            }
            // The file is there, but not what its first line names.
            (Dialect::Bash, Errno::ENOENT) if self.process.stat(name.as_bytes(), true).is_ok() => {
                format!("{name}: cannot execute: required file not found")
            }
            (Dialect::Bash, _) => format!("{name}: {text}"),
            (_, Errno::ENOENT | Errno::ENOTDIR) => format!("{name}: not found"),
            _ => format!("{name}: {text}"),
        };
        (message, status)
    }

    fn is_directory(&self, path: &[u8]) -> bool {
        self.process
            .stat(path, true)
            .is_ok_and(|stat| stat.file_type == crate::kernel::fs::FileType::Directory)
    }

    /// What is said of a file that cannot be opened.
    pub(super) fn not_opened(&self, path: &[u8], errno: Errno, creating: bool) -> String {
        let path = String::from_utf8_lossy(path);
        let text = self.process.text(errno);
        match (self.dialect, errno) {
            (Dialect::Bash, _) => format!("{path}: {text}"),
            (Dialect::Ash, Errno::ENOENT | Errno::ENOTDIR) if creating => {
                format!("can't create {path}: nonexistent directory")
            }
            (Dialect::Ash, Errno::ENOENT | Errno::ENOTDIR) => format!("can't open {path}: no such file"),
            (Dialect::Ash, _) if creating => format!("can't create {path}: {text}"),
            (Dialect::Ash, _) => format!("can't open {path}: {text}"),
            (Dialect::Dash, Errno::ENOENT | Errno::ENOTDIR) if creating => {
                format!("cannot create {path}: Directory nonexistent")
            }
            (Dialect::Dash, Errno::ENOENT | Errno::ENOTDIR) => format!("cannot open {path}: No such file"),
            (Dialect::Dash, Errno::EISDIR) => format!("cannot open {path}: {text}"),
            (Dialect::Dash, _) if creating => format!("cannot create {path}: {text}"),
            (Dialect::Dash, _) => format!("cannot open {path}: {text}"),
        }
    }

    /// Prints what is noted, on a process's standard error.
    pub(super) async fn print_errors(&mut self, process: &Process) {
        let errors = std::mem::take(&mut self.errors);
        if !errors.is_empty() {
            // Nobody can be told that nobody can be told.
            let _ = process.write(2, errors).await;
        }
    }
}

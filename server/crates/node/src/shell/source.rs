//! Texts that are read and run line by line: the script, what `eval` and `.` are given, traps.

use std::sync::Arc;

use super::{
    frames::{Frame, List, Source, SourceKind},
    machine::Flow,
    parser::{ParseError, ParseErrorKind, Parser},
    state::Shell,
};

/// How many texts (`eval`, `.`, traps) may run each other...
const MAX_SOURCES: usize = 1000;
/// ...and what they may hold together, in bytes.
const MAX_SOURCE_BYTES: usize = 32 << 20;

impl Shell {
    /// Whether a text of this length would be more than a shell keeps of texts that run each other.
    pub(super) fn sources_too_deep(&self, len: usize) -> bool {
        let sources = self.frames.iter().filter_map(|frame| match frame {
            Frame::Source(source) => Some(source.parser.len()),
            _ => None,
        });
        let (count, bytes) = sources.fold((0, len), |(count, bytes), len| (count + 1, bytes + len));
        count >= MAX_SOURCES || bytes > MAX_SOURCE_BYTES
    }

    /// Has a text run next.
    pub(super) fn source(&mut self, mut text: Vec<u8>, kind: SourceKind, line: u32) {
        // bash takes the end of a text for the end of its last line.
        let last = memchr::memrchr(b'\n', &text).map_or(0, |newline| newline + 1);
        if self.dialect.is_bash() && !text[last..].trim_ascii().is_empty() {
            text.push(b'\n');
        }
        let parser = Parser::new(text, self.dialect, Arc::clone(&self.aliases), line);
        self.frames.push(Frame::Source(Source { parser: Box::new(parser), kind, ran: false }));
    }

    /// Reads the next line of the text that runs, and has its commands run; at the end the text is left.
    pub(super) fn read_source(&mut self) {
        let Some(Frame::Source(source)) = self.frames.last_mut() else { return };
        source.parser.set_aliases(Arc::clone(&self.aliases));
        source.parser.set_extglob(self.shopts.is_on("extglob"));
        let start = source.parser.position();
        let line = source.parser.next_line();
        let reads = matches!(source.kind, SourceKind::Main | SourceKind::Dot { .. });
        if self.options.verbose && reads && (self.dialect.is_bash() || self.script.is_some()) {
            self.errors.extend_from_slice(source.parser.read_since(start));
        }
        for (at, delimiter) in source.parser.take_unended() {
            if self.dialect.is_bash() {
                let (name, delimiter) =
                    (String::from_utf8_lossy(&self.name), String::from_utf8_lossy(&delimiter));
                let warning = format!(
                    "{name}: line {}: warning: here-document at line {at} delimited by end-of-file (wanted \
                     `{delimiter}')\n",
                    source.parser.line().saturating_sub(1)
                );
                self.errors.extend_from_slice(warning.as_bytes());
            }
        }
        match line {
            Ok(Some(_)) if self.options.noexec => {}
            Ok(Some(block)) => {
                source.ran = true;
                self.frames.push(Frame::List(List::new(block)));
            }
            Ok(None) => {
                let was_command = matches!(source.kind, SourceKind::Eval { .. } | SourceKind::Dot { .. });
                let ran = source.ran;
                self.leave_innermost();
                if was_command {
                    if !ran {
                        self.status = 0;
                    }
                    self.command_ended();
                }
            }
            Err(error) => self.give_up_source(&error),
        }
    }

    /// Ends what an error in the text that runs ends: a line, the command that was given it, or the shell.
    fn give_up_source(&mut self, error: &ParseError) {
        self.line = error.line;
        if !matches!(&error.kind, ParseErrorKind::BadConditional(message) if message.is_empty()) {
            self.complain_of_syntax(error);
        }
        // bash takes a condition that makes no sense for the end of the text.
        if matches!(error.kind, ParseErrorKind::BadConditional(_)) && !self.options.interactive {
            self.leave_innermost();
            return;
        }
        self.status = 2;
        // Within the elements of an array it is only the line that is given up.
        if matches!(error.kind, ParseErrorKind::BadElement { .. })
            && let Some(Frame::Source(source)) = self.frames.last_mut()
        {
            source.parser.give_up_line();
            self.status = 1;
            return;
        }
        // In bash it is the command `eval` or `.` that fails.
        let within = matches!(
            self.frames.last(),
            Some(Frame::Source(Source { kind: SourceKind::Eval { .. } | SourceKind::Dot { .. }, .. }))
        );
        if within && self.dialect.is_bash() && !self.options.posix {
            self.leave_innermost();
            self.command_ended();
            return;
        }
        if let Some(outcome) = self.follow(Flow::Fatal(2)) {
            // A syntax error only ends the shell by way of its empty stack.
            drop(outcome);
        }
    }
}

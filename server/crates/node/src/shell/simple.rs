//! Simple commands (POSIX XCU 2.9.1): assignments, builtins, functions, programs.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Dialect,
    arith::name_len,
    ast::{Command, Part, Redirect, Simple, Word},
    builtins::{self, Builtin, Effect},
    frames::{Frame, Function, SourceKind},
    machine::Flow,
    parser::{Parser, with_tildes},
    quote,
    state::Shell,
    variables::Variable,
};
use crate::kernel::process::Fd;

/// Builtins whose operands may be assignments, which are not split.
pub(super) const DECLARATIONS: [&[u8]; 5] = [b"export", b"readonly", b"local", b"declare", b"typeset"];

impl Shell {
    /// Runs a simple command.
    pub(super) async fn simple(&mut self, simple: &Simple, redirects: &[Redirect]) -> Flow {
        let depth = self.frames.len();
        let flow = self.expand_and_run(simple, redirects).await;
        // What takes the shell's place may still read from them.
        if matches!(flow, Flow::Exec(_)) {
            return flow;
        }
        let beside = std::mem::take(&mut self.beside);
        if !beside.is_empty() && self.frames.len() > depth {
            self.frames.insert(depth, Frame::Beside(beside));
            return flow;
        }
        for fd in beside {
            let _ = self.process.close(fd);
        }
        flow
    }

    async fn expand_and_run(&mut self, simple: &Simple, redirects: &[Redirect]) -> Flow {
        self.substituted = None;
        let mut words = Vec::with_capacity(simple.words.len());
        for (index, word) in simple.words.iter().enumerate() {
            let declared = index > 0
                && words.first().is_some_and(|name: &Bytes| DECLARATIONS.contains(&&name[..]))
                && assigns(word);
            let expanded = if declared {
                let word = with_value_tildes(word);
                self.expand(|expander| expander.text(&word)).await.map(|text| words.push(text))
            } else if self.dialect.is_bash() && !self.options.posix && assigns(word) {
                // What looks like an assignment has its tildes, whoever it is for.
                self.word(&with_value_tildes(word), &mut words).await
            } else {
                self.word(word, &mut words).await
            };
            if let Err(flow) = expanded {
                return flow;
            }
        }
        // `command` and `builtin` only change how the name after them is looked for.
        let mut plain = false;
        while let Some(prefix) = words.first()
            && (prefix == "command" || (prefix == "builtin" && self.dialect.is_bash()))
            && words.get(1).is_some_and(|next| !next.starts_with(b"-"))
        {
            let unknown = prefix == "builtin" && builtins::find(&words[1], self.dialect).is_none();
            if unknown {
                self.builtin = Some(prefix.clone());
                let shown = String::from_utf8_lossy(&words[1]).into_owned();
                self.complain(&format!("{shown}: not a shell builtin"));
                self.builtin = None;
                self.status = 1;
                return Flow::On;
            }
            words.remove(0);
            plain = true;
        }
        let Some(name) = words.first().cloned() else {
            return self.assignments_only(simple, redirects).await;
        };
        if !plain
            && let Some(body) = self.functions.get(&name).map(|function| Arc::clone(&function.body))
            && !builtins::find(&name, self.dialect)
                .is_some_and(|builtin| builtin.special && self.options.posix)
        {
            return self.call_function(simple, redirects, name, body, words).await;
        }
        if self.dialect.is_bash()
            && let Some(last) = words.last()
        {
            let _ = self.variables.set(b"_", last.clone());
        }
        match builtins::find(&name, self.dialect) {
            Some(builtin) => self.call_builtin(simple, redirects, builtin, words).await,
            None => self.run_program(simple, redirects, words).await,
        }
    }

    /// Prints a command before it runs (`set -x`).
    pub(super) async fn trace(&mut self, assignments: &[u8], words: &[Bytes]) {
        let mut line = self.trace_prompt().await;
        line.extend_from_slice(assignments);
        for (index, word) in words.iter().enumerate() {
            if index > 0 || !assignments.is_empty() {
                line.push(b' ');
            }
            match self.dialect {
                Dialect::Dash => line.extend_from_slice(word),
                _ => line.extend_from_slice(&quote::if_needed(word, self.dialect)),
            }
        }
        line.push(b'\n');
        let process = Arc::clone(&self.process);
        let fd = self.trace_file();
        let _ = process.write(fd, line).await;
    }

    /// Where `set -x` prints to: bash lets `BASH_XTRACEFD` name an open file.
    fn trace_file(&self) -> Fd {
        let chosen = self.variables.text(b"BASH_XTRACEFD").filter(|_| self.dialect.is_bash());
        chosen
            .and_then(|text| std::str::from_utf8(text).ok()?.parse().ok())
            .filter(|fd| self.process.file(*fd).is_ok())
            .unwrap_or(2)
    }

    /// Prints the assignments among the operands of a builtin, as they are made.
    async fn trace_assigned(&mut self, operands: &[Bytes]) {
        for operand in operands {
            let len = name_len(operand);
            if len > 0 && operand.get(len) == Some(&b'=') {
                let value = &operand[len + 1..];
                let value = if value.is_empty() { Vec::new() } else { quote::if_needed(value, self.dialect) };
                self.trace(&[&operand[..=len], &value].concat(), &[]).await;
            }
        }
    }

    /// What precedes a traced command: PS4. bash expands it, and repeats its first character in substitutions and texts
    /// that run within others.
    async fn trace_prompt(&mut self) -> Vec<u8> {
        let mut prompt = self.variables.text(b"PS4").cloned().unwrap_or(Bytes::from_static(b"+ "));
        if self.dialect == Dialect::Dash {
            return prompt.to_vec();
        }
        if prompt.contains(&b'$') || prompt.contains(&b'`') {
            // What the prompt runs is not traced.
            let (traced, status) = (std::mem::take(&mut self.options.xtrace), self.status);
            if let Some(word) = Parser::here_text(prompt.to_vec(), self.dialect)
                && let Ok(text) = self.expand(|expander| expander.text(&word)).await
            {
                prompt = text;
            }
            (self.options.xtrace, self.status) = (traced, status);
        }
        let mut line = prompt.to_vec();
        if let Some(first) = prompt.first().filter(|_| self.dialect.is_bash()) {
            let sources = self.frames.iter().filter(|frame| match frame {
                Frame::Source(source) => match source.kind {
                    SourceKind::Main => false,
                    SourceKind::Trap { .. } => !self.exiting,
                    SourceKind::Eval { .. } | SourceKind::Dot { .. } => true,
                },
                _ => false,
            });
            for _ in 0..self.substitution_depth + sources.count() {
                line.insert(0, *first);
            }
        }
        line
    }

    /// Prints a compound command before it runs (`set -x` in bash).
    pub(super) async fn trace_text(&mut self, text: impl AsRef<[u8]>) {
        if self.options.xtrace && self.dialect.is_bash() {
            self.trace(text.as_ref(), &[]).await;
        }
    }

    /// How deep functions may call each other (bash `FUNCNEST`).
    fn check_nesting(&mut self, name: &[u8]) -> Result<(), Flow> {
        if !self.dialect.is_bash() {
            return Ok(());
        }
        let Some(most) = self.variables.text(b"FUNCNEST") else { return Ok(()) };
        let Some(most) = std::str::from_utf8(most).ok().and_then(|text| text.parse::<usize>().ok()) else {
            return Ok(());
        };
        let depth = self.frames.iter().filter(|frame| matches!(frame, Frame::Function(_))).count();
        if most == 0 || depth < most {
            return Ok(());
        }
        let name = String::from_utf8_lossy(name).into_owned();
        self.complain(&format!("{name}: maximum function nesting level exceeded ({most})"));
        Err(Flow::Discard(1))
    }

    async fn call_function(
        &mut self,
        simple: &Simple,
        redirects: &[Redirect],
        name: Bytes,
        body: Arc<Command>,
        words: Vec<Bytes>,
    ) -> Flow {
        if let Err(flow) = self.check_nesting(&name) {
            return flow;
        }
        let mut traced = Vec::new();
        let assigned = match self.assign_before(simple, &mut traced).await {
            Ok(saved) => saved,
            Err(flow) => return flow,
        };
        if self.options.xtrace {
            self.trace(&traced, &words).await;
        }
        let saved = match self.redirect(redirects).await {
            Ok(saved) => saved,
            Err(flow) => {
                self.put_back(assigned);
                return flow;
            }
        };
        if !assigned.is_empty() {
            self.frames.push(Frame::Assignments(assigned));
        }
        if !saved.is_empty() {
            self.frames.push(Frame::Redirect(saved));
        }
        let arguments: Arc<[Bytes]> = words[1..].into();
        let kept = match self.keep_words(self.positional.len()) {
            Ok(kept) => kept,
            Err(flow) => return flow,
        };
        let function = Function {
            name,
            _kept: kept,
            positional: std::mem::replace(&mut self.positional, arguments),
            locals: Vec::new(),
            getopts: std::mem::take(&mut self.getopts),
            options: None,
            called_at: self.line,
            source: self.script.clone(),
            trapped: false,
        };
        self.frames.push(Frame::Function(function));
        self.enter(Frame::Command(body))
    }

    pub(super) fn put_back(&mut self, saved: Vec<(Bytes, Option<Variable>)>) {
        for (name, old) in saved.into_iter().rev() {
            self.variables.put_back(&name, old);
            if &*name == b"PATH" {
                self.found = Arc::default();
            }
        }
    }

    /// Lets the assignments before a special builtin stay. They were exported for its time only.
    fn keep(&mut self, assigned: Vec<(Bytes, Option<Variable>)>) {
        for (name, old) in assigned {
            if !old.is_some_and(|old| old.exported) {
                self.variables.export(&name, false);
            }
        }
    }

    /// The variables that `declare -g` is about (bash).
    fn names_of_globals(&self, words: &[Bytes]) -> Vec<Bytes> {
        let declares = self.dialect.is_bash() && (words[0] == "declare" || words[0] == "typeset");
        let (options, operands): (Vec<&Bytes>, Vec<&Bytes>) =
            words[1..].iter().partition(|word| word.starts_with(b"-"));
        if !declares || !options.iter().any(|option| option.contains(&b'g')) {
            return Vec::new();
        }
        operands.into_iter().map(|word| word.slice(..name_len(word))).collect()
    }

    /// Exchanges what functions have hidden of variables with what they have made of them, until it is called again.
    fn swap_globals(&mut self, names: &[Bytes]) {
        for name in names {
            let hidden = self.frames.iter_mut().find_map(|frame| match frame {
                Frame::Function(function) => function.locals.iter_mut().find(|(known, _)| known == name),
                _ => None,
            });
            let Some((_, hidden)) = hidden else { continue };
            let own = self.variables.get(name).cloned();
            let global = std::mem::replace(hidden, own);
            self.variables.put_back(name, global);
        }
    }

    pub(super) async fn call_builtin(
        &mut self,
        simple: &Simple,
        redirects: &[Redirect],
        builtin: &'static Builtin,
        words: Vec<Bytes>,
    ) -> Flow {
        let mut traced = Vec::new();
        let assigned = match self.assign_before(simple, &mut traced).await {
            Ok(saved) => saved,
            Err(flow) => return flow,
        };
        if self.options.xtrace {
            self.trace(&traced, &words).await;
            if self.dialect.is_bash() && (words[0] == "export" || words[0] == "readonly") {
                self.trace_assigned(&words[1..]).await;
            }
        }
        let saved = match self.redirect(redirects).await {
            Ok(saved) => saved,
            Err(flow) => {
                if !builtin.special {
                    self.put_back(assigned);
                } else if matches!(flow, Flow::On) && !self.dialect.is_bash() {
                    // An error in a special builtin ends the shell.
                    return Flow::Fatal(self.status);
                }
                return flow;
            }
        };
        if let Some(array) = simple
            .arrays
            .iter()
            .find(|array| self.variables.get(&array.name).is_some_and(|variable| variable.read_only))
        {
            let message = self.read_only_message(&array.name);
            self.complain(&message);
            self.restore_files(saved);
            self.status = 1;
            return Flow::On;
        }
        // `wait` sees to that itself.
        if words[0] != "wait" && self.jobs.any_running() {
            self.note_ended();
        }
        self.builtin = Some(words[0].clone());
        let globals = self.names_of_globals(&words);
        self.swap_globals(&globals);
        let mut effect = builtins::call(self, builtin, &words).await;
        if !simple.arrays.is_empty() && matches!(effect, Effect::Status(0)) {
            self.builtin = None;
            if self.assign_declared(&simple.arrays).await.is_err() {
                effect = Effect::Status(1);
            }
        }
        self.swap_globals(&globals);
        let process = Arc::clone(&self.process);
        if std::mem::take(&mut self.errors_first) {
            self.print_errors(&process).await;
        }
        if !self.output.is_empty() {
            let output = std::mem::take(&mut self.output);
            if let Err(errno) = process.write(1, output).await {
                self.complain_of_output(errno);
                self.builtin = None;
                self.print_errors(&process).await;
                self.restore_files(saved);
                self.status = 1;
                return Flow::On;
            }
        }
        self.builtin = None;
        if !self.errors.is_empty() {
            self.print_errors(&process).await;
        }
        self.take_effect(effect, builtin, saved, assigned)
    }

    /// Does what a builtin asks for, and puts back what was for its time only.
    fn take_effect(
        &mut self,
        effect: Effect,
        builtin: &Builtin,
        saved: Vec<super::frames::Saved>,
        assigned: Vec<(Bytes, Option<Variable>)>,
    ) -> Flow {
        if let Effect::Source { text, kind, line } = effect {
            if self.sources_too_deep(text.len()) {
                self.restore_files(saved);
                self.complain("maximum nesting level exceeded");
                return Flow::Fatal(2);
            }
            if self.dialect.is_bash() && !self.options.posix && !assigned.is_empty() {
                self.frames.push(Frame::Assignments(assigned));
            }
            if !saved.is_empty() {
                self.frames.push(Frame::Redirect(saved));
            }
            self.source(text, kind, line);
            return Flow::On;
        }
        if matches!(effect, Effect::KeepFiles) {
            if self.dialect.is_bash() && !self.options.posix {
                self.put_back(assigned);
            } else {
                self.keep(assigned);
            }
            self.status = 0;
            return Flow::On;
        }
        // What becomes another program keeps its files.
        if let Effect::Exec(outcome) = effect {
            return Flow::Exec(outcome);
        }
        self.restore_files(saved);
        if !builtin.special || (self.dialect.is_bash() && !self.options.posix) {
            self.put_back(assigned);
        } else {
            self.keep(assigned);
        }
        match effect {
            Effect::Status(status) => {
                self.status = status;
                Flow::On
            }
            Effect::Break(count) => {
                // A count that is out of range fails.
                self.status = u8::from(count == usize::MAX);
                Flow::Break(count)
            }
            Effect::Continue(count) => {
                self.status = 0;
                Flow::Continue(count)
            }
            Effect::Return(status) => Flow::Return(status),
            Effect::Exit(status) => Flow::Exit(status),
            // In ash and dash an error in what is no special builtin is a status like others.
            Effect::Fatal(status) if !builtin.special && !self.dialect.is_bash() => {
                self.status = status;
                Flow::On
            }
            Effect::Fatal(status) => Flow::Fatal(status),
            Effect::Source { .. } | Effect::KeepFiles | Effect::Exec(_) => Flow::On,
        }
    }
}

/// A word that looks like an assignment, with the tildes of its value.
fn with_value_tildes(word: &Word) -> Word {
    let Some((Part::Literal(text), later)) = word.parts.split_first() else { return word.clone() };
    let value = memchr::memchr(b'=', text).map_or(0, |equals| equals + 1);
    let parts: Vec<Part> =
        std::iter::once(Part::Literal(text.slice(value..))).chain(later.iter().cloned()).collect();
    let value_parts = with_tildes(&parts);
    let name = Part::Literal(text.slice(..value));
    Word { parts: std::iter::once(name).chain(value_parts.parts.iter().cloned()).collect() }
}

/// Whether a word looks like an assignment.
fn assigns(word: &Word) -> bool {
    let Some(Part::Literal(text)) = word.parts.first() else { return false };
    let len = name_len(text);
    len > 0 && (text.get(len) == Some(&b'=') || text[len..].starts_with(b"+="))
}

//! Simple commands (POSIX XCU 2.9.1): assignments, builtins, functions, programs.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Dialect,
    arith::name_len,
    ast::{AssignedValue, Assignment, Command, Part, Redirect, Simple, Word},
    builtins::{self, Builtin, Effect},
    frames::{Frame, Function},
    machine::Flow,
    parser::with_tildes,
    quote,
    state::{DEFAULT_PATH, Shell},
    variables::{Key, Value, Variable},
};
use crate::kernel::{
    errno::Errno,
    process::{Executable, Process},
};

/// Builtins whose operands may be assignments, which are not split.
const DECLARATIONS: [&[u8]; 5] = [b"export", b"readonly", b"local", b"declare", b"typeset"];

impl Shell {
    /// Runs a simple command.
    pub(super) async fn simple(&mut self, simple: &Simple, redirects: &[Redirect]) -> Flow {
        let flow = self.expand_and_run(simple, redirects).await;
        for fd in std::mem::take(&mut self.beside) {
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
                let word = with_tildes(&word.parts);
                self.expand(|expander| expander.text(&word)).await.map(|text| words.push(text))
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
            words.remove(0);
            plain = true;
        }
        let Some(name) = words.first().cloned() else {
            return self.assignments_only(simple, redirects).await;
        };
        if !plain
            && let Some(body) = self.functions.get(&name).cloned()
            && !builtins::find(&name, self.dialect)
                .is_some_and(|builtin| builtin.special && self.options.posix)
        {
            return self.call_function(simple, redirects, name, body, words).await;
        }
        match builtins::find(&name, self.dialect) {
            Some(builtin) => self.call_builtin(simple, redirects, builtin, words).await,
            None => self.run_program(simple, redirects, words).await,
        }
    }

    /// Assignments and redirections without a command.
    async fn assignments_only(&mut self, simple: &Simple, redirects: &[Redirect]) -> Flow {
        if !redirects.is_empty() {
            match self.redirect(redirects).await {
                Ok(saved) => self.restore_files(saved),
                Err(flow) => return flow,
            }
        }
        let mut traced = Vec::new();
        for assignment in &simple.assignments {
            if let Err(flow) = self.assign_one(assignment, &mut traced).await {
                return flow;
            }
        }
        if self.options.xtrace && !traced.is_empty() {
            self.trace(&traced, &[]).await;
        }
        self.status = self.substituted.unwrap_or(0);
        Flow::On
    }

    /// Makes one assignment.
    async fn assign_one(&mut self, assignment: &Assignment, traced: &mut Vec<u8>) -> Result<(), Flow> {
        let name = &assignment.name;
        let done = match (&assignment.value, &assignment.subscript) {
            (AssignedValue::Word(word), None) => {
                let mut text = self.expand(|expander| expander.text(word)).await?;
                let integer = self.variables.get(name).is_some_and(|variable| variable.integer);
                if integer {
                    let word = Word::quoted(text);
                    text = self.expand(|expander| expander.arithmetic(&word)).await?.to_string().into();
                }
                if assignment.append {
                    text = self.appended(name, &text, integer);
                }
                if self.options.xtrace {
                    let separator: &[u8] = if traced.is_empty() { b"" } else { b" " };
                    traced.extend_from_slice(&[separator, name, b"=", &text].concat());
                }
                self.assign(name, text)
            }
            (AssignedValue::Word(word), Some(subscript)) => {
                let key = self.key(name, subscript).await?;
                let mut text = self.expand(|expander| expander.text(word)).await?;
                if assignment.append {
                    let old = match (&key, self.variables.get(name).map(|variable| &variable.value)) {
                        (Key::Number(key), Some(Value::Indexed(array))) => array.get(key),
                        (Key::Name(key), Some(Value::Keyed(array))) => array.get(key),
                        _ => None,
                    };
                    text = [old.map_or(&b""[..], |old| old), &text].concat().into();
                }
                self.variables.set_element(name, key, text).map_err(|_| self.read_only_message(name))
            }
            (AssignedValue::Array(elements), _) => {
                return self.assign_array(name, elements, assignment.append).await;
            }
        };
        done.map_err(|message| {
            self.complain(&message);
            Flow::Fatal(if self.dialect.is_bash() { 1 } else { 2 })
        })
    }

    fn appended(&self, name: &[u8], text: &[u8], integer: bool) -> Bytes {
        let old = self.variables.text(name).cloned().unwrap_or_default();
        if integer {
            let number =
                |text: &[u8]| std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
            return number(&old).unwrap_or(0).wrapping_add(number(text).unwrap_or(0)).to_string().into();
        }
        [&old[..], text].concat().into()
    }

    /// The element that a subscript names.
    async fn key(&mut self, name: &[u8], subscript: &Word) -> Result<Key, Flow> {
        if matches!(self.variables.get(name).map(|variable| &variable.value), Some(Value::Keyed(_))) {
            return Ok(Key::Name(self.expand(|expander| expander.text(subscript)).await?));
        }
        let index = self.expand(|expander| expander.arithmetic(subscript)).await?;
        let wrapped = match self.variables.get(name).map(|variable| &variable.value) {
            Some(Value::Indexed(array)) => super::expand::wrap_index(array, index),
            _ => index,
        };
        Ok(Key::Number(wrapped))
    }

    async fn assign_array(
        &mut self,
        name: &Bytes,
        elements: &[(Option<Word>, Word)],
        append: bool,
    ) -> Result<(), Flow> {
        let keyed = matches!(self.variables.get(name).map(|variable| &variable.value), Some(Value::Keyed(_)));
        let mut next = match self.variables.get(name).map(|variable| &variable.value) {
            Some(Value::Indexed(array)) if append => array.last_key_value().map_or(0, |(last, _)| last + 1),
            Some(Value::Scalar(_)) if append => 1,
            _ => 0,
        };
        let mut all = Vec::new();
        for (subscript, word) in elements {
            match subscript {
                Some(subscript) => {
                    let key = self.key(name, subscript).await?;
                    if let Key::Number(number) = key {
                        next = number + 1;
                    }
                    all.push((key, self.expand(|expander| expander.text(word)).await?));
                }
                None => {
                    let mut fields = Vec::new();
                    self.word(word, &mut fields).await?;
                    for field in fields {
                        all.push((Key::Number(next), field));
                        next += 1;
                    }
                }
            }
        }
        let empty = if keyed { Value::Keyed(Default::default()) } else { Value::Indexed(Default::default()) };
        let mut done = if append { Ok(()) } else { self.variables.set_value(name, empty) };
        for (key, text) in all {
            done = done.and_then(|()| self.variables.set_element(name, key, text));
        }
        done.map_err(|_| {
            let message = self.read_only_message(name);
            self.complain(&message);
            Flow::Fatal(1)
        })
    }

    /// Makes the assignments before a command, exported; returns how the variables were.
    async fn assign_before(
        &mut self,
        simple: &Simple,
        traced: &mut Vec<u8>,
    ) -> Result<Vec<(Bytes, Option<Variable>)>, Flow> {
        let mut saved = Vec::new();
        for assignment in &simple.assignments {
            let name = &assignment.name;
            let old = self.variables.get(name).cloned();
            self.assign_one(assignment, traced).await?;
            self.variables.export(name, true);
            saved.push((name.clone(), old));
        }
        Ok(saved)
    }

    /// Prints a command before it runs (`set -x`).
    async fn trace(&mut self, assignments: &[u8], words: &[Bytes]) {
        let prompt = self.variables.text(b"PS4").cloned().unwrap_or(Bytes::from_static(b"+ "));
        let mut line = prompt.to_vec();
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
        let _ = process.write(2, line).await;
    }

    async fn call_function(
        &mut self,
        simple: &Simple,
        redirects: &[Redirect],
        name: Bytes,
        body: Arc<Command>,
        words: Vec<Bytes>,
    ) -> Flow {
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
        let function = Function {
            name,
            positional: std::mem::replace(&mut self.positional, arguments),
            locals: Vec::new(),
            getopts: std::mem::take(&mut self.getopts),
        };
        self.frames.push(Frame::Function(function));
        self.enter(Frame::Command(body))
    }

    fn put_back(&mut self, saved: Vec<(Bytes, Option<Variable>)>) {
        for (name, old) in saved.into_iter().rev() {
            self.variables.put_back(&name, old);
            if &*name == b"PATH" {
                self.found = Arc::default();
            }
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
        self.builtin = Some(words[0].clone());
        let effect = builtins::call(self, builtin, &words).await;
        let process = Arc::clone(&self.process);
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
            if !saved.is_empty() {
                self.frames.push(Frame::Redirect(saved));
            }
            self.status = 0;
            self.source(text, kind, line);
            return Flow::On;
        }
        if matches!(effect, Effect::KeepFiles) {
            self.status = 0;
            return Flow::On;
        }
        // What becomes another program keeps its files.
        if let Effect::Exec(outcome) = effect {
            return Flow::Exec(outcome);
        }
        self.restore_files(saved);
        if !builtin.special {
            self.put_back(assigned);
        }
        match effect {
            Effect::Status(status) => {
                self.status = status;
                Flow::On
            }
            Effect::Break(count) => {
                self.status = 0;
                Flow::Break(count)
            }
            Effect::Continue(count) => {
                self.status = 0;
                Flow::Continue(count)
            }
            Effect::Return(status) => Flow::Return(status),
            Effect::Exit(status) => Flow::Exit(status),
            Effect::Fatal(status) => Flow::Fatal(status),
            Effect::Enter(flow) => flow,
            Effect::Source { .. } | Effect::KeepFiles | Effect::Exec(_) => Flow::On,
        }
    }

    /// Finds a program, remembering where it was.
    pub(crate) fn find_program(&mut self, name: &Bytes, argv: Arc<[Bytes]>) -> Result<Executable, Errno> {
        if name.contains(&b'/') {
            return self.process.executable(name, argv);
        }
        if let Some(path) = self.found.get(name)
            && let Ok(executable) = self.process.executable(path, Arc::clone(&argv))
        {
            return Ok(executable);
        }
        let search = self.variables.text(b"PATH").cloned().unwrap_or(Bytes::from_static(DEFAULT_PATH));
        let executable = self.process.search(name, &search, argv)?;
        if let Some(path) = executable.found_at() {
            Arc::make_mut(&mut self.found).insert(name.clone(), path);
        }
        Ok(executable)
    }

    /// What running `words` runs: a file without a known format is a script for this very shell.
    pub(crate) fn program(&mut self, words: &[Bytes]) -> Result<Executable, Errno> {
        let Some(name) = words.first() else { return Err(Errno::ENOENT) };
        if name.is_empty() {
            return Err(Errno::ENOENT);
        }
        match self.find_program(name, words.into()) {
            Err(Errno::ENOEXEC) => {
                let path = self.path_of_program(name).unwrap_or_else(|| name.clone());
                let shell = Bytes::from(self.process.lock().exe.to_vec());
                let applet = Bytes::from_static(match self.dialect {
                    Dialect::Bash => b"bash",
                    _ => b"sh",
                });
                let mut argv = vec![applet, path];
                argv.extend(words[1..].iter().cloned());
                self.process.executable(&shell, argv.into())
            }
            found => found,
        }
    }

    /// Where along `PATH` a program lies.
    pub(crate) fn path_of_program(&self, name: &[u8]) -> Option<Bytes> {
        if name.contains(&b'/') {
            return self
                .process
                .access(name, crate::kernel::creds::EXECUTE)
                .is_ok()
                .then(|| Bytes::copy_from_slice(name));
        }
        let search = self.variables.text(b"PATH").cloned().unwrap_or(Bytes::from_static(DEFAULT_PATH));
        search.split(|byte| *byte == b':').find_map(|dir| {
            let path = crate::kernel::fs::join(if dir.is_empty() { b"." } else { dir }, name);
            let stat = self.process.stat(&path, true).ok()?;
            let runs = stat.file_type == crate::kernel::fs::FileType::Regular
                && self.process.access(&path, crate::kernel::creds::EXECUTE).is_ok();
            runs.then(|| path.into())
        })
    }

    async fn run_program(&mut self, simple: &Simple, redirects: &[Redirect], words: Vec<Bytes>) -> Flow {
        let mut traced = Vec::new();
        let assigned = match self.assign_before(simple, &mut traced).await {
            Ok(saved) => saved,
            Err(flow) => return flow,
        };
        if self.options.xtrace {
            self.trace(&traced, &words).await;
        }
        let executable = self.program(&words);
        let environment = self.variables.environment();
        self.put_back(assigned);
        if self.is_last_command() && executable.is_ok() {
            return self.exec_program(redirects, executable, environment, &words[0]).await;
        }
        let child = match self.fork_process() {
            Ok(child) => child,
            Err(errno) => return self.cannot_fork(errno),
        };
        if let Err(flow) = self.redirect_child(&child, redirects).await {
            child.abandon();
            return flow;
        }
        match executable {
            Ok(executable) => {
                self.lead_group(&child, child.pid, true);
                child.start_program(&executable, environment);
                self.status = self.wait_foreground(&child, &words).await;
            }
            Err(errno) => {
                let (message, status) = self.not_run(&words[0], errno);
                self.complain(&message);
                // The message goes where the command's own errors would have gone.
                self.print_errors_as(&child).await;
                child.abandon();
                self.status = status;
            }
        }
        Flow::On
    }

    async fn exec_program(
        &mut self,
        redirects: &[Redirect],
        executable: Result<Executable, Errno>,
        environment: Arc<[Bytes]>,
        name: &[u8],
    ) -> Flow {
        if let Err(flow) = self.redirect(redirects).await {
            return flow;
        }
        match executable {
            Ok(executable) => Flow::Exec(self.process.exec(executable, environment)),
            Err(errno) => {
                let (message, status) = self.not_run(name, errno);
                self.complain(&message);
                self.status = status;
                Flow::On
            }
        }
    }

    pub(super) fn cannot_fork(&mut self, errno: Errno) -> Flow {
        let text = self.process.text(errno);
        let message = match self.dialect {
            Dialect::Ash => format!("can't fork: {text}"),
            Dialect::Dash => "Cannot fork".to_owned(),
            Dialect::Bash => format!("fork: retry: {text}"),
        };
        self.complain(&message);
        self.status = 2;
        Flow::Fatal(2)
    }

    async fn print_errors_as(&mut self, child: &Arc<Process>) {
        // The child does not run yet: its files are written to by the shell's own task.
        let errors = std::mem::take(&mut self.errors);
        if let Ok(file) = child.file(2) {
            let process = Arc::clone(&self.process);
            let _ = process.write_file(&file, errors.into()).await;
        }
    }
}

/// Whether a word looks like an assignment.
fn assigns(word: &Word) -> bool {
    let Some(Part::Literal(text)) = word.parts.first() else { return false };
    let len = name_len(text);
    len > 0 && (text.get(len) == Some(&b'=') || text[len..].starts_with(b"+="))
}

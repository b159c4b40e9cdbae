//! Running one command: what is simple, and how compound ones begin and go on.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Dialect,
    arith::name_len,
    ast::{CaseEnd, Command, CommandKind, Word},
    expand::{ExpandError, Expander, Journal, expand_braces},
    frames::{For, Frame, If, KeptWords, List, Loop},
    machine::{Flow, counts_for_errexit},
    state::Shell,
    traps::Event,
};

impl Shell {
    /// Begins a command; a simple one also ends.
    pub(super) async fn command(&mut self, command: &Arc<Command>) -> Flow {
        self.line = command.line;
        if self.begin_debug_trap(command) {
            return Flow::On;
        }
        if let CommandKind::Simple(simple) = &command.kind {
            let depth = self.frames.len();
            let flow = self.simple(simple, &command.redirects).await;
            self.pipe_statuses.clear();
            // A function or a text that was entered has yet to end.
            let ended = self.frames.len() <= depth;
            return if matches!(flow, Flow::On) && ended { self.check_failure() } else { flow };
        }
        if !command.redirects.is_empty() {
            match self.redirect(&command.redirects).await {
                Ok(saved) => {
                    self.frames.push(Frame::Redirect(saved));
                }
                Err(Flow::On) => return self.check_failure(),
                Err(flow) => return flow,
            }
        }
        let flow = self.compound(command).await;
        if matches!(flow, Flow::On) && counts_for_errexit(&command.kind) {
            self.check_failure()
        } else {
            flow
        }
    }

    /// Before a simple command: has the trap for that run first (bash).
    fn begin_debug_trap(&mut self, command: &Arc<Command>) -> bool {
        if std::mem::take(&mut self.debugged) || !matches!(command.kind, CommandKind::Simple(_)) {
            return false;
        }
        let Some(action) = self.traps.get(Event::Debug).filter(|action| !action.is_empty()).cloned() else {
            return false;
        };
        let hidden = |frame: &Frame| match frame {
            Frame::Trap { .. } => true,
            Frame::Function(_) => !self.options.functrace,
            _ => false,
        };
        if self.frames.iter().any(hidden) {
            return false;
        }
        self.frames.push(Frame::Debugged(Arc::clone(command)));
        self.begin_trap(&action);
        true
    }

    async fn compound(&mut self, command: &Arc<Command>) -> Flow {
        match &command.kind {
            CommandKind::Simple(_) => Flow::On,
            CommandKind::Brace(block) => self.enter(Frame::List(List::new(Arc::clone(block)))),
            CommandKind::Subshell(block) => self.subshell_command(block).await,
            CommandKind::If { arms, .. } => {
                let Some((test, _)) = arms.first() else { return Flow::On };
                let test = List::new(Arc::clone(test));
                self.frames.push(Frame::If(If { command: Arc::clone(command), arm: 0, tested: true }));
                self.tested += 1;
                self.enter(Frame::List(test))
            }
            CommandKind::Loop { test, .. } => {
                let test = List::new(Arc::clone(test));
                self.frames.push(Frame::Loop(Loop {
                    command: Arc::clone(command),
                    testing: true,
                    status: 0,
                }));
                self.tested += 1;
                self.enter(Frame::List(test))
            }
            CommandKind::For { name, .. } if name_len(name) != name.len() => {
                self.complain(&format!("`{}': not a valid identifier", String::from_utf8_lossy(name)));
                self.status = 1;
                Flow::On
            }
            CommandKind::For { words, .. } => {
                let values = match words {
                    None => self.positional.to_vec(),
                    Some(words) => match self.words(words).await {
                        Ok(values) => values,
                        Err(flow) => return flow,
                    },
                };
                if values.is_empty() {
                    self.status = 0;
                }
                let kept = match self.keep_words(values.len()) {
                    Ok(kept) => kept,
                    Err(flow) => return flow,
                };
                self.enter(Frame::For(For {
                    command: Arc::clone(command),
                    values: values.into_iter(),
                    _kept: kept,
                }))
            }
            CommandKind::ForArith { init, .. } => {
                if let Err(flow) = self.double_parentheses(init).await {
                    return flow;
                }
                self.status = 0;
                self.enter(Frame::ForArith { command: Arc::clone(command), stepping: false })
            }
            CommandKind::Select { words, head, .. } => {
                self.trace_text(head).await;
                let values = match words {
                    None => self.positional.to_vec(),
                    Some(words) => match self.words(words).await {
                        Ok(values) => values,
                        Err(flow) => return flow,
                    },
                };
                if values.is_empty() {
                    self.status = 0;
                    return Flow::On;
                }
                self.show_choices(&values);
                self.enter(Frame::Select { command: Arc::clone(command), words: values.into() })
            }
            CommandKind::Case { word, head, .. } => {
                self.trace_text(head).await;
                match self.expand(|expander| expander.text(word)).await {
                    Ok(subject) => self.case(command, subject, 0).await,
                    Err(flow) => flow,
                }
            }
            CommandKind::Function { name, .. } if self.read_only_functions.contains(name) => {
                let name = String::from_utf8_lossy(name).into_owned();
                self.complain(&format!("{name}: readonly function"));
                self.status = 1;
                Flow::On
            }
            CommandKind::Function { name, definition } => {
                Arc::make_mut(&mut self.functions).insert(name.clone(), Arc::clone(definition));
                self.status = 0;
                Flow::On
            }
            CommandKind::Arith(word) => {
                match self.double_parentheses(word).await {
                    Ok(value) => self.status = u8::from(value == 0),
                    Err(_) => self.status = 1,
                }
                Flow::On
            }
            CommandKind::Cond(cond) => match self.cond(cond).await {
                Ok(holds) => {
                    self.status = u8::from(!holds);
                    Flow::On
                }
                Err(flow) => flow,
            },
            CommandKind::Coproc { name, command } => self.coproc(name, command),
        }
    }

    /// Works out what stands in `(( ))`, which errors name.
    async fn double_parentheses(&mut self, word: &Word) -> Result<i64, Flow> {
        self.builtin = Some(Bytes::from_static(b"(("));
        if self.options.xtrace
            && let Ok(text) = self.expand(|expander| expander.text(word)).await
        {
            self.trace_text([b"(( ", &text[..], b" ))"].concat()).await;
        }
        let value = self.expand(|expander| expander.arithmetic(word)).await;
        self.builtin = None;
        value
    }

    /// Looks for the arm of a `case` that matches, from one on.
    async fn case(&mut self, command: &Arc<Command>, subject: Bytes, first: usize) -> Flow {
        let CommandKind::Case { arms, .. } = &command.kind else { return Flow::On };
        for (index, arm) in arms.iter().enumerate().skip(first) {
            for pattern in &arm.patterns {
                let pattern = match self.expand(|expander| expander.pattern(pattern)).await {
                    Ok(pattern) => pattern,
                    Err(flow) => return flow,
                };
                if self.pattern_matches(&pattern, &subject, self.shopts.is_on("extglob")) {
                    return self.enter_arm(command, subject, index);
                }
            }
        }
        if first == 0 {
            self.status = 0;
        }
        Flow::On
    }

    fn enter_arm(&mut self, command: &Arc<Command>, subject: Bytes, index: usize) -> Flow {
        let CommandKind::Case { arms, .. } = &command.kind else { return Flow::On };
        let Some(arm) = arms.get(index) else { return Flow::On };
        if arm.end != CaseEnd::Break {
            let fall = arm.end == CaseEnd::FallThrough;
            self.frames.push(Frame::Case { command: Arc::clone(command), subject, next: index + 1, fall });
        }
        if arm.body.is_empty() {
            self.status = 0;
        }
        self.enter(Frame::List(List::new(Arc::clone(&arm.body))))
    }

    /// Goes on with an `if`, a loop or a `case` of which a part has ended.
    pub(super) fn advance_compound(&mut self) {
        match self.frames.last_mut() {
            Some(Frame::If(frame)) => {
                if std::mem::take(&mut frame.tested) {
                    self.tested -= 1;
                }
                let CommandKind::If { arms, otherwise } = &frame.command.kind else { return };
                if self.status == 0 {
                    let body = arms.get(frame.arm).map(|(_, body)| Arc::clone(body));
                    self.replace(body);
                    return;
                }
                frame.arm += 1;
                match arms.get(frame.arm) {
                    Some((test, _)) => {
                        let test = List::new(Arc::clone(test));
                        frame.tested = true;
                        self.tested += 1;
                        self.frames.push(Frame::List(test));
                    }
                    None => {
                        let body = otherwise.clone();
                        if body.is_none() {
                            self.status = 0;
                        }
                        self.replace(body);
                    }
                }
            }
            Some(Frame::Loop(frame)) => {
                let CommandKind::Loop { until, test, body } = &frame.command.kind else { return };
                let next = if std::mem::take(&mut frame.testing) {
                    self.tested -= 1;
                    if (self.status == 0) == *until {
                        self.status = frame.status;
                        self.frames.pop();
                        return;
                    }
                    body
                } else {
                    frame.status = self.status;
                    frame.testing = true;
                    self.tested += 1;
                    test
                };
                let next = List::new(Arc::clone(next));
                self.frames.push(Frame::List(next));
            }
            Some(Frame::Case { .. }) => {
                let Some(Frame::Case { command, subject, next, fall }) = self.frames.pop() else { return };
                if fall {
                    self.enter_arm(&command, subject, next);
                } else {
                    // Testing goes on, which may need commands to run: as a command of its own.
                    self.frames.push(Frame::CaseTest { command, subject, next });
                }
            }
            _ => {}
        }
    }

    /// Takes the innermost frame off and runs a block instead.
    fn replace(&mut self, block: Option<super::ast::Block>) {
        self.frames.pop();
        if let Some(block) = block {
            self.frames.push(Frame::List(List::new(block)));
        }
    }

    /// Goes on testing the arms of a `case` after `;;&`.
    pub(super) async fn case_test(&mut self) -> Flow {
        let Some(Frame::CaseTest { command, subject, next }) = self.frames.pop() else { return Flow::On };
        self.case(&command, subject, next).await
    }

    /// One round of a `for`.
    pub(super) async fn next_round(&mut self) -> Flow {
        let Some(Frame::For(frame)) = self.frames.last_mut() else { return Flow::On };
        let CommandKind::For { name, body, head, .. } = &frame.command.kind else { return Flow::On };
        let Some(value) = frame.values.next() else {
            self.frames.pop();
            return Flow::On;
        };
        let (name, body, head) = (name.clone(), List::new(Arc::clone(body)), head.clone());
        self.trace_text(head).await;
        // A reference leads to the next variable each time.
        let assigned = match self.is_reference(&name) {
            true => self.variables.set(&name, value).map_err(|_| self.read_only_message(&name)),
            false => self.assign(&name, value),
        };
        if let Err(message) = assigned {
            self.complain(&message);
            if self.dialect.is_bash() {
                self.frames.pop();
                self.status = 1;
                return Flow::On;
            }
            return Flow::Fatal(2);
        }
        self.enter(Frame::List(body))
    }

    /// One round of `for ((...))`.
    pub(super) async fn for_arith(&mut self, command: &Arc<Command>, stepping: bool) -> Flow {
        let CommandKind::ForArith { test, step, body, .. } = &command.kind else { return Flow::On };
        if stepping && let Err(flow) = self.double_parentheses(step).await {
            return flow;
        }
        let goes_on = if test.parts.iter().all(super::expand::is_blank) {
            Ok(1)
        } else {
            self.double_parentheses(test).await
        };
        match goes_on {
            Ok(0) => {
                self.frames.pop();
                Flow::On
            }
            Ok(_) => self.enter(Frame::List(List::new(Arc::clone(body)))),
            Err(flow) => flow,
        }
    }

    /// Expands words to fields.
    pub(super) async fn words(&mut self, words: &[Word]) -> Result<Vec<Bytes>, Flow> {
        let mut fields = Vec::with_capacity(words.len());
        for word in words {
            self.word(word, &mut fields).await?;
        }
        Ok(fields)
    }

    /// Counts words that a frame is to keep.
    pub(super) fn keep_words(&mut self, count: usize) -> Result<KeptWords, Flow> {
        let kept = KeptWords::new(count, &self.kept_words);
        match self.check_size_with(0) {
            Ok(()) => Ok(kept),
            Err(message) => {
                self.complain(&message);
                Err(Flow::Fatal(2))
            }
        }
    }

    /// Expands a word to fields.
    pub(super) async fn word(&mut self, word: &Word, fields: &mut Vec<Bytes>) -> Result<(), Flow> {
        if self.options.braceexpand
            && let Some(words) = expand_braces(word)
        {
            for word in &words {
                self.expand(|expander| expander.fields(word, fields)).await?;
                self.process.work(1).await;
            }
            return Ok(());
        }
        self.expand(|expander| expander.fields(word, fields)).await
    }

    /// Expands, running the commands that it needs. An error is printed; the flow says what comes of it.
    pub(super) async fn expand<T>(
        &mut self,
        mut expand: impl FnMut(&mut Expander<'_>) -> Result<T, ExpandError>,
    ) -> Result<T, Flow> {
        let mut journal = Journal::default();
        loop {
            journal.rewind();
            match expand(&mut Expander { shell: self, journal: &mut journal }) {
                Ok(value) => {
                    if !self.errors.is_empty() {
                        let process = Arc::clone(&self.process);
                        self.print_errors(&process).await;
                    }
                    return Ok(value);
                }
                Err(ExpandError::Run(script)) => {
                    let output = self.capture(&script.block).await?;
                    journal.push(output);
                }
                Err(ExpandError::Start { script, output }) => {
                    let path = self.start_beside(&script.block, output)?;
                    journal.push(path);
                }
                Err(ExpandError::Unset(message)) => {
                    self.complain(&message);
                    return Err(Flow::Fatal(match self.dialect {
                        // What a command line held fails as if it had not been found.
                        Dialect::Bash if self.options.command && !self.subshell => 127,
                        Dialect::Bash => 1,
                        _ => 2,
                    }));
                }
                Err(ExpandError::Fail(message)) => {
                    self.complain(&message);
                    return Err(if self.dialect.is_bash() { Flow::Discard(1) } else { Flow::Fatal(2) });
                }
            }
        }
    }
}

//! The machine that runs scripts: a loop over a stack of frames. Nothing recurses, so that nothing a script nests or calls
//! needs a deep stack, and everything can stop and go on between any two commands.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Dialect,
    ast::{Block, Command, CommandKind, Connector, Pipeline},
    frames::{Frame, List, Source, SourceKind, Stages},
    state::Shell,
    traps::Event,
};
use crate::kernel::{process::Outcome, signal::Signal};

/// How many frames there may be: functions that call themselves without end come to one.
const MAX_FRAMES: usize = 20_000;

/// What to do next.
enum Step {
    /// Go on with the innermost frame.
    Next,
    Command(Arc<Command>),
    /// Wait for the rest of a pipeline.
    Join(Stages),
    /// Commands side by side.
    Pipeline(Block, usize, usize),
    Background(Block, usize),
    /// The next line of what someone types or sends.
    Input,
    /// One more choice of a `select`.
    Select(Arc<Command>, Arc<[Bytes]>),
    /// One more round of a `for`.
    Round,
    /// One more round of `for ((...))`.
    ForArith(Arc<Command>, bool),
    /// The arms of a `case` that are left.
    CaseTest,
}

/// How a command ends that changes what comes next.
#[derive(Debug)]
pub(super) enum Flow {
    /// Go on.
    On,
    /// Leave loops, that many.
    Break(usize),
    /// Begin the next round of a loop, after leaving one less than that many.
    Continue(usize),
    /// Leave a function or a file.
    Return(u8),
    /// End the shell.
    Exit(u8),
    /// Something is wrong that ends a shell, unless someone is typing.
    Fatal(u8),
    /// Something is wrong with a command: bash gives up its line and goes on with the next.
    Discard(u8),
    /// Become another program.
    Exec(Outcome),
}

/// The pipeline of this number.
pub(super) fn nth(block: &Block, item: usize, pipe: usize) -> Option<&Pipeline> {
    let command = block.get(item)?;
    match pipe.checked_sub(1) {
        None => Some(&command.first),
        Some(index) => command.rest.get(index).map(|(_, pipeline)| pipeline),
    }
}

impl Shell {
    /// Runs what is on the stack to its end.
    pub(crate) async fn run(&mut self) -> Outcome {
        let process = Arc::clone(&self.process);
        loop {
            if process.tick(1) {
                process.pause().await;
            }
            if !self.errors.is_empty() {
                self.print_errors(&process).await;
            }
            if process.has_signal() {
                self.take_signals();
            }
            if self.frames.is_empty() {
                if self.begin_exit_trap() {
                    continue;
                }
                return Outcome::Exit(self.status);
            }
            let flow = match self.advance() {
                Step::Next => Flow::On,
                Step::Command(command) => self.command(&command).await,
                Step::Pipeline(block, item, pipe) => match nth(&block, item, pipe) {
                    Some(pipeline) => self.pipeline(pipeline).await,
                    None => Flow::On,
                },
                Step::Background(block, item) => self.background(&block, item),
                Step::Input => self.read_input().await,
                Step::Select(command, words) => self.select(&command, &words).await,
                Step::CaseTest => self.case_test().await,
                Step::Join(stages) => self.join(stages, Some(self.status)).await,
                Step::Round => self.next_round().await,
                Step::ForArith(command, stepping) => self.for_arith(&command, stepping).await,
            };
            if let Some(outcome) = self.follow(flow) {
                if !self.errors.is_empty() {
                    self.print_errors(&process).await;
                }
                return outcome;
            }
        }
    }

    /// Looks at the innermost frame and says what it needs.
    fn advance(&mut self) -> Step {
        let Some(frame) = self.frames.last_mut() else { return Step::Next };
        match frame {
            Frame::List(list) => {
                if list.running {
                    list.running = false;
                    if std::mem::take(&mut list.tested) {
                        self.tested -= 1;
                    }
                    next_pipeline(list, &mut self.status);
                }
                let not_run = self.options.noexec && !self.options.interactive;
                if list.item >= list.end || not_run {
                    self.frames.pop();
                    return Step::Next;
                }
                let Some(command) = list.block.get(list.item) else { return Step::Next };
                if command.background && !list.here {
                    list.item += 1;
                    return Step::Background(Arc::clone(&list.block), list.item - 1);
                }
                let Some(pipeline) = nth(&list.block, list.item, list.pipe) else { return Step::Next };
                list.running = true;
                if list.pipe < command.rest.len() || pipeline.negated {
                    list.tested = true;
                    self.tested += 1;
                }
                match &pipeline.commands[..] {
                    [only] if pipeline.timed.is_none() => {
                        let only = Arc::clone(only);
                        let text = command.rest.is_empty().then(|| command.text.clone());
                        self.note_command(text);
                        Step::Command(only)
                    }
                    _ => Step::Pipeline(Arc::clone(&list.block), list.item, list.pipe),
                }
            }
            Frame::Debugged(_) => match self.frames.pop() {
                Some(Frame::Debugged(command)) => {
                    self.debugged = true;
                    Step::Command(command)
                }
                _ => Step::Next,
            },
            Frame::Command(_) => match self.frames.pop() {
                Some(Frame::Command(command)) => Step::Command(command),
                _ => Step::Next,
            },
            Frame::For(_) => Step::Round,
            Frame::If(_) | Frame::Loop(_) | Frame::Case { .. } => {
                self.advance_compound();
                Step::Next
            }
            Frame::ForArith { command, stepping } => {
                let step = Step::ForArith(Arc::clone(command), *stepping);
                *stepping = true;
                step
            }
            Frame::Select { command, words } => Step::Select(Arc::clone(command), Arc::clone(words)),
            Frame::Source(_) => {
                self.read_source();
                Step::Next
            }
            Frame::CaseTest { .. } => Step::CaseTest,
            Frame::Pipeline(_) => match self.frames.pop() {
                Some(Frame::Pipeline(stages)) => Step::Join(stages),
                _ => Step::Next,
            },
            Frame::Input(_) => Step::Input,
            Frame::Function(_) => {
                if !self.begin_return_trap() {
                    self.leave_innermost();
                    self.command_ended();
                }
                Step::Next
            }
            Frame::Redirect(_) | Frame::Beside(_) | Frame::Assignments(_) | Frame::Trap { .. } => {
                self.leave_innermost();
                Step::Next
            }
        }
    }

    /// Notes the text of the command that comes next, where a trap might ask for it (`BASH_COMMAND`). What a trap runs does
    /// not change it.
    fn note_command(&mut self, text: Option<Bytes>) {
        if self.dialect.is_bash()
            && self.traps.has_actions()
            && let Some(text) = text
            && !self.frames.iter().any(|frame| matches!(frame, Frame::Trap { .. }))
        {
            self.command_text = text;
        }
    }

    /// A function, or a text that a command ran, has ended: its status is that of the command.
    pub(super) fn command_ended(&mut self) {
        let flow = self.check_failure();
        // It leaves frames at most: nothing becomes another program here.
        let _ = self.follow(flow);
    }

    /// Takes the innermost frame off, undoing what it changed.
    pub(super) fn leave_innermost(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.leave(frame);
        }
    }

    /// Undoes what a frame changed.
    fn leave(&mut self, frame: Frame) {
        match frame {
            Frame::List(list) => self.tested -= u32::from(list.tested),
            Frame::If(frame) => self.tested -= u32::from(frame.tested),
            Frame::Loop(frame) => self.tested -= u32::from(frame.testing),
            Frame::Function(function) => {
                self.positional = function.positional;
                self.getopts = function.getopts;
                if let Some(options) = function.options {
                    self.options = options;
                }
                for (name, old) in function.locals.into_iter().rev() {
                    self.variables.put_back(&name, old);
                    if &*name == b"PATH" {
                        self.found = Arc::default();
                    }
                }
            }
            Frame::Source(Source { kind: SourceKind::Dot { script, line, positional }, .. }) => {
                self.script = script;
                self.line = line;
                if let Some(positional) = positional {
                    self.positional = positional;
                }
            }
            Frame::Source(Source { kind: SourceKind::Eval { line } | SourceKind::Trap { line }, .. }) => {
                self.line = line;
            }
            Frame::Redirect(saved) => self.restore_files(saved),
            Frame::Beside(fds) => {
                for fd in fds {
                    let _ = self.process.close(fd);
                }
            }
            Frame::Assignments(saved) => {
                for (name, old) in saved.into_iter().rev() {
                    self.variables.put_back(&name, old);
                    if &*name == b"PATH" {
                        self.found = Arc::default();
                    }
                }
            }
            Frame::Trap { status } => self.status = status,
            _ => {}
        }
    }

    /// Does what a command's end asks for.
    pub(super) fn follow(&mut self, flow: Flow) -> Option<Outcome> {
        match flow {
            Flow::On => None,
            Flow::Break(count) => {
                self.leave_loops(count, true);
                None
            }
            Flow::Continue(count) => {
                self.leave_loops(count, false);
                None
            }
            Flow::Return(status) => {
                self.return_from(status);
                None
            }
            Flow::Fatal(status) | Flow::Discard(status) if self.options.interactive => {
                self.status = status;
                while self.frames.last().is_some_and(|frame| !matches!(frame, Frame::Input(_))) {
                    self.leave_innermost();
                }
                self.tested = 0;
                None
            }
            // It goes on with the next line.
            Flow::Discard(status) => {
                self.status = status;
                let stays = |frame: &Frame| {
                    matches!(frame, Frame::Input(_) | Frame::Source(Source { kind: SourceKind::Main, .. }))
                };
                while self.frames.last().is_some_and(|frame| !stays(frame)) {
                    self.leave_innermost();
                }
                self.tested = 0;
                None
            }
            Flow::Exit(status) | Flow::Fatal(status) => {
                self.status = status;
                self.frames.clear();
                self.tested = 0;
                None
            }
            Flow::Exec(outcome) => Some(outcome),
        }
    }

    /// The frames that `break` may leave: those within the current function, except in ash.
    fn breakable(&self) -> impl Iterator<Item = &Frame> {
        let across = self.dialect == Dialect::Ash;
        self.frames.iter().rev().take_while(move |frame| across || !matches!(frame, Frame::Function(_)))
    }

    /// Whether there is a loop to `break`.
    pub(super) fn is_in_loop(&self) -> bool {
        self.in_outer_loop || self.breakable().any(is_loop)
    }

    /// The loops that `break` may leave.
    pub(super) fn loops(&self) -> usize {
        self.breakable().filter(|frame| is_loop(frame)).count()
    }

    fn leave_loops(&mut self, count: usize, leave_last: bool) {
        let loops = self.loops();
        if count > loops && self.in_outer_loop {
            self.frames.clear();
            self.tested = 0;
            return;
        }
        let mut left = count.min(loops);
        while left > 0 {
            let Some(frame) = self.frames.last() else { return };
            if is_loop(frame) {
                left -= 1;
                if left == 0 && !leave_last {
                    if let Some(Frame::Loop(frame)) = self.frames.last_mut()
                        && std::mem::take(&mut frame.testing)
                    {
                        self.tested -= 1;
                    }
                    return;
                }
            }
            self.leave_innermost();
        }
    }

    fn return_from(&mut self, status: u8) {
        self.status = status;
        let ends = |frame: &Frame| {
            matches!(frame, Frame::Function(_) | Frame::Source(Source { kind: SourceKind::Dot { .. }, .. }))
        };
        if !self.frames.iter().any(ends) {
            self.frames.clear();
            self.tested = 0;
            return;
        }
        while let Some(frame) = self.frames.last() {
            let last = ends(frame);
            self.leave_innermost();
            if last {
                // A trap that was left on the way would have put its own status back.
                self.status = status;
                self.command_ended();
                return;
            }
        }
    }

    /// Puts a frame on the stack, unless that is too high already.
    pub(super) fn enter(&mut self, frame: Frame) -> Flow {
        if self.frames.len() >= MAX_FRAMES {
            self.complain("maximum function nesting level exceeded");
            return Flow::Fatal(2);
        }
        self.frames.push(frame);
        Flow::On
    }

    /// Has the traps of signals run that have arrived.
    fn take_signals(&mut self) {
        while let Some(signal) = self.process.take_signal() {
            match self.traps.get(Event::Signal(signal)).cloned() {
                Some(action) if !action.is_empty() => self.begin_trap(&action),
                _ if signal == Signal::INT && self.options.interactive => {
                    // The terminal has shown `^C` where the cursor was.
                    self.errors.push(b'\n');
                    self.follow(Flow::Fatal(130));
                }
                _ => {}
            }
        }
    }

    /// The status at the beginning of the trap that runs, if one does; in a function that the trap called only where
    /// `within_functions` says so.
    pub(super) fn status_before_trap(&self, within_functions: bool) -> Option<u8> {
        let innermost = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Trap { status } => Some(Some(*status)),
            Frame::Function(_) if !within_functions => Some(None),
            _ => None,
        });
        innermost.flatten()
    }

    /// At the end of a function: has the trap for that run, once, if the function has set one.
    fn begin_return_trap(&mut self) -> bool {
        let Some(action) = self.traps.get(Event::Return).filter(|action| !action.is_empty()).cloned() else {
            return false;
        };
        match self.frames.last_mut() {
            Some(Frame::Function(function)) if !function.trapped => function.trapped = true,
            _ => return false,
        }
        self.begin_trap(&action);
        true
    }

    pub(super) fn begin_trap(&mut self, action: &Bytes) {
        self.frames.push(Frame::Trap { status: self.status });
        let line = self.line;
        self.source(action.to_vec(), SourceKind::Trap { line }, line.max(1));
    }

    /// At the end: has the exit trap run, once.
    fn begin_exit_trap(&mut self) -> bool {
        if self.exiting {
            return false;
        }
        self.exiting = true;
        let action = self.traps.get(Event::Exit).cloned();
        if !self.dialect.is_bash() {
            // It is not set any more while it runs.
            self.traps.set(&self.process, Event::Exit, None, self.options.interactive);
        }
        match action {
            Some(action) if !action.is_empty() => {
                self.begin_trap(&action);
                true
            }
            _ => false,
        }
    }

    /// Ends a shell with `-e` whose command failed, unless the failure is looked at.
    pub(super) fn check_failure(&mut self) -> Flow {
        if self.status == 0 || self.tested > 0 {
            return Flow::On;
        }
        if let Some(action) = self.error_trap() {
            if self.options.errexit {
                // After the trap has run.
                let line = self.line;
                self.source(format!("exit {}", self.status).into_bytes(), SourceKind::Eval { line }, line);
            }
            self.begin_trap(&action);
            return Flow::On;
        }
        if self.options.errexit { Flow::Exit(self.status) } else { Flow::On }
    }

    /// What bash runs when a command failed: functions do not inherit it unless they are told to.
    fn error_trap(&self) -> Option<Bytes> {
        let action = self.traps.get(Event::Error).filter(|action| !action.is_empty())?;
        let hidden = |frame: &Frame| match frame {
            Frame::Trap { .. } => true,
            Frame::Function(_) => !self.options.errtrace,
            _ => false,
        };
        (!self.frames.iter().any(hidden)).then(|| action.clone())
    }
}

fn is_loop(frame: &Frame) -> bool {
    matches!(frame, Frame::Loop(_) | Frame::For(_) | Frame::ForArith { .. } | Frame::Select { .. })
}

/// Moves on to the pipeline that runs after one that has ended with `status`.
fn next_pipeline(list: &mut List, status: &mut u8) {
    let Some(command) = list.block.get(list.item) else { return };
    if nth(&list.block, list.item, list.pipe).is_some_and(|pipeline| pipeline.negated) {
        *status = u8::from(*status == 0);
    }
    let goes_on = |(connector, _): &(Connector, Pipeline)| match connector {
        Connector::And => *status == 0,
        Connector::Or => *status != 0,
    };
    match command.rest.iter().skip(list.pipe).position(goes_on) {
        Some(skipped) => list.pipe += 1 + skipped,
        None => {
            list.item += 1;
            list.pipe = 0;
        }
    }
}

/// Whether the failure of a command may end a shell with `-e`: compound commands pass on what their parts did.
pub(super) fn counts_for_errexit(kind: &CommandKind) -> bool {
    matches!(
        kind,
        CommandKind::Simple(_) | CommandKind::Subshell(_) | CommandKind::Arith(_) | CommandKind::Cond(_)
    )
}

//! What a shell has begun and not finished: the stack of its machine.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
    vec,
};

use bytes::Bytes;

use super::{
    ast::{Block, Command, Timing},
    options::Options,
    parser::Parser,
    variables::Variable,
};
use crate::kernel::{
    fs::OpenFile,
    process::{Fd, Process},
};

/// Something that is under way. The machine (`machine.rs`) goes on with the innermost one.
#[derive(Debug)]
pub(super) enum Frame {
    /// Commands one after the other.
    List(List),
    /// A command that has yet to begin.
    Command(Arc<Command>),
    /// A command whose trap (`DEBUG`) runs before it.
    Debugged(Arc<Command>),
    If(If),
    Loop(Loop),
    For(For),
    ForArith {
        command: Arc<Command>,
        stepping: bool,
    },
    Select {
        command: Arc<Command>,
        words: Arc<[Bytes]>,
    },
    /// The arms of a `case` from a place on, for those that fall through.
    Case {
        command: Arc<Command>,
        subject: Bytes,
        next: usize,
        fall: bool,
    },
    /// The arms of a `case` from a place on, yet to be tested (after `;;&`).
    CaseTest {
        command: Arc<Command>,
        subject: Bytes,
        next: usize,
    },
    /// A function that was called.
    Function(Function),
    /// Text that is read and run line by line.
    Source(Source),
    /// Commands that come from standard input, or from someone at a terminal.
    Input(Box<super::input::Input>),
    /// Files to put back where they were.
    Redirect(Vec<Saved>),
    /// Ends of process substitutions that a function, `eval` or `.` was given: they stay open until it has ended.
    Beside(Vec<Fd>),
    /// The commands of a pipeline before the last one, which runs here (bash `lastpipe`).
    Pipeline(Stages),
    /// Variables to put back as they were: assignments before a function or a builtin.
    Assignments(Vec<(Bytes, Option<Variable>)>),
    /// A trap that runs: the status to go on with.
    Trap {
        status: u8,
    },
}

/// The commands of a pipeline that are processes of their own.
#[derive(Debug)]
pub(super) struct Stages {
    pub(super) children: Vec<Arc<Process>>,
    /// When the pipeline began, since the clock did.
    pub(super) started: Duration,
    pub(super) timed: Option<Timing>,
}

#[derive(Debug)]
pub(super) struct List {
    pub(super) block: Block,
    /// Which of the commands, and after which to end.
    pub(super) item: usize,
    pub(super) end: usize,
    /// Which pipeline of it.
    pub(super) pipe: usize,
    /// It runs: what comes next is to look at its status.
    pub(super) running: bool,
    /// Its failure is looked at, so that `-e` does not apply.
    pub(super) tested: bool,
    /// This is the process in the background already.
    pub(super) here: bool,
}

#[derive(Debug)]
pub(super) struct If {
    pub(super) command: Arc<Command>,
    /// The arm whose test runs.
    pub(super) arm: usize,
    pub(super) tested: bool,
}

#[derive(Debug)]
pub(super) struct Loop {
    pub(super) command: Arc<Command>,
    /// The test runs, not the body.
    pub(super) testing: bool,
    /// How the body ended last.
    pub(super) status: u8,
}

#[derive(Debug)]
pub(super) struct For {
    pub(super) command: Arc<Command>,
    pub(super) values: vec::IntoIter<Bytes>,
    pub(super) _kept: KeptWords,
}

/// Words that a frame keeps, which count as long as it is there.
#[derive(Debug)]
pub(super) struct KeptWords {
    count: usize,
    all: Arc<AtomicUsize>,
}

impl KeptWords {
    /// Counts words among all that frames keep.
    pub(super) fn new(count: usize, all: &Arc<AtomicUsize>) -> Self {
        all.fetch_add(count, Ordering::Relaxed);
        Self { count, all: Arc::clone(all) }
    }
}

impl Drop for KeptWords {
    fn drop(&mut self) {
        self.all.fetch_sub(self.count, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: Bytes,
    /// The caller's positional parameters.
    pub(super) positional: Arc<[Bytes]>,
    pub(super) _kept: KeptWords,
    /// Variables that `local` hides.
    pub(super) locals: Vec<(Bytes, Option<Variable>)>,
    pub(super) getopts: usize,
    /// The options that `local -` puts back.
    pub(super) options: Option<Options>,
    /// The line of the call.
    pub(super) called_at: u32,
    /// The script that calls; none for a command line.
    pub(super) source: Option<Bytes>,
    /// The trap for its end has run.
    pub(super) trapped: bool,
}

#[derive(Debug)]
pub(super) struct Source {
    pub(super) parser: Box<Parser>,
    pub(super) kind: SourceKind,
    /// It had commands.
    pub(super) ran: bool,
}

/// Where a text comes from.
#[derive(Debug)]
pub(super) enum SourceKind {
    /// The script, or `-c`'s operand.
    Main,
    Eval {
        line: u32,
    },
    /// A file that `.` reads; what it hides.
    Dot {
        script: Option<Bytes>,
        line: u32,
        positional: Option<Arc<[Bytes]>>,
    },
    Trap {
        line: u32,
    },
}

/// A file descriptor as it was: `None` if it was closed.
#[derive(Debug)]
pub(super) struct Saved {
    pub(super) fd: Fd,
    pub(super) file: Option<Arc<OpenFile>>,
}

impl List {
    pub(super) fn new(block: Block) -> Self {
        let end = block.len();
        Self { block, item: 0, end, pipe: 0, running: false, tested: false, here: false }
    }

    /// One command of a block, to be run here although it is marked for the background.
    pub(super) fn only(block: Block, item: usize) -> Self {
        Self { block, item, end: item + 1, pipe: 0, running: false, tested: false, here: true }
    }
}

//! Sessions: a process in a container whose standard streams someone outside holds (exec, attach).

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, Weak},
    task::Poll,
};

use super::{
    container::{ExitStatus, Signal},
    record::Record,
    stream::{ByteSink, ByteSource},
};
use crate::kernel::{
    pipe::PipeReader,
    process::Process,
    tty::Tty,
    wait::{WaitQueue, lock},
};

/// A terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSize {
    /// Characters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

impl Default for WindowSize {
    fn default() -> Self {
        Self { columns: 80, rows: 24 }
    }
}

/// What to run in a running container.
#[derive(Clone, Debug, Default)]
pub struct ExecOptions {
    /// The program and its arguments; the program is looked for along the container's `PATH`.
    pub argv: Vec<String>,
    /// Whether to hold its standard input; it reads nothing otherwise.
    pub stdin: bool,
    /// A terminal of this size for all its streams; standard error then comes out with standard output.
    pub tty: Option<WindowSize>,
}

/// Which streams of a container's first process to hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct AttachOptions {
    /// Its standard input, where [`super::ContainerConfig::stdin`] opened it.
    pub stdin: bool,
    /// The terminal's size, where [`super::ContainerConfig::tty`] gave it one.
    pub size: Option<WindowSize>,
}

/// A process's streams, held from outside. Take the fields apart and pump each in a task of its own.
///
/// Output ends when the process, and everything that it left behind with the same streams, has closed it: read both
/// to their end first, then ask for the exit status. Dropping all of it hangs up: a
/// terminal's processes get SIGHUP; others go on, and find their streams closed.
#[derive(Debug)]
pub struct Session {
    /// Goes to standard input; dropping it or shutting it down is the end of the input (on a terminal: hangs up).
    pub stdin: Option<ByteSink>,
    /// Standard output, or all that the terminal shows.
    pub stdout: ByteSource,
    /// Standard error; missing with a terminal.
    pub stderr: Option<ByteSource>,
    /// Changes the terminal's size.
    pub terminal: Option<TerminalControl>,
    /// Sends signals to the process.
    pub process: ProcessControl,
    /// Tells how the process ended.
    pub exit: ExitWaiter,
}

/// Sends signals to a session's process, such as SIGKILL when an exec probe takes too long.
#[derive(Clone, Debug)]
pub struct ProcessControl(pub(crate) Weak<Process>);

impl ProcessControl {
    /// Sends a signal; to a process that has ended that is no error.
    pub fn signal(&self, signal: Signal) {
        if let Some(process) = self.0.upgrade() {
            process.signal_from_outside(signal);
        }
    }
}

/// Changes a terminal's size.
#[derive(Clone, Debug)]
pub struct TerminalControl(pub(super) Terminal);

/// Whose terminal.
#[derive(Clone, Debug)]
pub(super) enum Terminal {
    /// That of a container's first process, which may not have been started.
    Container(Weak<Record>),
    /// That of a process that was added.
    Process(Arc<Tty>),
}

impl TerminalControl {
    /// Sets the size; the foreground processes get SIGWINCH.
    pub fn resize(&self, size: WindowSize) {
        match &self.0 {
            Terminal::Container(container) => {
                if let Some(container) = container.upgrade() {
                    container.resize(size);
                }
            }
            Terminal::Process(tty) => tty.set_size(size),
        }
    }
}

/// Carries what someone types to a terminal; hangs it up when they leave.
pub(crate) async fn type_into(keyboard: PipeReader, tty: Weak<Tty>) {
    loop {
        let Ok(bytes) = poll_fn(|cx| keyboard.poll_take(cx, 1024)).await else { break };
        let Some(terminal) = tty.upgrade() else { return };
        if bytes.is_empty() {
            break;
        }
        terminal.type_in(&bytes);
        // What is typed ahead waits outside.
        poll_fn(|cx| terminal.poll_room(cx)).await;
    }
    if let Some(terminal) = tty.upgrade() {
        terminal.hang_up();
    }
}

/// Tells how a process ended. A clone waits for the same process.
#[derive(Clone, Debug, Default)]
pub struct ExitWaiter(Arc<Mutex<(Option<ExitStatus>, WaitQueue)>>);

impl ExitWaiter {
    /// Waits for the end of the process.
    pub async fn wait(&self) -> ExitStatus {
        poll_fn(|cx| {
            let mut state = lock(&self.0);
            match state.0 {
                Some(status) => Poll::Ready(status),
                None => {
                    state.1.register(cx);
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// How the process ended, if it did.
    pub fn status(&self) -> Option<ExitStatus> {
        lock(&self.0).0
    }

    pub(crate) fn set(&self, status: ExitStatus) {
        let mut state = lock(&self.0);
        state.0.get_or_insert(status);
        state.1.wake();
    }
}

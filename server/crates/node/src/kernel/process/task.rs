//! The task that runs a process: its program, until that ends or a signal ends it.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{Executable, Outcome, Process};
use crate::{
    env::BoxFuture,
    kernel::{signal::Signal, wait::lock},
    runtime::ExitStatus,
};

/// A running program. A fatal signal drops it wherever it waits; a stop leaves it unpolled.
pub(super) struct Running {
    process: Arc<Process>,
    program: Option<BoxFuture<Outcome>>,
}

impl Running {
    pub(super) fn new(process: Arc<Process>, program: BoxFuture<Outcome>) -> Self {
        Self { process, program: Some(program) }
    }

    fn finish(&mut self, status: ExitStatus) {
        // The program goes first: what it holds, such as locked buffers, must not outlive its process.
        self.program = None;
        self.process.finish(status);
    }
}

impl Future for Running {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            {
                let mut signals = lock(&self.process.signals);
                if let Some(signal) = signals.fatal {
                    drop(signals);
                    self.finish(ExitStatus::Signal(signal));
                    return Poll::Ready(());
                }
                if !signals.task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
                    signals.task = Some(cx.waker().clone());
                }
                if signals.stopped {
                    return Poll::Pending;
                }
            }
            let Some(program) = &mut self.program else { return Poll::Ready(()) };
            match program.as_mut().poll(cx) {
                Poll::Ready(Outcome::Exit(code)) => {
                    // A signal that arrived while the program ran its last steps comes before its exit.
                    let fatal = lock(&self.process.signals).fatal;
                    self.finish(fatal.map_or(ExitStatus::Code(code), ExitStatus::Signal));
                    return Poll::Ready(());
                }
                Poll::Ready(Outcome::Exec(executable)) => {
                    let Executable { program, .. } = *executable;
                    self.program = Some((program.main)(Arc::clone(&self.process)));
                }
                Poll::Pending => {
                    // A signal that came while the program ran, from itself perhaps, must not wait for the next wake-up.
                    let signals = lock(&self.process.signals);
                    if signals.fatal.is_none() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

impl Drop for Running {
    /// A task that is dropped with its runtime, or whose program panicked, still ends its process.
    fn drop(&mut self) {
        if self.program.is_some() {
            self.finish(ExitStatus::Signal(Signal::SEGV));
        }
    }
}

/// Lets other tasks run once.
pub(super) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

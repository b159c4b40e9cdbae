//! Signals as a process gets them (`signal(7)`).

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::Process;
use crate::kernel::{
    creds::cap,
    errno::Errno,
    signal::{DefaultAction, Signal},
    wait::{WaitQueue, lock},
};

/// What a process does with a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    Default,
    Ignore,
    /// The program asks for it with [`Process::take_signal`].
    Catch,
}

/// The signals of a process. Sets are bits, signal 1 the lowest.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pending: u64,
    ignored: u64,
    caught: u64,
    /// What kills it, as soon as its task runs.
    pub(super) fatal: Option<Signal>,
    pub(super) stopped: bool,
    /// The task that runs it.
    pub(super) task: Option<Waker>,
    waiting: WaitQueue,
    /// Who sent the last one: 0 for one from outside.
    sender: u32,
}

fn bit(signal: Signal) -> u64 {
    1 << (signal.number() - 1)
}

impl Signals {
    /// What is left of it in a child, or after an exec (which forgets what was caught).
    pub(super) fn inherit(&self, exec: bool) -> Self {
        Self { ignored: self.ignored, caught: if exec { 0 } else { self.caught }, ..Self::default() }
    }

    pub(super) fn forget_caught(&mut self) {
        self.caught = 0;
    }

    fn wake(&mut self) {
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }
}

impl Process {
    /// Sends it a signal from within its namespace. Process 1 gets only what it asked for.
    pub(crate) fn signal(&self, signal: Signal) {
        self.deliver(signal, self.pid == 1, 0);
    }

    /// Sends it a signal from outside of its namespace: SIGKILL and SIGSTOP reach process 1 too.
    pub(crate) fn signal_from_outside(&self, signal: Signal) {
        self.deliver(signal, self.pid == 1 && !matches!(signal, Signal::KILL | Signal::STOP), 0);
    }

    /// Who sent the signal that came last: 0 for one from outside of the namespace (`si_pid`).
    pub(crate) fn signal_sender(&self) -> u32 {
        lock(&self.signals).sender
    }

    fn deliver(&self, signal: Signal, protected: bool, sender: u32) {
        let mut signals = lock(&self.signals);
        signals.sender = sender;
        let unstoppable = matches!(signal, Signal::KILL | Signal::STOP);
        if signal == Signal::CONT || signal == Signal::KILL {
            signals.stopped = false;
            signals.wake();
        }
        if !unstoppable && signals.ignored & bit(signal) != 0 {
            return;
        }
        if !unstoppable && signals.caught & bit(signal) != 0 {
            signals.pending |= bit(signal);
            signals.waiting.wake();
            return;
        }
        if protected {
            return;
        }
        match signal.default_action() {
            DefaultAction::Terminate => {
                signals.fatal.get_or_insert(signal);
                signals.stopped = false;
                signals.wake();
            }
            DefaultAction::Stop => {
                signals.stopped = true;
                signals.wake();
                drop(signals);
                self.tell_parent();
            }
            DefaultAction::Ignore | DefaultAction::Continue => {}
        }
    }

    /// Says what it does with a signal; returns what it did before.
    pub(crate) fn set_disposition(&self, signal: Signal, disposition: Disposition) -> Disposition {
        let mut signals = lock(&self.signals);
        let before = if signals.ignored & bit(signal) != 0 {
            Disposition::Ignore
        } else if signals.caught & bit(signal) != 0 {
            Disposition::Catch
        } else {
            Disposition::Default
        };
        signals.ignored &= !bit(signal);
        signals.caught &= !bit(signal);
        match disposition {
            Disposition::Default => signals.pending &= !bit(signal),
            Disposition::Ignore => {
                signals.ignored |= bit(signal);
                signals.pending &= !bit(signal);
            }
            Disposition::Catch => signals.caught |= bit(signal),
        }
        before
    }

    /// What it does with a signal.
    pub(crate) fn disposition(&self, signal: Signal) -> Disposition {
        let signals = lock(&self.signals);
        if signals.ignored & bit(signal) != 0 {
            Disposition::Ignore
        } else if signals.caught & bit(signal) != 0 {
            Disposition::Catch
        } else {
            Disposition::Default
        }
    }

    /// Sets of signals as `/proc/PID/status` shows them: pending, ignored, caught.
    pub(crate) fn signal_sets(&self) -> [u64; 3] {
        let signals = lock(&self.signals);
        [signals.pending, signals.ignored, signals.caught]
    }

    /// A caught signal that arrived, the lowest first.
    pub(crate) fn take_signal(&self) -> Option<Signal> {
        let mut signals = lock(&self.signals);
        if signals.pending == 0 {
            return None;
        }
        let number = signals.pending.trailing_zeros() + 1;
        signals.pending &= signals.pending - 1;
        Signal::from_number(u8::try_from(number).ok()?)
    }

    /// Whether a caught signal waits to be taken.
    pub(crate) fn has_signal(&self) -> bool {
        lock(&self.signals).pending != 0
    }

    pub(crate) fn poll_signalled(&self, cx: &Context<'_>) -> Poll<()> {
        let mut signals = lock(&self.signals);
        if signals.pending != 0 {
            return Poll::Ready(());
        }
        signals.waiting.register(cx);
        Poll::Pending
    }

    /// Waits for a caught signal, and leaves it to be taken.
    pub(crate) async fn signalled(&self) {
        poll_fn(|cx| self.poll_signalled(cx)).await;
    }

    /// Whether a signal is about to end it.
    pub(crate) fn is_doomed(&self) -> bool {
        lock(&self.signals).fatal.is_some()
    }

    /// Whether it is stopped (Ctrl-Z).
    pub(crate) fn is_stopped(&self) -> bool {
        lock(&self.signals).stopped
    }

    /// `kill(2)`: to a process, to its own group (0), to all (-1), or to a group (negative).
    pub(crate) fn kill(self: &Arc<Self>, pid: i64, signal: Option<Signal>) -> Result<(), Errno> {
        let own_group = self.lock().group;
        let all = self.pids.all();
        let targets: Vec<_> = match pid {
            1.. => all.into_iter().filter(|process| i64::from(process.pid) == pid).collect(),
            0 => all.into_iter().filter(|process| process.lock().group == own_group).collect(),
            -1 => all.into_iter().filter(|process| process.pid != 1 && process.pid != self.pid).collect(),
            _ => all.into_iter().filter(|process| i64::from(process.lock().group) == -pid).collect(),
        };
        if targets.is_empty() {
            return Err(Errno::ESRCH);
        }
        let creds = self.creds();
        let mut allowed = false;
        for target in targets {
            let uid = target.lock().creds.uid;
            if uid == creds.uid || creds.has(cap::KILL) {
                allowed = true;
                if let Some(signal) = signal {
                    target.deliver(signal, target.pid == 1, self.pid);
                }
            }
        }
        if allowed { Ok(()) } else { Err(Errno::EPERM) }
    }
}

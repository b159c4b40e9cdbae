//! Processes: each is one task that runs a program, which reaches the kernel through its [`Process`].

mod children;
mod exec;
mod fds;
mod files;
mod namespace;
mod signals;
mod sockets;
mod task;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, Weak,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
pub(crate) use children::{ChildEvent, Start};
pub(crate) use exec::{Executable, Main, Outcome, Program, check_strings, program_file};
pub(crate) use fds::{Fd, FdTable};
use jiff::Timestamp;
pub(crate) use namespace::PidNamespace;
pub(crate) use signals::Disposition;

use super::{
    container::Container,
    creds::{Creds, cap},
    errno::Errno,
    fs::Location,
    tty::Tty,
    wait::{WaitQueue, lock},
};
use crate::runtime::{ExitStatus, ExitWaiter};

/// How many steps a process takes before others get their turn.
const SLICE: u32 = 500;

/// A process, as its program, its parent and `/proc` see it.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its number in its namespace.
    pub(crate) pid: u32,
    /// Its number on the node.
    pub(crate) host_pid: u32,
    pub(crate) container: Arc<Container>,
    pub(crate) pids: Arc<PidNamespace>,
    /// When it was started, on the node's clock.
    pub(crate) started: Duration,
    state: Mutex<State>,
    signals: Mutex<signals::Signals>,
    /// Steps since it last let others run.
    slice: AtomicU32,
    /// Steps in all.
    steps: AtomicU64,
    /// What it holds of its container's memory.
    memory: AtomicU64,
    /// What of that is held in earnest, and charged to podlab's own budget.
    held: AtomicU64,
    /// Where its end is told to someone outside.
    exit: ExitWaiter,
}

/// What changes in a process's life.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) parent: Weak<Process>,
    pub(crate) children: Vec<Arc<Process>>,
    /// Children that changed their state.
    child_events: WaitQueue,
    pub(crate) group: u32,
    pub(crate) session: u32,
    pub(crate) tty: Option<Arc<Tty>>,
    pub(crate) cwd: Location,
    pub(crate) root: Location,
    pub(crate) umask: u16,
    pub(crate) creds: Creds,
    pub(crate) fds: FdTable,
    /// The path of what it runs.
    pub(crate) exe: Arc<[u8]>,
    pub(crate) argv: Arc<[Bytes]>,
    pub(crate) env: Arc<[Bytes]>,
    /// The short name that `ps` shows in brackets and `pidof` looks for.
    pub(crate) comm: Box<[u8]>,
    program: Option<Program>,
    pub(crate) status: Option<ExitStatus>,
}

impl Process {
    /// What changes in its life, locked.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Its arguments, the program's name first.
    pub(crate) fn argv(&self) -> Arc<[Bytes]> {
        Arc::clone(&self.lock().argv)
    }

    /// Its environment, `NAME=value` each.
    pub(crate) fn env(&self) -> Arc<[Bytes]> {
        Arc::clone(&self.lock().env)
    }

    /// The value of an environment variable.
    pub(crate) fn var(&self, name: &str) -> Option<Bytes> {
        let env = self.env();
        env.iter().find_map(|entry| {
            let rest = entry.strip_prefix(name.as_bytes())?;
            (rest.first() == Some(&b'=')).then(|| entry.slice_ref(&rest[1..]))
        })
    }

    pub(crate) fn creds(&self) -> Creds {
        self.lock().creds.clone()
    }

    /// Becomes another user (`setgroups(2)`, `setgid(2)`, `setuid(2)`): one that is not root keeps no capabilities.
    pub(crate) fn become_user(&self, uid: u32, gid: u32, groups: &[u32]) -> Result<(), Errno> {
        let mut state = self.lock();
        let old = &state.creds;
        let same_groups = old.gid == gid && *old.groups == *groups;
        if (!same_groups && !old.has(cap::SETGID)) || (old.uid != uid && !old.has(cap::SETUID)) {
            return Err(Errno::EPERM);
        }
        let effective = if uid == 0 { old.effective } else { 0 };
        state.creds = Creds { uid, gid, groups: groups.into(), effective, bounding: old.bounding };
        Ok(())
    }

    /// The number of its parent; 0 for one that was started from outside.
    pub(crate) fn parent_pid(&self) -> u32 {
        self.lock().parent.upgrade().map_or(0, |parent| parent.pid)
    }

    /// Sets the umask; returns the old one.
    pub(crate) fn set_umask(&self, umask: u16) -> u16 {
        std::mem::replace(&mut self.lock().umask, umask & 0o777)
    }

    pub(crate) fn umask(&self) -> u16 {
        self.lock().umask
    }

    /// Its controlling terminal.
    pub(crate) fn tty(&self) -> Option<Arc<Tty>> {
        self.lock().tty.clone()
    }

    /// The words its C library has for an error.
    pub(crate) fn text(&self, errno: Errno) -> &'static str {
        errno.text(self.container.libc)
    }

    /// The date.
    pub(crate) fn now(&self) -> Timestamp {
        self.container.host.env.clock.now()
    }

    /// Sleeps.
    pub(crate) async fn sleep(&self, duration: Duration) {
        self.container.host.env.sleep(duration).await;
    }

    /// A number that looks random.
    pub(crate) fn random(&self) -> u64 {
        self.container.host.random()
    }

    /// Counts work: lets others run when it is their turn, and rests when the container's share is used up. Every loop
    /// in every program comes by here.
    pub(crate) async fn work(&self, steps: u32) {
        if self.tick(steps) {
            self.pause().await;
        }
    }

    /// Counts work; `true` means that it is time to [`Process::pause`].
    pub(crate) fn tick(&self, steps: u32) -> bool {
        self.slice.fetch_add(steps, Ordering::Relaxed) + steps >= SLICE
    }

    /// Lets others run, and rests when the container's share is used up.
    pub(crate) async fn pause(&self) {
        let steps = self.slice.swap(0, Ordering::Relaxed);
        self.steps.fetch_add(u64::from(steps), Ordering::Relaxed);
        match self.container.cpu.charge(steps) {
            Some(rest) => self.container.host.env.sleep(rest).await,
            None => task::yield_now().await,
        }
    }

    /// Processor time that it used, in nanoseconds.
    pub(crate) fn cpu_nanos(&self) -> u64 {
        (self.steps.load(Ordering::Relaxed) + u64::from(self.slice.load(Ordering::Relaxed))) * 500
    }

    /// What it holds of its container's memory, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.memory.load(Ordering::Relaxed)
    }

    /// Says how much memory it holds beyond what its program takes anyway. Past the container's limit the container is
    /// killed, past podlab's own budget the process gets `ENOMEM`.
    pub(crate) fn hold(&self, bytes: u64) -> Result<(), Errno> {
        let before = self.held.load(Ordering::Relaxed);
        let budget = &self.container.host.budget;
        if bytes > before {
            budget.charge(bytes - before).map_err(|_| Errno::ENOMEM)?;
        } else {
            budget.release(before - bytes);
        }
        self.held.store(bytes, Ordering::Relaxed);
        self.claim(bytes)
    }

    /// How much of podlab's own budget is left, in bytes.
    pub(crate) fn room(&self) -> u64 {
        self.container.host.budget.left()
    }

    /// Whether it holds memory beyond what its program takes anyway.
    pub(crate) fn holds(&self) -> bool {
        self.held.load(Ordering::Relaxed) > 0
    }

    /// Counts memory that its program would hold by now and podlab does not: past the container's limit the container is
    /// killed.
    pub(crate) fn claim(&self, bytes: u64) -> Result<(), Errno> {
        let base = self.lock().program.map_or(0, |program| program.memory);
        self.set_memory(base + bytes)
    }

    fn set_memory(&self, bytes: u64) -> Result<(), Errno> {
        let before = self.memory.swap(bytes, Ordering::Relaxed);
        if self.container.memory.change(before, bytes).is_err() {
            self.container.kill_all();
            return Err(Errno::ENOMEM);
        }
        Ok(())
    }

    /// Tells how it ended.
    pub(crate) fn exit_waiter(&self) -> ExitWaiter {
        self.exit.clone()
    }
}

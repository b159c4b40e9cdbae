//! Making processes and waiting for them (`fork(2)`, `wait(2)`, `exit(2)`).

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;

use super::{
    Disposition, Executable, FdTable, Outcome, PidNamespace, Process, SLICE, State, signals::Signals,
    task::Running,
};
use crate::{
    env::BoxFuture,
    kernel::{
        container::Container,
        creds::Creds,
        errno::Errno,
        fs::Location,
        signal::Signal,
        tty::Tty,
        wait::{WaitQueue, lock},
    },
    runtime::{ExitStatus, ExitWaiter},
};

/// What a process that is started from outside of its container begins with.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) creds: Creds,
    pub(crate) cwd: Location,
    pub(crate) fds: FdTable,
    pub(crate) tty: Option<Arc<Tty>>,
    pub(crate) env: Arc<[Bytes]>,
}

/// What a new process counts as, in steps: about what `fork` and `exec` take on a real machine. An endless loop of
/// commands, or a fork bomb, costs its owner's share and not more.
const FORK_STEPS: u32 = 800;

/// What a child did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChildEvent {
    Exited(ExitStatus),
    Stopped,
}

impl Process {
    /// A process without a parent in its namespace: a container's first one, or one of an exec. It does not run yet.
    pub(crate) fn from_outside(
        container: &Arc<Container>,
        pids: &Arc<PidNamespace>,
        start: Start,
    ) -> Result<Arc<Self>, Errno> {
        let pid = pids.allocate(true)?;
        let state = State {
            parent: Weak::new(),
            children: Vec::new(),
            child_events: WaitQueue::default(),
            group: pid,
            session: pid,
            tty: start.tty,
            cwd: start.cwd,
            root: container.mounts.topmost(container.mounts.root().clone()),
            umask: 0o022,
            creds: start.creds,
            fds: start.fds,
            exe: Arc::new([]),
            argv: Arc::new([]),
            env: start.env,
            comm: Box::default(),
            program: None,
            status: None,
        };
        let process = Self::make(container, pids, pid, state, Signals::default());
        container.add(&process)?;
        if let Some(tty) = process.tty() {
            tty.set_session(pids, pid);
        }
        pids.insert(&process);
        Ok(process)
    }

    fn make(
        container: &Arc<Container>,
        pids: &Arc<PidNamespace>,
        pid: u32,
        state: State,
        signals: Signals,
    ) -> Arc<Self> {
        Arc::new(Self {
            pid,
            host_pid: container.host.next_pid(),
            container: Arc::clone(container),
            pids: Arc::clone(pids),
            started: container.host.env.clock.uptime(),
            state: Mutex::new(state),
            signals: Mutex::new(signals),
            slice: AtomicU32::new(0),
            steps: AtomicU64::new(0),
            memory: AtomicU64::new(0),
            held: AtomicU64::new(0),
            exit: ExitWaiter::default(),
        })
    }

    /// A copy of this process, as its child. It does not run yet: open and move its files, then
    /// [`Process::start`] it.
    pub(crate) fn fork(self: &Arc<Self>) -> Result<Arc<Self>, Errno> {
        let in_debt = self.container.cpu.charge(FORK_STEPS).is_some();
        let pid = self.pids.allocate(false)?;
        let (state, program) = {
            let own = self.lock();
            let state = State {
                parent: Arc::downgrade(self),
                children: Vec::new(),
                child_events: WaitQueue::default(),
                group: own.group,
                session: own.session,
                tty: own.tty.clone(),
                cwd: own.cwd.clone(),
                root: own.root.clone(),
                umask: own.umask,
                creds: own.creds.clone(),
                fds: own.fds.clone(),
                exe: Arc::clone(&own.exe),
                argv: Arc::clone(&own.argv),
                env: Arc::clone(&own.env),
                comm: own.comm.clone(),
                program: own.program,
                status: None,
            };
            (state, own.program)
        };
        let signals = lock(&self.signals).inherit(false);
        let child = Self::make(&self.container, &self.pids, pid, state, signals);
        if in_debt {
            // It rests before its first step: else processes that end before they pause would never be held back.
            child.slice.store(SLICE, Ordering::Relaxed);
        }
        self.container.add(&child)?;
        self.pids.insert(&child);
        self.lock().children.push(Arc::clone(&child));
        let _ = child.set_memory(program.map_or(0, |program| program.memory / 4));
        Ok(child)
    }

    /// Runs `program` in this process, beside everything else.
    pub(crate) fn start(self: &Arc<Self>, program: BoxFuture<Outcome>) {
        let running = Running::new(Arc::clone(self), program);
        self.container.host.env.spawn(running);
    }

    /// Becomes `executable` and runs.
    pub(crate) fn start_program(self: &Arc<Self>, executable: &Executable, env: Arc<[Bytes]>) {
        self.become_program(executable, env);
        self.start((executable.program.main)(Arc::clone(self)));
    }

    /// Gives a child up that was never started.
    pub(crate) fn abandon(self: &Arc<Self>) {
        let parent = std::mem::take(&mut self.lock().parent);
        if let Some(parent) = parent.upgrade() {
            parent.lock().children.retain(|child| !Arc::ptr_eq(child, self));
        }
        self.finish(ExitStatus::Code(127));
    }

    /// Ends: files close, children go to process 1, whoever waits is told.
    pub(super) fn finish(self: &Arc<Self>, status: ExitStatus) {
        let (fds, children, parent, tty) = {
            let mut state = self.lock();
            if state.status.is_some() {
                return;
            }
            state.status = Some(status);
            let leads = state.session == self.pid;
            let tty = state.tty.take().filter(|_| leads);
            (
                std::mem::take(&mut state.fds),
                std::mem::take(&mut state.children),
                std::mem::take(&mut state.parent),
                tty,
            )
        };
        drop(fds);
        // What it did since its last pause; it will not rest for that any more.
        let steps = self.slice.swap(0, Ordering::Relaxed);
        self.steps.fetch_add(u64::from(steps), Ordering::Relaxed);
        let _ = self.container.cpu.charge(steps);
        // Giving back cannot fail.
        let _ = self.hold(0);
        let _ = self.set_memory(0);
        self.container.remove(self);
        if let Some(tty) = tty {
            tty.hang_up();
        }
        self.leave_children(children);
        match parent.upgrade() {
            Some(parent) if parent.disposition(Signal::CHLD) != Disposition::Ignore && parent.is_alive() => {
                self.lock().parent = Arc::downgrade(&parent);
                parent.lock().child_events.wake();
                parent.signal(Signal::CHLD);
            }
            Some(parent) => {
                let mut state = parent.lock();
                state.children.retain(|child| !Arc::ptr_eq(child, self));
                state.child_events.wake();
                drop(state);
                self.pids.remove(self.pid);
            }
            None => drop(self.pids.remove(self.pid)),
        }
        self.exit.set(status);
    }

    fn leave_children(self: &Arc<Self>, children: Vec<Arc<Self>>) {
        if self.pid == 1 {
            for process in self.pids.all() {
                process.signal_from_outside(Signal::KILL);
            }
        }
        let init = self.pids.get(1).filter(|init| init.is_alive() && !Arc::ptr_eq(init, self));
        for child in children {
            let ended = child.lock().status.is_some();
            match &init {
                Some(init) => {
                    child.lock().parent = Arc::downgrade(init);
                    let mut state = init.lock();
                    state.children.push(child);
                    if ended {
                        state.child_events.wake();
                    }
                }
                None if ended => drop(self.pids.remove(child.pid)),
                None => child.lock().parent = Weak::new(),
            }
        }
    }

    /// Whether it has not ended.
    pub(crate) fn is_alive(&self) -> bool {
        self.lock().status.is_none()
    }

    pub(super) fn tell_parent(&self) {
        let parent = self.lock().parent.upgrade();
        if let Some(parent) = parent {
            parent.lock().child_events.wake();
        }
    }

    /// What a child (any, or that of number `pid`) did; its end is told once. `ECHILD` where there is none.
    pub(crate) fn poll_child(
        &self,
        cx: &Context<'_>,
        pid: Option<u32>,
        stops: bool,
    ) -> Poll<Result<(u32, ChildEvent), Errno>> {
        // Who is about to be ended by a signal learns of nothing any more: its sender may be the child.
        if self.is_doomed() {
            return Poll::Pending;
        }
        let mut state = self.lock();
        let fits = |child: &Arc<Self>| pid.is_none_or(|pid| child.pid == pid);
        if !state.children.iter().any(fits) {
            return Poll::Ready(Err(Errno::ECHILD));
        }
        let ended = state.children.iter().position(|child| fits(child) && child.lock().status.is_some());
        if let Some(index) = ended {
            let child = state.children.remove(index);
            drop(state);
            self.pids.remove(child.pid);
            let status = child.lock().status.unwrap_or(ExitStatus::Code(0));
            return Poll::Ready(Ok((child.pid, ChildEvent::Exited(status))));
        }
        if stops && let Some(child) = state.children.iter().find(|child| fits(child) && child.is_stopped()) {
            return Poll::Ready(Ok((child.pid, ChildEvent::Stopped)));
        }
        state.child_events.register(cx);
        Poll::Pending
    }

    /// Waits for the end of a child.
    pub(crate) async fn wait_for(&self, pid: u32) -> Result<ExitStatus, Errno> {
        let (_, event) = poll_fn(|cx| self.poll_child(cx, Some(pid), false)).await?;
        match event {
            ChildEvent::Exited(status) => Ok(status),
            ChildEvent::Stopped => Err(Errno::EINTR),
        }
    }

    /// A child that has ended already, if there is one.
    pub(crate) fn reap(&self) -> Option<(u32, ExitStatus)> {
        let child = {
            let mut state = self.lock();
            let index = state.children.iter().position(|child| child.lock().status.is_some())?;
            state.children.remove(index)
        };
        self.pids.remove(child.pid);
        let status = child.lock().status?;
        Some((child.pid, status))
    }
}

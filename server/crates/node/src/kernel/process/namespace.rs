//! PID namespaces: who is called what (`pid_namespaces(7)`).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::Process;
use crate::kernel::{errno::Errno, signal::Signal, wait::lock};

/// The largest process number: Linux's default.
const MAX_PID: u32 = 32768;
/// How many numbers the runtime's own threads use up when it starts a process.
const RUNTIME_THREADS: u32 = 6;

/// A table of processes. Its process 1 reaps the orphans and takes all others with it.
#[derive(Debug, Default)]
pub(crate) struct PidNamespace(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    processes: BTreeMap<u32, Arc<Process>>,
    last: u32,
}

impl PidNamespace {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// One whose numbers begin after this.
    pub(crate) fn after(last: u32) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Table { processes: BTreeMap::new(), last })))
    }

    /// A free number, larger than the last one while that is possible. `from_outside` skips those that the runtime's
    /// own threads had.
    pub(super) fn allocate(&self, from_outside: bool) -> Result<u32, Errno> {
        let mut table = lock(&self.0);
        if from_outside && table.last > 0 {
            table.last += RUNTIME_THREADS - 1;
        }
        for _ in 0..MAX_PID {
            table.last = if table.last >= MAX_PID { 2 } else { table.last + 1 };
            if !table.processes.contains_key(&table.last) {
                return Ok(table.last);
            }
        }
        Err(Errno::EAGAIN)
    }

    pub(super) fn insert(&self, process: &Arc<Process>) {
        lock(&self.0).processes.insert(process.pid, Arc::clone(process));
    }

    pub(super) fn remove(&self, pid: u32) -> Option<Arc<Process>> {
        lock(&self.0).processes.remove(&pid)
    }

    /// The process of this number, a zombie too.
    pub(crate) fn get(&self, pid: u32) -> Option<Arc<Process>> {
        lock(&self.0).processes.get(&pid).cloned()
    }

    /// All processes, by number.
    pub(crate) fn all(&self) -> Vec<Arc<Process>> {
        lock(&self.0).processes.values().cloned().collect()
    }

    /// Sends a signal to every process of a group.
    pub(crate) fn signal_group(&self, group: u32, signal: Signal) {
        for process in self.all() {
            if process.lock().group == group {
                process.signal(signal);
            }
        }
    }
}

//! Processes at one moment, as `ps`, `top`, `pgrep` and their like see them in `/proc`.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    kernel::{process::Process, procfs::machine},
    libc::passwd,
};

/// A process at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) pid: u32,
    pub(crate) ppid: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) group: u32,
    pub(crate) session: u32,
    /// The number of its terminal.
    pub(crate) tty: Option<u32>,
    /// Whether it is in the terminal's foreground.
    pub(crate) foreground: bool,
    pub(crate) state: char,
    /// Bytes in memory.
    pub(crate) memory: u64,
    /// Processor time, nanoseconds.
    pub(crate) cpu_nanos: u64,
    /// Seconds since it was started.
    pub(crate) age: u64,
    /// When it was started, seconds since 1970.
    pub(crate) started: i64,
    pub(crate) comm: String,
    pub(crate) argv: Arc<[Bytes]>,
}

impl Snapshot {
    /// All processes that `process` can see, by number.
    pub(crate) fn all(process: &Process) -> Vec<Self> {
        process.pids.all().iter().map(|other| Self::of(other, process)).collect()
    }

    fn of(process: &Process, viewer: &Process) -> Self {
        let clock = &viewer.container.host.env.clock;
        let age = clock.uptime().saturating_sub(process.started).as_secs();
        let state = if !process.is_alive() {
            'Z'
        } else if process.is_stopped() {
            'T'
        } else if process.pid == viewer.pid {
            'R'
        } else {
            'S'
        };
        let (ppid, memory, cpu_nanos) = (process.parent_pid(), process.memory(), process.cpu_nanos());
        let own = process.lock();
        let tty = own.tty.as_ref();
        Self {
            pid: process.pid,
            ppid,
            uid: own.creds.uid,
            gid: own.creds.gid,
            group: own.group,
            session: own.session,
            tty: tty.map(|tty| tty.number()),
            foreground: tty.is_some_and(|tty| tty.foreground() == own.group),
            state,
            memory,
            cpu_nanos,
            age,
            started: clock.now().as_second() - i64::try_from(age).unwrap_or(0),
            comm: String::from_utf8_lossy(&own.comm).into_owned(),
            argv: if state == 'Z' { Arc::new([]) } else { Arc::clone(&own.argv) },
        }
    }

    /// Its command line; a name in brackets where there is none. What would not show is a blank, as busybox has it.
    pub(crate) fn command_line(&self) -> String {
        self.command_line_with(' ')
    }

    /// Its command line, with `hidden` for what would not show.
    pub(crate) fn command_line_with(&self, hidden: char) -> String {
        if self.argv.is_empty() {
            return format!("[{}]", self.comm);
        }
        let line = self.argv.join(&b' ');
        String::from_utf8_lossy(&line).chars().map(|c| if c.is_control() { hidden } else { c }).collect()
    }

    /// The last part of its first argument.
    pub(crate) fn argv0_name(&self) -> String {
        self.argv.first().map_or_else(String::new, |argv0| {
            let name = String::from_utf8_lossy(argv0);
            name.rsplit('/').next().unwrap_or_default().trim_start_matches('-').to_owned()
        })
    }

    /// The user's name, or the number.
    pub(crate) fn user(&self, viewer: &Process) -> String {
        passwd::user_text(viewer, self.uid)
    }

    /// Processor time in whole seconds.
    pub(crate) fn cpu_seconds(&self) -> u64 {
        self.cpu_nanos / 1_000_000_000
    }

    /// Virtual memory in KiB, as `/proc/PID/stat` has it.
    pub(crate) fn virtual_kib(&self) -> u64 {
        self.memory * 3 / 1024
    }

    /// Letters as `ps` shows a state: `Ss`, `R+`.
    pub(crate) fn state_letters(&self) -> String {
        let mut text = self.state.to_string();
        if self.session == self.pid {
            text.push('s');
        }
        if self.foreground {
            text.push('+');
        }
        text
    }
}

/// Seconds since the machine's boot.
pub(crate) fn uptime(process: &Process) -> f64 {
    process.container.host.env.clock.uptime().as_secs_f64() + 3600.0
}

/// The machine's load averages, as `uptime` and `top` write them.
pub(crate) fn load(process: &Process) -> String {
    process.container.host.load().to_string().replace(' ', ", ")
}

/// The machine's memory as a process sees it: total, free, available; bytes.
pub(crate) fn memory(process: &Process) -> (u64, u64, u64) {
    machine::memory(&process.container.host, &process.pids)
}

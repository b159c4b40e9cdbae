//! The master process: prepares everything, starts workers, and does what signals ask for.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;

use super::{
    Voice, in_words, load,
    logger::Logs,
    settings::{LogLevel, Settings},
    worker::{self, Counters, Purpose, Socket, Worker},
};
use crate::{
    kernel::{
        errno::Errno,
        fs::OpenFlags,
        net::Listener,
        process::{Disposition, Fd, Outcome, Process},
        signal::Signal,
    },
    runtime::ExitStatus,
};

/// How often binding is tried, and how long is waited in between.
const BIND_TRIES: u32 = 5;
const BIND_PAUSE: Duration = Duration::from_millis(500);

/// What stays the same when the configuration is read again.
#[derive(Debug)]
pub(super) struct Nginx {
    pub(super) version: &'static str,
    pub(super) config: String,
    pub(super) global: String,
    pub(super) counters: Arc<Counters>,
}

/// A listening socket of the master.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    address: SocketAddr,
    only_v6: bool,
    fd: Fd,
    listener: Arc<Listener>,
}

/// Opens logs and makes directories and the file with the process's number.
pub(super) async fn prepare(process: &Arc<Process>, settings: &Settings, test: bool) -> Result<Logs, String> {
    // nginx makes its directories before it opens files, and stops at the first that it cannot make.
    for path in &settings.temp_paths {
        match process.mkdir(path.as_bytes(), 0o700) {
            Ok(()) | Err(Errno::EEXIST) => {
                if let Some((uid, _)) = settings.user {
                    // It may belong to someone already.
                    let _ = process.chown(path.as_bytes(), Some(uid), None, true);
                }
            }
            Err(error) => return Err(format!("mkdir() \"{path}\" failed {}", in_words(process, error))),
        }
    }
    let pid_file =
        process.open(settings.pid.as_bytes(), OpenFlags { truncate: !test, ..OpenFlags::WRITE }, 0o644).await;
    match pid_file {
        Ok(fd) => {
            if !test {
                let _ = process.write(fd, format!("{}\n", process.pid)).await;
            }
            let _ = process.close(fd);
        }
        Err(error) => return Err(format!("open() \"{}\" failed {}", settings.pid, in_words(process, error))),
    }
    Logs::open(process, settings).await
}

/// Addresses that settings listen at, without those that one of all addresses covers.
fn addresses(settings: &Settings) -> Vec<(SocketAddr, bool)> {
    let mut wanted: Vec<(SocketAddr, bool)> =
        settings.listens.iter().map(|listen| (listen.address, listen.only_v6)).collect();
    wanted.extend(settings.streams.iter().flat_map(|server| server.addresses.iter().copied()));
    let all = wanted.clone();
    wanted.retain(|(address, _)| {
        let covers = |other: &SocketAddr| {
            other != address
                && other.port() == address.port()
                && other.ip().is_unspecified()
                && other.is_ipv4() == address.is_ipv4()
        };
        !all.iter().any(|(other, _)| covers(other))
    });
    wanted.sort_by_key(|(address, _)| address.is_ipv6());
    wanted.dedup();
    wanted
}

/// Opens the listening sockets, those of `before` again where they fit. What fails was said.
pub(super) async fn open_sockets(
    voice: &Voice,
    settings: &Settings,
    before: &[Bound],
    test: bool,
) -> Result<Vec<Bound>, ()> {
    let process = &voice.process;
    let mut bound: Vec<Bound> = Vec::new();
    let mut missing = addresses(settings);
    missing.retain(|(address, only_v6)| {
        match before.iter().find(|old| old.address == *address && old.only_v6 == *only_v6) {
            Some(old) => {
                bound.push(old.clone());
                false
            }
            None => true,
        }
    });
    for attempt in 1..=BIND_TRIES {
        let mut still = Vec::new();
        for (address, only_v6) in missing {
            match process.listen_as(address, only_v6) {
                Ok((fd, listener)) => bound.push(Bound { address, only_v6, fd, listener }),
                Err(error) => {
                    let busy = error == Errno::EADDRINUSE;
                    if !(busy && test) {
                        let message = format!("bind() to {address} failed {}", in_words(process, error));
                        voice.say(LogLevel::Emerg, &message).await;
                    }
                    if !busy {
                        close(process, &bound, before);
                        return Err(());
                    }
                    if !test {
                        still.push((address, only_v6));
                    }
                }
            }
        }
        if still.is_empty() {
            return Ok(bound);
        }
        missing = still;
        if attempt < BIND_TRIES {
            voice.note("try again to bind() after 500ms").await;
        }
        process.sleep(BIND_PAUSE).await;
    }
    voice.say(LogLevel::Emerg, "still could not bind()").await;
    close(process, &bound, before);
    Err(())
}

fn close(process: &Process, bound: &[Bound], keep: &[Bound]) {
    for socket in bound.iter().filter(|socket| !keep.iter().any(|kept| kept.fd == socket.fd)) {
        // It is open: nobody else closes it.
        let _ = process.close(socket.fd);
    }
}

/// A worker that was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Child {
    pid: u32,
    /// Whether it was told to go.
    leaving: bool,
}

struct Master {
    process: Arc<Process>,
    nginx: Nginx,
    settings: Arc<Settings>,
    logs: Logs,
    sockets: Vec<Bound>,
    children: Vec<Child>,
    /// Whether all of it is to end.
    ending: bool,
}

/// Becomes the master; in the background, unless the configuration says otherwise.
pub(super) async fn run(
    process: Arc<Process>,
    nginx: Nginx,
    settings: Arc<Settings>,
    logs: Logs,
    sockets: Vec<Bound>,
) -> Outcome {
    if settings.daemon {
        let Ok(child) = process.fork() else {
            let _ = process
                .write(2, "nginx: [emerg] fork() failed (11: Resource temporarily unavailable)\n")
                .await;
            return Outcome::Exit(1);
        };
        {
            let mut state = child.lock();
            (state.session, state.group, state.tty) = (child.pid, child.pid, None);
        }
        let master = Master {
            process: Arc::clone(&child),
            nginx,
            settings,
            logs,
            sockets,
            children: Vec::new(),
            ending: false,
        };
        child.start(Box::pin(async move {
            master.write_pid().await;
            master.run().await
        }));
        return Outcome::Exit(0);
    }
    Master { process, nginx, settings, logs, sockets, children: Vec::new(), ending: false }.run().await
}

const SIGNALS: [Signal; 8] = [
    Signal::CHLD,
    Signal::TERM,
    Signal::INT,
    Signal::QUIT,
    Signal::HUP,
    Signal::USR1,
    Signal::WINCH,
    Signal::USR2,
];

impl Master {
    async fn write_pid(&self) {
        if let Ok(fd) = self.process.open(self.settings.pid.as_bytes(), OpenFlags::WRITE, 0o644).await {
            let _ = self.process.write(fd, format!("{}\n", self.process.pid)).await;
            let _ = self.process.close(fd);
        }
    }

    async fn note(&self, text: &str) {
        self.logs.message(&self.process, &self.settings.error_log, LogLevel::Notice, text).await;
    }

    async fn run(mut self) -> Outcome {
        for signal in SIGNALS {
            self.process.set_disposition(signal, Disposition::Catch);
        }
        self.process.set_disposition(Signal::PIPE, Disposition::Ignore);
        let command: Vec<String> =
            self.process.argv().iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
        set_title(&self.process, &format!("nginx: master process {}", command.join(" ")));
        self.greet().await;
        self.start_workers().await;
        loop {
            self.process.signalled().await;
            while let Some(signal) = self.process.take_signal() {
                self.signalled(signal).await;
            }
            if self.ending && self.children.is_empty() {
                let _ = self.process.unlink(self.settings.pid.as_bytes());
                self.note("exit").await;
                return Outcome::Exit(0);
            }
        }
    }

    async fn greet(&self) {
        let compiler = super::compiler(&self.process, self.nginx.version);
        let kernel = self.process.read_file(b"/proc/sys/kernel/osrelease", 128).await.unwrap_or_default();
        let kernel = String::from_utf8_lossy(&kernel).trim().to_owned();
        let kernel = if kernel.is_empty() { "6.8.0".to_owned() } else { kernel };
        for line in [
            "using the \"epoll\" event method".to_owned(),
            format!("nginx/{}", self.nginx.version),
            format!("built by {compiler} "),
            format!("OS: Linux {kernel}"),
            "getrlimit(RLIMIT_NOFILE): 1048576:1048576".to_owned(),
        ] {
            self.note(&line).await;
        }
    }

    async fn start_workers(&mut self) {
        self.note("start worker processes").await;
        for _ in 0..self.settings.worker_processes {
            self.start_worker().await;
        }
    }

    async fn start_worker(&mut self) {
        let child = match self.process.fork() {
            Ok(child) => child,
            Err(error) => {
                let message = format!(
                    "fork() failed while spawning \"worker process\" {}",
                    in_words(&self.process, error)
                );
                self.logs.message(&self.process, &self.settings.error_log, LogLevel::Alert, &message).await;
                return;
            }
        };
        set_title(&child, "nginx: worker process");
        if let Some((uid, gid)) = self.settings.user
            && let Err(errno) = child.become_user(uid, gid, &[gid])
        {
            let message = format!("setgid({gid}) failed {}", in_words(&self.process, errno));
            self.logs.message(&child, &self.settings.error_log, LogLevel::Emerg, &message).await;
            // A worker that cannot become its user ends with this code; the master does not try again.
            child.start(Box::pin(async { Outcome::Exit(2) }));
            self.children.push(Child { pid: child.pid, leaving: false });
            return;
        }
        let streams = &self.settings.streams;
        let purpose = |address: SocketAddr| {
            let number =
                streams.iter().position(|server| server.addresses.iter().any(|(own, _)| *own == address));
            number.map_or(Purpose::Http, Purpose::Stream)
        };
        let sockets = self
            .sockets
            .iter()
            .map(|bound| Socket {
                fd: bound.fd,
                listener: Arc::clone(&bound.listener),
                purpose: purpose(bound.address),
            })
            .collect();
        let worker = Worker::new(
            Arc::clone(&child),
            Arc::clone(&self.settings),
            self.nginx.version,
            self.logs.clone(),
            Arc::clone(&self.nginx.counters),
        );
        child.start(Box::pin(worker::run(Arc::new(worker), sockets)));
        self.note(&format!("start worker process {}", child.pid)).await;
        self.children.push(Child { pid: child.pid, leaving: false });
    }

    fn tell_workers(&mut self, signal: Signal, leaving: bool) {
        for child in &mut self.children {
            child.leaving |= leaving;
            // One that has just ended is reaped in a moment.
            let _ = self.process.kill(i64::from(child.pid), Some(signal));
        }
    }

    async fn signalled(&mut self, signal: Signal) {
        let name = format!("signal {} (SIG{}) received", signal.number(), signal.name());
        let name = match self.process.signal_sender() {
            0 => name,
            sender => format!("{name} from {sender}"),
        };
        match signal {
            Signal::CHLD => self.reap().await,
            Signal::TERM | Signal::INT => {
                self.note(&format!("{name}, exiting")).await;
                self.ending = true;
                self.tell_workers(Signal::TERM, true);
            }
            Signal::QUIT => {
                self.note(&format!("{name}, shutting down")).await;
                self.ending = true;
                self.tell_workers(Signal::QUIT, true);
                close(&self.process, &std::mem::take(&mut self.sockets), &[]);
            }
            Signal::HUP if !self.ending => {
                self.note(&format!("{name}, reconfiguring")).await;
                self.note("reconfiguring").await;
                self.reconfigure().await;
            }
            Signal::USR1 => {
                self.note(&format!("{name}, reopening logs")).await;
                self.logs.reopen(&self.process).await;
                self.tell_workers(Signal::USR1, false);
            }
            Signal::WINCH => {
                self.note(&format!("{name}, gracefully shutting down")).await;
                self.tell_workers(Signal::QUIT, true);
            }
            _ => {}
        }
    }

    async fn reap(&mut self) {
        let mut replace = 0;
        while let Some((pid, status)) = self.process.reap() {
            self.note(&format!("signal 17 (SIGCHLD) received from {pid}")).await;
            let (level, text) = match status {
                ExitStatus::Code(code @ 2) => (
                    LogLevel::Alert,
                    format!("worker process {pid} exited with fatal code {code} and cannot be respawned"),
                ),
                ExitStatus::Code(code) => {
                    (LogLevel::Notice, format!("worker process {pid} exited with code {code}"))
                }
                ExitStatus::Signal(signal) => {
                    (LogLevel::Alert, format!("worker process {pid} exited on signal {}", signal.number()))
                }
            };
            self.logs.message(&self.process, &self.settings.error_log, level, &text).await;
            let known = self.children.iter().position(|child| child.pid == pid);
            if let Some(index) = known {
                let child = self.children.remove(index);
                let can_be_replaced = status != ExitStatus::Code(2);
                replace += u32::from(can_be_replaced && !child.leaving && !self.ending);
            }
        }
        for _ in 0..replace {
            self.start_worker().await;
        }
    }

    /// Reads the configuration again; where it is wrong, what runs goes on.
    async fn reconfigure(&mut self) {
        let voice = Voice { process: Arc::clone(&self.process), log: None, terse: true };
        let complain = async |master: &Self, message: &str| {
            master.logs.message(&master.process, &master.settings.error_log, LogLevel::Emerg, message).await;
        };
        let loaded = match load(&self.process, &self.nginx.config, &self.nginx.global).await {
            Ok(loaded) if loaded.found_events => loaded,
            Ok(_) => return complain(self, "no \"events\" section in configuration").await,
            Err(message) => return complain(self, &message).await,
        };
        let settings = Arc::new(loaded.settings);
        let logs = match Logs::open(&self.process, &settings).await {
            Ok(logs) => logs,
            Err(message) => return complain(self, &message).await,
        };
        let Ok(sockets) = open_sockets(&voice, &settings, &self.sockets, false).await else {
            return complain(self, "still could not bind()").await;
        };
        let before = std::mem::replace(&mut self.sockets, sockets);
        close(&self.process, &before, &self.sockets);
        self.settings = settings;
        self.logs = logs;
        self.note("using the \"epoll\" event method").await;
        let old: Vec<u32> = self.children.iter().map(|child| child.pid).collect();
        self.start_workers().await;
        for child in &mut self.children {
            if old.contains(&child.pid) {
                child.leaving = true;
                let _ = self.process.kill(i64::from(child.pid), Some(Signal::QUIT));
            }
        }
    }
}

/// What `ps` shows.
fn set_title(process: &Process, title: &str) {
    process.lock().argv = [Bytes::copy_from_slice(title.as_bytes())].into();
}

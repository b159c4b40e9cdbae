//! Containers as the node keeps them: how they are made, started and watched.

mod identity;
mod processes;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;

use identity::{arguments, credentials, environment};
use processes::{WRITE, table};

use super::{
    ContainerConfig, ContainerId, ContainerState, ContainerStatus, ExitReason, ExitStatus, ExitWaiter,
    LogStream, Resources, RuntimeError, Signal, WindowSize,
    event::{ContainerChange, NodeEvent},
    logs::Log,
    pod::{Sandbox, Surroundings},
    rootfs::{self, OwnFile, RootParts},
    volume::read_file,
};
use crate::{
    image::Image,
    kernel::{
        container::{Confinement, Container, Parts},
        cpu::Cpu,
        creds::Creds,
        fs::{FileObject, FileSystem, Location, OpenFile},
        memory::Memory,
        pipe::{PipeReader, PipeWriter, pipe},
        process::{PidNamespace, Process},
        quota::Quota,
        sysfs,
        tty::Tty,
        wait::lock,
    },
};

/// How many processes one container may have.
const MAX_PIDS: u64 = 512;
/// The longest termination message.
const MAX_MESSAGE: usize = 4096;
/// Where programs are looked for, and what `PATH` is where nobody says otherwise.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A container.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: ContainerId,
    pub(super) sandbox: Arc<Sandbox>,
    name: String,
    image: String,
    image_id: String,
    argv: Arc<[Bytes]>,
    env: Arc<[Bytes]>,
    cwd: Vec<u8>,
    creds: Creds,
    stdin: bool,
    stdin_once: bool,
    tty: bool,
    termination_message_path: Option<String>,
    stop_signal: Signal,
    pub(super) kernel: Arc<Container>,
    pub(super) space: Arc<FileSystem>,
    pub(super) log: Arc<Log>,
    null: Location,
    created_at: Timestamp,
    events: tokio::sync::broadcast::Sender<NodeEvent>,
    life: Mutex<Life>,
    exit: ExitWaiter,
}

/// What changes in a container's life.
#[derive(Debug)]
struct Life {
    state: ContainerState,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    status: Option<ExitStatus>,
    reason: Option<ExitReason>,
    message: Option<String>,
    termination_message: Option<String>,
    resources: Resources,
    process: Option<Arc<Process>>,
    /// The ends of standard input: what the process reads from until it is started, and what someone may attach to.
    keyboard: Option<PipeReader>,
    input: Option<PipeWriter>,
    terminal: Option<Arc<Tty>>,
    /// The size of the terminal, which those who attach before the start say then.
    size: WindowSize,
    /// Tells that all that the terminal showed is in the log.
    shown: Option<ExitWaiter>,
}

impl Life {
    fn resize(&mut self, size: WindowSize) {
        self.size = size;
        if let Some(tty) = &self.terminal {
            tty.set_size(size);
        }
    }
}

impl Record {
    pub(super) fn new(
        around: &Surroundings<'_>,
        sandbox: &Arc<Sandbox>,
        image: &Arc<Image>,
        config: ContainerConfig,
        joined: Option<&Record>,
        events: tokio::sync::broadcast::Sender<NodeEvent>,
    ) -> Result<Arc<Self>, RuntimeError> {
        let host = around.host;
        let recipe = &image.recipe;
        let pids = match (joined, &sandbox.pids) {
            (Some(joined), _) => Arc::clone(&joined.kernel.pids),
            (None, Some(pids)) => Arc::clone(pids),
            (None, None) => PidNamespace::new(),
        };
        let cwd =
            config.working_dir.clone().filter(|dir| !dir.is_empty()).unwrap_or(recipe.working_dir.clone());
        let hostname = Bytes::from(format!("{}\n", sandbox.config.hostname));
        let mut files: Vec<OwnFile> = [
            ("/etc/hostname", hostname),
            ("/etc/hosts", sandbox.hosts()),
            ("/etc/resolv.conf", sandbox.resolv_conf()),
        ]
        .map(|(path, content)| OwnFile { path: path.to_owned(), content, mode: 0o644 })
        .into();
        if let Some(path) = &config.termination_message_path {
            files.push(OwnFile { path: path.clone(), content: Bytes::new(), mode: 0o666 });
        }
        let limits = config.resources;
        let cpu = Cpu::new(host, host.cpu_millis, Some(Arc::clone(around.cpu)));
        cpu.set_share(limits.cpu_limit_millis, limits.cpu_request_millis);
        let memory = Memory::new(limits.memory_limit_bytes.or(Some(host.memory_bytes)));
        let pid_quota = Quota::new(MAX_PIDS, Some(Arc::clone(&host.pids)));
        let root = rootfs::build(RootParts {
            system: sysfs::View {
                host: Arc::clone(host),
                net: Arc::clone(&sandbox.net),
                pids: Arc::clone(&pids),
                cpu: Arc::clone(&cpu),
                memory: Arc::clone(&memory),
                pid_quota: Arc::clone(&pid_quota),
            },
            image: &recipe.root,
            mounts: &config.mounts,
            files,
            read_only: config.security.read_only_root,
            working_dir: &cwd,
        })?;
        let (creds, home) = credentials(&root.table, &config, &recipe.user)?;
        let kernel = Container::new(Parts {
            host: Arc::clone(host),
            fabric: Arc::clone(around.fabric),
            mounts: root.table,
            net: Arc::clone(&sandbox.net),
            pids,
            hostname: Arc::clone(&sandbox.hostname),
            cpu,
            memory,
            pid_quota,
            confinement: Confinement {
                no_new_privileges: config.security.no_new_privileges,
                seccomp_filter: config.security.seccomp_filter,
                oom_score_adj: config.oom_score_adj,
            },
            libc: recipe.libc,
            programs: crate::commands::program,
        });
        let argv = arguments(&config, &recipe.entrypoint, &recipe.cmd);
        if argv.is_empty() {
            return Err(RuntimeError::InvalidConfig(
                "failed to generate container spec: failed to generate spec: no command specified".to_owned(),
            ));
        }
        let env = environment(&config, &recipe.env, &sandbox.config.hostname, &home);
        let (keyboard, input) = if config.stdin {
            let (reader, writer) = pipe();
            (Some(reader), Some(writer))
        } else {
            (None, None)
        };
        Ok(Arc::new(Self {
            id: ContainerId(host.random_id()),
            sandbox: Arc::clone(sandbox),
            name: config.name,
            image: config.image,
            image_id: image.id.clone(),
            argv,
            env,
            cwd: if cwd.is_empty() { b"/".to_vec() } else { cwd.into_bytes() },
            creds,
            stdin: config.stdin,
            stdin_once: config.stdin_once,
            tty: config.tty,
            termination_message_path: config.termination_message_path,
            stop_signal: config.stop_signal.or(recipe.stop_signal).unwrap_or(Signal::TERM),
            space: root.space,
            log: Log::new(host.env.clone(), config.log),
            null: around.null.clone(),
            created_at: host.env.clock.now(),
            events,
            life: Mutex::new(Life {
                state: ContainerState::Created,
                started_at: None,
                finished_at: None,
                status: None,
                reason: None,
                message: None,
                termination_message: None,
                resources: limits,
                process: None,
                keyboard,
                input,
                terminal: None,
                size: WindowSize::default(),
                shown: None,
            }),
            kernel,
            exit: ExitWaiter::default(),
        }))
    }

    fn emit(&self, change: ContainerChange) {
        let event = NodeEvent::Container {
            sandbox: self.sandbox.id.clone(),
            container: self.id.clone(),
            change,
            time: self.kernel.host.env.clock.now(),
        };
        // Nobody may be listening.
        let _ = self.events.send(event);
    }

    pub(super) fn created(&self) {
        self.emit(ContainerChange::Created);
    }

    pub(super) fn removed(&self) {
        self.emit(ContainerChange::Removed);
    }

    pub(super) fn state(&self) -> ContainerState {
        lock(&self.life).state
    }

    pub(super) fn status(&self) -> ContainerStatus {
        let life = lock(&self.life);
        ContainerStatus {
            id: self.id.clone(),
            sandbox: self.sandbox.id.clone(),
            name: self.name.clone(),
            image: self.image.clone(),
            image_id: self.image_id.clone(),
            state: life.state,
            pid: life.process.as_ref().map(|process| process.host_pid),
            created_at: self.created_at,
            started_at: life.started_at,
            finished_at: life.finished_at,
            exit_code: life.status.map(ExitStatus::code),
            signal: match life.status {
                Some(ExitStatus::Signal(signal)) => Some(signal),
                _ => None,
            },
            reason: life.reason,
            message: life.message.clone(),
            termination_message: life.termination_message.clone(),
            resources: life.resources,
        }
    }

    /// Starts the first process.
    pub(super) fn start(self: &Arc<Self>) -> Result<(), RuntimeError> {
        {
            let mut life = lock(&self.life);
            if life.state != ContainerState::Created {
                return Err(RuntimeError::AlreadyStarted(self.id.clone()));
            }
            life.state = ContainerState::Running;
        }
        match self.first_process() {
            Ok(process) => {
                let now = self.kernel.host.env.clock.now();
                let waiter = process.exit_waiter();
                {
                    let mut life = lock(&self.life);
                    life.started_at = Some(now);
                    life.process = Some(process);
                }
                self.emit(ContainerChange::Started);
                let record = Arc::clone(self);
                self.kernel.host.env.spawn(async move {
                    let status = waiter.wait().await;
                    record.kernel.kill_all();
                    record.terminal_ended().await;
                    record.ended(status);
                });
                Ok(())
            }
            Err(message) => {
                let now = self.kernel.host.env.clock.now();
                {
                    let mut life = lock(&self.life);
                    life.state = ContainerState::Exited;
                    life.status = Some(ExitStatus::Code(128));
                    life.reason = Some(ExitReason::StartError);
                    life.message = Some(message.clone());
                    life.started_at = None;
                    life.finished_at = Some(now);
                    life.keyboard = None;
                    life.input = None;
                }
                self.log.end();
                self.exit.set(ExitStatus::Code(128));
                self.emit(ContainerChange::Exited);
                Err(RuntimeError::Start(message))
            }
        }
    }

    fn first_process(self: &Arc<Self>) -> Result<Arc<Process>, String> {
        let (keyboard, size) = {
            let mut life = lock(&self.life);
            (life.keyboard.take(), life.size)
        };
        let (fds, tty) = if self.tty {
            self.terminal(size, keyboard, None)
        } else {
            let stdin = match keyboard {
                Some(reader) => self.pipe_file(FileObject::PipeReader(reader)),
                None => self.null(),
            };
            let sink =
                |stream| OpenFile::new(FileObject::Sink(self.log.sink(stream)), WRITE, self.object_name());
            (table([stdin, sink(LogStream::Stdout), sink(LogStream::Stderr)]), None)
        };
        lock(&self.life).terminal.clone_from(&tty);
        let process = self.process(fds, tty, &self.env).map_err(|errno| {
            format!("failed to create containerd task: failed to create shim task: OCI runtime create failed: {errno}")
        })?;
        match self.find(&process, &self.argv, &self.env) {
            Ok(executable) => {
                process.start_program(&executable, Arc::clone(&self.env));
                Ok(process)
            }
            Err(why) => {
                process.abandon();
                Err(format!(
                    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create \
                     failed: unable to start container process: {why}"
                ))
            }
        }
    }

    /// Waits until what the terminal still shows is in the log, unless someone who attached keeps it waiting.
    async fn terminal_ended(&self) {
        let (terminal, shown) = {
            let mut life = lock(&self.life);
            (life.terminal.take(), life.shown.take())
        };
        if let (Some(terminal), Some(shown)) = (terminal, shown) {
            terminal.hang_up();
            let shown = std::pin::pin!(shown.wait());
            futures::future::select(shown, self.kernel.host.env.sleep(Duration::from_secs(1))).await;
        }
    }

    /// Notes the end of the first process.
    fn ended(self: &Arc<Self>, status: ExitStatus) {
        self.log.end();
        let oom = self.kernel.memory.was_exceeded();
        let path = self.termination_message_path.as_ref().filter(|_| !self.kernel.mounts.is_incomplete());
        let message = path.and_then(|path| {
            let text = read_file(&self.kernel.mounts, path, MAX_MESSAGE)?;
            (!text.is_empty()).then(|| String::from_utf8_lossy(&text).into_owned())
        });
        {
            let mut life = lock(&self.life);
            life.state = ContainerState::Exited;
            life.finished_at = Some(self.kernel.host.env.clock.now());
            life.status = Some(status);
            life.reason = Some(match status {
                _ if oom => ExitReason::OomKilled,
                ExitStatus::Code(0) => ExitReason::Completed,
                _ => ExitReason::Error,
            });
            life.termination_message = message;
            life.process = None;
            life.input = None;
            life.terminal = None;
        }
        self.exit.set(status);
        self.emit(ContainerChange::Exited);
    }

    /// Sends a signal to the first process.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), RuntimeError> {
        let process = lock(&self.life).process.clone();
        let process = process.ok_or_else(|| RuntimeError::NotRunning(self.id.clone()))?;
        process.signal_from_outside(signal);
        Ok(())
    }

    /// Asks it to end, and sees to it after `grace`.
    pub(super) async fn stop(&self, grace: Duration) {
        if self.state() == ContainerState::Created {
            self.discard();
            return;
        }
        if self.state() == ContainerState::Exited {
            return;
        }
        let env = &self.kernel.host.env;
        if !grace.is_zero() {
            let _ = self.signal(self.stop_signal);
            let ended = std::pin::pin!(self.exit.wait());
            let late = env.sleep(grace);
            if let futures::future::Either::Left(_) = futures::future::select(ended, late).await {
                return;
            }
        }
        let _ = self.signal(Signal::KILL);
        self.exit.wait().await;
    }

    /// Gives up a container that was never started.
    fn discard(&self) {
        {
            let mut life = lock(&self.life);
            life.state = ContainerState::Exited;
            life.finished_at = Some(self.kernel.host.env.clock.now());
            life.status = Some(ExitStatus::Signal(Signal::KILL));
            life.reason = Some(ExitReason::Error);
        }
        self.log.end();
        self.exit.set(ExitStatus::Signal(Signal::KILL));
        self.emit(ContainerChange::Exited);
    }

    pub(super) fn update_resources(&self, resources: Resources) {
        let host = &self.kernel.host;
        self.kernel.cpu.set_share(resources.cpu_limit_millis, resources.cpu_request_millis);
        self.kernel.memory.set_limit(resources.memory_limit_bytes.or(Some(host.memory_bytes)));
        lock(&self.life).resources = resources;
    }
}

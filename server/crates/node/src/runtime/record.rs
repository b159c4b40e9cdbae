//! Containers as the node keeps them: how they are made, started and watched.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    AttachOptions, ContainerConfig, ContainerId, ContainerState, ContainerStatus, ExecOptions, ExitReason,
    ExitStatus, ExitWaiter, LogStream, ProcessControl, Resources, RuntimeError, Session, Signal,
    TerminalControl, User, WindowSize,
    event::{ContainerChange, NodeEvent},
    logs::Log,
    pod::{Sandbox, Surroundings},
    rootfs::{self, RootParts},
    session::type_into,
    stream::{ByteSink, ByteSource},
    volume::read_file,
};
use crate::{
    image::Image,
    kernel::{
        container::{Container, Parts},
        cpu::Cpu,
        creds::{Creds, cap},
        errno::Errno,
        fs::{Device, FileObject, FileSystem, Inode, Kind, OpenFile, OpenFlags, Walk},
        memory::Memory,
        pipe::{PipeReader, PipeWriter, pipe},
        process::{Executable, FdTable, PidNamespace, Process, Start},
        quota::Quota,
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
    /// Tells that all that the terminal showed is in the log.
    shown: Option<ExitWaiter>,
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
        let mut files = vec![
            ("/etc/hostname", hostname),
            ("/etc/hosts", sandbox.hosts()),
            ("/etc/resolv.conf", sandbox.resolv_conf()),
        ];
        if let Some(path) = &config.termination_message_path {
            files.push((path, Bytes::new()));
        }
        let root = rootfs::build(&RootParts {
            host,
            image: &recipe.root,
            pids: &pids,
            mounts: &config.mounts,
            files: &files,
            read_only: config.security.read_only_root,
            working_dir: &cwd,
        })?;
        let (creds, home) = credentials(&root.table, &config, &recipe.user)?;
        let limits = config.resources;
        let kernel = Container::new(Parts {
            host: Arc::clone(host),
            fabric: Arc::clone(around.fabric),
            mounts: root.table,
            net: Arc::clone(&sandbox.net),
            pids,
            hostname: Arc::clone(&sandbox.hostname),
            cpu: Cpu::new(
                host,
                limits.cpu_limit_millis.unwrap_or(host.cpu_millis),
                Some(Arc::clone(around.cpu)),
            ),
            memory: Memory::new(limits.memory_limit_bytes.or(Some(host.memory_bytes))),
            pid_quota: Quota::new(MAX_PIDS, Some(Arc::clone(&host.pids))),
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
        let keyboard = lock(&self.life).keyboard.take();
        let (fds, tty) = if self.tty {
            self.terminal(WindowSize::default(), keyboard, None)
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
        let message = self.termination_message_path.as_ref().and_then(|path| {
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
        self.kernel.cpu.set_millis(resources.cpu_limit_millis.unwrap_or(host.cpu_millis));
        self.kernel.memory.set_limit(resources.memory_limit_bytes.or(Some(host.memory_bytes)));
        lock(&self.life).resources = resources;
    }

    /// Runs a further process.
    pub(super) fn exec(self: &Arc<Self>, options: &ExecOptions) -> Result<Session, RuntimeError> {
        if self.state() != ContainerState::Running {
            return Err(RuntimeError::NotRunning(self.id.clone()));
        }
        let argv: Arc<[Bytes]> =
            options.argv.iter().map(|arg| Bytes::from(arg.clone().into_bytes())).collect();
        let mut env = Arc::clone(&self.env);
        let mut stdin = None;
        let (fds, tty, stdout, stderr) = if let Some(size) = options.tty {
            let (screen, shown) = pipe();
            let keyboard = options.stdin.then(|| {
                let (reader, writer) = pipe();
                stdin = Some(ByteSink::new(writer));
                reader
            });
            let (fds, tty) = self.terminal(size, keyboard, Some(shown));
            if !env.iter().any(|entry| entry.starts_with(b"TERM=")) {
                env = env.iter().cloned().chain([Bytes::from_static(b"TERM=xterm")]).collect();
            }
            (fds, tty, screen, None)
        } else {
            let input = if options.stdin {
                let (reader, writer) = pipe();
                stdin = Some(ByteSink::new(writer));
                self.pipe_file(FileObject::PipeReader(reader))
            } else {
                self.null()
            };
            let (stdout, out) = pipe();
            let (stderr, err) = pipe();
            let out = self.pipe_file(FileObject::PipeWriter(out));
            let err = self.pipe_file(FileObject::PipeWriter(err));
            (table([input, out, err]), None, stdout, Some(stderr))
        };
        let fail = |why: String| {
            let id = self.kernel.host.random_id();
            RuntimeError::Exec(format!(
                "failed to exec in container: failed to start exec \"{id}\": OCI runtime exec failed: exec failed: unable \
                 to start container process: {why}"
            ))
        };
        let terminal = tty.clone();
        let process = self.process(fds, tty, &env).map_err(|errno| fail(errno.to_string().to_lowercase()))?;
        match self.find(&process, &argv, &env) {
            Ok(executable) => process.start_program(&executable, env),
            Err(why) => {
                process.abandon();
                return Err(fail(why));
            }
        }
        Ok(Session {
            stdin,
            stdout: ByteSource::new(stdout),
            stderr: stderr.map(ByteSource::new),
            terminal: terminal.map(TerminalControl),
            process: ProcessControl(Arc::downgrade(&process)),
            exit: process.exit_waiter(),
        })
    }

    /// Holds the streams of the first process.
    pub(super) fn attach(&self, options: AttachOptions) -> Result<Session, RuntimeError> {
        let mut life = lock(&self.life);
        if life.state == ContainerState::Exited {
            return Err(RuntimeError::NotRunning(self.id.clone()));
        }
        let (stdout, shown) = pipe();
        let (stderr, errors) = if self.tty {
            (None, None)
        } else {
            let (stderr, errors) = pipe();
            (Some(stderr), Some(errors))
        };
        self.log.attach(shown, errors);
        let stdin = if options.stdin && self.stdin {
            if self.stdin_once { life.input.take() } else { life.input.clone() }
        } else {
            None
        };
        if let (Some(size), Some(tty)) = (options.size, &life.terminal) {
            tty.set_size(size);
        }
        Ok(Session {
            stdin: stdin.map(ByteSink::new),
            stdout: ByteSource::new(stdout),
            stderr: stderr.map(ByteSource::new),
            terminal: life.terminal.clone().map(TerminalControl),
            process: ProcessControl(life.process.as_ref().map_or_else(std::sync::Weak::new, Arc::downgrade)),
            exit: self.exit.clone(),
        })
    }

    /// A process that does not run yet.
    fn process(
        &self,
        fds: FdTable,
        tty: Option<Arc<Tty>>,
        env: &Arc<[Bytes]>,
    ) -> Result<Arc<Process>, Errno> {
        let cwd = self.walk(|walk| walk.place(&self.cwd, true))?;
        let start = Start { creds: self.creds.clone(), cwd, fds, tty, env: Arc::clone(env) };
        Process::from_outside(&self.kernel, &self.kernel.pids, start)
    }

    fn walk<T>(&self, look: impl FnOnce(&Walk<'_>) -> T) -> T {
        let table = &self.kernel.mounts;
        let root = table.topmost(table.root().clone());
        let creds = Creds::root();
        look(&Walk { table, root: &root, cwd: &root, creds: &creds, viewer: 0 })
    }

    /// What a command line runs, or why it runs nothing, in the words of runc.
    fn find(&self, process: &Process, argv: &Arc<[Bytes]>, env: &[Bytes]) -> Result<Executable, String> {
        let Some(name) = argv.first() else { return Err("args is empty".to_owned()) };
        let path =
            env.iter().find_map(|entry| entry.strip_prefix(b"PATH=")).unwrap_or(DEFAULT_PATH.as_bytes());
        let shown = String::from_utf8_lossy(name);
        process.search(name, path, Arc::clone(argv)).map_err(|errno| {
            let slash = name.contains(&b'/');
            match errno {
                Errno::ENOENT if !slash => format!("exec: {shown:?}: executable file not found in $PATH"),
                Errno::ENOENT | Errno::ENOTDIR => {
                    format!("exec: {shown:?}: stat {shown}: {}", errno.to_string().to_lowercase())
                }
                Errno::ENOEXEC => format!("exec {shown}: exec format error"),
                Errno::EACCES if self.is_directory(name) => format!("exec: {shown:?}: is a directory"),
                _ => format!("exec: {shown:?}: {}", errno.to_string().to_lowercase()),
            }
        })
    }

    fn is_directory(&self, path: &[u8]) -> bool {
        self.walk(|walk| walk.place(path, true)).is_ok_and(|place| place.inode.is_dir())
    }

    /// A terminal for a process: its files, and itself. Its screen is `shown`, or the log.
    fn terminal(
        self: &Arc<Self>,
        size: WindowSize,
        keyboard: Option<PipeReader>,
        shown: Option<PipeWriter>,
    ) -> (FdTable, Option<Arc<Tty>>) {
        let env = &self.kernel.host.env;
        let screen = shown.unwrap_or_else(|| {
            let (reader, writer) = pipe();
            let sink = self.log.sink(LogStream::Stdout);
            let done = ExitWaiter::default();
            lock(&self.life).shown = Some(done.clone());
            env.spawn(async move {
                let _done = Done(done);
                while let Ok(mut bytes) = std::future::poll_fn(|cx| reader.poll_take(cx, 16 * 1024)).await {
                    if bytes.is_empty() {
                        return;
                    }
                    while !bytes.is_empty() {
                        if std::future::poll_fn(|cx| sink.poll_write(cx, &mut bytes)).await.is_err() {
                            return;
                        }
                    }
                }
            });
            writer
        });
        let tty = Tty::new(self.kernel.next_terminal(), size, screen);
        if let Some(keyboard) = keyboard {
            env.spawn(type_into(keyboard, Arc::downgrade(&tty)));
        }
        let name = format!("/dev/pts/{}", tty.number());
        if let Ok(dir) = self.walk(|walk| walk.place(b"/dev/pts", true)) {
            let node = Inode::new_uncharged(
                &dir.inode.fs,
                Kind::Terminal(Arc::clone(&tty)),
                0o620,
                self.creds.uid,
                5,
            );
            if let Kind::Dir(entries) = &mut dir.inode.lock().kind {
                entries.insert(tty.number().to_string().as_bytes(), node);
            }
        }
        let both = OpenFlags { read: true, write: true, ..OpenFlags::default() };
        let file = OpenFile::new(FileObject::Terminal(Arc::clone(&tty)), both, name.into_bytes());
        (table([Arc::clone(&file), Arc::clone(&file), file]), Some(tty))
    }

    fn null(&self) -> Arc<OpenFile> {
        let host = Arc::clone(&self.kernel.host);
        match self.walk(|walk| walk.place(b"/dev/null", true)) {
            Ok(place) => {
                let object = FileObject::Device { device: Device::Null, place, host };
                OpenFile::new(object, OpenFlags::READ, *b"/dev/null")
            }
            // An image may have hidden it: an input that has ended is as good.
            Err(_) => self.pipe_file(FileObject::PipeReader(pipe().0)),
        }
    }

    fn pipe_file(&self, object: FileObject) -> Arc<OpenFile> {
        let flags = if matches!(object, FileObject::PipeReader(_)) { OpenFlags::READ } else { WRITE };
        OpenFile::new(object, flags, self.object_name())
    }

    fn object_name(&self) -> Vec<u8> {
        format!("pipe:[{}]", self.kernel.host.next_object()).into_bytes()
    }
}

/// Tells when it goes that something is done.
struct Done(ExitWaiter);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.set(ExitStatus::Code(0));
    }
}

const WRITE: OpenFlags =
    OpenFlags { read: false, write: true, append: false, create: false, exclusive: false, truncate: false };

fn table(files: [Arc<OpenFile>; 3]) -> FdTable {
    let mut fds = FdTable::default();
    for file in files {
        // Three fit.
        let _ = fds.add(file, 0, false);
    }
    fds
}

/// The command line: the container's own, or the image's.
fn arguments(config: &ContainerConfig, entrypoint: &[String], cmd: &[String]) -> Arc<[Bytes]> {
    let (command, args) = match (config.command.is_empty(), config.args.is_empty()) {
        (false, _) => (&config.command[..], &config.args[..]),
        (true, false) => (entrypoint, &config.args[..]),
        (true, true) => (entrypoint, cmd),
    };
    command.iter().chain(args).map(|arg| Bytes::from(arg.clone().into_bytes())).collect()
}

/// The environment in the order that containerd gives it.
fn environment(
    config: &ContainerConfig,
    image: &[(String, String)],
    hostname: &str,
    home: &str,
) -> Arc<[Bytes]> {
    let mut all: Vec<(String, String)> = vec![("PATH".to_owned(), DEFAULT_PATH.to_owned())];
    let mut set = |name: &str, value: &str| match all.iter_mut().find(|(known, _)| known == name) {
        Some(known) => value.clone_into(&mut known.1),
        None => all.push((name.to_owned(), value.to_owned())),
    };
    if config.tty {
        set("TERM", "xterm");
    }
    set("HOSTNAME", hostname);
    for (name, value) in image.iter().chain(&config.env) {
        set(name, value);
    }
    if !all.iter().any(|(name, _)| name == "HOME") {
        all.push(("HOME".to_owned(), home.to_owned()));
    }
    all.into_iter().map(|(name, value)| Bytes::from(format!("{name}={value}"))).collect()
}

/// Who the processes run as, and their home directory.
fn credentials(
    table: &crate::kernel::fs::MountTable,
    config: &ContainerConfig,
    image_user: &str,
) -> Result<(Creds, String), RuntimeError> {
    let text = |path: &str| {
        let bytes = read_file(table, path, 256 * 1024).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let passwd = text("/etc/passwd");
    let users: Vec<Vec<&str>> = passwd.lines().map(|line| line.split(':').collect()).collect();
    let group = text("/etc/group");
    let groups: Vec<Vec<&str>> = group.lines().map(|line| line.split(':').collect()).collect();
    let security = &config.security;
    let (wanted, wanted_group) = match &security.user {
        Some(User::Id(uid)) => (uid.to_string(), None),
        Some(User::Name(name)) => (name.clone(), None),
        None => match image_user.split_once(':') {
            Some((user, group)) => (user.to_owned(), Some(group.to_owned())),
            None => (image_user.to_owned(), None),
        },
    };
    let wanted = if wanted.is_empty() { "0".to_owned() } else { wanted };
    let number = wanted.parse::<u32>().ok();
    let entry = users.iter().find(|fields| {
        let uid = fields.get(2).and_then(|uid| uid.parse::<u32>().ok());
        match number {
            Some(_) => uid == number,
            None => fields.first() == Some(&wanted.as_str()),
        }
    });
    let field = |index: usize| entry.and_then(|fields| fields.get(index)).copied();
    let uid = number.or_else(|| field(2)?.parse().ok()).ok_or_else(|| {
        RuntimeError::InvalidConfig(format!(
            "failed to generate container spec: failed to generate spec: no users found for {wanted}: unable to find user \
             {wanted}: no matching entries in passwd file"
        ))
    })?;
    let group_number = |name: &str| {
        name.parse().ok().or_else(|| {
            groups
                .iter()
                .find(|fields| fields.first() == Some(&name))
                .and_then(|fields| fields.get(2)?.parse().ok())
        })
    };
    let gid = security
        .group
        .or_else(|| group_number(&wanted_group?))
        .or_else(|| field(3)?.parse().ok())
        .unwrap_or(0);
    let name = field(0).unwrap_or_default().to_owned();
    let mut all = vec![gid];
    for fields in &groups {
        let member = fields
            .get(3)
            .is_some_and(|members| !name.is_empty() && members.split(',').any(|member| member == name));
        if let (true, Some(gid)) = (member, fields.get(2).and_then(|gid| gid.parse().ok())) {
            all.push(gid);
        }
    }
    all.extend(&security.supplemental_groups);
    let mut unique = Vec::new();
    for gid in all {
        if !unique.contains(&gid) {
            unique.push(gid);
        }
    }
    let mut bounding = if security.privileged { cap::ALL } else { cap::DEFAULT };
    let bits =
        |names: &[String]| names.iter().filter_map(|name| cap::parse(name)).fold(0, |all, bits| all | bits);
    let dropped = bits(&security.drop_capabilities);
    bounding = (bounding & !dropped) | bits(&security.add_capabilities);
    let effective = if uid == 0 { bounding } else { 0 };
    let home = field(5).filter(|home| !home.is_empty()).unwrap_or("/").to_owned();
    Ok((Creds { uid, gid, groups: unique.into(), effective, bounding }, home))
}

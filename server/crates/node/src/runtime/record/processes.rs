//! The processes that are started in a container from outside, and what they read from and write to.

use std::sync::Arc;

use bytes::Bytes;

use super::{DEFAULT_PATH, Record};
use crate::{
    kernel::{
        creds::Creds,
        errno::Errno,
        fs::{Device, FileObject, Inode, Kind, OpenFile, OpenFlags, Walk},
        pipe::{PipeReader, PipeWriter, pipe},
        process::{Executable, FdTable, Process, Start},
        tty::Tty,
        wait::lock,
    },
    runtime::{
        AttachOptions, ContainerState, ExecOptions, ExitStatus, ExitWaiter, LogStream, ProcessControl,
        RuntimeError, Session, TerminalControl, WindowSize,
        session::{Terminal, type_into},
        stream::{ByteSink, ByteSource},
    },
};

impl Record {
    /// Runs a further process.
    pub(in crate::runtime) fn exec(self: &Arc<Self>, options: &ExecOptions) -> Result<Session, RuntimeError> {
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
            terminal: terminal.map(|tty| TerminalControl(Terminal::Process(tty))),
            process: ProcessControl(Arc::downgrade(&process)),
            exit: process.exit_waiter(),
        })
    }

    /// Holds the streams of the first process.
    pub(in crate::runtime) fn attach(
        self: &Arc<Self>,
        options: AttachOptions,
    ) -> Result<Session, RuntimeError> {
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
        let control = self.tty.then(|| TerminalControl(Terminal::Container(Arc::downgrade(self))));
        if let Some(size) = options.size {
            life.resize(size);
        }
        Ok(Session {
            stdin: stdin.map(ByteSink::new),
            stdout: ByteSource::new(stdout),
            stderr: stderr.map(ByteSource::new),
            terminal: control,
            process: ProcessControl(life.process.as_ref().map_or_else(std::sync::Weak::new, Arc::downgrade)),
            exit: self.exit.clone(),
        })
    }

    /// Changes the size of the first process's terminal, or says what it will be.
    pub(in crate::runtime) fn resize(&self, size: WindowSize) {
        lock(&self.life).resize(size);
    }

    /// A process that does not run yet.
    pub(super) fn process(
        &self,
        fds: FdTable,
        tty: Option<Arc<Tty>>,
        env: &Arc<[Bytes]>,
    ) -> Result<Arc<Process>, Errno> {
        let cwd = self.walk(|walk| walk.place(&self.cwd, true))?;
        let start = Start { creds: self.creds.clone(), cwd, fds, tty, env: Arc::clone(env) };
        Process::from_outside(&self.kernel, &self.kernel.pids, start)
    }

    pub(super) fn walk<T>(&self, look: impl FnOnce(&Walk<'_>) -> T) -> T {
        let table = &self.kernel.mounts;
        let root = table.topmost(table.root().clone());
        let creds = Creds::root();
        look(&Walk { table, root: &root, cwd: &root, creds: &creds, viewer: 0 })
    }

    /// What a command line runs, or why it runs nothing, in the words of runc.
    pub(super) fn find(
        &self,
        process: &Process,
        argv: &Arc<[Bytes]>,
        env: &[Bytes],
    ) -> Result<Executable, String> {
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
    pub(super) fn terminal(
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

    /// The node's `/dev/null`: the runtime opens it before the container has one.
    pub(super) fn null(&self) -> Arc<OpenFile> {
        let host = Arc::clone(&self.kernel.host);
        let object = FileObject::Device { device: Device::Null, place: self.null.clone(), host };
        OpenFile::new(object, OpenFlags { create: false, ..OpenFlags::READ_WRITE }, *b"/dev/null")
    }

    pub(super) fn pipe_file(&self, object: FileObject) -> Arc<OpenFile> {
        let flags = if matches!(object, FileObject::PipeReader(_)) { OpenFlags::READ } else { WRITE };
        OpenFile::new(object, flags, self.object_name())
    }

    pub(super) fn object_name(&self) -> Vec<u8> {
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

pub(super) const WRITE: OpenFlags =
    OpenFlags { read: false, write: true, append: false, create: false, exclusive: false, truncate: false };

pub(super) fn table(files: [Arc<OpenFile>; 3]) -> FdTable {
    let mut fds = FdTable::default();
    for file in files {
        // Three fit.
        let _ = fds.add(file, 0, false);
    }
    fds
}

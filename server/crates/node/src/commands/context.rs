//! What a command is given: its arguments, its standard streams, its manner of speaking.

use std::{future::poll_fn, sync::Arc};

use bytes::{Bytes, BytesMut};

use crate::{
    kernel::{
        errno::Errno,
        fs::{OpenFile, OpenFlags},
        process::Process,
    },
    libc::getopt::{OptError, OptSpec, Opts},
    shell::Dialect,
};

/// Whose words a command uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    Busybox,
    /// GNU's coreutils, grep, sed and so on, as Debian has them.
    Gnu,
}

/// Who says what is wrong with the arguments of something that shells have built in too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    Busybox,
    Dash,
    Bash,
    Coreutils,
}

impl From<Flavor> for Voice {
    fn from(flavor: Flavor) -> Self {
        match flavor {
            Flavor::Busybox => Self::Busybox,
            Flavor::Gnu => Self::Coreutils,
        }
    }
}

impl From<Dialect> for Voice {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Ash => Self::Busybox,
            Dialect::Dash => Self::Dash,
            Dialect::Bash => Self::Bash,
        }
    }
}

/// Output is written when this much has gathered, and whenever a command waits or ends.
const OUTPUT_BUFFER: usize = 16 * 1024;
/// The longest line that commands take in.
pub(crate) const MAX_LINE: usize = 16 << 20;

/// A command that runs.
#[derive(Debug)]
pub(crate) struct Cx {
    pub(crate) process: Arc<Process>,
    /// What the command was called.
    pub(crate) name: String,
    /// Its arguments, without the name.
    pub(crate) args: Vec<Bytes>,
    pub(crate) flavor: Flavor,
    out: Vec<u8>,
    /// Why output failed, if it did.
    failed: Option<Errno>,
}

impl Cx {
    /// The command that `process` runs, called `name`.
    pub(crate) fn new(process: Arc<Process>, name: &str, args: Vec<Bytes>, flavor: Flavor) -> Self {
        Self { process, name: name.to_owned(), args, flavor, out: Vec::new(), failed: None }
    }

    pub(crate) fn is_gnu(&self) -> bool {
        self.flavor == Flavor::Gnu
    }

    /// What the C library says of an error.
    pub(crate) fn text(&self, errno: Errno) -> &'static str {
        self.process.text(errno)
    }

    // Output.

    /// Gathers output.
    pub(crate) fn put(&mut self, bytes: impl AsRef<[u8]>) {
        self.out.extend_from_slice(bytes.as_ref());
    }

    /// Writes what has gathered, if that is much. `false` where nobody can read it.
    pub(crate) async fn drain(&mut self) -> bool {
        if self.out.len() >= OUTPUT_BUFFER { self.flush().await } else { self.failed.is_none() }
    }

    /// Writes what has gathered. `false` where that failed, now or before.
    pub(crate) async fn flush(&mut self) -> bool {
        if !self.out.is_empty() && self.failed.is_none() {
            let out = std::mem::take(&mut self.out);
            self.failed = self.process.write(1, out).await.err();
        }
        self.out.clear();
        self.failed.is_none()
    }

    /// Writes bytes after what has gathered, without copying them.
    pub(crate) async fn write(&mut self, bytes: Bytes) -> bool {
        if self.flush().await {
            self.failed = self.process.write(1, bytes).await.err();
        }
        self.failed.is_none()
    }

    /// Prints a message on standard error, after the command's name. What has gathered comes before it, as busybox's
    /// `bb_error_msg` and glibc's `error` see to.
    pub(crate) async fn error(&mut self, message: impl AsRef<str> + Send) {
        self.flush().await;
        let line = format!("{}: {}\n", self.name, message.as_ref());
        self.complain(line).await;
    }

    /// Prints on standard error.
    pub(crate) async fn complain(&mut self, text: impl Into<Bytes>) {
        // Nobody can be told that nobody can be told.
        let _ = self.process.write(2, text.into()).await;
    }

    /// Says that something cannot be done with a file.
    pub(crate) async fn file_error(&mut self, path: &[u8], errno: Errno) {
        let text = self.text(errno);
        self.error(format!("{}: {text}", String::from_utf8_lossy(path))).await;
    }

    /// Says that a file cannot be opened.
    pub(crate) async fn open_error(&mut self, path: &[u8], errno: Errno) {
        let (path, text) = (String::from_utf8_lossy(path).into_owned(), self.text(errno));
        match self.flavor {
            Flavor::Busybox => self.error(format!("can't open '{path}': {text}")).await,
            Flavor::Gnu => self.error(format!("{path}: {text}")).await,
        }
    }

    /// Writes what is left and tells the exit code.
    pub(crate) async fn finish(&mut self, code: u8) -> u8 {
        self.flush().await;
        match self.failed {
            Some(errno) if errno != Errno::EPIPE || self.is_gnu() => {
                let text = self.text(errno);
                self.error(format!("write error: {text}")).await;
                code.max(1)
            }
            Some(_) => code.max(1),
            None => code,
        }
    }

    // Options.

    /// Reads the options; says what is wrong with them, and returns the exit code for that.
    pub(crate) async fn opts(&mut self, spec: OptSpec, usage: &str) -> Result<Opts, u8> {
        match Opts::parse(&self.args, &spec) {
            Ok(opts) => Ok(opts),
            Err(OptError::UnknownLong(name)) if name == "help" => {
                let text = self.usage(usage);
                if self.is_gnu() {
                    self.put(text);
                    return Err(self.finish(0).await);
                }
                self.complain(text).await;
                Err(0)
            }
            Err(OptError::UnknownLong(name)) if name == "version" && self.is_gnu() => {
                let line = format!("{} (GNU coreutils) 9.7\n", self.name);
                self.put(line);
                Err(self.finish(0).await)
            }
            Err(error) => {
                let message = error.text(self.process.container.libc);
                self.error(message).await;
                Err(self.bad_usage(usage).await)
            }
        }
    }

    /// Says how the command is used, because it was not used so.
    pub(crate) async fn bad_usage(&mut self, usage: &str) -> u8 {
        match self.flavor {
            Flavor::Busybox => {
                let text = self.usage(usage);
                self.complain(text).await;
            }
            Flavor::Gnu => {
                let text = format!("Try '{} --help' for more information.\n", self.name);
                self.complain(text).await;
            }
        }
        1
    }

    fn usage(&self, usage: &str) -> String {
        match self.flavor {
            Flavor::Busybox => {
                format!("{}\n\nUsage: {} {usage}\n", super::busybox::BANNER, self.name)
            }
            Flavor::Gnu => format!("Usage: {} {usage}\n", self.name),
        }
    }

    /// Says that an argument is no number, as busybox does, and returns the exit code for that.
    pub(crate) async fn bad_number(&mut self, text: &[u8]) -> u8 {
        self.error(format!("invalid number '{}'", String::from_utf8_lossy(text))).await;
        1
    }

    // Input.

    /// The files that operands name: standard input where there are none.
    pub(crate) fn inputs(operands: Vec<Bytes>) -> Vec<Bytes> {
        if operands.is_empty() { vec![Bytes::from_static(b"-")] } else { operands }
    }

    /// Opens a file to read; `-` is standard input.
    pub(crate) async fn open(&self, path: &[u8]) -> Result<Arc<OpenFile>, Errno> {
        match path {
            b"-" => self.process.file(0),
            _ => self.process.open_file(path, OpenFlags::READ, 0).await,
        }
    }

    /// Reads some bytes, after writing what has gathered if that has to be waited for.
    pub(crate) async fn read(&mut self, file: &OpenFile) -> Result<Bytes, Errno> {
        if !self.out.is_empty() && file.place().is_none() {
            self.flush().await;
        }
        let bytes = poll_fn(|cx| file.poll_read(cx, Process::READ_SIZE)).await?;
        self.process.work(1 + (bytes.len() >> 10) as u32).await;
        Ok(bytes)
    }

    /// All of a file, as long as it is not too long.
    pub(crate) async fn read_all(&mut self, file: &OpenFile) -> Result<Vec<u8>, Errno> {
        let mut all = Vec::new();
        loop {
            let bytes = self.read(file).await?;
            if bytes.is_empty() {
                return Ok(all);
            }
            all.extend_from_slice(&bytes);
            if all.len() > 4 * MAX_LINE || !self.has_room(all.len()) {
                return Err(self.overflow(file, all.len()).await);
            }
        }
    }

    /// Whether so much can be held; a little always can.
    fn has_room(&self, held: usize) -> bool {
        held <= 1 << 20 || self.process.hold(held as u64).is_ok()
    }

    /// Reads on without keeping what is read, since it is more than podlab holds, but counts it: where the container has
    /// a limit, it is killed there as on Linux. Where the input ends before, the program hears that there is no more
    /// memory.
    async fn overflow(&mut self, file: &OpenFile, held: usize) -> Errno {
        let mut claimed = held as u64;
        while self.process.container.memory.limit().is_some() {
            match self.read(file).await {
                Ok(bytes) if !bytes.is_empty() => claimed += bytes.len() as u64,
                _ => break,
            }
            if self.process.claim(claimed).is_err() {
                // It is being killed, and comes to say nothing any more.
                self.process.pause().await;
                break;
            }
        }
        Errno::ENOMEM
    }
}

/// Reads lines.
#[derive(Debug)]
pub(crate) struct Lines {
    file: Arc<OpenFile>,
    buffer: BytesMut,
    /// How much of the buffer holds no newline.
    searched: usize,
    ended: bool,
    /// What ends a line.
    delimiter: u8,
}

/// A line, without its newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: Bytes,
    /// Whether a newline followed it: the last line may lack it.
    pub(crate) complete: bool,
}

impl Lines {
    pub(crate) fn new(file: Arc<OpenFile>) -> Self {
        Self::separated_by(file, b'\n')
    }

    pub(crate) fn separated_by(file: Arc<OpenFile>, delimiter: u8) -> Self {
        Self { file, buffer: BytesMut::new(), searched: 0, ended: false, delimiter }
    }

    /// The next line; `None` at the end.
    pub(crate) async fn next(&mut self, cx: &mut Cx) -> Result<Option<Line>, Errno> {
        loop {
            let delimiter = self.delimiter;
            let found = self.buffer[self.searched..].iter().position(|byte| *byte == delimiter);
            if let Some(at) = found {
                let mut text = self.buffer.split_to(self.searched + at + 1);
                text.truncate(text.len() - 1);
                self.searched = 0;
                return Ok(Some(Line { text: text.freeze(), complete: true }));
            }
            self.searched = self.buffer.len();
            if self.ended {
                if self.buffer.is_empty() {
                    return Ok(None);
                }
                self.searched = 0;
                return Ok(Some(Line { text: self.buffer.split().freeze(), complete: false }));
            }
            if self.buffer.len() > MAX_LINE || !cx.has_room(self.buffer.len()) {
                return Err(cx.overflow(&self.file, self.buffer.len()).await);
            }
            let bytes = cx.read(&self.file).await?;
            self.ended = bytes.is_empty();
            self.buffer.extend_from_slice(&bytes);
        }
    }
}

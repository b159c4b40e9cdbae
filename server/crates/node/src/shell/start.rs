//! How a shell begins: its command line, and the files that it reads first.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Dialect, builtins,
    frames::{Frame, SourceKind},
    input::Input,
    state::Shell,
    traps::Event,
};
use crate::{
    env::BoxFuture,
    kernel::{
        errno::Errno,
        process::{Disposition, Outcome, Process},
        signal::Signal,
    },
};

/// The longest script.
const MAX_SCRIPT: usize = 16 << 20;

/// Runs a shell as a process's program.
pub(crate) fn main(process: Arc<Process>, dialect: Dialect) -> BoxFuture<Outcome> {
    Box::pin(async move {
        let argv = process.argv();
        let name = argv.first().cloned().unwrap_or(Bytes::from_static(b"sh"));
        let mut shell = Shell::new(Arc::clone(&process), dialect, name);
        let started = shell.start_up(&argv).await;
        let errors = std::mem::take(&mut shell.errors);
        if !errors.is_empty() {
            let _ = process.write(2, errors).await;
        }
        let output = std::mem::take(&mut shell.output);
        if !output.is_empty() {
            let _ = process.write(1, output).await;
        }
        match started {
            Ok(()) => {
                let outcome = shell.run().await;
                shell.save_history().await;
                outcome
            }
            Err(code) => Outcome::Exit(code),
        }
    })
}

/// How bash is used.
const BASH_USAGE: &str = "Usage:\tbash [GNU long option] [option] ...
\tbash [GNU long option] [option] script-file ...
GNU long options:
\t--debug
\t--debugger
\t--dump-po-strings
\t--dump-strings
\t--help
\t--init-file
\t--login
\t--noediting
\t--noprofile
\t--norc
\t--posix
\t--pretty-print
\t--rcfile
\t--restricted
\t--verbose
\t--version
Shell options:
\t-ilrsD or -c command or -O shopt_option\t\t(invocation only)
\t-abefhkmnptuvxBCEHPT or -o option
";

impl Shell {
    /// Reads the command line and puts on the stack what is to be run.
    async fn start_up(&mut self, argv: &[Bytes]) -> Result<(), u8> {
        let mut args: Vec<Bytes> = argv.iter().skip(1).cloned().collect();
        self.options.login = argv.first().is_some_and(|name| name.starts_with(b"-"));
        let mut command = false;
        let mut rc = true;
        while let Some(arg) = args.first().cloned() {
            if !(arg.starts_with(b"-") || arg.starts_with(b"+")) || arg.len() < 2 {
                break;
            }
            args.remove(0);
            match &arg[..] {
                b"--" => break,
                b"--login" => self.options.login = true,
                b"--norc" | b"--noprofile" | b"--rcfile" => rc = false,
                b"--posix" => self.options.posix = true,
                b"--version" if self.dialect.is_bash() => {
                    self.output.extend_from_slice(
                        b"GNU bash, version 5.2.37(1)-release (x86_64-pc-linux-gnu)\nCopyright (C) 2022 Free Software \
                          Foundation, Inc.\n",
                    );
                    return Err(0);
                }
                _ if arg.starts_with(b"--") => {
                    let shown = String::from_utf8_lossy(&arg).into_owned();
                    let message = match self.dialect {
                        Dialect::Bash => format!("{shown}: invalid option"),
                        Dialect::Ash => "bad -c option".to_owned(),
                        Dialect::Dash => "Illegal option --".to_owned(),
                    };
                    self.complain_of_use(&message);
                    if self.dialect.is_bash() {
                        self.errors.extend_from_slice(BASH_USAGE.as_bytes());
                    }
                    return Err(2);
                }
                _ => {
                    // -c, -i, -l and -s belong to the command line only; the rest is as for `set`.
                    let mut rest = vec![arg[0]];
                    for letter in &arg[1..] {
                        match letter {
                            b'c' if arg[0] == b'-' => {
                                command = true;
                                self.options.command = self.dialect != Dialect::Dash;
                            }
                            b'l' => self.options.login = true,
                            b'i' => self.options.interactive = true,
                            b's' => self.options.stdin = true,
                            letter => rest.push(*letter),
                        }
                    }
                    if rest.len() > 1 {
                        let mut words = vec![Bytes::from(rest)];
                        if words[0].ends_with(b"o") && !args.is_empty() {
                            words.push(args.remove(0));
                        }
                        match builtins::apply_options(self, &words) {
                            Err(builtins::Effect::Status(_)) if self.dialect == Dialect::Ash => {}
                            Err(_) => return Err(2),
                            Ok(()) => {}
                        }
                    }
                }
            }
        }
        let interactive_flag = self.options.interactive;
        if command {
            let Some(text) = args.first().cloned() else {
                let message = match self.dialect {
                    Dialect::Bash => "-c: option requires an argument",
                    _ => "-c requires an argument",
                };
                self.complain_of_use(message);
                return Err(2);
            };
            if let Some(name) = args.get(1) {
                self.name = name.clone();
                self.named = true;
            }
            self.positional = args.get(2..).unwrap_or_default().into();
            self.source(text.to_vec(), SourceKind::Main, 1);
        } else if !args.is_empty() && !self.options.stdin {
            let path = args[0].clone();
            self.positional = args[1..].into();
            self.script(path).await?;
        } else {
            self.positional = args.into();
            self.options.stdin = true;
            let file = self.process.file(0).map_err(|_| 0)?;
            if interactive_flag || (file.terminal().is_some() && self.process.is_terminal(2)) {
                self.become_interactive();
            }
            self.frames.push(Frame::Input(Box::new(Input::new(file))));
        }
        if interactive_flag && !self.options.stdin {
            self.become_interactive();
        }
        self.begin_with_profile(rc).await;
        Ok(())
    }

    /// Says what is wrong with the command line; bash counts no lines there.
    fn complain_of_use(&mut self, message: &str) {
        if !self.dialect.is_bash() {
            return self.complain(message);
        }
        let name = String::from_utf8_lossy(&self.name).into_owned();
        self.errors.extend_from_slice(format!("{name}: {message}\n").as_bytes());
    }

    async fn script(&mut self, path: Bytes) -> Result<(), u8> {
        let mut found = path.clone();
        if !path.contains(&b'/')
            && self.process.stat(&path, true).is_err()
            && let Some(elsewhere) = self.path_of_program(&path)
        {
            found = elsewhere;
        }
        match self.process.read_file(&found, MAX_SCRIPT).await {
            Ok(text) => {
                self.name = path.clone();
                self.script = Some(path);
                self.source(text, SourceKind::Main, 1);
                Ok(())
            }
            Err(errno) => {
                let shown = String::from_utf8_lossy(&path).into_owned();
                let text = self.process.text(errno);
                let message = match (self.dialect, errno) {
                    (Dialect::Ash, _) => format!("can't open '{shown}': {text}"),
                    (Dialect::Dash, Errno::ENOENT) => format!("cannot open {shown}: No such file"),
                    (Dialect::Dash, _) => format!("cannot open {shown}: {text}"),
                    (Dialect::Bash, Errno::EISDIR) => format!("{shown}: {text}"),
                    (Dialect::Bash, _) => format!("{shown}: {text}"),
                };
                if self.dialect == Dialect::Dash {
                    self.line = 0;
                }
                if self.dialect == Dialect::Bash {
                    let name = match errno {
                        Errno::EISDIR => shown,
                        _ => String::from_utf8_lossy(&self.name).into_owned(),
                    };
                    self.errors.extend_from_slice(format!("{name}: {message}\n").as_bytes());
                } else {
                    self.complain(&message);
                }
                Err(match (self.dialect, errno) {
                    (Dialect::Bash, Errno::EISDIR | Errno::EACCES) => 126,
                    (Dialect::Bash, Errno::ENOENT) => 127,
                    _ => 2,
                })
            }
        }
    }

    /// Someone is typing: signals no longer end the shell, jobs are told apart.
    fn become_interactive(&mut self) {
        self.options.interactive = true;
        (self.options.histexpand, self.options.history) = (self.dialect.is_bash(), self.dialect.is_bash());
        self.set_prompts();
        self.process.set_disposition(Signal::INT, Disposition::Catch);
        self.process.set_disposition(Signal::QUIT, Disposition::Ignore);
        self.process.set_disposition(Signal::TERM, Disposition::Ignore);
        if let Some(tty) = self.process.tty() {
            self.options.monitor = true;
            for signal in [Signal::TSTP, Signal::TTIN, Signal::TTOU] {
                self.process.set_disposition(signal, Disposition::Ignore);
            }
            tty.set_foreground(self.process.lock().group);
        }
        debug_assert!(self.traps.get(Event::Exit).is_none());
    }

    /// Reads the files that come before everything else: those of a login shell, `$ENV`, `~/.bashrc`. What is read last runs
    /// first.
    async fn begin_with_profile(&mut self, rc: bool) {
        let home = self.variables.text(b"HOME").cloned().unwrap_or_default();
        let in_home = |name: &[u8]| [&home[..], b"/", name].concat();
        let mut files: Vec<Vec<u8>> = Vec::new();
        if self.options.login && rc {
            files.push(b"/etc/profile".to_vec());
            if self.dialect.is_bash() {
                let first = [".bash_profile", ".bash_login", ".profile"].map(|name| in_home(name.as_bytes()));
                files.extend(first.into_iter().find(|path| self.process.stat(path, true).is_ok()));
            } else {
                files.push(in_home(b".profile"));
            }
        }
        if self.options.interactive && rc {
            if self.dialect.is_bash() && !self.options.login {
                files.push(b"/etc/bash.bashrc".to_vec());
                files.push(in_home(b".bashrc"));
            } else if let Some(file) = self.variables.text(b"ENV").filter(|_| !self.dialect.is_bash()) {
                files.push(file.to_vec());
            }
        }
        for path in files.into_iter().rev() {
            if let Ok(text) = self.process.read_file(&path, MAX_SCRIPT).await {
                let kind = SourceKind::Dot { script: self.script.clone(), line: self.line, positional: None };
                self.source(text, kind, 1);
            }
        }
    }
}

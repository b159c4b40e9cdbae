//! Programs, and how a file becomes one (`execve(2)`).

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;

use super::Process;
use crate::{
    env::BoxFuture,
    kernel::{
        creds::EXECUTE,
        errno::Errno,
        fs::{FileType, Walk, file_name},
        wait::lock,
    },
};

/// What a program does.
pub(crate) type Main = fn(Arc<Process>) -> BoxFuture<Outcome>;

/// A program that is built in. Files name it (see [`program_file`]).
#[derive(Clone, Copy)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) main: Main,
    /// The memory that the real one takes, in bytes, whatever it works on.
    pub(crate) memory: u64,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// How a program ends.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// With this exit code.
    Exit(u8),
    /// By becoming another one.
    Exec(Box<Executable>),
}

impl From<u8> for Outcome {
    fn from(code: u8) -> Self {
        Self::Exit(code)
    }
}

/// A program that was found and may be run.
#[derive(Clone, Debug)]
pub(crate) struct Executable {
    pub(crate) program: Program,
    pub(crate) argv: Arc<[Bytes]>,
    /// The file.
    path: Arc<[u8]>,
    comm: Box<[u8]>,
}

impl Executable {
    /// The same with other arguments.
    pub(crate) fn with_argv(self, argv: Arc<[Bytes]>) -> Self {
        Self { argv, ..self }
    }

    /// The file that was found, unless it is a script, whose interpreter it is then.
    pub(crate) fn found_at(&self) -> Option<Bytes> {
        let is_script = *self.comm != *short_name(&self.path);
        (!is_script).then(|| Bytes::copy_from_slice(&self.path))
    }
}

/// The head of an executable file: as a real one begins, then the name of the program that it stands for. A copy of the
/// file is as good.
const ELF_HEADER: [u8; 64] = [
    0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0x3e, 0, 1, 0, 0, 0, 0x40, 0x10, 0, 0,
    0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0x38, 0, 1, 0, 0x40,
    0, 0, 0, 0, 0,
];
const NOTE: &[u8] = b"podlab:";
/// The longest argument or variable of an environment, with its end (`MAX_ARG_STRLEN`).
const MAX_STRING: usize = 128 << 10;
/// What arguments, and an environment, may take in all: a quarter of the stack's limit (`ARG_MAX`).
const MAX_STRINGS: usize = 2 << 20;
/// How deep `#!` may lead.
const MAX_INTERPRETERS: u32 = 4;

/// What an executable file for the program `name` begins with.
pub(crate) fn program_file(name: &str) -> Bytes {
    [&ELF_HEADER[..], NOTE, name.as_bytes(), b"\0"].concat().into()
}

/// The program that an executable file names.
fn program_name(head: &[u8]) -> Option<&[u8]> {
    let note = head.strip_prefix(&ELF_HEADER[..])?.strip_prefix(NOTE)?;
    note.split(|byte| *byte == 0).next()
}

/// Whether a program can be given these arguments, or this environment (`E2BIG`).
pub(crate) fn check_strings(strings: &[Bytes]) -> Result<(), Errno> {
    let pointer = std::mem::size_of::<u64>();
    let total: usize = strings.iter().map(|string| string.len() + 1 + pointer).sum();
    let fits = total <= MAX_STRINGS && strings.iter().all(|string| string.len() < MAX_STRING);
    if fits { Ok(()) } else { Err(Errno::E2BIG) }
}

impl Process {
    /// The program that it runs.
    pub(crate) fn program(&self) -> Option<Program> {
        self.lock().program
    }

    /// What running the file `path` with `argv` would run: the file itself, or the interpreter that its first line
    /// names. `ENOEXEC` for a file that is neither; a shell runs that as a script. `E2BIG` for too many arguments.
    pub(crate) fn executable(&self, path: &[u8], argv: Arc<[Bytes]>) -> Result<Executable, Errno> {
        check_strings(&argv)?;
        self.walk(|walk| self.resolve(walk, path, argv))
    }

    fn resolve(&self, walk: &Walk<'_>, path: &[u8], mut argv: Arc<[Bytes]>) -> Result<Executable, Errno> {
        let mut path = Cow::Borrowed(path);
        let mut script: Option<Box<[u8]>> = None;
        for _ in 0..=MAX_INTERPRETERS {
            let place = walk.place(&path, true)?;
            if place.inode.file_type != FileType::Regular || !place.inode.may(walk.creds, EXECUTE) {
                return Err(Errno::EACCES);
            }
            let head = place.inode.head(256)?;
            if let Some(name) = program_name(&head) {
                let program = (self.container.programs)(name).ok_or(Errno::ENOEXEC)?;
                let comm = script.unwrap_or_else(|| short_name(&path));
                return Ok(Executable { program, argv, path: (*path).into(), comm });
            }
            let Some(line) = head.strip_prefix(b"#!") else { return Err(Errno::ENOEXEC) };
            let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
            let (interpreter, argument) = match line.iter().position(|byte| matches!(byte, b' ' | b'\t')) {
                Some(at) => (&line[..at], Some(line[at..].trim_ascii())),
                None => (line, None),
            };
            if interpreter.is_empty() {
                return Err(Errno::ENOEXEC);
            }
            script.get_or_insert_with(|| short_name(&path));
            let mut all = vec![Bytes::copy_from_slice(interpreter)];
            all.extend(argument.map(Bytes::copy_from_slice));
            all.push(Bytes::copy_from_slice(&path));
            all.extend(argv.iter().skip(1).cloned());
            argv = all.into();
            path = Cow::Owned(interpreter.to_vec());
        }
        Err(Errno::ELOOP)
    }

    /// Where along a search path a program lies, and what it would run. The error is that of the most promising file.
    pub(crate) fn search(&self, name: &[u8], search: &[u8], argv: Arc<[Bytes]>) -> Result<Executable, Errno> {
        if name.contains(&b'/') {
            return self.executable(name, argv);
        }
        check_strings(&argv)?;
        self.walk(|walk| {
            let mut error = Errno::ENOENT;
            for dir in search.split(|byte| *byte == b':') {
                let path = crate::kernel::fs::join(if dir.is_empty() { b"." } else { dir }, name);
                match self.resolve(walk, &path, Arc::clone(&argv)) {
                    Err(Errno::ENOENT | Errno::ENOTDIR) => {}
                    Err(Errno::EACCES) => error = Errno::EACCES,
                    found => return found,
                }
            }
            Err(error)
        })
    }

    /// Becomes what `executable` runs: the caller's program has to return the outcome at once.
    pub(crate) fn exec(&self, executable: Executable, env: Arc<[Bytes]>) -> Outcome {
        self.become_program(&executable, env);
        Outcome::Exec(Box::new(executable))
    }

    /// Takes over the arguments, the environment and the names of a program.
    pub(super) fn become_program(&self, executable: &Executable, env: Arc<[Bytes]>) {
        let closed = {
            let mut state = self.lock();
            state.exe = Arc::clone(&executable.path);
            state.argv = Arc::clone(&executable.argv);
            state.comm.clone_from(&executable.comm);
            state.env = env;
            state.program = Some(executable.program);
            state.fds.take_close_on_exec()
        };
        drop(closed);
        lock(&self.signals).forget_caught();
        // Past the limit the container is killed; nothing else is to be done about it here.
        let _ = self.set_memory(executable.program.memory);
    }
}

fn short_name(path: &[u8]) -> Box<[u8]> {
    let name = file_name(path);
    name[..name.len().min(15)].into()
}

#[cfg(test)]
mod tests {
    use super::{program_file, program_name};

    #[test]
    fn an_executable_names_its_program() {
        assert_eq!(program_name(&program_file("busybox")), Some(&b"busybox"[..]));
        assert_eq!(program_name(b"\x7fELF"), None);
        assert_eq!(program_name(b"#!/bin/sh\n"), None);
    }
}

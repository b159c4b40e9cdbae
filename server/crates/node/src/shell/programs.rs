//! Programs: where they are found, and how they are run.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Dialect,
    ast::{Redirect, Simple},
    machine::Flow,
    state::{DEFAULT_PATH, Shell},
    variables::{Variable, bash_bucket},
};
use crate::kernel::{
    errno::Errno,
    process::{Executable, Process, check_strings},
};

/// How many buckets bash's table has for what is assigned before a command.
const ASSIGNED_BUCKETS: u32 = 4;

impl Shell {
    /// Finds a program, remembering where it was.
    pub(crate) fn find_program(&mut self, name: &Bytes, argv: Arc<[Bytes]>) -> Result<Executable, Errno> {
        if name.contains(&b'/') {
            return self.process.executable(name, argv);
        }
        if let Some(path) = self.found.get(name)
            && let Ok(executable) = self.process.executable(path, Arc::clone(&argv))
        {
            return Ok(executable);
        }
        let search = self.variables.text(b"PATH").cloned().unwrap_or(Bytes::from_static(DEFAULT_PATH));
        let executable = self.process.search(name, &search, argv)?;
        if let Some(path) = executable.found_at() {
            Arc::make_mut(&mut self.found).insert(name.clone(), path);
        }
        Ok(executable)
    }

    /// What running `words` runs: a file without a known format is a script for this very shell.
    pub(crate) fn program(&mut self, words: &[Bytes]) -> Result<Executable, Errno> {
        let Some(name) = words.first() else { return Err(Errno::ENOENT) };
        if name.is_empty() {
            return Err(if self.dialect.is_bash() { Errno::ENOENT } else { Errno::EACCES });
        }
        match self.find_program(name, words.into()) {
            Err(Errno::ENOEXEC) => {
                let path = self.path_of_program(name).unwrap_or_else(|| name.clone());
                let shell = Bytes::from(self.process.lock().exe.to_vec());
                let applet = Bytes::from_static(match self.dialect {
                    Dialect::Bash => b"bash",
                    _ => b"sh",
                });
                let mut argv = vec![applet, path];
                argv.extend(words[1..].iter().cloned());
                self.process.executable(&shell, argv.into())
            }
            found => found,
        }
    }

    /// Where along `PATH` a program lies.
    pub(crate) fn programs_of_name(&self, name: &[u8]) -> Vec<Bytes> {
        let search = self.variables.text(b"PATH").cloned().unwrap_or(Bytes::from_static(DEFAULT_PATH));
        search.split(|byte| *byte == b':').filter_map(|dir| self.program_in(dir, name)).collect()
    }

    /// A program of this name in a directory.
    fn program_in(&self, dir: &[u8], name: &[u8]) -> Option<Bytes> {
        let path = crate::kernel::fs::join(if dir.is_empty() { b"." } else { dir }, name);
        let stat = self.process.stat(&path, true).ok()?;
        let runs = stat.file_type == crate::kernel::fs::FileType::Regular
            && self.process.access(&path, crate::kernel::creds::EXECUTE).is_ok();
        runs.then(|| path.into())
    }

    pub(crate) fn path_of_program(&self, name: &[u8]) -> Option<Bytes> {
        if name.contains(&b'/') {
            return self
                .process
                .access(name, crate::kernel::creds::EXECUTE)
                .is_ok()
                .then(|| Bytes::copy_from_slice(name));
        }
        let search = self.variables.text(b"PATH").cloned().unwrap_or(Bytes::from_static(DEFAULT_PATH));
        search.split(|byte| *byte == b':').find_map(|dir| self.program_in(dir, name))
    }

    /// The environment of a program that is about to run. bash puts what is assigned for it first, and last, as `_`, where it
    /// lies (`exec` does not); where it takes the shell's place, there is one shell less in `SHLVL`.
    pub(crate) fn environment_of(
        &mut self,
        program: Option<&[u8]>,
        assigned: &[(Bytes, Option<Variable>)],
        takes_over: bool,
    ) -> Arc<[Bytes]> {
        let environment = self.variables.environment(self.dialect);
        if !self.dialect.is_bash() {
            return environment;
        }
        let value_of = |entry: &'_ Bytes, name: &[u8]| -> Option<Bytes> {
            let value = entry.strip_prefix(name)?.strip_prefix(b"=")?;
            Some(entry.slice_ref(value))
        };
        let is_new = |entry: &&Bytes| assigned.iter().any(|(name, _)| value_of(entry, name).is_some());
        let (new, old): (Vec<&Bytes>, Vec<&Bytes>) = environment.iter().partition(is_new);
        let mut all = Vec::with_capacity(environment.len() + 1);
        let mut assigned: Vec<&Bytes> = assigned.iter().rev().map(|(name, _)| name).collect();
        assigned.sort_by_key(|name| bash_bucket(name) % ASSIGNED_BUCKETS);
        for name in assigned {
            all.extend(
                new.iter().find(|entry| value_of(entry, name).is_some()).map(|entry| Bytes::clone(entry)),
            );
        }
        for entry in old {
            let level = value_of(entry, b"SHLVL").filter(|_| takes_over);
            match level.and_then(|level| std::str::from_utf8(&level).ok()?.parse::<i64>().ok()) {
                Some(level) => all.push(format!("SHLVL={}", level.saturating_sub(1)).into()),
                None if value_of(entry, b"_").is_some() => {}
                None => all.push(entry.clone()),
            }
        }
        if let Some(path) = program.and_then(|program| self.path_of_program(program)) {
            all.push([b"_=", path.as_ref()].concat().into());
        }
        all.into()
    }

    pub(super) async fn run_program(
        &mut self,
        simple: &Simple,
        redirects: &[Redirect],
        words: Vec<Bytes>,
    ) -> Flow {
        let mut traced = Vec::new();
        let assigned = match self.assign_before(simple, &mut traced).await {
            Ok(saved) => saved,
            Err(flow) => return flow,
        };
        if self.options.xtrace {
            self.trace(&traced, &words).await;
        }
        let mut executable = self.program(&words);
        let takes_over = self.is_last_command(redirects) && executable.is_ok();
        let environment = self.environment_of(Some(&words[0]), &assigned, takes_over);
        if let Err(errno) = check_strings(&environment) {
            executable = executable.and(Err(errno));
        }
        self.put_back(assigned);
        if takes_over {
            return self.exec_program(redirects, executable, environment, &words[0]).await;
        }
        let child = match self.fork_process() {
            Ok(child) => child,
            Err(errno) => return self.cannot_fork(errno),
        };
        if let Err(flow) = self.redirect_child(&child, redirects).await {
            child.abandon();
            return flow;
        }
        match executable {
            Ok(executable) => {
                self.lead_group(&child, child.pid, true);
                child.start_program(&executable, environment);
                self.status = self.wait_foreground(&child, &words).await;
            }
            Err(errno) => {
                let (message, status) = self.not_run(&words[0], errno);
                self.complain(&message);
                // The message goes where the command's own errors would have gone.
                self.print_errors_as(&child).await;
                child.abandon();
                self.status = status;
            }
        }
        Flow::On
    }

    async fn exec_program(
        &mut self,
        redirects: &[Redirect],
        executable: Result<Executable, Errno>,
        environment: Arc<[Bytes]>,
        name: &[u8],
    ) -> Flow {
        if let Err(flow) = self.redirect(redirects).await {
            return flow;
        }
        match executable {
            Ok(executable) => Flow::Exec(self.process.exec(executable, environment)),
            Err(errno) => {
                let (message, status) = self.not_run(name, errno);
                self.complain(&message);
                self.status = status;
                Flow::On
            }
        }
    }

    pub(super) fn cannot_fork(&mut self, errno: Errno) -> Flow {
        let text = self.process.text(errno);
        let message = match self.dialect {
            Dialect::Ash => format!("can't fork: {text}"),
            Dialect::Dash => "Cannot fork".to_owned(),
            Dialect::Bash => format!("fork: retry: {text}"),
        };
        self.complain(&message);
        self.status = 2;
        Flow::Fatal(2)
    }

    async fn print_errors_as(&mut self, child: &Arc<Process>) {
        // The child does not run yet: its files are written to by the shell's own task.
        let errors = std::mem::take(&mut self.errors);
        if let Ok(file) = child.file(2) {
            let process = Arc::clone(&self.process);
            let _ = process.write_file(&file, errors.into()).await;
        }
    }
}

//! A shell: what it knows and what it is about to do.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use bytes::Bytes;

use super::{
    Dialect,
    ast::{CommandKind, Definition},
    frames::{Frame, SourceKind},
    history::History,
    jobs::Jobs,
    options::Options,
    parser::{Aliases, Parser},
    shopt::Shopts,
    traps::Traps,
    variables::{Variable, Variables},
};
use crate::{
    kernel::process::Process,
    libc::fnmatch::{MatchOptions, matches},
};

/// A shell. A clone, with another process, is a subshell.
#[derive(Debug)]
pub(crate) struct Shell {
    pub(crate) process: Arc<Process>,
    pub(crate) dialect: Dialect,
    pub(crate) variables: Variables,
    /// `$0`
    pub(crate) name: Bytes,
    /// It was given after `-c`'s operand.
    pub(super) named: bool,
    /// `$1`, `$2`, ...
    pub(crate) positional: Arc<[Bytes]>,
    /// How many words its frames keep.
    pub(super) kept_words: Arc<AtomicUsize>,
    pub(crate) functions: Arc<BTreeMap<Bytes, Arc<Definition>>>,
    /// Functions that stay as they are (bash `readonly -f`).
    pub(crate) read_only_functions: BTreeSet<Bytes>,
    pub(crate) aliases: Arc<Aliases>,
    pub(crate) options: Options,
    /// What `shopt` sets (bash).
    pub(crate) shopts: Shopts,
    pub(crate) traps: Traps,
    pub(crate) jobs: Jobs,
    /// `$?`
    pub(crate) status: u8,
    /// `$$`: the number of the main shell, also in subshells.
    pub(crate) main_pid: u32,
    /// The line of the command that runs.
    pub(crate) line: u32,
    /// What the name of a script adds to its errors.
    pub(crate) script: Option<Bytes>,
    /// The builtin that runs, for its errors.
    pub(crate) builtin: Option<Bytes>,
    /// Whether this is a subshell.
    pub(crate) subshell: bool,
    /// What is left to do, the innermost last.
    pub(super) frames: Vec<Frame>,
    /// What was typed.
    pub(super) history: Arc<History>,
    /// How many tests (of `if`, `while`, `&&`, `||`, `!`) the current command is part of: a failure in one of them does not
    /// end a shell with `-e`.
    pub(super) tested: u32,
    /// Where programs were found, until `PATH` changes.
    pub(super) found: Arc<BTreeMap<Bytes, Bytes>>,
    /// What builtins have printed; it is written when they return.
    pub(crate) output: Vec<u8>,
    pub(crate) errors: Vec<u8>,
    /// Where `getopts` is within an argument.
    pub(crate) getopts: usize,
    /// When `SECONDS` was 0.
    pub(crate) started: Duration,
    /// The state behind `RANDOM`.
    pub(crate) random: u64,
    /// How the last command substitution ended, if there was one in the current command.
    pub(super) substituted: Option<u8>,
    /// Ends of process substitutions, to be closed when the command has ended.
    pub(super) beside: Vec<u32>,
    /// Ends of pipes to `coproc`s, which subshells do not have.
    pub(super) coprocs: Vec<u32>,
    /// How the commands of the last pipeline ended, where it had several (`PIPESTATUS`).
    pub(super) pipe_statuses: Vec<u8>,
    /// How many subshells this is in (`BASH_SUBSHELL`).
    pub(super) subshell_depth: u32,
    /// How many command substitutions this is in.
    pub(super) substitution_depth: usize,
    /// The trap `DEBUG` has run for the command that comes next.
    pub(super) debugged: bool,
    /// The text of the command that runs (`BASH_COMMAND`).
    pub(super) command_text: Bytes,
    /// What `complete` was told (bash): the commands, and how their operands are completed.
    pub(crate) completions: BTreeMap<Bytes, Bytes>,
    /// Directories of `pushd`.
    pub(crate) directories: Vec<Bytes>,
    /// The exit trap has run, or is running.
    pub(super) exiting: bool,
    /// A loop of the parent began this subshell, which ends where it leaves that loop (not in bash).
    pub(super) in_outer_loop: bool,
    /// This subshell began within a function or a sourced file, whose `return` ends it (bash).
    pub(super) within_function: bool,
    /// What a builtin complains of comes before what it prints.
    pub(crate) errors_first: bool,
}

impl Shell {
    /// A shell that knows its environment.
    pub(crate) fn new(process: Arc<Process>, dialect: Dialect, name: Bytes) -> Self {
        let mut variables = Variables::default();
        for entry in process.env().iter() {
            let Some(at) = entry.iter().position(|byte| *byte == b'=') else { continue };
            let name = &entry[..at];
            if super::arith::name_len(name) == name.len() && !name.is_empty() {
                // A fresh variable is not read-only.
                let _ = variables.set(name, entry.slice(at + 1..));
                variables.export(name, true);
            }
        }
        let mut shell = Self {
            main_pid: process.pid,
            started: process.container.host.env.clock.uptime(),
            random: process.random(),
            dialect,
            variables,
            name,
            named: false,
            positional: Arc::new([]),
            kept_words: Arc::default(),
            functions: Arc::default(),
            read_only_functions: BTreeSet::new(),
            shopts: Shopts::default(),
            aliases: Arc::default(),
            options: Options::new(dialect),
            traps: Traps::default(),
            jobs: Jobs::default(),
            status: 0,
            line: 0,
            script: None,
            builtin: None,
            subshell: false,
            frames: Vec::new(),
            history: Arc::default(),
            tested: 0,
            found: Arc::default(),
            output: Vec::new(),
            errors: Vec::new(),
            getopts: 0,
            substituted: None,
            completions: BTreeMap::new(),
            directories: Vec::new(),
            pipe_statuses: Vec::new(),
            subshell_depth: 0,
            substitution_depth: 0,
            debugged: false,
            command_text: Bytes::new(),
            beside: Vec::new(),
            coprocs: Vec::new(),
            exiting: false,
            within_function: false,
            errors_first: false,
            in_outer_loop: false,
            process,
        };
        shell.set_up_variables();
        if dialect.is_bash() {
            shell.import_functions();
        }
        shell
    }

    /// Takes over the functions that another bash exported.
    fn import_functions(&mut self) {
        let environment = self.process.env();
        for entry in environment.iter() {
            let Some((variable, text)) =
                entry.iter().position(|byte| *byte == b'=').map(|at| (&entry[..at], &entry[at + 1..]))
            else {
                continue;
            };
            let name = variable.strip_prefix(b"BASH_FUNC_").and_then(|rest| rest.strip_suffix(b"%%"));
            let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
            let script = [name, b" ", text].concat();
            let mut parser = Parser::new(script, self.dialect, Arc::clone(&self.aliases), 1);
            let Ok(Some(block)) = parser.next_line() else { continue };
            if let Some(CommandKind::Function { name, definition }) =
                block.first().and_then(|command| command.first.commands.first()).map(|command| &command.kind)
            {
                Arc::make_mut(&mut self.functions).insert(name.clone(), Arc::clone(definition));
                self.export_function(&name.clone(), true);
            }
        }
    }

    /// Has programs see a function, or not any more.
    pub(crate) fn export_function(&mut self, name: &Bytes, exported: bool) {
        let variable = [b"BASH_FUNC_", &name[..], b"%%"].concat();
        let text = self.functions.get(name).map(|function| [b"() ", &function.text[..]].concat());
        match text {
            Some(text) if exported => {
                // A name that no script can make read-only.
                let _ = self.variables.set(&variable, text.into());
                self.variables.export(&variable, true);
            }
            _ => self.variables.put_back(&variable, None),
        }
    }

    /// Whether programs see a function.
    pub(crate) fn exports_function(&self, name: &[u8]) -> bool {
        let variable = [b"BASH_FUNC_", name, b"%%"].concat();
        self.variables.get(&variable).is_some_and(|variable| variable.exported)
    }

    /// Whether a text matches a pattern, as `case` and `[[` compare; `extended` says whether groups such as `@(a|b)` count.
    pub(crate) fn pattern_matches(&self, pattern: &[u8], text: &[u8], extended: bool) -> bool {
        self.process.tick(u32::try_from(text.len() / 64).unwrap_or(u32::MAX));
        let ignore_case = self.shopts.is_on("nocasematch");
        matches(pattern, text, MatchOptions { ignore_case, extended, ..MatchOptions::default() })
    }

    /// Sets what every shell sets at its start.
    fn set_up_variables(&mut self) {
        let cwd = Bytes::from(self.process.cwd());
        let inherited = self.variables.text(b"PWD").cloned().filter(|pwd| self.process.is_here(pwd));
        self.set_default(b"PWD", inherited.unwrap_or(cwd), true);
        let parent = self.process.parent_pid().to_string();
        let level =
            self.variables.text(b"SHLVL").and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
        let level: i64 = level.unwrap_or(0);
        self.set_default(b"IFS", Bytes::from_static(b" \t\n"), false);
        self.set_default(b"OPTIND", Bytes::from_static(b"1"), false);
        self.set_default(b"PPID", parent.into(), false);
        self.set_default(b"PS4", Bytes::from_static(b"+ "), false);
        // bash has prompts only where someone is asked, which its start-up files look at.
        if !self.dialect.is_bash() {
            self.set_prompts();
        }
        if self.variables.text(b"PATH").is_none() {
            self.set_default(b"PATH", Bytes::from_static(DEFAULT_PATH), false);
        }
        if self.dialect != Dialect::Dash {
            self.set_default(b"SHLVL", (level + 1).to_string().into(), true);
        }
        if self.dialect.is_bash() {
            let hostname = crate::kernel::wait::lock(&self.process.container.hostname).clone();
            self.set_default(b"BASH", Bytes::from_static(b"/bin/bash"), false);
            self.set_default(b"BASH_VERSION", Bytes::from_static(b"5.2.37(1)-release"), false);
            if self.variables.text(b"HOSTNAME").is_none() {
                self.set_default(b"HOSTNAME", hostname.into(), false);
            }
            self.set_default(b"HOSTTYPE", Bytes::from_static(b"x86_64"), false);
            self.set_default(b"OSTYPE", Bytes::from_static(b"linux-gnu"), false);
            self.set_default(b"MACHTYPE", Bytes::from_static(b"x86_64-pc-linux-gnu"), false);
            let uid = Bytes::from(self.process.creds().uid.to_string());
            for name in [b"UID".as_slice(), b"EUID"] {
                self.set_default(name, uid.clone(), false);
                self.variables.set_read_only(name);
            }
            // Bash exports `_` to everything that it runs.
            let name = self.name.clone();
            self.set_default(b"_", name, true);
        }
    }

    /// Sets the prompts, where the environment has none.
    pub(super) fn set_prompts(&mut self) {
        let first: &[u8] = match self.dialect {
            Dialect::Ash => b"\\w \\$ ",
            Dialect::Dash if self.process.creds().uid == 0 => b"# ",
            Dialect::Dash => b"$ ",
            Dialect::Bash => b"\\s-\\v\\$ ",
        };
        for (name, prompt) in [(b"PS1", first), (b"PS2", b"> ")] {
            if self.variables.text(name).is_none() {
                self.set_default(name, Bytes::copy_from_slice(prompt), false);
            }
        }
    }

    pub(super) fn set_default(&mut self, name: &[u8], value: Bytes, export: bool) {
        // Nothing is read-only yet.
        let _ = self.variables.set(name, value);
        if export {
            self.variables.export(name, true);
        }
    }

    /// A copy that runs as another process: traps are forgotten, what is ignored stays so.
    pub(super) fn subshell(&self, process: Arc<Process>) -> Self {
        let traps = self.traps.in_subshell(&process, self.dialect, &self.options);
        Self {
            process,
            dialect: self.dialect,
            variables: self.variables.clone(),
            name: self.name.clone(),
            named: self.named,
            positional: Arc::clone(&self.positional),
            kept_words: Arc::default(),
            functions: Arc::clone(&self.functions),
            read_only_functions: self.read_only_functions.clone(),
            shopts: self.shopts,
            subshell_depth: self.subshell_depth + 1,
            substitution_depth: self.substitution_depth,
            debugged: false,
            command_text: self.command_text.clone(),
            aliases: Arc::clone(&self.aliases),
            options: Options { interactive: false, monitor: false, ..self.options },
            traps,
            jobs: self.jobs.in_subshell(),
            status: self.status,
            main_pid: self.main_pid,
            line: self.line,
            script: self.script.clone(),
            builtin: None,
            subshell: true,
            frames: Vec::new(),
            history: Arc::clone(&self.history),
            tested: self.tested.min(1),
            found: Arc::clone(&self.found),
            output: Vec::new(),
            errors: Vec::new(),
            getopts: self.getopts,
            started: self.started,
            random: self.random.rotate_left(17) ^ u64::from(self.main_pid),
            substituted: None,
            completions: self.completions.clone(),
            directories: self.directories.clone(),
            pipe_statuses: self.pipe_statuses.clone(),
            beside: Vec::new(),
            coprocs: Vec::new(),
            exiting: false,
            within_function: self.can_return(),
            errors_first: false,
            in_outer_loop: !self.dialect.is_bash() && (self.in_outer_loop || self.loops() > 0),
        }
    }

    /// The locals of the function that runs, if one does.
    pub(crate) fn locals(&mut self) -> Option<&mut Vec<(Bytes, Option<Variable>)>> {
        self.frames.iter_mut().rev().find_map(|frame| match frame {
            Frame::Function(function) => Some(&mut function.locals),
            _ => None,
        })
    }

    /// Has the function that runs put the options back when it ends (`local -`).
    pub(crate) fn hide_options(&mut self) {
        let options = self.options;
        if let Some(Frame::Function(function)) =
            self.frames.iter_mut().rev().find(|frame| matches!(frame, Frame::Function(_)))
        {
            function.options.get_or_insert(options);
        }
    }

    /// Whether there is a function or a file to return from.
    pub(crate) fn can_return(&self) -> bool {
        self.within_function
            || self.frames.iter().any(|frame| match frame {
                Frame::Function(_) => true,
                Frame::Source(source) => matches!(source.kind, SourceKind::Dot { .. }),
                _ => false,
            })
    }
}

/// Where programs are looked for without a `PATH`.
pub(crate) const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

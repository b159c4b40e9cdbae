//! What shells do themselves (POSIX XCU 2.14, and the regular builtins of busybox ash, dash and bash).

mod alias;
mod completion;
mod control;
mod declare;
mod directory;
mod directory_stack;
mod export;
mod functions;
mod getopts;
mod history;
mod jobs;
mod kill;
mod limits;
mod lookup;
mod mapfile;
mod output;
mod read;
mod set;
mod trap;
mod unset;

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;

pub(crate) use declare::{attributes, declaration};

use super::{Dialect, frames::SourceKind, state::Shell};
use crate::kernel::process::Outcome;

/// What comes of a builtin.
#[derive(Debug)]
pub(crate) enum Effect {
    Status(u8),
    Break(usize),
    Continue(usize),
    Return(u8),
    Exit(u8),
    /// An error that ends a shell, unless someone is typing.
    Fatal(u8),
    /// Text to be run next.
    Source {
        text: Vec<u8>,
        kind: SourceKind,
        line: u32,
    },
    /// The redirections stay (`exec`).
    KeepFiles,
    Exec(Outcome),
}

type Later<'a> = Pin<Box<dyn Future<Output = Effect> + Send + 'a>>;

/// How a builtin runs: at once, or with waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Run {
    Now(fn(&mut Shell, &[Bytes]) -> Effect),
    Later(for<'a> fn(&'a mut Shell, &'a [Bytes]) -> Later<'a>),
}

/// A builtin.
#[derive(Debug)]
pub(crate) struct Builtin {
    name: &'static str,
    /// Special ones keep the assignments before them, and end the shell when they fail.
    pub(crate) special: bool,
    run: Run,
    /// Which shells have it: letters of `abd` (ash, bash, dash).
    shells: &'static str,
}

const fn now(name: &'static str, shells: &'static str, run: fn(&mut Shell, &[Bytes]) -> Effect) -> Builtin {
    Builtin { name, special: false, run: Run::Now(run), shells }
}

const fn special(name: &'static str, run: fn(&mut Shell, &[Bytes]) -> Effect) -> Builtin {
    Builtin { name, special: true, run: Run::Now(run), shells: "abd" }
}

const fn later(
    name: &'static str,
    shells: &'static str,
    run: for<'a> fn(&'a mut Shell, &'a [Bytes]) -> Later<'a>,
) -> Builtin {
    Builtin { name, special: false, run: Run::Later(run), shells }
}

/// All builtins, sorted by name.
static TABLE: &[Builtin] = &[
    Builtin {
        name: ".",
        special: true,
        run: Run::Later(|shell, args| Box::pin(control::dot(shell, args))),
        shells: "abd",
    },
    special(":", control::nothing),
    now("[", "abd", output::test),
    now("[[", "a", output::test),
    now("alias", "abd", alias::alias),
    later("bg", "abd", |shell, args| Box::pin(jobs::background(shell, args))),
    now("bind", "b", completion::bind),
    special("break", control::break_loop),
    now("builtin", "b", lookup::command),
    now("caller", "b", lookup::caller),
    now("cd", "abd", directory::cd),
    now("command", "abd", lookup::command),
    now("compgen", "b", completion::compgen),
    now("complete", "b", completion::complete),
    special("continue", control::continue_loop),
    now("declare", "b", declare::declare),
    now("dirs", "b", directory_stack::dirs),
    now("disown", "b", jobs::disown),
    now("echo", "abd", output::echo),
    now("enable", "b", lookup::enable),
    special("eval", control::eval),
    special("exec", control::exec),
    special("exit", control::exit),
    special("export", export::export),
    now("false", "abd", control::fail),
    now("fc", "b", history::fc),
    later("fg", "abd", |shell, args| Box::pin(jobs::foreground(shell, args))),
    now("getopts", "abd", getopts::getopts),
    now("hash", "abd", lookup::hash),
    now("help", "ab", lookup::help),
    later("history", "ab", |shell, args| Box::pin(history::history(shell, args))),
    now("jobs", "abd", jobs::jobs),
    later("kill", "abd", |shell, args| {
        Box::pin(async move {
            let effect = kill::kill(shell, args);
            // What the shell has done to itself happens before anything else does.
            Arc::clone(&shell.process).pause().await;
            effect
        })
    }),
    now("let", "ab", output::let_),
    special("local", declare::local),
    now("logout", "b", control::logout),
    later("mapfile", "b", |shell, args| Box::pin(mapfile::mapfile(shell, args))),
    now("popd", "b", directory_stack::popd),
    now("printf", "abd", output::printf),
    now("pushd", "b", directory_stack::pushd),
    now("pwd", "abd", directory::pwd),
    later("read", "abd", |shell, args| Box::pin(read::read(shell, args))),
    later("readarray", "b", |shell, args| Box::pin(mapfile::mapfile(shell, args))),
    special("readonly", export::read_only),
    special("return", control::return_),
    special("set", set::set),
    special("shift", set::shift),
    now("shopt", "b", set::shopt),
    Builtin {
        name: "source",
        special: true,
        run: Run::Later(|shell, args| Box::pin(control::dot(shell, args))),
        shells: "ab",
    },
    now("suspend", "b", lookup::suspend),
    now("test", "abd", output::test),
    special("times", limits::times),
    special("trap", trap::trap),
    now("true", "abd", control::nothing),
    now("type", "abd", lookup::type_),
    now("typeset", "b", declare::declare),
    now("ulimit", "abd", limits::ulimit),
    now("umask", "abd", limits::umask),
    now("unalias", "abd", alias::unalias),
    special("unset", unset::unset),
    later("wait", "abd", |shell, args| Box::pin(jobs::wait(shell, args))),
];

/// The builtin of this name that a shell has.
pub(crate) fn find(name: &[u8], dialect: Dialect) -> Option<&'static Builtin> {
    let index = TABLE.binary_search_by(|builtin| builtin.name.as_bytes().cmp(name)).ok()?;
    let letter = match dialect {
        Dialect::Ash => 'a',
        Dialect::Bash => 'b',
        Dialect::Dash => 'd',
    };
    TABLE.get(index).filter(|builtin| builtin.shells.contains(letter))
}

/// The names of all builtins that a shell has.
pub(crate) fn names(dialect: Dialect) -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|builtin| builtin.name).filter(move |name| find(name.as_bytes(), dialect).is_some())
}

/// Sets options as `set` does.
pub(crate) fn apply_options(shell: &mut Shell, words: &[Bytes]) -> Result<(), Effect> {
    set::apply(shell, words).map(drop)
}

/// A job as it is shown.
pub(crate) fn job_line(job: &super::jobs::Job, current: bool, dialect: Dialect) -> String {
    jobs::line(job, if current { jobs::Mark::Current } else { jobs::Mark::Previous }, false, dialect)
}

/// Runs a builtin; what it prints is in the shell's `output` and `errors` afterwards.
pub(crate) async fn call(shell: &mut Shell, builtin: &Builtin, words: &[Bytes]) -> Effect {
    match builtin.run {
        Run::Now(run) => run(shell, words),
        Run::Later(run) => run(shell, words).await,
    }
}

/// Says that a builtin of bash has no such option, and how it is used.
fn usage(shell: &mut Shell, letter: u8, text: &str) -> Effect {
    let name = shell.builtin.clone().unwrap_or_default();
    shell.complain(&format!("-{}: invalid option", char::from(letter)));
    show_usage(shell, &name, text)
}

/// Says how a builtin of bash is used.
fn show_usage(shell: &mut Shell, name: &[u8], text: &str) -> Effect {
    let name = String::from_utf8_lossy(name);
    let text = text.strip_prefix(&*name).map_or(text, str::trim_start);
    let line = format!("{name}: usage: {name} {text}");
    shell.errors.extend_from_slice(line.trim_end().as_bytes());
    shell.errors.push(b'\n');
    Effect::Status(2)
}

/// An argument as a number that is not negative.
fn number(shell: &mut Shell, arg: &Bytes) -> Option<u32> {
    let value = std::str::from_utf8(arg).ok().and_then(|text| text.parse().ok());
    if value.is_none() {
        illegal_number(shell, arg);
    }
    value
}

/// Complains of an argument that is no number.
fn illegal_number(shell: &mut Shell, arg: &[u8]) {
    let shown = String::from_utf8_lossy(arg);
    let message = match shell.dialect {
        Dialect::Bash => format!("{shown}: numeric argument required"),
        _ => format!("Illegal number: {shown}"),
    };
    shell.complain(&message);
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::TABLE.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}

//! Builtins that change what comes next: `.`, `:`, `break`, `continue`, `eval`, `exec`, `exit`, `return`.

use bytes::Bytes;

use super::{Effect, illegal_number, number, usage};
use crate::{
    kernel::errno::Errno,
    shell::{Dialect, frames::SourceKind, state::Shell},
};

/// The longest script.
const MAX_SCRIPT: usize = 8 << 20;

pub(super) fn nothing(_: &mut Shell, _: &[Bytes]) -> Effect {
    Effect::Status(0)
}

pub(super) fn fail(_: &mut Shell, _: &[Bytes]) -> Effect {
    Effect::Status(1)
}

/// `logout`: `exit` of a login shell (bash).
pub(super) fn logout(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if shell.options.login {
        return exit(shell, args);
    }
    shell.complain("not login shell: use `exit'");
    Effect::Status(1)
}

fn loops(shell: &mut Shell, args: &[Bytes]) -> Result<usize, Effect> {
    let Some(arg) = args.get(1) else { return Ok(1) };
    match number(shell, arg) {
        Some(count) if count > 0 => Ok(count as usize),
        Some(_) if shell.dialect.is_bash() => {
            shell.complain(&format!("{}: loop count out of range", String::from_utf8_lossy(arg)));
            // All loops are left.
            Err(Effect::Break(usize::MAX))
        }
        Some(_) => {
            illegal_number(shell, arg);
            Err(Effect::Fatal(2))
        }
        None if shell.dialect.is_bash() => Err(Effect::Exit(128)),
        None => Err(Effect::Fatal(2)),
    }
}

pub(super) fn break_loop(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if complains_outside(shell) {
        return Effect::Status(0);
    }
    loops(shell, args).map_or_else(|effect| effect, Effect::Break)
}

/// bash says that there is no loop to leave.
fn complains_outside(shell: &mut Shell) -> bool {
    let outside = shell.dialect.is_bash() && !shell.is_in_loop();
    if outside {
        shell.complain("only meaningful in a `for', `while', or `until' loop");
    }
    outside
}

pub(super) fn continue_loop(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if complains_outside(shell) {
        return Effect::Status(0);
    }
    loops(shell, args).map_or_else(|effect| effect, Effect::Continue)
}

/// The status in the operand, or `without` one.
fn status(shell: &mut Shell, args: &[Bytes], without: u8) -> Result<u8, Effect> {
    match args.get(1) {
        None => Ok(without),
        Some(arg) => {
            let value = std::str::from_utf8(arg).ok().and_then(|text| text.parse::<i64>().ok());
            match value {
                Some(value) if value >= 0 || shell.dialect.is_bash() => Ok((value & 0xff) as u8),
                _ => {
                    illegal_number(shell, arg);
                    Err(if shell.dialect.is_bash() { Effect::Return(2) } else { Effect::Fatal(2) })
                }
            }
        }
    }
}

pub(super) fn exit(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if shell.dialect.is_bash() && args.len() > 2 && args[1].iter().all(u8::is_ascii_digit) {
        shell.complain("too many arguments");
        return Effect::Status(1);
    }
    // In a trap it is that of the command before the trap (POSIX XCU 2.14, exit).
    let without = shell.status_before_trap(true).unwrap_or(shell.status);
    match status(shell, args, without) {
        Ok(status) => {
            shell.errors.extend_from_slice(shell.farewell().unwrap_or_default().as_bytes());
            Effect::Exit(status)
        }
        Err(_) if shell.dialect.is_bash() => Effect::Exit(2),
        Err(effect) => effect,
    }
}

pub(super) fn return_(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if shell.dialect.is_bash() && !shell.can_return() {
        shell.complain("can only `return' from a function or sourced script");
        return Effect::Status(2);
    }
    let without = shell.status_before_trap(shell.dialect.is_bash()).unwrap_or(shell.status);
    status(shell, args, without).map_or_else(|effect| effect, Effect::Return)
}

pub(super) fn eval(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut words = &args[1..];
    if shell.dialect.is_bash()
        && let Some(option) = words.first().filter(|word| word.len() > 1 && word.starts_with(b"-"))
    {
        if option != "--" {
            return usage(shell, option[1], "eval [arg ...]");
        }
        words = &words[1..];
    }
    let text = words.join(&b' ');
    if text.is_empty() {
        return Effect::Status(0);
    }
    Effect::Source { text, kind: SourceKind::Eval { line: shell.line }, line: shell.line }
}

/// The argument of an option: the rest of the word, or the next one.
fn argument<'a>(rest: &[u8], words: &'a [Bytes]) -> (Option<Bytes>, &'a [Bytes]) {
    if !rest.is_empty() {
        return (Some(Bytes::copy_from_slice(rest)), words);
    }
    (words.first().cloned(), words.get(1..).unwrap_or_default())
}

/// `exec`: becomes a program, or keeps redirections.
pub(super) fn exec(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut words = &args[1..];
    let (mut name, mut clean, mut login) = (None, false, false);
    while let Some(word) = words.first().filter(|word| word.len() > 1 && word.starts_with(b"-")) {
        if word == "--" {
            words = &words[1..];
            break;
        }
        if shell.dialect == Dialect::Dash {
            break;
        }
        if !shell.dialect.is_bash() {
            let Some(given) = word.strip_prefix(b"-a") else { break };
            (name, words) = argument(given, &words[1..]);
            continue;
        }
        let letters = word.slice(1..);
        words = &words[1..];
        for (index, letter) in letters.iter().enumerate() {
            match letter {
                b'c' => clean = true,
                b'l' => login = true,
                b'a' => {
                    (name, words) = argument(&letters[index + 1..], words);
                    break;
                }
                other => {
                    return usage(
                        shell,
                        *other,
                        "exec [-cl] [-a name] [command [argument ...]] [redirection ...]",
                    );
                }
            }
        }
    }
    let Some(program) = words.first() else { return Effect::KeepFiles };
    let mut argv = words.to_vec();
    match shell.program(&argv) {
        Ok(executable) => {
            let environment = if clean { [].into() } else { shell.environment_of(None, &[], true) };
            if let Some(name) = name {
                argv[0] = name;
            }
            if login {
                argv[0] = [b"-", &argv[0][..]].concat().into();
            }
            let executable = executable.with_argv(argv.into());
            shell.traps.clear();
            Effect::Exec(shell.process.exec(executable, environment))
        }
        Err(errno) => {
            let (message, status) = shell.not_run(program, errno);
            let status = if errno == Errno::EACCES { 126 } else { status };
            let message = match shell.dialect {
                Dialect::Bash => message.replace(": command not found", ": not found"),
                _ => message,
            };
            shell.complain(&message);
            Effect::Fatal(status)
        }
    }
}

/// `. file`: runs a file in this shell.
pub(super) async fn dot(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let rest = if args.get(1).is_some_and(|arg| arg == "--") { &args[2..] } else { &args[1..] };
    let Some(name) = rest.first() else {
        if shell.dialect.is_bash() {
            shell.complain("filename argument required");
            return super::show_usage(
                shell,
                &args[0],
                &format!("{} filename [arguments]", String::from_utf8_lossy(&args[0])),
            );
        }
        return Effect::Status(0);
    };
    if shell.dialect.is_bash() && args.len() == rest.len() + 1 && name.len() > 1 && name.starts_with(b"-") {
        let text = format!("{} filename [arguments]", String::from_utf8_lossy(&args[0]));
        return usage(shell, name[1], &text);
    }
    let Some(path) = find(shell, name) else {
        shell.complain(&format!("{}: not found", String::from_utf8_lossy(name)));
        return Effect::Fatal(2);
    };
    match shell.process.read_file(&path, MAX_SCRIPT).await {
        Ok(text) => {
            let arguments = &rest[1..];
            let positional = (!arguments.is_empty() && shell.dialect != Dialect::Dash)
                .then(|| std::mem::replace(&mut shell.positional, arguments.into()));
            let script = shell.script.replace(path.clone());
            let kind = SourceKind::Dot { script, line: shell.line, positional };
            Effect::Source { text, kind, line: 1 }
        }
        Err(errno) => {
            let shown = String::from_utf8_lossy(name).into_owned();
            let text = shell.process.text(errno);
            let message = match (shell.dialect, errno) {
                // The file is to blame, not the builtin.
                (Dialect::Bash, _) => {
                    shell.builtin = None;
                    format!("{shown}: {text}")
                }
                (Dialect::Dash, Errno::ENOENT | Errno::ENOTDIR) if shown.contains('/') => {
                    format!("cannot open {shown}: No such file")
                }
                (Dialect::Dash, Errno::ENOENT) if !shown.contains('/') => format!("{shown}: not found"),
                (Dialect::Dash, _) => format!("cannot open {shown}: {text}"),
                (Dialect::Ash, Errno::ENOENT) => format!("can't open '{shown}': No such file or directory"),
                (Dialect::Ash, _) => format!("can't open '{shown}': {text}"),
            };
            shell.complain(&message);
            if shell.dialect.is_bash() { Effect::Status(1) } else { Effect::Fatal(2) }
        }
    }
}

/// A name without a slash is looked for along `PATH`, then (in bash) here.
fn find(shell: &Shell, name: &Bytes) -> Option<Bytes> {
    if name.contains(&b'/') {
        return Some(name.clone());
    }
    let search = shell.variables.text(b"PATH").cloned().unwrap_or_default();
    for dir in search.split(|byte| *byte == b':') {
        let path = crate::kernel::fs::join(if dir.is_empty() { b"." } else { dir }, name);
        let is_file = |path: &[u8]| {
            shell
                .process
                .stat(path, true)
                .is_ok_and(|stat| stat.file_type != crate::kernel::fs::FileType::Directory)
        };
        if is_file(&path) {
            return Some(path.into());
        }
    }
    shell.dialect.is_bash().then(|| name.clone())
}

//! Where the shell is: `cd`, `pwd`.

use bytes::Bytes;

use super::Effect;
use crate::{
    kernel::fs::{join, normalize},
    shell::{Dialect, state::Shell},
};

pub(super) fn pwd(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let physical = args
        .iter()
        .skip(1)
        .rfind(|arg| *arg == "-P" || *arg == "-L")
        .map_or(shell.options.physical, |arg| arg == "-P");
    let path = if physical { shell.process.cwd().into() } else { current(shell) };
    shell.output.extend_from_slice(&[&path[..], b"\n"].concat());
    Effect::Status(0)
}

/// The working directory as the shell calls it.
pub(super) fn current(shell: &Shell) -> Bytes {
    shell.variables.text(b"PWD").cloned().unwrap_or_else(|| shell.process.cwd().into())
}

pub(super) fn cd(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut physical = shell.options.physical;
    let mut operands = &args[1..];
    while let Some(option) = operands.first().filter(|operand| operand.starts_with(b"-") && operand.len() > 1)
    {
        match &option[..] {
            b"-P" => physical = true,
            b"-L" => physical = false,
            b"--" => {
                operands = &operands[1..];
                break;
            }
            _ => {
                let shown = String::from_utf8_lossy(option);
                let message = match shell.dialect {
                    Dialect::Bash => format!("{shown}: invalid option"),
                    Dialect::Dash => format!("Illegal option {shown}"),
                    Dialect::Ash => format!("illegal option {shown}"),
                };
                shell.complain(&message);
                return if shell.dialect.is_bash() { Effect::Status(2) } else { Effect::Fatal(2) };
            }
        }
        operands = &operands[1..];
    }
    if operands.len() > 1 && shell.dialect.is_bash() {
        shell.complain("too many arguments");
        return Effect::Status(1);
    }
    let mut show = false;
    let target = match operands.first() {
        None => match shell.variables.text(b"HOME").cloned() {
            Some(home) => home,
            None if shell.dialect.is_bash() => {
                shell.complain("HOME not set");
                return Effect::Status(1);
            }
            None => return Effect::Status(0),
        },
        Some(dash) if dash == "-" => {
            show = true;
            match shell.variables.text(b"OLDPWD").cloned() {
                Some(old) => old,
                None if shell.dialect.is_bash() => {
                    shell.complain("OLDPWD not set");
                    return Effect::Status(1);
                }
                None => current(shell),
            }
        }
        Some(target) => target.clone(),
    };
    let relative = !target.starts_with(b"/") && !target.starts_with(b"./") && !target.starts_with(b"../");
    let search =
        shell.variables.text(b"CDPATH").cloned().filter(|_| relative && target != "." && target != "..");
    for dir in search.iter().flat_map(|search| search.split(|byte| *byte == b':')) {
        let path = join(if dir.is_empty() { b"." } else { dir }, &target);
        if go(shell, &path, physical).is_ok() {
            if !dir.is_empty() {
                show_current(shell);
            }
            return Effect::Status(0);
        }
    }
    match go(shell, &target, physical) {
        Ok(()) => {
            if show {
                show_current(shell);
            }
            Effect::Status(0)
        }
        Err(text) => {
            let shown = String::from_utf8_lossy(&target);
            let message = match shell.dialect {
                Dialect::Bash => format!("{shown}: {text}"),
                Dialect::Ash => format!("can't cd to {shown}: {text}"),
                Dialect::Dash => format!("can't cd to {shown}"),
            };
            shell.complain(&message);
            Effect::Status(if shell.dialect == Dialect::Bash { 1 } else { 2 })
        }
    }
}

fn show_current(shell: &mut Shell) {
    let path = current(shell);
    shell.output.extend_from_slice(&[&path[..], b"\n"].concat());
}

/// Changes the working directory; by the path's text (`cd -L`), where `..` takes back what a link added.
pub(super) fn go(shell: &mut Shell, target: &[u8], physical: bool) -> Result<(), &'static str> {
    let old = current(shell);
    let logical = normalize(&join(&old, target));
    let moved = match physical {
        false => shell.process.chdir(&logical).or_else(|_| shell.process.chdir(target)),
        true => shell.process.chdir(target),
    };
    moved.map_err(|errno| shell.process.text(errno))?;
    let new = if physical { shell.process.cwd() } else { logical };
    // These two are never read-only in earnest.
    let _ = shell.assign(b"OLDPWD", old);
    let _ = shell.assign(b"PWD", new.into());
    if shell.dialect != Dialect::Ash || shell.variables.get(b"PWD").is_some_and(|pwd| pwd.exported) {
        shell.variables.export(b"OLDPWD", true);
        shell.variables.export(b"PWD", true);
    }
    Ok(())
}

//! The stack of directories: `pushd`, `popd`, `dirs` (bash, "The Directory Stack").

use bytes::Bytes;

use super::{
    Effect,
    directory::{current, go},
    show_usage,
};
use crate::shell::state::Shell;

/// How many directories the stack holds.
const MAX_DIRECTORIES: usize = 1000;

const PUSHD: &str = "pushd [-n] [+N | -N | dir]";
const POPD: &str = "popd [-n] [+N | -N]";
const DIRS: &str = "dirs [-clpv] [+N] [-N]";

/// The stack, the working directory on top.
fn stack(shell: &Shell) -> Vec<Bytes> {
    std::iter::once(current(shell)).chain(shell.directories.iter().rev().cloned()).collect()
}

impl Shell {
    /// What `~1`, `~+1` and `~-1` stand for, the name without its `~`.
    pub(in crate::shell) fn stacked(&self, name: &[u8]) -> Option<Bytes> {
        if name.starts_with(b"-") || name.starts_with(b"+") {
            return place(name, self.directories.len())?.ok().map(|place| stack(self)[place].clone());
        }
        place(&[b"+", name].concat(), self.directories.len())?.ok().map(|place| stack(self)[place].clone())
    }
}

/// The place that `+N` (from the top) or `-N` (from the bottom) means in a stack with `last` directories below the top; `None`
/// where it is no number, an error where nothing is there.
fn place(operand: &[u8], last: usize) -> Option<Result<usize, ()>> {
    let (sign, digits) = operand.split_first()?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let place = if *sign == b'-' { last.checked_sub(number) } else { Some(number).filter(|n| *n <= last) };
    Some(place.ok_or(()))
}

/// Complains that nothing is at a place.
fn out_of_range(shell: &mut Shell, operand: &[u8]) -> Effect {
    if shell.directories.is_empty() {
        shell.complain("directory stack empty");
    } else {
        let shown = String::from_utf8_lossy(operand).into_owned();
        shell.complain(&format!("{shown}: directory stack index out of range"));
    }
    Effect::Status(1)
}

fn invalid(shell: &mut Shell, operand: &[u8], what: &str, name: &[u8], usage: &str) -> Effect {
    let shown = String::from_utf8_lossy(operand).into_owned();
    shell.complain(&format!("{shown}: {what}"));
    show_usage(shell, name, usage)
}

/// Goes to a directory of the stack; what to answer where that fails.
fn go_to(shell: &mut Shell, target: &[u8]) -> Result<(), Effect> {
    go(shell, target, false).map_err(|text| {
        shell.complain(&format!("{}: {text}", String::from_utf8_lossy(target)));
        Effect::Status(1)
    })
}

pub(super) fn dirs(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let (mut long, mut lines, mut numbered, mut wanted) = (false, false, false, None);
    for operand in &args[1..] {
        match &operand[..] {
            b"--" => break,
            b"-c" => {
                shell.directories.clear();
                return Effect::Status(0);
            }
            b"-l" => long = true,
            b"-p" => lines = true,
            b"-v" => (lines, numbered) = (true, true),
            [b'+' | b'-', ..] => match place(operand, shell.directories.len()) {
                Some(Ok(place)) => wanted = Some(place),
                Some(Err(())) => return out_of_range(shell, &operand[1..]),
                None => return invalid(shell, operand, "invalid number", b"dirs", DIRS),
            },
            _ => return invalid(shell, operand, "invalid option", b"dirs", DIRS),
        }
    }
    let home = shell.variables.text(b"HOME").cloned().filter(|home| home.len() > 1 && !long);
    let shown = |dir: &Bytes| match home.as_ref().and_then(|home| dir.strip_prefix(&home[..])) {
        Some(rest) if rest.is_empty() || rest.starts_with(b"/") => [b"~", rest].concat(),
        _ => dir.to_vec(),
    };
    let mut out = Vec::new();
    for (index, dir) in stack(shell).iter().enumerate() {
        if wanted.is_some_and(|wanted| wanted != index) {
            continue;
        }
        if numbered {
            out.extend_from_slice(format!("{index:2}  ").as_bytes());
        } else if !lines && wanted.is_none() && index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(&shown(dir));
        if lines {
            out.push(b'\n');
        }
    }
    if !lines {
        out.push(b'\n');
    }
    shell.output.extend_from_slice(&out);
    Effect::Status(0)
}

pub(super) fn pushd(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut stays = false;
    let mut rotate = None;
    let mut operands = &args[1..];
    while let Some((operand, rest)) = operands.split_first() {
        match &operand[..] {
            b"-n" => stays = true,
            b"--" => {
                operands = rest;
                break;
            }
            b"-" => break,
            [b'+' | b'-', ..] => match place(operand, shell.directories.len()) {
                Some(Ok(place)) => rotate = Some(place),
                Some(Err(())) => return out_of_range(shell, operand),
                None => return invalid(shell, operand, "invalid number", b"pushd", PUSHD),
            },
            _ => break,
        }
        operands = rest;
    }
    let old = current(shell);
    if args.len() == 1 {
        // Without operands the two topmost change places.
        let Some(top) = shell.directories.last().cloned() else {
            shell.complain("no other directory");
            return Effect::Status(1);
        };
        if let Err(effect) = go_to(shell, &top) {
            return effect;
        }
        shell.directories.pop();
        shell.directories.push(old);
        return dirs(shell, args);
    }
    if let Some(count) = rotate {
        let mut all = stack(shell);
        all.rotate_left(count);
        if !stays && let Err(effect) = go_to(shell, &all[0]) {
            return effect;
        }
        shell.directories = all.into_iter().skip(1).rev().collect();
        return dirs(shell, &args[..1]);
    }
    let Some(target) = operands.first().cloned() else { return Effect::Status(0) };
    if !stays {
        let before = shell.variables.text(b"OLDPWD").cloned().filter(|_| target == "-");
        if let Err(effect) = go_to(shell, before.as_ref().unwrap_or(&target)) {
            return effect;
        }
    }
    if shell.directories.len() >= MAX_DIRECTORIES {
        shell.complain("directory stack full");
        return Effect::Status(1);
    }
    shell.directories.push(if stays { target } else { old });
    dirs(shell, &args[..1])
}

pub(super) fn popd(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let (mut stays, mut wanted) = (false, None);
    for operand in &args[1..] {
        match &operand[..] {
            b"-n" => stays = true,
            b"--" => break,
            [b'+' | b'-', ..] => match place(operand, shell.directories.len()) {
                Some(found) => wanted = Some((operand.clone(), found)),
                None => return invalid(shell, operand, "invalid number", b"popd", POPD),
            },
            _ => return invalid(shell, operand, "invalid argument", b"popd", POPD),
        }
    }
    let place = match wanted {
        Some((operand, Err(()))) => return out_of_range(shell, &operand),
        Some((_, Ok(place))) if !shell.directories.is_empty() => place,
        None if !shell.directories.is_empty() => 0,
        _ => {
            shell.complain("directory stack empty");
            return Effect::Status(1);
        }
    };
    let mut all = stack(shell);
    if place == 0
        && !stays
        && let Err(effect) = go_to(shell, &all[1])
    {
        return effect;
    }
    // Without going there, what lies below the top goes in its stead.
    all.remove(if place == 0 && stays { 1 } else { place });
    shell.directories = all.into_iter().skip(1).rev().collect();
    dirs(shell, &args[..1])
}

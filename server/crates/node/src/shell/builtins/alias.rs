//! `alias`, `unalias`.

use std::sync::Arc;

use bytes::Bytes;

use super::{Effect, usage};
use crate::shell::{Dialect, quote, state::Shell};

pub(super) fn alias(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut status = 0;
    let operands = args.get(1..).unwrap_or_default();
    let all = operands.is_empty() || (operands.len() == 1 && operands[0] == "-p");
    if let Some(letter) = unknown_option(shell, operands, b'p') {
        return usage(shell, letter, "alias [-p] [name[=value] ... ]");
    }
    if all {
        for (name, value) in Arc::clone(&shell.aliases).iter() {
            show(shell, name, value);
        }
        return Effect::Status(0);
    }
    for operand in operands {
        match operand.iter().position(|byte| *byte == b'=') {
            Some(at) if at > 0 => {
                Arc::make_mut(&mut shell.aliases).insert(operand.slice(..at), operand.slice(at + 1..));
            }
            _ => match shell.aliases.get(operand).cloned() {
                Some(value) => show(shell, operand, &value),
                None => {
                    complain(shell, "alias", operand);
                    status = 1;
                }
            },
        }
    }
    Effect::Status(status)
}

/// A letter of an option that is not `known`, where the shell is one that has options for these.
fn unknown_option(shell: &Shell, operands: &[Bytes], known: u8) -> Option<u8> {
    let option = operands.first().filter(|_| shell.dialect.is_bash())?.strip_prefix(b"-")?;
    option.iter().copied().find(|letter| *letter != known && *letter != b'-')
}

fn show(shell: &mut Shell, name: &[u8], value: &[u8]) {
    let prefix: &[u8] = if shell.dialect == Dialect::Bash { b"alias " } else { b"" };
    let line = [prefix, name, b"=", &quote::single(value, shell.dialect), b"\n"].concat();
    shell.output.extend_from_slice(&line);
}

/// Says that there is no such alias; only bash says who says so.
fn complain(shell: &mut Shell, builtin: &str, name: &[u8]) {
    let name = String::from_utf8_lossy(name);
    if shell.dialect.is_bash() {
        shell.complain(&format!("{name}: not found"));
    } else {
        shell.errors.extend_from_slice(format!("{builtin}: {name} not found\n").as_bytes());
    }
}

pub(super) fn unalias(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut status = 0;
    if let Some(letter) = unknown_option(shell, &args[1..], b'a') {
        return usage(shell, letter, "unalias [-a] name [name ...]");
    }
    for operand in &args[1..] {
        if operand == "-a" {
            shell.aliases = Arc::default();
        } else if Arc::make_mut(&mut shell.aliases).remove(operand).is_none() {
            complain(shell, "unalias", operand);
            status = 1;
        }
    }
    Effect::Status(status)
}

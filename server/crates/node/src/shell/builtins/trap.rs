//! `trap`: commands for signals and for the end.

use bytes::Bytes;

use super::{Effect, usage};
use crate::shell::{Dialect, quote, state::Shell, traps::Event};

/// `trap -p NAME...`
fn show(shell: &mut Shell, names: &[Bytes]) -> Effect {
    let mut status = 0;
    for name in names {
        let Some(event) = Event::parse(name, true) else {
            let shown = String::from_utf8_lossy(name).into_owned();
            shell.complain(&format!("{shown}: invalid signal specification"));
            status = 1;
            continue;
        };
        if let Some((_, action)) = shell.traps.shown().find(|(known, _)| **known == event) {
            let line = [
                b"trap -- ",
                &quote::single(action, shell.dialect)[..],
                b" ",
                event.name(true).as_bytes(),
                b"\n",
            ]
            .concat();
            shell.output.extend(line);
        }
    }
    Effect::Status(status)
}

pub(super) fn trap(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut operands = &args[1..];
    let bash = shell.dialect.is_bash();
    match operands.first().map(|operand| &operand[..]) {
        Some(b"--") => operands = &operands[1..],
        Some(b"-l") => {
            return super::kill::kill(shell, &[Bytes::from_static(b"kill"), Bytes::from_static(b"-l")]);
        }
        Some(b"-p") if operands.len() == 1 => operands = &[],
        Some(b"-p") if bash => return show(shell, &operands[1..]),
        Some([b'-', letter, ..]) if bash => {
            return usage(shell, *letter, "trap [-lp] [[arg] signal_spec ...]");
        }
        _ => {}
    }
    if operands.is_empty() {
        let lines: Vec<Vec<u8>> = shell
            .traps
            .shown()
            .map(|(event, action)| {
                let name = event.name(bash);
                [b"trap -- ", &quote::single(action, shell.dialect)[..], b" ", name.as_bytes(), b"\n"]
                    .concat()
            })
            .collect();
        shell.output.extend(lines.concat());
        return Effect::Status(0);
    }
    // Without an action, or with a number instead of one, signals go back to what they were.
    let is_number = operands[0].iter().all(u8::is_ascii_digit) && !operands[0].is_empty();
    let (action, events) = match operands {
        [only] if only != "-" => (None, std::slice::from_ref(only)),
        [dash, rest @ ..] if dash == "-" => (None, rest),
        _ if is_number => (None, operands),
        [action, rest @ ..] => (Some(action.clone()), rest),
        [] => (None, operands),
    };
    let mut status = 0;
    for name in events {
        match Event::parse(name, bash) {
            Some(event) => {
                let process = std::sync::Arc::clone(&shell.process);
                shell.traps.set(&process, event, action.clone(), shell.options.interactive);
            }
            None => {
                let shown = String::from_utf8_lossy(name).into_owned();
                let message = match shell.dialect {
                    Dialect::Bash => format!("{shown}: invalid signal specification"),
                    Dialect::Ash => format!("{shown}: invalid signal specification"),
                    Dialect::Dash => format!("{shown}: bad trap"),
                };
                if shell.dialect == Dialect::Dash {
                    shell.errors.extend_from_slice(format!("trap: {message}\n").as_bytes());
                } else {
                    shell.complain(&message);
                }
                status = 1;
            }
        }
    }
    Effect::Status(status)
}

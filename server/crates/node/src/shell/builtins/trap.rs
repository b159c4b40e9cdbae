//! `trap`: commands for signals and for the end.

use bytes::Bytes;

use super::Effect;
use crate::shell::{Dialect, quote, state::Shell, traps::Event};

pub(super) fn trap(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut operands = &args[1..];
    let bash = shell.dialect.is_bash();
    match operands.first().map(|operand| &operand[..]) {
        Some(b"--") => operands = &operands[1..],
        Some(b"-l") => {
            return super::jobs::kill(shell, &[Bytes::from_static(b"kill"), Bytes::from_static(b"-l")]);
        }
        Some(b"-p") if operands.len() == 1 => operands = &[],
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
                shell.complain(&message);
                status = 1;
            }
        }
    }
    Effect::Status(status)
}

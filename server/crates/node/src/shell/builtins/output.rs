//! Builtins that are commands too: `echo`, `printf`, `test`; and `let`.

use bytes::Bytes;

use super::Effect;
use crate::{
    commands::{self, test::Kind},
    shell::{
        Dialect,
        arith::name_len,
        expand::{ExpandError, Expander, Journal},
        state::Shell,
    },
};

pub(super) fn echo(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let out = commands::echo::render(&args[1..], shell.dialect.into());
    shell.output.extend_from_slice(&out);
    Effect::Status(0)
}

/// Complains as an applet of busybox does: without naming the builtin.
fn complain(shell: &mut Shell, message: &str) {
    if shell.dialect == Dialect::Ash {
        let line = format!("{}: {message}\n", String::from_utf8_lossy(&shell.name));
        shell.errors.extend_from_slice(line.as_bytes());
    } else {
        shell.complain(message);
    }
}

pub(super) fn printf(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut rest = &args[1..];
    let mut variable = None;
    if shell.dialect.is_bash() && rest.first().is_some_and(|arg| arg == "-v") && rest.len() > 2 {
        variable = Some(rest[1].clone());
        rest = &rest[2..];
    }
    if rest.first().is_some_and(|arg| arg == "--") {
        rest = &rest[1..];
    }
    let Some((format, values)) = rest.split_first() else {
        match shell.dialect {
            Dialect::Ash => complain(shell, "usage: printf FORMAT [ARGUMENT...]"),
            Dialect::Dash => shell.complain("usage: printf format [arg ...]"),
            Dialect::Bash => {
                shell.errors.extend_from_slice(b"printf: usage: printf [-v var] format [arguments]\n");
            }
        }
        return Effect::Status(2);
    };
    let now = shell.process.now();
    let printed = commands::printf::render_at(format, values, shell.dialect.into(), now);
    for error in &printed.errors {
        complain(shell, error);
    }
    // What bash prints waits for the end of a line, what it complains of does not.
    let line_ended = printed.out[..printed.printed_before.min(printed.out.len())].contains(&b'\n');
    shell.errors_first = shell.dialect.is_bash() && !printed.errors.is_empty() && !line_ended;
    match variable {
        Some(name)
            if crate::shell::expand::subscripted(&name).is_none()
                && (name.is_empty() || name_len(&name) != name.len()) =>
        {
            super::declare::not_identifier(shell, &name);
            return Effect::Status(2);
        }
        Some(name) => {
            let set = match crate::shell::expand::subscripted(&name) {
                Some((array, subscript)) => {
                    let key = shell.key_of(&array, &subscript);
                    shell.assign_element(&array, key, printed.out.into())
                }
                None => shell.assign(&name, printed.out.into()),
            };
            if let Err(message) = set {
                shell.complain(&message);
                return Effect::Status(1);
            }
        }
        None => shell.output.extend_from_slice(&printed.out),
    }
    Effect::Status(u8::from(printed.errors.iter().any(|error| !error.starts_with("warning: "))))
}

pub(super) fn test(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut operands = &args[1..];
    let bracket = match &args[0][..] {
        b"[" => Some("]"),
        b"[[" => Some("]]"),
        _ => None,
    };
    if let Some(close) = bracket {
        match operands.split_last() {
            Some((last, rest)) if last == close => operands = rest,
            _ => {
                let message = if shell.dialect.is_bash() {
                    "missing `]'".to_owned()
                } else {
                    format!("missing {close}")
                };
                complain(shell, &message);
                return Effect::Status(2);
            }
        }
    }
    let kind = match bracket {
        Some("]]") => Kind::Double,
        _ if shell.dialect.is_bash() => Kind::Bash,
        _ => Kind::Single,
    };
    if let (Kind::Bash, [operator, operand]) = (kind, operands)
        && let [b'-', letter] = operator[..]
        && let Some(holds) = shell.own_condition(letter, operand)
    {
        return Effect::Status(u8::from(!holds));
    }
    match commands::test::holds(&shell.process, kind, operands) {
        Ok(holds) => Effect::Status(u8::from(!holds)),
        Err(error) => {
            let message = error.message(shell.dialect.into());
            complain(shell, &message);
            Effect::Status(2)
        }
    }
}

/// `let expression...`
pub(super) fn let_(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if args.len() < 2 {
        shell.complain("expression expected");
        return Effect::Status(if shell.dialect.is_bash() { 1 } else { 2 });
    }
    let mut last = 0;
    for arg in &args[1..] {
        let mut journal = Journal::default();
        match (Expander { shell, journal: &mut journal }).evaluate(arg) {
            Ok(value) => last = value,
            Err(ExpandError::Fail(message)) => {
                shell.complain(&message);
                return if shell.dialect.is_bash() { Effect::Status(1) } else { Effect::Fatal(2) };
            }
            Err(_) => return Effect::Status(1),
        }
    }
    Effect::Status(u8::from(last == 0))
}

//! Builtins that declare variables: `export`, `readonly`, `local`, `declare`, `unset`.

use std::sync::Arc;

use bytes::Bytes;

use super::Effect;
use crate::shell::{
    Dialect,
    arith::name_len,
    quote,
    state::Shell,
    variables::{Key, Value, Variable},
};

/// A name, and the value after `=`.
fn split(operand: &Bytes) -> (Bytes, Option<Bytes>, bool) {
    match operand.iter().position(|byte| *byte == b'=') {
        Some(at) if at > 0 && operand[at - 1] == b'+' => {
            (operand.slice(..at - 1), Some(operand.slice(at + 1..)), true)
        }
        Some(at) => (operand.slice(..at), Some(operand.slice(at + 1..)), false),
        None => (operand.clone(), None, false),
    }
}

fn check_name(shell: &mut Shell, name: &[u8], operand: &[u8]) -> Result<(), Effect> {
    if name_len(name) == name.len() && !name.is_empty() {
        return Ok(());
    }
    let shown = String::from_utf8_lossy(if shell.dialect.is_bash() { operand } else { name });
    match shell.dialect {
        Dialect::Bash => {
            shell.complain(&format!("`{shown}': not a valid identifier"));
            Err(Effect::Status(1))
        }
        _ => {
            shell.complain(&format!("{shown}: bad variable name"));
            Err(Effect::Fatal(2))
        }
    }
}

/// What `export -p` and the like print for a variable.
fn show(shell: &mut Shell, word: &str, name: &[u8], variable: &Variable) {
    let value = variable.text().map(|text| match shell.dialect {
        Dialect::Bash => double_quoted(text),
        dialect => quote::single(text, dialect),
    });
    let mut line = [word.as_bytes(), b" ", name].concat();
    if let Some(value) = value {
        line.push(b'=');
        line.extend_from_slice(&value);
    }
    line.push(b'\n');
    shell.output.extend_from_slice(&line);
}

fn double_quoted(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for byte in text {
        if matches!(byte, b'"' | b'\\' | b'$' | b'`') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
    out
}

fn list(shell: &mut Shell, word: &str, fits: impl Fn(&Variable) -> bool) -> Effect {
    let all: Vec<(Bytes, Variable)> = shell
        .variables
        .sorted()
        .into_iter()
        .filter(|(_, variable)| fits(variable))
        .map(|(name, variable)| (name.clone(), variable.clone()))
        .collect();
    for (name, variable) in &all {
        show(shell, word, name, variable);
    }
    Effect::Status(0)
}

fn set(shell: &mut Shell, name: &[u8], value: Bytes, append: bool) -> Result<(), Effect> {
    let value = if append {
        [&shell.variables.text(name).cloned().unwrap_or_default()[..], &value].concat().into()
    } else {
        value
    };
    shell.assign(name, value).map_err(|message| {
        shell.complain(&message);
        if shell.dialect.is_bash() { Effect::Status(1) } else { Effect::Fatal(2) }
    })
}

pub(super) fn export(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut operands = &args[1..];
    let mut remove = false;
    let mut functions = false;
    while let Some(option) = operands.first().filter(|operand| operand.starts_with(b"-") && operand.len() > 1)
    {
        operands = &operands[1..];
        match &option[..] {
            b"-p" => {}
            b"-n" => remove = true,
            b"-f" => functions = true,
            b"--" => break,
            _ => {
                let word = if shell.dialect == Dialect::Ash { "illegal" } else { "Illegal" };
                shell.complain(&format!("{word} option {}", String::from_utf8_lossy(option)));
                return Effect::Fatal(2);
            }
        }
    }
    if operands.is_empty() {
        let word = if shell.dialect.is_bash() { "declare -x" } else { "export" };
        return list(shell, word, |variable| variable.exported);
    }
    if functions {
        return Effect::Status(0);
    }
    for operand in operands {
        let (name, value, append) = split(operand);
        if let Err(effect) = check_name(shell, &name, operand) {
            return effect;
        }
        if let Some(value) = value
            && let Err(effect) = set(shell, &name, value, append)
        {
            return effect;
        }
        shell.variables.export(&name, !remove);
    }
    Effect::Status(0)
}

pub(super) fn read_only(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let operands = match args.get(1) {
        Some(option) if option == "-p" || option == "--" => &args[2..],
        _ => &args[1..],
    };
    if operands.is_empty() {
        let word = if shell.dialect.is_bash() { "declare -r" } else { "readonly" };
        return list(shell, word, |variable| variable.read_only);
    }
    for operand in operands {
        let (name, value, append) = split(operand);
        if let Err(effect) = check_name(shell, &name, operand) {
            return effect;
        }
        if let Some(value) = value
            && let Err(effect) = set(shell, &name, value, append)
        {
            return effect;
        }
        shell.variables.set_read_only(&name);
    }
    Effect::Status(0)
}

/// Hides a variable until the function ends; `false` outside of functions.
fn hide(shell: &mut Shell, name: &Bytes) -> bool {
    let old = shell.variables.get(name).cloned();
    match shell.locals() {
        Some(locals) => {
            if !locals.iter().any(|(known, _)| known == name) {
                locals.push((name.clone(), old));
            }
            true
        }
        None => false,
    }
}

pub(super) fn local(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if shell.locals().is_none() {
        let message = match shell.dialect {
            Dialect::Bash => "can only be used in a function",
            _ => "not in a function",
        };
        shell.complain(message);
        return if shell.dialect.is_bash() { Effect::Status(1) } else { Effect::Fatal(2) };
    }
    if shell.dialect.is_bash() {
        return declare(shell, args);
    }
    for operand in &args[1..] {
        let (name, value, append) = split(operand);
        if operand == "-" {
            continue;
        }
        if let Err(effect) = check_name(shell, &name, operand) {
            return effect;
        }
        hide(shell, &name);
        match value {
            Some(value) => {
                if let Err(effect) = set(shell, &name, value, append) {
                    return effect;
                }
            }
            None if shell.dialect == Dialect::Ash => drop(shell.variables.unset(&name)),
            None => {}
        }
    }
    Effect::Status(0)
}

/// `declare`, `typeset`, and in bash `local`.
pub(super) fn declare(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let (mut on, mut off, mut print) = (Vec::new(), Vec::new(), false);
    let mut operands = &args[1..];
    while let Some(option) = operands.first() {
        let target = match option.first() {
            Some(b'-') if option.len() > 1 => &mut on,
            Some(b'+') if option.len() > 1 => &mut off,
            _ => break,
        };
        operands = &operands[1..];
        if option == "--" {
            break;
        }
        target.extend_from_slice(&option[1..]);
    }
    print |= on.contains(&b'p');
    if on.contains(&b'f') || on.contains(&b'F') {
        return functions(shell, operands);
    }
    if operands.is_empty() {
        let exported = on.contains(&b'x');
        let read_only = on.contains(&b'r');
        return list(shell, "declare --", |variable| {
            (!exported || variable.exported) && (!read_only || variable.read_only)
        });
    }
    for operand in operands {
        let (name, value, append) = split(operand);
        if let Err(effect) = check_name(shell, &name, operand) {
            return effect;
        }
        if print {
            let Some(variable) = shell.variables.get(&name).cloned() else {
                shell.complain(&format!("{}: not found", String::from_utf8_lossy(&name)));
                return Effect::Status(1);
            };
            let flags = [(variable.exported, 'x'), (variable.read_only, 'r'), (variable.integer, 'i')];
            let letters: String = flags.iter().filter(|(set, _)| *set).map(|(_, letter)| *letter).collect();
            let letters = if letters.is_empty() { "-".to_owned() } else { letters };
            show(shell, &format!("declare -{letters}"), &name, &variable);
            continue;
        }
        let global = on.contains(&b'g');
        let was_local = !global && hide(shell, &name);
        if was_local && value.is_none() && !on.contains(&b'p') {
            drop(shell.variables.unset(&name));
        }
        if on.contains(&b'A') {
            let _ = shell.variables.set_value(&name, Value::Keyed(Default::default()));
        } else if on.contains(&b'a')
            && !matches!(shell.variables.get(&name).map(|v| &v.value), Some(Value::Indexed(_)))
        {
            let _ = shell.variables.set_value(&name, Value::Indexed(Default::default()));
        }
        if on.contains(&b'i') || off.contains(&b'i') {
            shell.variables.set_integer(&name, on.contains(&b'i'));
        }
        if let Some(value) = value
            && let Err(effect) = set(shell, &name, value, append)
        {
            return effect;
        }
        if on.contains(&b'x') || off.contains(&b'x') {
            shell.variables.export(&name, on.contains(&b'x'));
        }
        if on.contains(&b'r') {
            shell.variables.set_read_only(&name);
        }
    }
    Effect::Status(0)
}

fn functions(shell: &mut Shell, operands: &[Bytes]) -> Effect {
    let known = Arc::clone(&shell.functions);
    if operands.is_empty() {
        for name in known.keys() {
            shell.output.extend_from_slice(&[b"declare -f ", &name[..], b"\n"].concat());
        }
        return Effect::Status(0);
    }
    let all = operands.iter().all(|name| known.contains_key(name));
    for name in operands.iter().filter(|name| known.contains_key(*name)) {
        shell.output.extend_from_slice(&[&name[..], b"\n"].concat());
    }
    Effect::Status(u8::from(!all))
}

pub(super) fn unset(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut functions = false;
    let mut variables = false;
    for operand in &args[1..] {
        match &operand[..] {
            b"-f" => functions = true,
            b"-v" => variables = true,
            b"--" => {}
            _ => {
                if functions {
                    Arc::make_mut(&mut shell.functions).remove(operand);
                    continue;
                }
                if let Some(effect) = unset_variable(shell, operand) {
                    return effect;
                }
                let gone = !variables && shell.dialect.is_bash() && shell.variables.get(operand).is_none();
                if gone {
                    Arc::make_mut(&mut shell.functions).remove(operand);
                }
            }
        }
    }
    Effect::Status(0)
}

fn unset_variable(shell: &mut Shell, operand: &Bytes) -> Option<Effect> {
    if let Some(open) = operand.iter().position(|byte| *byte == b'[')
        && operand.ends_with(b"]")
        && shell.dialect.is_bash()
    {
        let (name, inner) = (operand.slice(..open), operand.slice(open + 1..operand.len() - 1));
        let key = match std::str::from_utf8(&inner).ok().and_then(|text| text.parse().ok()) {
            Some(number)
                if !matches!(shell.variables.get(&name).map(|v| &v.value), Some(Value::Keyed(_))) =>
            {
                Key::Number(number)
            }
            _ => Key::Name(inner),
        };
        shell.variables.unset_element(&name, &key);
        return None;
    }
    if operand == "PATH" {
        shell.found = Arc::default();
    }
    let is_name = !operand.is_empty() && name_len(operand) == operand.len();
    if !is_name && !shell.dialect.is_bash() {
        shell.complain(&format!("{}: bad variable name", String::from_utf8_lossy(operand)));
        return Some(Effect::Fatal(2));
    }
    if shell.variables.unset(operand).is_err() {
        let name = String::from_utf8_lossy(operand);
        let message = match shell.dialect {
            Dialect::Bash => format!("{name}: cannot unset: readonly variable"),
            _ => format!("{name}: is read only"),
        };
        shell.complain(&message);
        return Some(if shell.dialect.is_bash() { Effect::Status(1) } else { Effect::Fatal(2) });
    }
    None
}

//! `unset`: forgets variables, elements and functions.

use std::sync::Arc;

use bytes::Bytes;

use super::{Effect, declare::not_identifier, usage};
use crate::shell::{
    Dialect,
    arith::name_len,
    expand::wrap_index,
    state::Shell,
    variables::{Key, Value},
};

pub(super) fn unset(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let (mut functions, mut variables, mut references) = (false, false, false);
    let mut operands = &args[1..];
    while let Some(option) = operands.first().filter(|operand| operand.len() > 1 && operand.starts_with(b"-"))
    {
        operands = &operands[1..];
        if option == "--" {
            break;
        }
        for letter in &option[1..] {
            match letter {
                b'f' => functions = true,
                b'v' => variables = true,
                b'n' if shell.dialect.is_bash() => references = true,
                _ if shell.dialect.is_bash() => {
                    return usage(shell, *letter, "unset [-f] [-v] [-n] [name ...]");
                }
                _ => {
                    let illegal = if shell.dialect == Dialect::Dash { "Illegal" } else { "illegal" };
                    shell.complain(&format!("{illegal} option -{}", char::from(*letter)));
                    return Effect::Fatal(2);
                }
            }
        }
    }
    if functions && variables && shell.dialect.is_bash() {
        shell.complain("cannot simultaneously unset a function and a variable");
        return Effect::Status(1);
    }
    let mut status = 0;
    for operand in operands {
        if functions {
            status |= unset_function(shell, operand);
            continue;
        }
        let known = shell.variables.get(operand).is_some();
        let is_name = name_len(operand) == operand.len() || operand.contains(&b'[');
        let function = shell.functions.contains_key(operand) || !is_name;
        if !known && !variables && shell.dialect.is_bash() && function {
            status |= unset_function(shell, operand);
            continue;
        }
        match unset_variable(shell, operand, references) {
            None => {}
            Some(Effect::Status(failed)) => status |= failed,
            Some(effect) => return effect,
        }
    }
    Effect::Status(status)
}

fn unset_function(shell: &mut Shell, name: &Bytes) -> u8 {
    if shell.read_only_functions.contains(name) {
        let name = String::from_utf8_lossy(name).into_owned();
        shell.complain(&format!("{name}: cannot unset: readonly function"));
        return 1;
    }
    if shell.functions.contains_key(name) {
        Arc::make_mut(&mut shell.functions).remove(name);
    }
    0
}

fn unset_element(shell: &mut Shell, name: &Bytes, subscript: &Bytes) -> Option<Effect> {
    let shown = String::from_utf8_lossy(name);
    let key = match shell.variables.get(name) {
        None => return None,
        Some(variable) if variable.read_only => {
            shell.complain(&format!("{shown}: cannot unset: readonly variable"));
            return Some(Effect::Status(1));
        }
        Some(variable) if matches!(variable.value, Value::Scalar(_)) && subscript != "0" => {
            shell.complain(&format!("{shown}: not an array variable"));
            return Some(Effect::Status(1));
        }
        Some(_) => shell.key_of(name, subscript),
    };
    let key = match (key, shell.variables.get(name).map(|variable| &variable.value)) {
        (Key::Number(0), Some(Value::Scalar(_))) => {
            let _ = shell.variables.unset(name);
            return None;
        }
        (Key::Number(index), Some(Value::Indexed(array))) => {
            let wrapped = wrap_index(array, index);
            if wrapped < 0 {
                let subscript = String::from_utf8_lossy(subscript);
                shell.complain(&format!("[{subscript}]: bad array subscript"));
                return Some(Effect::Status(1));
            }
            Key::Number(wrapped)
        }
        (key, _) => key,
    };
    shell.variables.unset_element(name, &key);
    None
}

fn unset_variable(shell: &mut Shell, operand: &Bytes, reference: bool) -> Option<Effect> {
    if let Some((name, inner)) =
        crate::shell::expand::subscripted(operand).filter(|_| shell.dialect.is_bash())
    {
        let name = shell.resolve(&name);
        if matches!(&inner[..], b"@" | b"*") {
            let _ = shell.variables.unset(&name);
            return None;
        }
        return unset_element(shell, &name, &inner);
    }
    if operand == "PATH" {
        shell.found = Arc::default();
    }
    let is_name = !operand.is_empty() && name_len(operand) == operand.len();
    if !is_name {
        if shell.dialect.is_bash() {
            return Some(not_identifier(shell, operand));
        }
        shell.complain(&format!("{}: bad variable name", String::from_utf8_lossy(operand)));
        return Some(Effect::Fatal(2));
    }
    let target = if reference { operand.clone() } else { shell.resolve(operand) };
    if shell.variables.unset(&target).is_err() {
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

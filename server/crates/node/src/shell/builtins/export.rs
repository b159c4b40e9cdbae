//! `export`, `readonly`: variables that programs see, variables that stay as they are.

use bytes::Bytes;

use super::{
    Effect,
    declare::{self, check_name, list, set, split},
    functions, usage,
};
use crate::shell::{
    Dialect,
    state::Shell,
    variables::{Value, Variable},
};

/// The options before operands.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    functions: bool,
    remove: bool,
    indexed: bool,
    keyed: bool,
}

fn options<'a>(
    shell: &mut Shell,
    args: &'a [Bytes],
    known: &[u8],
    text: &str,
) -> Result<(Options, &'a [Bytes]), Effect> {
    let mut options = Options::default();
    let mut operands = &args[1..];
    while let Some(option) = operands.first().filter(|operand| operand.starts_with(b"-") && operand.len() > 1)
    {
        operands = &operands[1..];
        if option == "--" {
            break;
        }
        for letter in &option[1..] {
            match letter {
                b'p' => {}
                _ if !known.contains(letter) || !shell.dialect.is_bash() && *letter != b'n' => {
                    return Err(match shell.dialect {
                        Dialect::Bash => usage(shell, *letter, text),
                        dialect => {
                            let word = if dialect == Dialect::Ash { "illegal" } else { "Illegal" };
                            shell.complain(&format!("{word} option {}", String::from_utf8_lossy(option)));
                            Effect::Fatal(2)
                        }
                    });
                }
                b'n' => options.remove = true,
                b'f' => options.functions = true,
                b'a' => options.indexed = true,
                _ => options.keyed = true,
            }
        }
    }
    Ok((options, operands))
}

pub(super) fn export(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let text = "export [-fn] [name[=value] ...] or export -p";
    let (options, operands) = match options(shell, args, b"nfaA", text) {
        Ok(parsed) => parsed,
        Err(effect) => return effect,
    };
    if operands.is_empty() && options.functions {
        return functions::declare(shell, &[], b"x", b"");
    }
    if operands.is_empty() {
        return list(shell, "export", |variable| variable.exported);
    }
    let mut status = 0;
    for operand in operands {
        if options.functions {
            if shell.functions.contains_key(operand) {
                shell.export_function(operand, !options.remove);
            } else {
                shell.complain(&format!("{}: not a function", String::from_utf8_lossy(operand)));
                status = 1;
            }
            continue;
        }
        match export_one(shell, operand, !options.remove) {
            Ok(()) => {}
            Err(Effect::Status(failed)) => status = failed,
            Err(effect) => return effect,
        }
    }
    Effect::Status(status)
}

fn export_one(shell: &mut Shell, operand: &Bytes, exported: bool) -> Result<(), Effect> {
    let (name, value, append) = split(operand);
    check_name(shell, &name, operand)?;
    if let Some(value) = value {
        set(shell, &name, value, append)?;
    }
    let name = shell.resolve(&name);
    shell.variables.export(&name, exported);
    Ok(())
}

pub(super) fn read_only(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let text = "readonly [-aAf] [name[=value] ...] or readonly -p";
    let (options, operands) = match options(shell, args, b"afA", text) {
        Ok(parsed) => parsed,
        Err(effect) => return effect,
    };
    if operands.is_empty() && options.functions {
        return functions::declare(shell, &[], b"r", b"");
    }
    if operands.is_empty() {
        return list(shell, "readonly", |variable: &Variable| {
            let fits = (!options.indexed || matches!(variable.value, Value::Indexed(_)))
                && (!options.keyed || matches!(variable.value, Value::Keyed(_)));
            variable.read_only && fits
        });
    }
    let mut status = 0;
    for operand in operands {
        if options.functions {
            if shell.functions.contains_key(operand) {
                shell.read_only_functions.insert(operand.clone());
            } else {
                shell.complain(&format!("{}: not a function", String::from_utf8_lossy(operand)));
                status = 1;
            }
            continue;
        }
        let (_, value, _) = split(operand);
        let is_list = value.as_ref().is_some_and(|value| value.starts_with(b"(") && value.ends_with(b")"));
        if (options.indexed || options.keyed) && is_list {
            let letter = if options.keyed { "-rA" } else { "-ra" };
            return declare::declare(shell, &[args[0].clone(), Bytes::from(letter), operand.clone()]);
        }
        match read_only_one(shell, operand, options) {
            Ok(()) => {}
            Err(Effect::Status(failed)) => status = failed,
            Err(effect) => return effect,
        }
    }
    Effect::Status(status)
}

fn read_only_one(shell: &mut Shell, operand: &Bytes, options: Options) -> Result<(), Effect> {
    let (name, value, append) = split(operand);
    check_name(shell, &name, operand)?;
    let name = shell.resolve(&name);
    if options.indexed || options.keyed {
        shell.variables.mark(&name, |variable| {
            if matches!(variable.value, Value::Unset) {
                variable.value = if options.keyed {
                    Value::Keyed(Default::default())
                } else {
                    Value::Indexed(Default::default())
                };
            }
        });
    }
    if let Some(value) = value {
        set(shell, &name, value, append)?;
    }
    shell.variables.set_read_only(&name);
    Ok(())
}

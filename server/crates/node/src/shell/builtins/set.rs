//! `set`, `shift`, `shopt`: options and positional parameters.

use bytes::Bytes;

use super::{Effect, illegal_number, show_usage, usage};
use crate::shell::{
    Dialect,
    options::{Options, listed, takes},
    quote,
    shopt::Shopts,
    state::Shell,
    variables::Value,
};

pub(super) fn set(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if args.len() == 1 {
        let all: Vec<Vec<u8>> = shell
            .variables
            .sorted()
            .into_iter()
            .filter_map(|(name, variable)| {
                if matches!(variable.value, Value::Indexed(_) | Value::Keyed(_)) {
                    return Some(
                        [&name[..], b"=", &super::declare::array_text(&variable.value), b"\n"].concat(),
                    );
                }
                let text = variable.text()?;
                let value = if shell.dialect.is_bash() {
                    quote::if_needed(text, shell.dialect)
                } else {
                    quote::single(text, shell.dialect)
                };
                Some([&name[..], b"=", &value, b"\n"].concat())
            })
            .collect();
        shell.output.extend(all.concat());
        return Effect::Status(0);
    }
    match apply(shell, &args[1..]) {
        Ok(Some(operands)) => {
            shell.positional = operands.into();
            shell.getopts = 0;
            Effect::Status(0)
        }
        Ok(None) => Effect::Status(0),
        Err(effect) => effect,
    }
}

/// Sets options; returns the operands, if there are any (or `--` says that there are none).
pub(crate) fn apply(shell: &mut Shell, args: &[Bytes]) -> Result<Option<Vec<Bytes>>, Effect> {
    let dialect = shell.dialect;
    let mut rest = args;
    while let Some(arg) = rest.first() {
        let on = match arg.first() {
            Some(b'-') => true,
            Some(b'+') if arg.len() > 1 => false,
            _ => break,
        };
        rest = &rest[1..];
        if arg == "--" {
            return Ok(Some(rest.to_vec()));
        }
        if arg == "-" {
            shell.options.xtrace = false;
            shell.options.verbose = false;
            break;
        }
        for letter in &arg[1..] {
            if *letter != b'o' {
                match shell.options.letter(*letter).filter(|_| takes(dialect, *letter)) {
                    Some(option) => *option = on,
                    None => return Err(bad_option(shell, arg, *letter)),
                }
                continue;
            }
            let Some((name, after)) = rest.split_first() else {
                show(shell, on);
                return Ok(None);
            };
            rest = after;
            match shell.options.named(name) {
                Some(option) => *option = on,
                None => {
                    let shown = String::from_utf8_lossy(name).into_owned();
                    let message = match shell.dialect {
                        Dialect::Bash => format!("{shown}: invalid option name"),
                        Dialect::Ash => format!("illegal option -o {shown}"),
                        Dialect::Dash => format!("Illegal option -o {shown}"),
                    };
                    shell.complain(&message);
                    return Err(match shell.dialect {
                        Dialect::Bash => Effect::Status(2),
                        Dialect::Ash => Effect::Status(1),
                        Dialect::Dash => Effect::Fatal(2),
                    });
                }
            }
            break;
        }
    }
    Ok((!rest.is_empty()).then(|| rest.to_vec()))
}

fn bad_option(shell: &mut Shell, arg: &[u8], letter: u8) -> Effect {
    let message = match shell.dialect {
        Dialect::Bash => format!("{}: invalid option", String::from_utf8_lossy(arg)),
        Dialect::Ash => format!("illegal option -{}", char::from(letter)),
        Dialect::Dash => format!("Illegal option -{}", char::from(letter)),
    };
    shell.complain(&message);
    if shell.dialect.is_bash() {
        let text = "set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]";
        return show_usage(shell, b"set", text);
    }
    Effect::Fatal(2)
}

/// `set -o` for people, `set +o` for shells.
fn show(shell: &mut Shell, readable: bool) {
    let mut options: Options = shell.options;
    if readable && shell.dialect == Dialect::Dash {
        shell.output.extend_from_slice(b"Current option settings\n");
    }
    for name in listed(shell.dialect) {
        let on = options.named(name.as_bytes()).is_some_and(|on| *on);
        let line = match (readable, on) {
            (true, _) if shell.dialect.is_bash() => {
                format!("{name:<15}\t{}\n", if on { "on" } else { "off" })
            }
            (true, _) => format!("{name:<15} {}\n", if on { "on" } else { "off" }),
            (false, true) => format!("set -o {name}\n"),
            (false, false) => format!("set +o {name}\n"),
        };
        shell.output.extend_from_slice(line.as_bytes());
    }
}

pub(super) fn shift(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let bash = shell.dialect.is_bash();
    let count = match args.get(1) {
        None => 1,
        Some(arg) => match std::str::from_utf8(arg).ok().and_then(|text| text.parse::<i64>().ok()) {
            Some(count) if count >= 0 || bash => count,
            _ => {
                illegal_number(shell, arg);
                return if bash { Effect::Status(1) } else { Effect::Fatal(2) };
            }
        },
    };
    if bash && args.len() > 2 {
        shell.complain("too many arguments");
        return Effect::Status(1);
    }
    let Some(rest) = usize::try_from(count).ok().and_then(|count| shell.positional.get(count..)) else {
        return match shell.dialect {
            Dialect::Dash => {
                shell.complain("can't shift that many");
                Effect::Fatal(2)
            }
            Dialect::Bash if count < 0 || shell.shopts.is_on("shift_verbose") => {
                shell.complain(&format!("{count}: shift count out of range"));
                Effect::Status(1)
            }
            _ => Effect::Status(1),
        };
    };
    shell.positional = rest.into();
    Effect::Status(0)
}

/// bash's further options.
pub(super) fn shopt(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let (mut on, mut quiet, mut print, mut set_options) = (None, false, false, false);
    let mut names = &args[1..];
    while let Some(option) = names.first().filter(|arg| arg.starts_with(b"-") && arg.len() > 1) {
        names = &names[1..];
        for letter in &option[1..] {
            match letter {
                b's' => on = Some(true),
                b'u' => on = Some(false),
                b'q' => quiet = true,
                b'p' => print = true,
                b'o' => set_options = true,
                _ => return usage(shell, *letter, "shopt [-pqsu] [-o] [optname ...]"),
            }
        }
    }
    if args.iter().any(|arg| arg == "-s") && args.iter().any(|arg| arg == "-u") {
        shell.complain("cannot set and unset shell options simultaneously");
        return Effect::Status(1);
    }
    let mut shown: Vec<String> =
        names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    let listing = shown.is_empty();
    if listing {
        shown = if set_options {
            listed(shell.dialect).iter().map(|name| (*name).to_owned()).collect()
        } else {
            Shopts::names().map(str::to_owned).collect()
        };
    }
    let mut status = 0;
    for name in shown {
        let known = if set_options {
            shell.options.named(name.as_bytes()).map(|on| *on)
        } else {
            Shopts::knows(&name).then(|| shell.shopts.is_on(&name))
        };
        let Some(is_on) = known else {
            let kind = if set_options { "option name" } else { "shell option name" };
            shell.complain(&format!("{name}: invalid {kind}"));
            status = 1;
            continue;
        };
        if let Some(on) = on
            && !listing
        {
            match shell.options.named(name.as_bytes()) {
                Some(option) if set_options => *option = on,
                _ => shell.shopts.set(&name, on),
            }
            continue;
        }
        if on.is_some_and(|on| on != is_on) {
            continue;
        }
        if !is_on && !listing {
            status = 1;
        }
        let line = match (print, set_options, is_on) {
            (true, true, _) => format!("set {}o {name}\n", if is_on { '-' } else { '+' }),
            (true, false, _) => format!("shopt {} {name}\n", if is_on { "-s" } else { "-u" }),
            (false, _, true) => format!("{name:<15}\ton\n"),
            (false, _, false) => format!("{name:<15}\toff\n"),
        };
        if !quiet {
            shell.output.extend_from_slice(line.as_bytes());
        }
    }
    Effect::Status(status)
}

//! `getopts`: reads options in scripts (POSIX XCU getopts).

use bytes::Bytes;

use super::Effect;
use crate::shell::{Dialect, arith::name_len, state::Shell};

pub(super) fn getopts(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let (Some(spec), Some(name)) = (args.get(1), args.get(2)) else {
        if shell.dialect.is_bash() {
            return super::show_usage(shell, b"getopts", "getopts optstring name [arg ...]");
        }
        let word = if shell.dialect == Dialect::Dash { "Usage" } else { "usage" };
        shell.complain(&format!("{word}: getopts optstring var [arg...]"));
        return Effect::Fatal(2);
    };
    if shell.dialect.is_bash() {
        if let Some(letter) = spec.strip_prefix(b"-").and_then(|letters| letters.first().copied()) {
            return super::usage(shell, letter, "getopts optstring name [arg ...]");
        }
        if name_len(name) != name.len() || name.is_empty() {
            return super::declare::not_identifier(shell, name);
        }
    }
    let words: Vec<Bytes> = if args.len() > 3 { args[3..].to_vec() } else { shell.positional.to_vec() };
    let silent = spec.starts_with(b":");
    let index = shell.variables.text(b"OPTIND").and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    let mut index: usize = index.unwrap_or(1).max(1);
    let mut at = shell.getopts;
    if at > 0 && !shell.dialect.is_bash() {
        index = index.saturating_sub(1).max(1);
    }
    let step = next(spec, &words, &mut index, &mut at);
    let shown = |letter: u8| Bytes::copy_from_slice(&[letter]);
    let is_option = matches!(step, Step::Option(..));
    let (value, argument, status) = match step {
        Step::Option(letter, argument) => (shown(letter), argument, 0),
        Step::Unknown(letter) => {
            if !silent {
                complain(shell, letter, false);
            }
            (Bytes::from_static(b"?"), silent.then(|| shown(letter)), 0)
        }
        Step::Missing(letter) => {
            if !silent {
                complain(shell, letter, true);
            }
            let value = Bytes::from_static(if silent { b":" } else { b"?" });
            (value, silent.then(|| shown(letter)), 0)
        }
        Step::End => (Bytes::from_static(b"?"), None, 1),
    };
    let mut assigned = shell.assign(name, value);
    match argument {
        Some(argument) => assigned = assigned.and_then(|()| shell.assign(b"OPTARG", argument)),
        // ash and dash set it, to nothing, for an option without an argument.
        None if is_option && !shell.dialect.is_bash() => {
            assigned = assigned.and_then(|()| shell.assign(b"OPTARG", Bytes::new()));
        }
        None => drop(shell.variables.unset(b"OPTARG")),
    }
    // Within a word they count it as done.
    let shown_index = if at > 0 && !shell.dialect.is_bash() { index + 1 } else { index };
    assigned = assigned.and_then(|()| shell.assign(b"OPTIND", shown_index.to_string().into()));
    shell.getopts = at;
    match assigned {
        Ok(()) => Effect::Status(status),
        Err(message) => {
            shell.complain(&message);
            Effect::Status(2)
        }
    }
}

enum Step {
    Option(u8, Option<Bytes>),
    Unknown(u8),
    Missing(u8),
    End,
}

/// The next option; `index` is the word (from 1), `at` how far into it.
fn next(spec: &[u8], words: &[Bytes], index: &mut usize, at: &mut usize) -> Step {
    let Some(word) = words.get(*index - 1) else { return Step::End };
    if *at == 0 || *at >= word.len() {
        if !word.starts_with(b"-") || word.len() == 1 {
            return Step::End;
        }
        if word == "--" {
            *index += 1;
            return Step::End;
        }
        *at = 1;
    }
    let Some(letter) = word.get(*at).copied() else { return Step::End };
    *at += 1;
    let place = spec.iter().position(|known| *known == letter && letter != b':');
    let takes = place.is_some_and(|place| spec.get(place + 1) == Some(&b':'));
    let rest = word.slice(*at..);
    if !takes {
        if rest.is_empty() {
            *index += 1;
            *at = 0;
        }
        return if place.is_some() { Step::Option(letter, None) } else { Step::Unknown(letter) };
    }
    *index += 1;
    *at = 0;
    if !rest.is_empty() {
        return Step::Option(letter, Some(rest));
    }
    match words.get(*index - 1) {
        Some(argument) => {
            *index += 1;
            Step::Option(letter, Some(argument.clone()))
        }
        None => Step::Missing(letter),
    }
}

fn complain(shell: &mut Shell, letter: u8, missing: bool) {
    if shell.dialect != Dialect::Dash && shell.variables.text(b"OPTERR").is_some_and(|text| text == "0") {
        return;
    }
    let letter = char::from(letter);
    let name = String::from_utf8_lossy(&shell.name).into_owned();
    let line = match (shell.dialect, missing) {
        (Dialect::Bash, true) => format!("{name}: option requires an argument -- {letter}\n"),
        (Dialect::Bash, false) => format!("{name}: illegal option -- {letter}\n"),
        (_, true) => format!("No arg for -{letter} option\n"),
        (_, false) => format!("Illegal option -{letter}\n"),
    };
    shell.errors.extend_from_slice(line.as_bytes());
}

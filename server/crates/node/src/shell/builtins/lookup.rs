//! What a name means: `type`, `command -v`, `hash`, `help`.

use std::sync::Arc;

use bytes::Bytes;

use super::{Effect, find, names, show_usage, usage};
use crate::shell::{Dialect, listing, quote, state::Shell};

const HASH: &str = "hash [-lr] [-p pathname] [-dt] [name ...]";

const KEYWORDS: [&[u8]; 16] = [
    b"!", b"case", b"do", b"done", b"elif", b"else", b"esac", b"fi", b"for", b"if", b"in", b"then", b"until",
    b"while", b"{", b"}",
];

/// Words that only bash takes for more than themselves.
const MORE_KEYWORDS: [&[u8]; 6] = [b"[[", b"]]", b"function", b"select", b"time", b"coproc"];

/// The words that mean something at the start of a command of bash, in its order.
pub(super) const BASH_KEYWORDS: [&str; 22] = [
    "if", "then", "else", "elif", "fi", "case", "esac", "for", "select", "while", "until", "do", "done",
    "in", "function", "time", "{", "}", "!", "[[", "]]", "coproc",
];

/// What a name means.
enum Meaning {
    Alias(Bytes),
    Keyword,
    Function,
    Builtin { special: bool },
    File(Bytes),
    Nothing,
}

impl Meaning {
    /// As `type -t` calls it.
    fn kind(&self) -> &'static str {
        match self {
            Self::Alias(_) => "alias",
            Self::Keyword => "keyword",
            Self::Function => "function",
            Self::Builtin { .. } => "builtin",
            Self::File(_) | Self::Nothing => "file",
        }
    }
}

fn meaning(shell: &Shell, name: &Bytes) -> Meaning {
    let expanded =
        !shell.dialect.is_bash() || shell.options.interactive || shell.shopts.is_on("expand_aliases");
    if let Some(value) = shell.aliases.get(name).filter(|_| expanded) {
        return Meaning::Alias(value.clone());
    }
    let more = shell.dialect.is_bash() && MORE_KEYWORDS.contains(&&name[..]);
    if more || KEYWORDS.contains(&&name[..]) {
        return Meaning::Keyword;
    }
    if shell.functions.contains_key(name) {
        return Meaning::Function;
    }
    if let Some(builtin) = find(name, shell.dialect) {
        return Meaning::Builtin { special: builtin.special };
    }
    shell.path_of_program(name).map_or(Meaning::Nothing, Meaning::File)
}

/// What else a name means, after the first (`type -a`).
fn more_meanings(shell: &Shell, name: &Bytes, first: &Meaning) -> Vec<Meaning> {
    let mut more = Vec::new();
    if matches!(first, Meaning::Alias(_) | Meaning::Keyword) && shell.functions.contains_key(name) {
        more.push(Meaning::Function);
    }
    if !matches!(first, Meaning::Builtin { .. } | Meaning::File(_) | Meaning::Nothing)
        && let Some(builtin) = find(name, shell.dialect)
    {
        more.push(Meaning::Builtin { special: builtin.special });
    }
    if !matches!(first, Meaning::Nothing) && !name.contains(&b'/') {
        let files = shell.programs_of_name(name).into_iter().map(Meaning::File);
        more.extend(files.skip(usize::from(matches!(first, Meaning::File(_)))));
    }
    more
}

pub(super) fn type_(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut status = 0;
    let (mut terse, mut path_only, mut all) = (false, false, false);
    let mut names = &args[1..];
    while let Some((option, rest)) = names.split_first() {
        let letters =
            option.strip_prefix(b"-").filter(|letters| shell.dialect.is_bash() && !letters.is_empty());
        let Some(letters) = letters else { break };
        if letters == b"-" {
            names = rest;
            break;
        }
        if let Some(letter) = letters.iter().find(|letter| !b"afpPt".contains(letter)) {
            return usage(shell, *letter, "type [-afptP] name [name ...]");
        }
        terse |= letters.contains(&b't');
        path_only |= letters.contains(&b'p') || letters.contains(&b'P');
        all |= letters.contains(&b'a');
        names = rest;
    }
    for name in names {
        let found = meaning(shell, name);
        if matches!(found, Meaning::Nothing) {
            status = if shell.dialect.is_bash() { 1 } else { 127 };
            if !terse && !path_only {
                let shown = String::from_utf8_lossy(name).into_owned();
                match shell.dialect {
                    Dialect::Bash => shell.complain(&format!("{shown}: not found")),
                    _ => shell.output.extend_from_slice(format!("{shown}: not found\n").as_bytes()),
                }
            }
            continue;
        }
        let more = if all { more_meanings(shell, name, &found) } else { Vec::new() };
        for found in std::iter::once(found).chain(more) {
            let line = if terse {
                found.kind().as_bytes().to_vec()
            } else if path_only {
                match found {
                    Meaning::File(path) => path.to_vec(),
                    _ => continue,
                }
            } else {
                let mut line = describe(shell.dialect, name, &found);
                if matches!(found, Meaning::Function)
                    && shell.dialect.is_bash()
                    && let Some(function) = shell.functions.get(name)
                {
                    line.push(b'\n');
                    line.extend(listing::function(name, function).trim_ascii_end());
                }
                line
            };
            shell.output.extend_from_slice(&line);
            shell.output.push(b'\n');
        }
    }
    Effect::Status(status)
}

fn describe(dialect: Dialect, name: &[u8], meaning: &Meaning) -> Vec<u8> {
    let text: Vec<u8> = match meaning {
        Meaning::Alias(value) if dialect.is_bash() => [b"aliased to `", &value[..], b"'"].concat(),
        Meaning::Alias(value) => [b"an alias for ", &value[..]].concat(),
        Meaning::Keyword => b"a shell keyword".to_vec(),
        Meaning::Function if dialect == Dialect::Dash => b"a shell function".to_vec(),
        Meaning::Function => b"a function".to_vec(),
        Meaning::Builtin { special: true } if !dialect.is_bash() => b"a special shell builtin".to_vec(),
        Meaning::Builtin { .. } => b"a shell builtin".to_vec(),
        Meaning::File(path) => path.to_vec(),
        Meaning::Nothing => b"not found".to_vec(),
    };
    [name, b" is ", &text].concat()
}

/// `command -v` and `command -V`; without them it is dealt with where commands are looked up.
pub(super) fn command(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let Some(option) = args.get(1) else { return Effect::Status(0) };
    if shell.dialect.is_bash()
        && let Some(letter) =
            option.get(1..).and_then(|letters| letters.iter().find(|l| !b"pvV-".contains(l)))
    {
        return usage(shell, *letter, "command [-pVv] command [arg ...]");
    }
    let verbose = option.contains(&b'V');
    let (mut status, mut any) = (0, false);
    let operands = &args[2..];
    // Only bash looks at more than one.
    let count = if shell.dialect.is_bash() { operands.len() } else { operands.len().min(1) };
    for name in &operands[..count] {
        let found = meaning(shell, name);
        let line = match &found {
            Meaning::Nothing => {
                status = if shell.dialect.is_bash() { 1 } else { 127 };
                if verbose {
                    let shown = String::from_utf8_lossy(name).into_owned();
                    match shell.dialect {
                        Dialect::Bash => shell.complain(&format!("{shown}: not found")),
                        _ => shell.output.extend_from_slice(format!("{shown}: not found\n").as_bytes()),
                    }
                }
                continue;
            }
            found if verbose => describe(shell.dialect, name, found),
            Meaning::Alias(value) => {
                [b"alias ", &name[..], b"=", &quote::single(value, shell.dialect)].concat()
            }
            Meaning::File(path) => path.to_vec(),
            _ => name.to_vec(),
        };
        any = true;
        shell.output.extend_from_slice(&line);
        shell.output.push(b'\n');
    }
    // It is enough for bash to have found one.
    Effect::Status(if any && shell.dialect.is_bash() { 0 } else { status })
}

pub(super) fn hash(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if args.get(1).is_some_and(|arg| arg == "-r") {
        shell.found = Arc::default();
        return Effect::Status(0);
    }
    if args.len() == 1 && shell.dialect.is_bash() {
        if shell.found.is_empty() {
            shell.output.extend_from_slice(b"hash: hash table empty\n");
            return Effect::Status(0);
        }
        let lines: Vec<Vec<u8>> =
            shell.found.values().map(|path| [b"   1\t", &path[..], b"\n"].concat()).collect();
        shell.output.extend_from_slice(b"hits\tcommand\n");
        shell.output.extend(lines.concat());
        return Effect::Status(0);
    }
    if args.len() == 1 {
        for path in Arc::clone(&shell.found).values() {
            shell.output.extend_from_slice(&[&path[..], b"\n"].concat());
        }
        return Effect::Status(0);
    }
    let (mut tell, mut forget, mut list, mut path) = (false, false, false, None);
    let mut operands = &args[1..];
    while shell.dialect.is_bash()
        && let Some((option, rest)) = operands.split_first()
        && let Some(letters) = option.strip_prefix(b"-")
        && !letters.is_empty()
    {
        operands = rest;
        for letter in letters {
            match letter {
                b't' => tell = true,
                b'd' => forget = true,
                b'l' => list = true,
                b'r' => shell.found = Arc::default(),
                b'p' => {
                    let Some((target, rest)) = operands.split_first() else {
                        shell.complain("-p: option requires an argument");
                        return show_usage(shell, b"hash", HASH);
                    };
                    (path, operands) = (Some(target.clone()), rest);
                }
                b'-' => {}
                other => return usage(shell, *other, HASH),
            }
        }
    }
    if list && operands.is_empty() {
        for (name, path) in Arc::clone(&shell.found).iter() {
            shell.output.extend([b"builtin hash -p ", &path[..], b" ", name, b"\n"].concat());
        }
        return Effect::Status(0);
    }
    let mut status = 0;
    for name in operands {
        if let Some(path) = &path {
            Arc::make_mut(&mut shell.found).insert(name.clone(), path.clone());
            continue;
        }
        if tell || forget {
            let found = match forget {
                true => Arc::make_mut(&mut shell.found).remove(name),
                false => shell.found.get(name).cloned(),
            };
            match found {
                None => {
                    shell.complain(&format!("{}: not found", String::from_utf8_lossy(name)));
                    status = 1;
                }
                Some(_) if forget => {}
                Some(path) if list => {
                    shell.output.extend([b"builtin hash -p ", &path[..], b" ", name, b"\n"].concat());
                }
                Some(path) => {
                    let label = if operands.len() > 1 { [&name[..], b"\t"].concat() } else { Vec::new() };
                    shell.output.extend([&label[..], &path, b"\n"].concat());
                }
            }
            continue;
        }
        match shell.path_of_program(name) {
            Some(path) => drop(Arc::make_mut(&mut shell.found).insert(name.clone(), path)),
            None => {
                shell.complain(&format!("{}: not found", String::from_utf8_lossy(name)));
                status = 1;
            }
        }
    }
    Effect::Status(status)
}

/// `caller`: where the function that runs was called (bash).
pub(super) fn caller(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let calls = shell.calls();
    let level = match args.get(1) {
        None => 0,
        Some(arg) => match std::str::from_utf8(arg).ok().and_then(|text| text.parse::<usize>().ok()) {
            Some(level) => level,
            None => {
                let shown = String::from_utf8_lossy(arg).into_owned();
                shell.complain(&format!("{shown}: invalid number"));
                return Effect::Status(2);
            }
        },
    };
    let Some(call) = calls.get(level).filter(|call| call.name != "main") else { return Effect::Status(1) };
    let source = call.source.clone().unwrap_or(Bytes::from_static(b"NULL"));
    let line = match (args.get(1), calls.get(level + 1)) {
        (None, _) => [call.line.to_string().as_bytes(), b" ", &source, b"\n"].concat(),
        (Some(_), Some(by)) => {
            [call.line.to_string().as_bytes(), b" ", &by.name, b" ", &source, b"\n"].concat()
        }
        (Some(_), None) => return Effect::Status(1),
    };
    shell.output.extend(line);
    Effect::Status(0)
}

/// `enable`: lists builtins (bash); none can be taken away.
pub(super) fn enable(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let operands: Vec<&Bytes> = args[1..].iter().filter(|arg| !arg.starts_with(b"-")).collect();
    if operands.is_empty() {
        let all: String = names(shell.dialect).map(|name| format!("enable {name}\n")).collect();
        shell.output.extend_from_slice(all.as_bytes());
    }
    let mut status = 0;
    for name in operands {
        if find(name, shell.dialect).is_none() {
            let shown = String::from_utf8_lossy(name).into_owned();
            shell.complain(&format!("{shown}: not a shell builtin"));
            status = 1;
        }
    }
    Effect::Status(status)
}

/// `suspend` where there are no jobs (bash).
pub(super) fn suspend(shell: &mut Shell, _: &[Bytes]) -> Effect {
    shell.complain("cannot suspend: no job control");
    Effect::Status(1)
}

pub(super) fn help(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if shell.dialect.is_bash()
        && let Some(unknown) = args[1..].iter().find(|name| find(name, shell.dialect).is_none())
    {
        let shown = String::from_utf8_lossy(unknown).into_owned();
        shell.complain(&format!(
            "no help topics match `{shown}'.  Try `help help' or `man -k {shown}' or `info {shown}'."
        ));
        return Effect::Status(1);
    }
    let mut text = String::from("Built-in commands:\n------------------\n");
    let mut column = 0;
    for name in names(shell.dialect) {
        if column == 0 {
            text.push('\t');
        }
        text.push_str(name);
        text.push(' ');
        column += name.len() + 1;
        if column > 60 {
            text.push('\n');
            column = 0;
        }
    }
    text.push('\n');
    shell.output.extend_from_slice(text.as_bytes());
    Effect::Status(0)
}

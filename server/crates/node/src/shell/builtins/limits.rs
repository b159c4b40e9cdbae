//! `umask`, `ulimit`, `times`.

use bytes::Bytes;

use super::{Effect, illegal_number, usage};
use crate::shell::{Dialect, state::Shell};

pub(super) fn umask(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let option = args[1..].iter().find(|arg| arg.len() > 1 && arg.starts_with(b"-"));
    let known: &[u8] = if shell.dialect.is_bash() { b"Sp" } else { b"S" };
    if let Some(letter) = option.and_then(|option| option[1..].iter().find(|letter| !known.contains(letter)))
        && shell.dialect.is_bash()
    {
        return usage(shell, *letter, "umask [-p] [-S] [mode]");
    }
    let symbolic = option.is_some_and(|option| option.contains(&b'S'));
    let operand = args.iter().skip(1).find(|arg| !arg.starts_with(b"-"));
    let Some(operand) = operand else {
        let mask = shell.process.umask();
        let text = if symbolic {
            let class = |shift: u16| {
                let bits = !(mask >> shift) & 7;
                let letters = [(4, 'r'), (2, 'w'), (1, 'x')];
                letters
                    .iter()
                    .filter(|(bit, _)| bits & bit != 0)
                    .map(|(_, letter)| *letter)
                    .collect::<String>()
            };
            let again = option.is_some_and(|option| option.contains(&b'p'));
            let lead = if again { "umask -S " } else { "" };
            format!("{lead}u={},g={},o={}\n", class(6), class(3), class(0))
        } else {
            let again = shell.dialect.is_bash() && args.get(1).is_some_and(|arg| arg == "-p");
            format!("{}{mask:04o}\n", if again { "umask " } else { "" })
        };
        shell.output.extend_from_slice(text.as_bytes());
        return Effect::Status(0);
    };
    let text = String::from_utf8_lossy(operand);
    let parsed = match u16::from_str_radix(&text, 8) {
        Ok(mask) if mask <= 0o777 => Some(mask),
        Ok(_) => None,
        Err(_) => {
            let allowed = !shell.process.umask() & 0o777;
            // bash takes no copies of what another class may do.
            let copies = shell.dialect.is_bash()
                && text
                    .split(',')
                    .any(|clause| clause.ends_with(['u', 'g', 'o']) && clause.contains(['=', '+', '-']));
            if copies {
                None
            } else {
                crate::libc::mode::apply(operand, allowed, true, 0).map(|mode| !mode & 0o777)
            }
        }
    };
    match parsed {
        Some(mask) => {
            shell.process.set_umask(mask);
            Effect::Status(0)
        }
        None => {
            match shell.dialect {
                Dialect::Ash => shell.complain(&format!("illegal mode: {text}")),
                Dialect::Dash => illegal_number(shell, operand),
                Dialect::Bash if text.starts_with(|first: char| first.is_ascii_digit()) => {
                    shell.complain(&format!("{text}: octal number out of range"));
                }
                Dialect::Bash => shell.complain(&wrong_in_mode(&text)),
            }
            if shell.dialect.is_bash() { Effect::Status(1) } else { Effect::Fatal(2) }
        }
    }
}

/// What bash says of a symbolic mode that is none: which of its characters is wrong, and as what.
fn wrong_in_mode(text: &str) -> String {
    let wrong = |what: &str, character: char| format!("`{character}': invalid symbolic mode {what}");
    for clause in text.split(',') {
        let operators = clause.trim_start_matches(['u', 'g', 'o', 'a']);
        let Some(operator) = operators.chars().next() else { return wrong("operator", ',') };
        if !matches!(operator, '+' | '-' | '=') {
            return wrong("operator", operator);
        }
        if let Some(permission) = operators[1..].chars().find(|letter| !"rwxXst".contains(*letter)) {
            return wrong("character", permission);
        }
    }
    format!("{text}: invalid symbolic mode")
}

/// Letter, description, unit, value (`None` for unlimited).
const LIMITS: [(u8, &str, &str, Option<u64>); 11] = [
    (b'c', "core file size", "(blocks)", Some(0)),
    (b'd', "data seg size", "(kb)", None),
    (b'f', "file size", "(blocks)", None),
    (b'l', "locked memory", "(kb)", Some(8192)),
    (b'm', "max memory size", "(kb)", None),
    (b'n', "open files", "", Some(1_048_576)),
    (b's', "stack size", "(kb)", Some(8192)),
    (b't', "cpu time", "(seconds)", None),
    (b'u', "max user processes", "", None),
    (b'v', "virtual memory", "(kb)", None),
    (b'p', "processes", "", None),
];

/// As bash shows all limits.
const BASH_LIMITS: [(&str, &str, &str); 17] = [
    ("real-time non-blocking time", "(microseconds, -R)", "unlimited"),
    ("core file size", "(blocks, -c)", "0"),
    ("data seg size", "(kbytes, -d)", "unlimited"),
    ("scheduling priority", "(-e)", "0"),
    ("file size", "(blocks, -f)", "unlimited"),
    ("pending signals", "(-i)", "31572"),
    ("max locked memory", "(kbytes, -l)", "8192"),
    ("max memory size", "(kbytes, -m)", "unlimited"),
    ("open files", "(-n)", "1048576"),
    ("pipe size", "(512 bytes, -p)", "8"),
    ("POSIX message queues", "(bytes, -q)", "819200"),
    ("real-time priority", "(-r)", "0"),
    ("stack size", "(kbytes, -s)", "8192"),
    ("cpu time", "(seconds, -t)", "unlimited"),
    ("max user processes", "(-u)", "unlimited"),
    ("virtual memory", "(kbytes, -v)", "unlimited"),
    ("file locks", "(-x)", "unlimited"),
];

pub(super) fn ulimit(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut letter = b'f';
    for arg in &args[1..] {
        let Some(letters) = arg.strip_prefix(b"-") else {
            // A limit that is set holds nothing back here.
            let known =
                arg == "unlimited" || arg == "hard" || arg == "soft" || arg.iter().all(u8::is_ascii_digit);
            if !known && shell.dialect.is_bash() {
                let shown = String::from_utf8_lossy(arg).into_owned();
                shell.complain(&format!("{shown}: invalid number"));
                return Effect::Status(1);
            }
            return Effect::Status(0);
        };
        for given in letters {
            match given {
                b'H' | b'S' => {}
                b'a' if shell.dialect.is_bash() => {
                    for (what, unit, value) in BASH_LIMITS {
                        let line = format!("{what:<20}{unit:>20} {value}\n");
                        shell.output.extend_from_slice(line.as_bytes());
                    }
                    return Effect::Status(0);
                }
                b'a' => {
                    for (letter, what, unit, value) in LIMITS {
                        let value = value.map_or("unlimited".to_owned(), |value| value.to_string());
                        let line = format!("-{}: {what} {unit:<20} {value}\n", char::from(letter));
                        shell.output.extend_from_slice(line.as_bytes());
                    }
                    return Effect::Status(0);
                }
                known if LIMITS.iter().any(|(letter, ..)| letter == known) => letter = *known,
                _ => {
                    let (letter, given) = (*given, char::from(*given));
                    match shell.dialect {
                        Dialect::Ash => {
                            let line = format!("ulimit: invalid option -- '{given}'\n");
                            shell.errors.extend_from_slice(line.as_bytes());
                            return Effect::Status(1);
                        }
                        Dialect::Dash => shell.complain(&format!("Illegal option -{given}")),
                        Dialect::Bash => {
                            return super::usage(shell, letter, "ulimit [-SHabcdefiklmnpqrstuvxPRT] [limit]");
                        }
                    }
                    return Effect::Status(2);
                }
            }
        }
    }
    let value = LIMITS.iter().find(|(known, ..)| *known == letter).and_then(|(.., value)| *value);
    let line = value.map_or("unlimited\n".to_owned(), |value| format!("{value}\n"));
    shell.output.extend_from_slice(line.as_bytes());
    Effect::Status(0)
}

pub(super) fn times(shell: &mut Shell, _: &[Bytes]) -> Effect {
    let nanos = shell.process.cpu_nanos();
    let (minutes, seconds) = (nanos / 60_000_000_000, (nanos % 60_000_000_000) as f64 / 1e9);
    let line = format!("{minutes}m{seconds:.3}s 0m0.000s\n0m0.000s 0m0.000s\n");
    shell.output.extend_from_slice(line.as_bytes());
    Effect::Status(0)
}

//! `kill`: sends signals, and lists them.

use bytes::Bytes;

use super::Effect;
use crate::{
    kernel::{errno::Errno, signal::Signal},
    shell::{Dialect, state::Shell},
};

pub(super) fn kill(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut operands = &args[1..];
    let mut signal = Some(Signal::TERM);
    if let Some(option) = operands.first().filter(|operand| operand.starts_with(b"-") && operand.len() > 1) {
        let text = String::from_utf8_lossy(&option[1..]).into_owned();
        match text.as_str() {
            "l" | "L" => return list(shell, &operands[1..]),
            "-" => operands = &operands[1..],
            "s" | "n" => {
                let name = operands
                    .get(1)
                    .map(|name| String::from_utf8_lossy(name).into_owned())
                    .unwrap_or_default();
                match parse_signal(&name) {
                    Some(parsed) => signal = parsed,
                    None => return bad_signal(shell, &name),
                }
                operands = operands.get(2..).unwrap_or_default();
            }
            _ => {
                match parse_signal(&text) {
                    Some(parsed) => signal = parsed,
                    None => return bad_signal(shell, &text),
                }
                operands = &operands[1..];
            }
        }
    }
    if operands.first().is_some_and(|operand| operand == "--") {
        operands = &operands[1..];
    }
    if operands.is_empty() {
        let usage = match shell.dialect {
            Dialect::Ash => "you need to specify whom to kill",
            Dialect::Dash => {
                "Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]"
            }
            Dialect::Bash => {
                "usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]"
            }
        };
        match shell.dialect {
            Dialect::Bash => return super::show_usage(shell, b"kill", usage.trim_start_matches("usage: ")),
            Dialect::Dash => shell.complain(usage),
            Dialect::Ash => applet_complain(shell, usage),
        }
        return Effect::Status(if shell.dialect == Dialect::Ash { 1 } else { 2 });
    }
    let mut status = 0;
    for operand in operands {
        let target = if operand.starts_with(b"%") {
            match shell.jobs.find(operand) {
                Some(job) if shell.options.monitor => Ok(-i64::from(job.group)),
                Some(job) => Ok(i64::from(job.pids.last().copied().unwrap_or(0))),
                None => Err("no such job".to_owned()),
            }
        } else {
            std::str::from_utf8(operand).ok().and_then(|text| text.parse::<i64>().ok()).ok_or_else(|| {
                match shell.dialect {
                    Dialect::Ash => "invalid number".to_owned(),
                    _ => "arguments must be process or job IDs".to_owned(),
                }
            })
        };
        let shown = String::from_utf8_lossy(operand).into_owned();
        let error = match target {
            Ok(pid) => match shell.process.kill(pid, signal) {
                Ok(()) => continue,
                Err(errno) => kill_error(shell, &shown, errno),
            },
            Err(message) => match shell.dialect {
                Dialect::Ash => format!("{message} '{shown}'"),
                Dialect::Dash => format!("Illegal number: {shown}"),
                Dialect::Bash => format!("{shown}: {message}"),
            },
        };
        applet_complain(shell, &error);
        status = 1;
    }
    Effect::Status(status)
}

fn kill_error(shell: &Shell, pid: &str, errno: Errno) -> String {
    let text = shell.process.text(errno);
    match shell.dialect {
        Dialect::Ash => format!("can't kill pid {pid}: {text}"),
        Dialect::Dash => text.to_owned(),
        Dialect::Bash => format!("({pid}) - {text}"),
    }
}

/// In ash `kill` is an applet, which does not name itself.
fn applet_complain(shell: &mut Shell, message: &str) {
    if shell.dialect == Dialect::Ash {
        let line = format!("{}: {message}\n", String::from_utf8_lossy(&shell.name));
        shell.errors.extend_from_slice(line.as_bytes());
    } else {
        shell.complain(message);
    }
}

/// A signal, or with `Some(None)` number 0: only look whether the process is there.
fn parse_signal(text: &str) -> Option<Option<Signal>> {
    if text == "0" || text.eq_ignore_ascii_case("exit") {
        return Some(None);
    }
    Signal::parse(text).map(Some)
}

fn bad_signal(shell: &mut Shell, name: &str) -> Effect {
    let message = match shell.dialect {
        Dialect::Ash => format!("bad signal name '{name}'"),
        Dialect::Dash => format!("Illegal option -{}", name.chars().next().unwrap_or('?')),
        Dialect::Bash => format!("{name}: invalid signal specification"),
    };
    applet_complain(shell, &message);
    Effect::Status(if shell.dialect == Dialect::Dash { 2 } else { 1 })
}

fn list(shell: &mut Shell, operands: &[Bytes]) -> Effect {
    if operands.is_empty() {
        if shell.dialect == Dialect::Dash {
            shell.output.extend_from_slice(b"0\n");
        }
        for number in 1..=31 {
            let Some(signal) = Signal::from_number(number) else { continue };
            let name = signal.name();
            let line = match shell.dialect {
                Dialect::Ash => format!("{number:>2}) {name}\n"),
                Dialect::Dash => format!("{name}\n"),
                Dialect::Bash => {
                    let end = if number % 5 == 0 { "\n" } else { "\t" };
                    format!("{number:>2}) SIG{name}{end}")
                }
            };
            shell.output.extend_from_slice(line.as_bytes());
        }
        return Effect::Status(0);
    }
    for operand in operands {
        let text = String::from_utf8_lossy(operand).into_owned();
        let line = match text.parse::<u8>() {
            Ok(number) => {
                Signal::from_number(if number > 128 { number - 128 } else { number }).map(Signal::name)
            }
            Err(_) => Signal::parse(&text).map(|signal| signal.number().to_string()),
        };
        match line {
            Some(line) => shell.output.extend_from_slice(format!("{line}\n").as_bytes()),
            None => return bad_signal(shell, &text),
        }
    }
    Effect::Status(0)
}

//! `kill`, `killall`: send signals.

use crate::{
    commands::{Cx, snapshot::Snapshot},
    kernel::signal::Signal,
};

/// The signal that the options name, and the operands. The error is an exit code.
async fn signal(cx: &mut Cx) -> Result<Option<Signal>, u8> {
    let Some(first) = cx.args.first().cloned() else { return Ok(Some(Signal::TERM)) };
    if first == "--" {
        cx.args.remove(0);
        return Ok(Some(Signal::TERM));
    }
    let Some(option) = first.strip_prefix(b"-").filter(|option| !option.is_empty()) else {
        return Ok(Some(Signal::TERM));
    };
    let name = if option == b"s" || option == b"n" {
        cx.args.remove(0);
        if cx.args.is_empty() {
            cx.error("option requires an argument -- 's'").await;
            return Err(1);
        }
        cx.args.remove(0)
    } else {
        cx.args.remove(0).slice(1..)
    };
    if cx.args.first().is_some_and(|arg| arg == "--") {
        cx.args.remove(0);
    }
    let name = String::from_utf8_lossy(&name).into_owned();
    if name == "0" || name == "EXIT" {
        return Ok(None);
    }
    match Signal::parse(&name) {
        Some(signal) => Ok(Some(signal)),
        None => {
            let message = match cx.is_gnu() {
                true => format!("invalid signal specification: {name}"),
                false => format!("bad signal name '{name}'"),
            };
            cx.error(message).await;
            Err(1)
        }
    }
}

/// `kill -l`
async fn list(cx: &mut Cx) -> u8 {
    let operands: Vec<_> = cx.args.drain(..).skip(1).collect();
    if operands.is_empty() {
        for number in 1..=64 {
            let Some(signal) = Signal::from_number(number) else { continue };
            let name = signal.name();
            if name.parse::<u8>().is_err() {
                cx.put(format!("{number:>2}) {name}\n"));
            }
        }
        return cx.finish(0).await;
    }
    for operand in operands {
        let text = String::from_utf8_lossy(&operand).into_owned();
        let line = match text.parse::<u8>() {
            Ok(number) => Signal::from_number(number & 127).map(Signal::name),
            Err(_) => Signal::parse(&text).map(|signal| signal.number().to_string()),
        };
        match line {
            Some(line) => cx.put(line + "\n"),
            None => {
                cx.error(format!("unknown signal '{text}'")).await;
                return cx.finish(1).await;
            }
        }
    }
    cx.finish(0).await
}

pub(in crate::commands) async fn kill(mut cx: Cx) -> u8 {
    if cx.args.first().is_some_and(|arg| arg == "-l" || arg == "-L") {
        return list(&mut cx).await;
    }
    let signal = match signal(&mut cx).await {
        Ok(signal) => signal,
        Err(code) => return code,
    };
    let operands = std::mem::take(&mut cx.args);
    if operands.is_empty() {
        let message = match cx.is_gnu() {
            true => "not enough arguments",
            false => "you need to specify whom to kill",
        };
        cx.error(message).await;
        return 1;
    }
    let mut code = 0;
    for operand in operands {
        let text = String::from_utf8_lossy(&operand).into_owned();
        let Ok(pid) = text.parse::<i64>() else {
            let message = match cx.is_gnu() {
                true => format!("failed to parse argument: '{text}'"),
                false => format!("invalid number '{text}'"),
            };
            cx.error(message).await;
            code = 1;
            continue;
        };
        if let Err(errno) = cx.process.kill(pid, signal) {
            let text = cx.text(errno);
            let message = match cx.is_gnu() {
                true => format!("({pid}): {text}"),
                false => format!("can't kill pid {pid}: {text}"),
            };
            cx.error(message).await;
            code = 1;
        }
    }
    code
}

pub(in crate::commands) async fn killall(mut cx: Cx) -> u8 {
    if cx.args.first().is_some_and(|arg| arg == "-l") {
        return list(&mut cx).await;
    }
    let quiet = cx.args.iter().position(|arg| arg == "-q").map(|at| cx.args.remove(at)).is_some();
    let signal = match signal(&mut cx).await {
        Ok(signal) => signal,
        Err(code) => return code,
    };
    let names = std::mem::take(&mut cx.args);
    if names.is_empty() {
        cx.error("you need to specify whom to kill").await;
        return 1;
    }
    let mut code = 0;
    for name in names {
        let name = String::from_utf8_lossy(&name).into_owned();
        let found: Vec<u32> = Snapshot::all(&cx.process)
            .into_iter()
            .filter(|snapshot| {
                snapshot.pid != cx.process.pid && (snapshot.comm == name || snapshot.argv0_name() == name)
            })
            .map(|snapshot| snapshot.pid)
            .collect();
        if found.is_empty() {
            code = 1;
            if !quiet {
                match cx.is_gnu() {
                    true => cx.complain(format!("{name}: no process found\n")).await,
                    false => cx.error(format!("{name}: no process killed")).await,
                }
            }
        }
        for pid in found {
            if let Err(errno) = cx.process.kill(i64::from(pid), signal) {
                let text = cx.text(errno);
                cx.error(format!("can't kill pid {pid}: {text}")).await;
                code = 1;
            }
        }
    }
    code
}

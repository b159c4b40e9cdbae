//! `nohup`, `nice`, `setsid`, `stdbuf`: run a program in other circumstances.

use super::exec;
use crate::{
    commands::{Cx, number},
    kernel::{
        fs::OpenFlags,
        process::{Disposition, Outcome},
        signal::Signal,
    },
    libc::getopt::OptSpec,
};

pub(in crate::commands) async fn run(mut cx: Cx) -> Outcome {
    let args = std::mem::take(&mut cx.args);
    if args.is_empty() {
        if cx.is_gnu() {
            cx.error("missing operand").await;
            cx.bad_usage("PROG ARGS").await;
            return Outcome::Exit(125);
        }
        return Outcome::Exit(cx.bad_usage("PROG ARGS").await);
    }
    let (input, output, errors) =
        (cx.process.is_terminal(0), cx.process.is_terminal(1), cx.process.is_terminal(2));
    if input && let Ok(null) = cx.process.open_file(b"/dev/null", OpenFlags::READ, 0).await {
        let _ = cx.process.put(0, null);
    }
    if output {
        match cx.process.open_file(b"nohup.out", OpenFlags::APPEND, 0o600).await {
            Ok(file) => {
                let message = match cx.is_gnu() {
                    true => "ignoring input and appending output to 'nohup.out'",
                    false => "appending output to nohup.out",
                };
                cx.error(message).await;
                let _ = cx.process.put(1, file);
            }
            Err(errno) => {
                cx.open_error(b"nohup.out", errno).await;
                return Outcome::Exit(127);
            }
        }
    } else if input && cx.is_gnu() {
        cx.error("ignoring input").await;
    }
    if errors {
        let _ = cx.process.dup2(1, 2);
    }
    cx.process.set_disposition(Signal::HUP, Disposition::Ignore);
    exec(&mut cx, &args, None).await
}

/// `nice`: priorities are heeded by nobody here.
pub(in crate::commands) async fn nice(mut cx: Cx) -> Outcome {
    let mut args = std::mem::take(&mut cx.args);
    if args.first().is_some_and(|arg| arg == "-n") && args.len() > 1 {
        let value = args.remove(1);
        args.remove(0);
        if number::parse::<i64>(&value).is_none() {
            if cx.is_gnu() {
                cx.error(format!("invalid adjustment '{}'", String::from_utf8_lossy(&value))).await;
                return Outcome::Exit(125);
            }
            return Outcome::Exit(cx.bad_number(&value).await);
        }
    } else if args.first().is_some_and(|arg| {
        arg.len() > 1 && arg[0] == b'-' && arg[1..].iter().all(|byte| byte.is_ascii_digit() || *byte == b'-')
    }) {
        args.remove(0);
    }
    if args.is_empty() {
        cx.put("0\n");
        return Outcome::Exit(cx.finish(0).await);
    }
    exec(&mut cx, &args, None).await
}

/// `stdbuf`: programs here write what they have whenever they wait, so that there is nothing to change.
pub(in crate::commands) async fn stdbuf(mut cx: Cx) -> Outcome {
    let spec = OptSpec { short: "+i:o:e:", long: &[("input=", b'i'), ("output=", b'o'), ("error=", b'e')] };
    let opts = match cx.opts(spec, "OPTION... COMMAND").await {
        Ok(opts) => opts,
        Err(0) => return Outcome::Exit(0),
        Err(_) => return Outcome::Exit(125),
    };
    for (option, mode) in &opts.given {
        let mode = String::from_utf8_lossy(mode.as_deref().unwrap_or_default()).into_owned();
        let is_size = mode.trim_end_matches(['K', 'M', 'G', 'B']).parse::<u64>().is_ok();
        if mode == "L" && *option == b'i' {
            cx.error("line buffering stdin is meaningless").await;
        } else if mode == "L" || is_size {
            continue;
        } else {
            cx.error(format!("invalid mode '{mode}'")).await;
            return Outcome::Exit(125);
        }
        cx.bad_usage("").await;
        return Outcome::Exit(125);
    }
    if opts.operands.is_empty() || opts.given.is_empty() {
        let missing = match opts.operands.is_empty() {
            true => "missing operand",
            false => "you must specify a buffering mode option",
        };
        cx.error(missing).await;
        cx.bad_usage("").await;
        return Outcome::Exit(125);
    }
    exec(&mut cx, &opts.operands, None).await
}

/// `setsid`: a session of its own, without a terminal.
pub(in crate::commands) async fn setsid(mut cx: Cx) -> Outcome {
    let mut args = std::mem::take(&mut cx.args);
    while args.first().is_some_and(|arg| matches!(&**arg, b"-c" | b"-w" | b"-f" | b"--wait" | b"--fork")) {
        args.remove(0);
    }
    if args.is_empty() {
        return Outcome::Exit(cx.bad_usage("[-c] PROG ARGS").await);
    }
    {
        let pid = cx.process.pid;
        let mut state = cx.process.lock();
        state.session = pid;
        state.group = pid;
        state.tty = None;
    }
    exec(&mut cx, &args, None).await
}
